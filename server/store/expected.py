"""Expected rows: what the books put in a place, whose tags and labels are whose, and the set frozen at an opening."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, true

from server.core.epc import identity_of
from server.core.ids import CountId, PersonId, PieceId, PieceRef, PlaceId, ShopId, Tid
from server.core.pieces import Status
from server.store import stock
from server.store.stock import StockedPiece
from server.store.tables import Answer, ExpectedSet, Label, Move, Piece, PieceState, Place, Tag, table
from server.store.text_lists import text_list, texts_in

_PIECES, _STATE, _PLACES = table(Piece), table(PieceState), table(Place)
_TAGS, _LABELS, _ANSWERS, _SETS = table(Tag), table(Label), table(Answer), table(ExpectedSet)
_MOVES = table(Move)
# Built once: every scan and every seal asks them.
_SELECT_LABELLED: Final = (
    select(_LABELS.c.code, _PIECES.c.ref)
    .select_from(_LABELS.join(_PIECES, (_PIECES.c.shop_id == _LABELS.c.shop_id) & (_PIECES.c.id == _LABELS.c.piece_id)))
    .where(_LABELS.c.shop_id == bindparam("shop"), _LABELS.c.code.in_(select(texts_in("codes").c.value)))
)
_SELECT_LABELLED_NOW: Final = _SELECT_LABELLED.where(_LABELS.c.retired_at.is_(None))


@dataclass(frozen=True, slots=True)
class Bearer:
    """What carries a tag: a piece, or a tray."""

    ref: PieceRef | None
    """None: a tray's own tag."""
    place_id: PlaceId | None
    """None: a piece's tag."""
    tid: Tid | None
    """None: the chip's factory identity was not kept when it was bound."""


@dataclass(frozen=True, slots=True)
class CountablePlace:
    """A place with what decides whether it is counted."""

    id: PlaceId
    kind: str
    body: str
    """Certificate and parameters as canonical JSON."""


def in_place(connection: Connection, shop_id: ShopId, places: Iterable[PlaceId]) -> tuple[StockedPiece, ...]:
    """The pieces that the books put in these places now, in order of references: those in stock."""
    found = stock.pieces_in(connection, shop_id, tuple(places))
    return tuple(sorted((piece for piece in found if piece.status is Status.IN_STOCK), key=lambda piece: piece.ref))


def places_in_use(connection: Connection, shop_id: ShopId) -> tuple[CountablePlace, ...]:
    """Every place that is not retired, in order of ids. A shop has at most some hundreds."""
    rows = connection.execute(
        select(_PLACES.c.id, _PLACES.c.kind, _PLACES.c.body)
        .where(_PLACES.c.shop_id == shop_id, _PLACES.c.retired_at.is_(None))
        .order_by(_PLACES.c.id)
    )
    return tuple(CountablePlace(PlaceId(row.id), row.kind, row.body) for row in rows)


def bearers(connection: Connection, shop_id: ShopId) -> Mapping[str, Bearer]:
    """Tag identity → its bearer, for every tag in use."""
    rows = connection.execute(
        select(_TAGS.c.epc, _TAGS.c.tid, _TAGS.c.place_id, _PIECES.c.ref)
        .select_from(
            _TAGS.outerjoin(_PIECES, (_PIECES.c.shop_id == _TAGS.c.shop_id) & (_PIECES.c.id == _TAGS.c.piece_id))
        )
        .where(_TAGS.c.shop_id == shop_id, _TAGS.c.retired_at.is_(None))
    )
    return {
        identity_of(row.epc): Bearer(
            ref=None if row.ref is None else PieceRef(row.ref),
            place_id=None if row.place_id is None else PlaceId(row.place_id),
            tid=None if row.tid is None else Tid(row.tid),
        )
        for row in rows
    }


