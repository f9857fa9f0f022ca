"""A sale, a piece going out, coming back, changing its place: each one leaf and one row."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from server.core.announcement import Announcement
from server.core.errors import Absent, Conflict, DomainError, Malformed
from server.core.ids import PersonId, PieceRef, PlaceId
from server.core.log.events import EventType, Leaf
from server.core.pieces import Status
from server.store import log, places, stock
from server.store.tables import Move, PieceState, table
from server.store.unit_of_work import Store
from server.usecases.move_piece import MoveKind, Wanted, move_piece
from tests.server.usecases.conftest import OPENING
from tests.server.usecases.stock_files import bring_in

RING = PieceRef("BAG-000001")


@pytest.fixture
def stocked(shop: Store) -> Store:
    bring_in(shop, "A-1; Alliance; 1; 1200; Vitrine 1", "A-2; Jonc; 1; 80; Vitrine 2")
    return shop


def place_of(store: Store, path: str) -> PlaceId:
    return next(place for place, one in store.read(lambda c: places.paths(c, store.shop_id)).items() if one == path)


def move(store: Store, kind: MoveKind, **wanted: Any) -> int:
    return store.run(lambda unit: move_piece(unit, Wanted(ref=RING, kind=kind, **wanted)))


def ring(store: Store) -> stock.StockedPiece:
    return store.read(lambda c: stock.piece_by_ref(c, store.shop_id, RING))


def leaf(store: Store, seq: int) -> Leaf:
    return Leaf.from_bytes(store.read(lambda c: log.leaves(c, store.shop_id, start=seq, limit=1))[0].raw)


def test_a_sale_is_one_leaf_and_the_piece_is_gone(stocked: Store, announced: list[Announcement]) -> None:
    seq = move(stocked, MoveKind.SALE, ticket="T-118", person=PersonId("claire"), at=OPENING - timedelta(minutes=3))

    said = leaf(stocked, seq)
    assert (said.type, said.subject.kind, said.subject.id) == (EventType.PIECE_MOVED, "piece", RING)
    assert (said.body["to_status"], said.body["has_ticket"], said.actor) == ("sold", True, "claire")
    assert said.at == OPENING - timedelta(minutes=3)
    assert ring(stocked).status is Status.SOLD
    assert announced[-1].body == {"piece": RING, "kind": "sale"}
    with pytest.raises(Conflict, match="is sold") as refusal:
        move(stocked, MoveKind.OUT)
    assert refusal.value.code == "piece_gone"


def test_a_piece_goes_out_and_comes_back_to_its_place(stocked: Store) -> None:
    home = ring(stocked).place_id

    move(stocked, MoveKind.OUT, away=Status.REPAIR)
    assert ring(stocked).status is Status.REPAIR
    with pytest.raises(Conflict, match="came back first"):
        move(stocked, MoveKind.OUT)
    with pytest.raises(Conflict, match="came back"):
        move(stocked, MoveKind.MOVED, place=place_of(stocked, "Vitrine 2"))
    move(stocked, MoveKind.BACK)

    assert (ring(stocked).status, ring(stocked).place_id) == (Status.IN_STOCK, home)
    with pytest.raises(Conflict, match="not out"):
        move(stocked, MoveKind.BACK)


def test_a_piece_moves_to_another_place(stocked: Store) -> None:
    target = place_of(stocked, "Vitrine 2")

    said = leaf(stocked, move(stocked, MoveKind.MOVED, place=target))

    assert ring(stocked).place_id == target
    assert (said.body["from_path"], said.body["to_path"], said.body["to_place"]) == ("Vitrine 1", "Vitrine 2", target)


def test_what_is_wrong_is_refused_and_leaves_nothing(stocked: Store) -> None:
    size = stocked.read(lambda c: log.head(c, stocked.shop_id)).size

    with pytest.raises(Malformed, match="name it"):
        move(stocked, MoveKind.MOVED)
    with pytest.raises(Absent, match="No place"):
        move(stocked, MoveKind.MOVED, place=PlaceId("nowhere"))
    with pytest.raises(Malformed, match="ahead"):
        move(stocked, MoveKind.SALE, at=OPENING + timedelta(seconds=1))
    with pytest.raises(Malformed, match="somebody else"):
        move(stocked, MoveKind.SALE, person=PersonId("claire"), witness=PersonId("claire"))
    with pytest.raises(Malformed, match="goes out as"):
        move(stocked, MoveKind.OUT, away=Status.SOLD)
    with pytest.raises(Absent, match="BAG-999999"):
        stocked.run(lambda unit: move_piece(unit, Wanted(ref=PieceRef("BAG-999999"), kind=MoveKind.SALE)))
    assert stocked.read(lambda c: log.head(c, stocked.shop_id)).size == size


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([MoveKind.OUT, MoveKind.BACK, MoveKind.MOVED]), max_size=6))
def test_the_present_is_what_the_last_move_says(stocked: Store, kinds: list[MoveKind]) -> None:
    for kind in kinds:
        try:
            move(stocked, kind, place=place_of(stocked, "Vitrine 2") if kind is MoveKind.MOVED else None)
        except DomainError:
            continue

    moves, state = table(Move), table(PieceState)
    last = stocked.read(
        lambda c: c.execute(
            select(moves.c.to_place_id, moves.c.to_status)
            .where(moves.c.piece_id == ring(stocked).id)
            .order_by(moves.c.leaf_seq.desc())
            .limit(1)
        ).one()
    )
    present = stocked.read(
        lambda c: c.execute(select(state.c.place_id, state.c.status).where(state.c.piece_id == ring(stocked).id)).one()
    )
    assert tuple(last) == tuple(present)
