"""Stock rows: pieces, their descriptions, tags, labels and moves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, func, insert, select, update

from server.core.errors import Absent
from server.core.ids import Epc, PieceId, PieceRef, PlaceId, ShopId
from server.core.pieces import Status
from server.store.tables import Label, Move, Piece, PieceFacts, PieceState, Tag, table

_PIECES, _FACTS, _STATE = table(Piece), table(PieceFacts), table(PieceState)
_TAGS, _LABELS, _MOVES = table(Tag), table(Label), table(Move)
_WITH_STATE = _PIECES.join(_STATE, (_STATE.c.shop_id == _PIECES.c.shop_id) & (_STATE.c.piece_id == _PIECES.c.id))
PAGE_MAX = 1_000
"""Pieces of one page of a list."""


@dataclass(frozen=True, slots=True)
class StockedPiece:
    """A piece as lists show it: never with its tag or its label's code."""

    id: PieceId
    ref: PieceRef
    place_id: PlaceId | None
    """None: to be placed."""
    status: Status
    ownership: str
    name: str
    category: str
    sku: str
    retail_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A new piece with all that is written for it."""

    piece_id: PieceId
    number: int
    """Its number; the reference is made of it."""
    facts: str
    """Canonical JSON of the description."""
    state: Mapping[str, object]
    """The searchable columns of piece_state."""
    label_code: str
    move_id: str
    tag_id: str
    epc: Epc | None
    tid: str | None


def reference(number: int) -> PieceRef:
    """`BAG-000001` for 1; longer beyond a million."""
    return PieceRef(f"BAG-{number:06d}")


def highest_number(connection: Connection, shop_id: ShopId) -> int:
    """Number of the last piece entered; 0 in an empty shop."""
    return int(
        connection.execute(
            select(func.coalesce(func.max(_PIECES.c.number), 0)).where(_PIECES.c.shop_id == shop_id)
        ).scalar_one()
    )


def enter(
    connection: Connection,
    shop_id: ShopId,
    entries: Sequence[Entry],
    *,
    import_id: str,
    leaf_seq: int,
    person_id: str | None,
    now: datetime,
) -> None:
    """Write new pieces with description, state, label, tag and their first move. Nothing of them may exist."""
    shop = {"shop_id": shop_id}
    stamp = {**shop, "import_id": import_id}
    of_piece = [{**shop, "piece_id": one.piece_id} for one in entries]
    entered = {"kind": "entered", "at": now, "rx": now, "person_id": person_id, "ticket": "", "leaf_seq": leaf_seq}
    both = list(zip(of_piece, entries, strict=True))
    rows: list[tuple[Insert, list[dict[str, Any]]]] = [
        (insert(_PIECES), [{**stamp, **_identity(one), "created_at": now} for one in entries]),
        (insert(_FACTS), [{**stamp, **of, "n": 1, "body": one.facts, "at": now} for of, one in both]),
        (insert(_STATE), [{**of, "facts_n": 1, **one.state} for of, one in both]),
        (insert(_LABELS), [{**of, "code": one.label_code, "made_at": now} for of, one in both]),
        (insert(_TAGS), [{**of, **_tag(one), "bound_at": now} for of, one in both if one.epc is not None]),
        (insert(_MOVES), [{**of, **entered, **_arrival(one)} for of, one in both]),
    ]
    for statement, many in rows:
        if many:
            connection.execute(statement, many)


def _identity(one: Entry) -> dict[str, Any]:
    return {"id": one.piece_id, "ref": reference(one.number), "number": one.number, "kind": "piece"}


def _tag(one: Entry) -> dict[str, Any]:
    return {"id": one.tag_id, "epc": one.epc, "tid": one.tid}


def _arrival(one: Entry) -> dict[str, Any]:
    return {"id": one.move_id, "to_place_id": one.state["place_id"], "to_status": one.state["status"]}


def describe(
    connection: Connection,
    shop_id: ShopId,
    piece: PieceId,
    *,
    n: int,
    facts: str,
    state: Mapping[str, object],
    import_id: str | None,
    now: datetime,
) -> None:
    """Write the n-th description of a piece and bring its searchable columns up to it."""
    connection.execute(
        insert(_FACTS).values(shop_id=shop_id, piece_id=piece, n=n, body=facts, import_id=import_id, at=now)
    )
    connection.execute(
        update(_STATE).where(_STATE.c.shop_id == shop_id, _STATE.c.piece_id == piece).values(facts_n=n, **state)
    )


def tags_in_use(connection: Connection, shop_id: ShopId) -> Mapping[Epc, PieceId | None]:
    """Every tag that is not retired, with its piece; None for a tray's tag."""
    rows = connection.execute(
        select(_TAGS.c.epc, _TAGS.c.piece_id).where(_TAGS.c.shop_id == shop_id, _TAGS.c.retired_at.is_(None))
    )
    return {Epc(row.epc): None if row.piece_id is None else PieceId(row.piece_id) for row in rows}


