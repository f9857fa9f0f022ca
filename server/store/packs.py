"""Stock and evidence read in bulk, for packs and for lists: sets, signatures, counts, moves and described pieces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from server.clock import in_utc
from server.core.errors import Absent, Conflict
from server.core.ids import CountId, PieceId, ShopId, TourId
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, format_time
from server.store import log
from server.store import tables as rows
from server.store.tables import table

_LEAVES, _SEALED, _EXPECTED = table(rows.LogLeaf), table(rows.SealedSet), table(rows.ExpectedSet)
_SIGNATURES, _TOURS, _COUNTS = table(rows.SignatureRow), table(rows.Tour), table(rows.Count)
_ROUNDS, _LINES = table(rows.Round), table(rows.SignatureLine)
_MOVES, _PIECES, _STATE, _FACTS = table(rows.Move), table(rows.Piece), table(rows.PieceState), table(rows.PieceFacts)
IDS_AT_ONCE = 500
"""Ids in one question: SQLite takes some thousands, and a page of a list has fewer."""


class SignedListLost(Conflict):
    """The lines that somebody signed are not kept with their tour any more."""

    code: ClassVar[str] = "signed_list_lost"


class CountUnopened(Absent):
    """No such count, or nobody began it."""

    code: ClassVar[str] = "count_unopened"


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move as the books keep it."""

    id: str
    ref: str
    kind: str
    from_place: str | None
    to_place: str | None
    from_status: str | None
    to_status: str
    at: datetime
    """When it happened, as claimed. Aware, UTC."""
    rx: datetime
    """When it was recorded. Aware, UTC."""
    person: str | None
    witness: str | None
    device: str | None
    ticket: str
    leaf: int


@dataclass(frozen=True, slots=True)
class DescribedPiece:
    """A piece with its newest description."""

    ref: str
    place_id: str | None
    status: str
    ownership: str
    currency: str
    facts: Mapping[str, JsonValue]
    """As `imports.lines.Facts` writes it."""


def leaves(connection: Connection, shop_id: ShopId, *, end: int) -> tuple[bytes, ...]:
    """The exact bytes of the leaves from 0 up to but without `end`."""
    found: list[bytes] = []
    while len(found) < end:
        page = log.leaves(connection, shop_id, start=len(found), limit=end - len(found))
        if not page:
            raise log.LogBroken(f"Leaf {len(found)} of the log is missing. Restore a backup.", seq=len(found))
        found.extend(one.raw for one in page)
    return tuple(found)


def sealed_sets(connection: Connection, shop_id: ShopId, *, end: int) -> tuple[bytes, ...]:
    """The sets that people sealed in leaves before `end`, in the order of the leaves."""
    found = connection.execute(
        select(_SEALED.c.body)
        .where(_SEALED.c.shop_id == shop_id, _SEALED.c.leaf_seq < end)
        .order_by(_SEALED.c.leaf_seq, _SEALED.c.part)
    )
    return tuple(bytes(body) for body in found.scalars())


def expected_sets(connection: Connection, shop_id: ShopId, *, end: int) -> tuple[bytes, ...]:
    """What the books expected of each count that was opened in leaves before `end`."""
    opened = _opened(shop_id, end=end)
    found = connection.execute(
        select(_EXPECTED.c.body)
        .where(_EXPECTED.c.shop_id == shop_id, _EXPECTED.c.count_id.in_(opened))
        .order_by(_EXPECTED.c.frozen_at, _EXPECTED.c.count_id)
    )
    return tuple(bytes(body) for body in found.scalars())


def draws(connection: Connection, shop_id: ShopId, *, end: int) -> dict[str, bytes]:
    """Tour → the chances frozen when it was planned, as their hash in the leaf covers them, for tours planned before `end`."""
    planned = select(_LEAVES.c.subject_id).where(
        _LEAVES.c.shop_id == shop_id, _LEAVES.c.type == EventType.TOUR_PLANNED.value, _LEAVES.c.seq < end
    )
    found = connection.execute(
        select(_TOURS.c.id, _TOURS.c.body)
        .where(_TOURS.c.shop_id == shop_id, _TOURS.c.id.in_(planned))
        .order_by(_TOURS.c.planned_at, _TOURS.c.id)
    )
    return {row.id: canonical.encode(_object(row.body.encode()).get("ppm")) for row in found}