def pieces_of_labels(
    connection: Connection, shop_id: ShopId, codes: Collection[str], *, in_use: bool = True
) -> Mapping[str, PieceRef]:
    """Label code → the piece that wears it, or wore it unless only those `in_use` are wanted. Unknown codes are left out."""
    if not codes:
        return {}
    wanted = _SELECT_LABELLED_NOW if in_use else _SELECT_LABELLED
    rows = connection.execute(wanted, {"shop": shop_id, "codes": text_list(codes)}).all()
    return {code: PieceRef(ref) for code, ref in rows}


def piece_ids(connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]) -> Mapping[PieceRef, PieceId]:
    """Reference → id, for the references that the shop has."""
    rows = connection.execute(
        select(_PIECES.c.ref, _PIECES.c.id).where(_PIECES.c.shop_id == shop_id, _PIECES.c.ref.in_(list(refs)))
    )
    return {PieceRef(row.ref): PieceId(row.id) for row in rows}


def last_in_hand(connection: Connection, shop_id: ShopId) -> Mapping[PieceRef, datetime]:
    """When each piece was last confirmed by a person who held it; pieces never held are left out. Times in UTC."""
    rows = connection.execute(
        select(_PIECES.c.ref, func.max(_ANSWERS.c.at).label("at"))
        .select_from(
            _ANSWERS.join(_PIECES, (_PIECES.c.shop_id == _ANSWERS.c.shop_id) & (_PIECES.c.id == _ANSWERS.c.piece_id))
        )
        .where(_ANSWERS.c.shop_id == shop_id, _ANSWERS.c.answer == "present")
        .group_by(_PIECES.c.ref)
    )
    return {PieceRef(row.ref): row.at for row in rows}


def handled_since(
    connection: Connection, shop_id: ShopId, refs: Collection[PieceRef], *, since: datetime
) -> frozenset[PieceRef]:
    """Those of the pieces that came back or were moved after `since`, UTC as it is kept."""
    rows = connection.execute(
        select(_PIECES.c.ref)
        .select_from(
            _MOVES.join(_PIECES, (_PIECES.c.shop_id == _MOVES.c.shop_id) & (_PIECES.c.id == _MOVES.c.piece_id))
        )
        .where(
            _MOVES.c.shop_id == shop_id,
            _MOVES.c.kind.in_(("back", "moved")),
            _MOVES.c.rx > since,
            _PIECES.c.ref.in_(list(refs)),
        )
        .distinct()
    )
    return frozenset(PieceRef(ref) for ref in rows.scalars())


def movers_since(
    connection: Connection, shop_id: ShopId, ref: PieceRef, *, since: datetime | None
) -> frozenset[PersonId]:
    """Who recorded a move of the piece after `since` (UTC as kept; None: ever), whatever time was claimed, and the second names.

    That it entered the books is no move.
    """
    rows = connection.execute(
        select(_MOVES.c.person_id, _MOVES.c.witness_id)
        .select_from(
            _MOVES.join(_PIECES, (_PIECES.c.shop_id == _MOVES.c.shop_id) & (_PIECES.c.id == _MOVES.c.piece_id))
        )
        .where(
            _MOVES.c.shop_id == shop_id,
            _PIECES.c.ref == ref,
            _MOVES.c.kind != "entered",
            true() if since is None else _MOVES.c.rx > since,
        )
    )
    return frozenset(PersonId(person) for row in rows for person in row if person is not None)


def freeze(
    connection: Connection, shop_id: ShopId, count_id: CountId, *, body: bytes, digest: str, frozen_at: datetime
) -> None:
    """Keep the expected set of a count for ever."""
    connection.execute(
        insert(_SETS).values(shop_id=shop_id, count_id=count_id, digest=digest, body=body, frozen_at=frozen_at)
    )


def frozen(connection: Connection, shop_id: ShopId, count_id: CountId) -> bytes | None:
    """The exact bytes that were frozen for a count; None: it was not opened."""
    found = connection.execute(
        select(_SETS.c.body).where(_SETS.c.shop_id == shop_id, _SETS.c.count_id == count_id)
    ).scalar()
    return None if found is None else bytes(found)