def tags_among(connection: Connection, shop_id: ShopId, epcs: Sequence[Epc]) -> frozenset[Epc]:
    """Those of these contents that a tag in use has; a few hundred at a time."""
    found = connection.execute(
        select(_TAGS.c.epc).where(_TAGS.c.shop_id == shop_id, _TAGS.c.epc.in_(epcs), _TAGS.c.retired_at.is_(None))
    )
    return frozenset(Epc(epc) for epc in found.scalars())


def _stocked(shop_id: ShopId) -> Select[Any]:
    return (
        select(
            _PIECES.c.id,
            _PIECES.c.ref,
            _STATE.c.place_id,
            _STATE.c.status,
            _STATE.c.ownership,
            _STATE.c.name,
            _STATE.c.category,
            _STATE.c.sku,
            _STATE.c.retail_minor,
            _STATE.c.currency,
        )
        .select_from(_WITH_STATE)
        .where(_PIECES.c.shop_id == shop_id)
    )


def _piece(row: Row[Any]) -> StockedPiece:
    return StockedPiece(
        id=PieceId(row.id),
        ref=PieceRef(row.ref),
        place_id=None if row.place_id is None else PlaceId(row.place_id),
        status=Status(row.status),
        ownership=row.ownership,
        name=row.name,
        category=row.category,
        sku=row.sku,
        retail_minor=row.retail_minor,
        currency=row.currency,
    )


def pieces(
    connection: Connection, shop_id: ShopId, *, after: PieceRef | None = None, limit: int = PAGE_MAX
) -> tuple[StockedPiece, ...]:
    """Pieces in the order of their numbers, after the reference `after`, at most `limit` and never more than a page."""
    query = _stocked(shop_id).order_by(_PIECES.c.number).limit(min(limit, PAGE_MAX))
    if after is not None:
        query = query.where(_PIECES.c.number > number_of(after))
    return tuple(_piece(row) for row in connection.execute(query))


def number_of(ref: PieceRef) -> int:
    """The number in a reference. Raises: Absent: not a reference of ours."""
    digits = ref.removeprefix("BAG-")
    if not (digits.isascii() and digits.isdigit()):
        raise Absent(f"{ref[:40]!r} is not a reference; expected one such as BAG-000001.")
    return int(digits)


def piece_by_ref(connection: Connection, shop_id: ShopId, ref: PieceRef) -> StockedPiece:
    """The piece with this reference. Raises: Absent."""
    row = connection.execute(_stocked(shop_id).where(_PIECES.c.ref == ref)).one_or_none()
    if row is None:
        raise Absent(f"No piece {ref[:40]!r} in this shop. Scan its label again or look it up by name.", ref=ref)
    return _piece(row)


def pieces_of(connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]) -> tuple[StockedPiece, ...]:
    """The pieces with these references, in the order of their numbers; references that the shop does not have are left out."""
    rows = connection.execute(_stocked(shop_id).where(_PIECES.c.ref.in_(list(refs))))
    return tuple(sorted((_piece(row) for row in rows), key=lambda piece: number_of(piece.ref)))


def names_of(connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]) -> Mapping[PieceRef, str]:
    """What people call each of these pieces; references that the shop does not have are left out."""
    if not refs:
        return {}
    named = select(_PIECES.c.ref, _STATE.c.name).select_from(_WITH_STATE).where(_PIECES.c.shop_id == shop_id)
    return {PieceRef(row.ref): row.name for row in connection.execute(named.where(_PIECES.c.ref.in_(list(refs))))}


def pieces_in(connection: Connection, shop_id: ShopId, places: Sequence[PlaceId]) -> tuple[StockedPiece, ...]:
    """Pieces whose books say one of these places, in the order of their numbers, whatever their status."""
    rows = connection.execute(
        _stocked(shop_id).where(_STATE.c.place_id.in_([str(place) for place in places])).order_by(_PIECES.c.number)
    )
    return tuple(_piece(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One move as it is recorded."""

    move_id: str
    piece: StockedPiece
    """As it was before."""
    kind: str
    to_place: PlaceId | None
    to_status: Status
    at: datetime
    rx: datetime
    person_id: str | None
    witness_id: str | None
    device_id: str | None
    ticket: str
    leaf_seq: int


def record_move(connection: Connection, shop_id: ShopId, moved: Moved) -> None:
    """Write the move and bring the piece's state up to it."""
    connection.execute(
        insert(_MOVES).values(
            shop_id=shop_id,
            id=moved.move_id,
            piece_id=moved.piece.id,
            kind=moved.kind,
            from_place_id=moved.piece.place_id,
            to_place_id=moved.to_place,
            from_status=moved.piece.status.value,
            to_status=moved.to_status.value,
            at=moved.at,
            rx=moved.rx,
            person_id=moved.person_id,
            witness_id=moved.witness_id,
            device_id=moved.device_id,
            ticket=moved.ticket,
            leaf_seq=moved.leaf_seq,
        )
    )
    connection.execute(
        update(_STATE)
        .where(_STATE.c.shop_id == shop_id, _STATE.c.piece_id == moved.piece.id)
        .values(place_id=moved.to_place, status=moved.to_status.value)
    )