def folder_of_count(connection: Connection, shop_id: ShopId, count_id: CountId, *, end: int) -> dict[str, bytes]:
    """What one count rests on, by name: `expected`, `draw` and the sealed sets `A1` to `B2` of leaves before `end`.

    A verification that another person took over leaves its own B1 behind: `B1-2` and so on, in the order of the leaves.
    Raises: CountUnopened: there is nothing to give.
    """
    expected = connection.execute(
        select(_EXPECTED.c.body).where(_EXPECTED.c.shop_id == shop_id, _EXPECTED.c.count_id == count_id)
    ).scalar()
    tour = connection.execute(
        select(_COUNTS.c.tour_id).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id == count_id)
    ).scalar()
    if expected is None or tour is None:
        raise CountUnopened(
            f"The count {count_id[:40]!r} was never opened, so there is nothing to hand out. The list of all counts is in any "
            "pack, under counts/.",
            count=count_id,
        )
    folder = {"expected": bytes(expected), "draw": draws(connection, shop_id, end=end)[tour]}
    sealed = connection.execute(
        select(_SEALED.c.part, _SEALED.c.body)
        .select_from(
            _SEALED.join(_ROUNDS, (_ROUNDS.c.shop_id == _SEALED.c.shop_id) & (_ROUNDS.c.id == _SEALED.c.round_id))
        )
        .where(_SEALED.c.shop_id == shop_id, _ROUNDS.c.count_id == count_id, _SEALED.c.leaf_seq < end)
        .order_by(_SEALED.c.leaf_seq)
    )
    for part, body in sealed:
        n = 1 + sum(name.partition("-")[0] == part for name in folder)
        folder[part if n == 1 else f"{part}-{n}"] = bytes(body)
    return folder


def tour_of(connection: Connection, shop_id: ShopId, count_id: CountId) -> tuple[TourId, date] | None:
    """Tour and shop day of a count. None: there is no such count."""
    row = connection.execute(
        select(_COUNTS.c.tour_id, _COUNTS.c.shop_day).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id == count_id)
    ).first()
    return None if row is None else (TourId(row.tour_id), row.shop_day)


def count_rows(connection: Connection, shop_id: ShopId, *, end: int) -> dict[str, list[dict[str, JsonValue]]]:
    """A row for each count that was opened in leaves before `end`, by month `YYYY-MM`, whatever became of it."""
    found = connection.execute(
        select(_COUNTS)
        .where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id.in_(_opened(shop_id, end=end)))
        .order_by(_COUNTS.c.shop_day, _COUNTS.c.opened_at, _COUNTS.c.id)
    )
    by_month: dict[str, list[dict[str, JsonValue]]] = {}
    for row in found:
        by_month.setdefault(f"{row.shop_day:%Y-%m}", []).append(
            {
                "count": row.id,
                "state": row.state,
                "tour": row.tour_id,
                "place": row.place_id,
                "occasion": row.occasion,
                "shop_day": row.shop_day.isoformat(),
                "n": row.n,
                "mode": row.mode,
                "result_no": row.result_no,
                "opened_at": None if row.opened_at is None else format_time(in_utc(row.opened_at)),
            }
        )
    return by_month


def signatures(
    connection: Connection, shop_id: ShopId, *, end: int, count_id: CountId | None = None
) -> tuple[dict[str, JsonValue], ...]:
    """`{signature, lines}` of each signature made in leaves before `end`; the tour keeps the lists signed in it.

    With `count_id`, only those of lists that the count is on.

    Raises: SignedListLost: a list is missing, or it is not the one whose hash the signature covers.
    """
    wanted = (
        select(_SIGNATURES.c.id, _SIGNATURES.c.statement, _TOURS.c.body)
        .select_from(
            _SIGNATURES.join(
                _TOURS, (_TOURS.c.shop_id == _SIGNATURES.c.shop_id) & (_TOURS.c.id == _SIGNATURES.c.tour_id)
            )
        )
        .where(_SIGNATURES.c.shop_id == shop_id, _SIGNATURES.c.leaf_seq < end)
        .order_by(_SIGNATURES.c.leaf_seq)
    )
    if count_id is not None:
        on_it = select(_LINES.c.signature_id).where(_LINES.c.shop_id == shop_id, _LINES.c.count_id == count_id)
        wanted = wanted.where(_SIGNATURES.c.id.in_(on_it))
    return tuple({"signature": row.id, "lines": _lines_signed(row)} for row in connection.execute(wanted))


def _lines_signed(row: Any) -> list[JsonValue]:
    statement = _object(bytes(row.statement).partition(b"\n")[2])
    kept = _object(row.body.encode()).get("lists")
    for one in kept if isinstance(kept, list) else []:
        match one:
            case {"signature": row.id, "lines": list(lines)}:
                if sha256(canonical.encode(lines)).hexdigest() == statement.get("lines_sha256"):
                    return lines
    raise SignedListLost(
        f"The list of signature {row.id} is not kept with its tour, so no pack can be made. Restore a backup that has it.",
        signature=str(row.id),
    )


