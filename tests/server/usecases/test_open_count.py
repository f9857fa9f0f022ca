"""What is expected is frozen, with its hash, before anything is heard; who counts is fixed with it."""

import hashlib
from datetime import timedelta

import pytest

from server.core.count_acts import Occasion
from server.core.count_errors import WrongState
from server.core.ids import PlaceId
from server.core.log import canonical
from server.core.pieces import Status
from server.store import expected, stock
from server.store.stock import Moved
from server.store.unit_of_work import UnitOfWork
from server.usecases.close_counts import close_counts
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop, epc, ref


def move(work: UnitOfWork, number: int, *, kind: str, to_place: PlaceId | None, to_status: Status) -> None:
    piece = stock.piece_by_ref(work.conn, work.shop_id, ref(number))
    moved = Moved(
        move_id=work.new_id(),
        piece=piece,
        kind=kind,
        to_place=to_place,
        to_status=to_status,
        at=work.now,
        rx=work.now,
        person_id="claire",
        witness_id=None,
        device_id=None,
        ticket="T1",
        leaf_seq=0,
    )
    stock.record_move(work.conn, work.shop_id, moved)


def sell(work: UnitOfWork, number: int) -> None:
    move(work, number, kind="sale", to_place=None, to_status=Status.SOLD)


def test_the_frozen_set_is_the_place_s_pieces_in_stock_and_its_hash_is_in_the_count(counting: CountShop) -> None:
    counting.store.run(lambda work: sell(work, 2))
    counting.begin(ONE)

    count = counting.sheet(ONE)
    raw = counting.store.read(lambda conn: expected.frozen(conn, counting.store.shop_id, count.plan.count))
    assert raw is not None
    plain = canonical.decode(raw)
    assert isinstance(plain, dict)
    assert hashlib.sha256(raw).hexdigest() == count.expected_sha256
    assert [piece.ref for piece in count.expected] == [ref(1), ref(3), ref(4)]
    assert [row["ref"] for row in plain["pieces"]] == [ref(1), ref(3), ref(4)]
    assert epc(1) not in raw.decode()


def test_a_sale_after_the_opening_changes_nothing_that_is_expected(counting: CountShop) -> None:
    counting.begin(ONE)
    counting.store.run(lambda work: sell(work, 2))

    assert [piece.ref for piece in counting.sheet(ONE).expected] == [ref(number) for number in RINGS[ONE]]


def test_who_began_goes_on_and_another_person_takes_another_tray(counting: CountShop) -> None:
    round_id = counting.begin(ONE)

    assert counting.begin(ONE) == round_id
    with pytest.raises(WrongState):
        counting.begin(ONE, MARC)
    counting.begin(TWO, MARC)


def test_a_piece_that_was_moved_since_the_last_closing_is_due_in_the_next_count(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4)
    for person in (CLAIRE, MARC):
        counting.sign(person)
    counting.checkpoint()
    counting.store.run(lambda work: close_counts(work, counting.tour))
    counting.clock.advance(timedelta(hours=1))
    counting.store.run(lambda work: move(work, 3, kind="moved", to_place=ONE, to_status=Status.IN_STOCK))

    counting.plan(Occasion.CLOSING)
    counting.begin(ONE)

    assert [piece.ref for piece in counting.sheet(ONE).expected if piece.is_due] == [ref(3)]