def moves(
    connection: Connection, shop_id: ShopId, *, end: int, since: datetime, until: datetime
) -> tuple[MoveRow, ...]:
    """The moves recorded in leaves before `end`, from the moment `since` up to but without `until`, oldest first."""
    found = connection.execute(
        select(_MOVES, _PIECES.c.ref)
        .select_from(
            _MOVES.join(_PIECES, (_PIECES.c.shop_id == _MOVES.c.shop_id) & (_PIECES.c.id == _MOVES.c.piece_id))
        )
        .where(
            _MOVES.c.shop_id == shop_id,
            _MOVES.c.leaf_seq < end,
            _MOVES.c.rx >= since.astimezone(UTC),
            _MOVES.c.rx < until.astimezone(UTC),
        )
        .order_by(_MOVES.c.leaf_seq, _PIECES.c.number)
    )
    return tuple(_move(row) for row in found)


def move_by_id(connection: Connection, shop_id: ShopId, move_id: str) -> MoveRow | None:
    """The move with this id; None: there is none."""
    row = connection.execute(
        select(_MOVES, _PIECES.c.ref)
        .select_from(
            _MOVES.join(_PIECES, (_PIECES.c.shop_id == _MOVES.c.shop_id) & (_PIECES.c.id == _MOVES.c.piece_id))
        )
        .where(_MOVES.c.shop_id == shop_id, _MOVES.c.id == move_id)
    ).first()
    return None if row is None else _move(row)


def _move(row: Any) -> MoveRow:
    return MoveRow(
        id=row.id,
        ref=row.ref,
        kind=row.kind,
        from_place=row.from_place_id,
        to_place=row.to_place_id,
        from_status=row.from_status,
        to_status=row.to_status,
        at=in_utc(row.at),
        rx=in_utc(row.rx),
        person=row.person_id,
        witness=row.witness_id,
        device=row.device_id,
        ticket=row.ticket,
        leaf=row.leaf_seq,
    )


def pieces(connection: Connection, shop_id: ShopId) -> tuple[DescribedPiece, ...]:
    """Every piece ever entered, in the order of numbers, as the books have it now."""
    found = connection.execute(
        select(_PIECES.c.ref, _STATE.c.place_id, _STATE.c.status, _STATE.c.ownership, _STATE.c.currency, _FACTS.c.body)
        .select_from(_with_facts())
        .where(_PIECES.c.shop_id == shop_id)
        .order_by(_PIECES.c.number)
    )
    return tuple(
        DescribedPiece(row.ref, row.place_id, row.status, row.ownership, row.currency, _object(row.body.encode()))
        for row in found
    )


def descriptions(
    connection: Connection, shop_id: ShopId, ids: Sequence[PieceId]
) -> Mapping[PieceId, Mapping[str, JsonValue]]:
    """The newest description of each of these pieces, as `imports.lines.Facts` writes it."""
    found: dict[PieceId, Mapping[str, JsonValue]] = {}
    for some in _in_parts(ids):
        answer = connection.execute(
            select(_PIECES.c.id, _FACTS.c.body)
            .select_from(_with_facts())
            .where(_PIECES.c.shop_id == shop_id, _PIECES.c.id.in_(some))
        )
        found |= {PieceId(row.id): _object(row.body.encode()) for row in answer}
    return found


def _in_parts(ids: Sequence[PieceId]) -> Iterable[Sequence[PieceId]]:
    return (ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE))


def _with_facts() -> Any:
    state = _PIECES.join(_STATE, (_STATE.c.shop_id == _PIECES.c.shop_id) & (_STATE.c.piece_id == _PIECES.c.id))
    return state.join(
        _FACTS,
        (_FACTS.c.shop_id == _STATE.c.shop_id)
        & (_FACTS.c.piece_id == _STATE.c.piece_id)
        & (_FACTS.c.n == _STATE.c.facts_n),
    )


def _opened(shop_id: ShopId, *, end: int) -> Any:
    return select(_LEAVES.c.subject_id).where(
        _LEAVES.c.shop_id == shop_id, _LEAVES.c.type == EventType.COUNT_OPENED.value, _LEAVES.c.seq < end
    )


def _object(raw: bytes) -> Mapping[str, JsonValue]:
    found = canonical.decode(raw)
    assert isinstance(found, dict)
    return found
