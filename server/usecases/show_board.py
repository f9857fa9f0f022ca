"""Show the board: every open case and every gap of a sealed tray, with when the piece was last seen and last heard.

Given a moment; reads one committed state and writes nothing. A gap is A's finding that nobody has confirmed: it goes when the search
or the verifier finds the piece, and a case takes its place otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from server.clock import from_ms, in_utc, to_ms
from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.cases import Case, CaseState
from server.core.count_errors import CountingBlind
from server.core.count_sheet import Count
from server.core.counting import silent_of
from server.core.ids import CountId, PersonId, PieceId, PieceRef, PlaceId, PlacePath, ShopId
from server.core.log.events import format_time
from server.core.sightings import Sighting
from server.store import board, counts, places, rounds, shops, sightings, stock, tours
from server.store.board import Happening, NumberedCase, Origin
from server.store.stock import StockedPiece
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step
from server.usecases.plan_tour import shop_moment

GAPS_MAX: Final = 500
"""Gaps on the board: with more than that a reader was off, and the trays are to be read again."""
TRAIL_MAX: Final = 20
"""Steps of one piece's trail, newest first."""
UNCONFIRMED: Final = "to_be_confirmed"
_HERE: Final = frozenset({"UNEXPECTED", "UNKNOWN_TAG", "TAG_MISMATCH", "DUPLICATE_EPC", "TAG_ONLY", "MISPLACED"})
"""Classes of what was heard where the count was made, or in another place than its own."""
_Step = tuple[int, str, PlaceId | None, PersonId | None]
"""Moment (ms), kind, place and person."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last time a hand had the piece."""

    at: str
    path: str | None
    """null: it was leaving the shop."""
    by: str
    """Name of the person."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The last time a sealed round heard the piece's tag."""

    at: str
    path: str | None


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One thing that happened to a piece."""

    at: str
    kind: str
    """entered, sale, out, back, moved, present, absent, seen, heard, missed, opened, acknowledge, investigate, decide, reopen
    or reclassify."""
    path: str | None
    by: str | None
    """Name of the person; null: no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """An open case, or a gap that waits to be confirmed."""

    id: str
    """The case, or `gap/<count>/<reference>`."""
    number: int | None
    """What people call the case; null: a gap."""
    is_confirmed: bool
    finding: str
    """Class of the finding in lower case, such as missing."""
    state: str
    """State of the case; to_be_confirmed: a gap."""
    reference: str | None
    """null: a tag of no piece, or a whole place."""
    name: str
    """Of the piece; a place's path; empty: a tag of no piece."""
    value_minor: int | None
    currency: str
    home: str | None
    heard_in: str | None
    """Where the piece was heard instead of at home."""
    last_seen: Seen | None
    last_heard: Heard | None
    found_missing_at: str
    """When the first round that says so was sealed."""
    assignee: str | None
    due_at: str | None
    trail: list[TrailStep]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the tour of now is."""

    done: int
    """Counts that a second person has verified, or further."""
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The desk at one committed moment."""

    epoch: str
    seq: int
    """Follow the topic `board` from here: nothing between this number and the snapshot is lost."""
    currency: str
    progress: Progress
    last_count_at: str | None
    """When a round was last sealed."""
    rows: list[BoardRow]
    """Cases in the order of their numbers, then gaps by count and reference."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One silent piece of a sealed tray."""

    count: Count
    ref: PieceRef
    heard_in: PlaceId | None
    """A tray of the same moment whose round has it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What all rows are made from."""

    pieces: Mapping[PieceRef, StockedPiece]
    last: Mapping[tuple[PieceRef, bool], Sighting]
    happened: Mapping[PieceId, tuple[Happening, ...]]
    acted: Mapping[str, tuple[Happening, ...]]
    origins: Mapping[CountId, Origin]
    paths: Mapping[PlaceId, PlacePath]
    names: Mapping[PersonId, str]
    currency: str

    def path(self, place: PlaceId | None) -> str | None:
        return None if place is None else self.paths.get(place, place)


def show_board(
    connection: Connection, shop_id: ShopId, *, viewer: PersonId, now: datetime, head: tuple[str, int]
) -> tuple[Board, tuple[CountId, ...]]:
    """The board, and the counts of which it tells `viewer` for the first time what is silent, in order of ids.

    `head` is the feed's epoch and the topic's last number, read before this.
    Raises: CountingBlind: the viewer has a turn that is not sealed.
    """
    _require_not_counting(connection, shop_id, viewer)
    shop = shops.shop_facts(connection, shop_id)
    today = shop_moment(shop, now)
    cases = board.open_cases(connection, shop_id)
    gaps = gaps_of(board.unsettled_counts(connection, shop_id))
    known = _known(connection, shop_id, cases=cases, gaps=gaps, currency=shop.currency)
    done, planned = board.progress(connection, shop_id, day=today.day, occasion=today.occasion)
    last = board.last_seal_at(connection, shop_id)
    epoch, seq = head
    shown = Board(
        epoch=epoch,
        seq=seq,
        currency=shop.currency,
        progress=Progress(done=done, all=planned),
        last_count_at=None if last is None else _utc(last),
        rows=[*(_case_row(one, known) for one in cases), *(_gap_row(gap, known) for gap in gaps)],
    )
    return shown, tuple(dict.fromkeys(gap.count.plan.count for gap in gaps if viewer not in gap.count.saw))


def note_seen(work: UnitOfWork, seen: Iterable[CountId], by: Actor) -> None:
    """Write down that a person is shown what these counts miss: no blind round of theirs is left for them.

    Raises: CountingBlind: they have begun a turn since.
    """
    _require_not_counting(work.conn, work.shop_id, by.person)
    for count_id in seen:
        count = counts.load(work.conn, work.shop_id, count_id)
        if by.person not in count.saw and count.state in board.UNSETTLED:
            take_step(work, count, acts.Saw(by, moment(work)))


def _require_not_counting(connection: Connection, shop_id: ShopId, person: PersonId) -> None:
    if rounds.is_counting(connection, shop_id, person):
        raise CountingBlind("You have a round that is not sealed. Seal it, then open the board.", person=person)


def gaps_of(unsettled: Sequence[Count]) -> tuple[Gap, ...]:
    """The silent pieces of these counts by count and reference, `GAPS_MAX` at most."""
    heard_in = {ref: count.plan.place for count in unsettled for ref in sorted(count.present_by_a())}
    gaps = (
        Gap(count, ref, heard_in.get(ref))
        for count in sorted(unsettled, key=lambda count: count.plan.count)
        for ref in silent_of(count)
    )
    return tuple(gap for gap, _ in zip(gaps, range(GAPS_MAX), strict=False))


def _known(
    connection: Connection, shop_id: ShopId, *, cases: Sequence[NumberedCase], gaps: Sequence[Gap], currency: str
) -> _Known:
    refs = [PieceRef(one.case.subject) for one in cases] + [gap.ref for gap in gaps]
    pieces = {piece.ref: piece for piece in stock.pieces_of(connection, shop_id, refs)}
    evidence = {count for one in cases for count in (one.case.count, *one.case.evidence_counts)}
    return _Known(
        pieces=pieces,
        last=sightings.last_of(connection, shop_id, refs),
        happened=board.happenings(connection, shop_id, [piece.id for piece in pieces.values()]),
        acted=board.case_events(connection, shop_id, [one.case.case for one in cases]),
        origins=board.origins(connection, shop_id, evidence),
        paths=places.paths(connection, shop_id),
        names=tours.names(connection, shop_id),
        currency=currency,
    )


def _case_row(numbered: NumberedCase, known: _Known) -> BoardRow:
    case = numbered.case
    sealed_at = known.origins[case.count].sealed_at
    piece = known.pieces.get(PieceRef(case.subject))
    is_place = case.subject in known.paths
    home = PlaceId(case.subject) if is_place else None if piece is None else piece.place_id
    return BoardRow(
        id=case.case,
        number=numbered.number,
        is_confirmed=True,
        finding=case.discrepancy.lower(),
        state=case.state.value,
        reference=None if piece is None else piece.ref,
        name=piece.name if piece is not None else known.path(home) or "",
        value_minor=None if piece is None else piece.retail_minor,
        currency=known.currency if piece is None else piece.currency,
        home=known.path(home),
        heard_in=known.path(_elsewhere(case, known, home=home)),
        last_seen=_last_seen(known, piece),
        last_heard=_last_heard(known, piece),
        found_missing_at=format_time(from_ms(case.opened_at)) if sealed_at is None else _utc(sealed_at),
        assignee=_assignee(case, known),
        due_at=None,
        trail=_trail(known, piece, besides=_steps(known.acted.get(case.case, ()))),
    )


def _assignee(case: Case, known: _Known) -> str | None:
    """Who took it up: the last one to begin a search, while it is searched for."""
    if case.state is not CaseState.INVESTIGATING:
        return None
    begun = [one for one in known.acted.get(case.case, ()) if one.kind == "investigate"]
    last = max(begun, key=lambda one: one.at, default=None)
    return None if last is None or last.person_id is None else known.names.get(last.person_id)


def _gap_row(gap: Gap, known: _Known) -> BoardRow:
    count, piece = gap.count, known.pieces[gap.ref]
    assert count.a1 is not None, "a gap is what a sealed round missed"
    return BoardRow(
        id=f"gap/{count.plan.count}/{gap.ref}",
        number=None,
        is_confirmed=False,
        finding="unverified" if count.a1.is_lossy else "missing",
        state=UNCONFIRMED,
        reference=gap.ref,
        name=piece.name,
        value_minor=piece.retail_minor,
        currency=piece.currency,
        home=known.path(count.plan.place),
        heard_in=known.path(gap.heard_in),
        last_seen=_last_seen(known, piece),
        last_heard=_last_heard(known, piece),
        found_missing_at=format_time(from_ms(count.a1.at)),
        assignee=None,
        due_at=None,
        trail=_trail(known, piece, besides=[(count.a1.at, "missed", count.plan.place, None)]),
    )


def _elsewhere(case: Case, known: _Known, *, home: PlaceId | None) -> PlaceId | None:
    """Where the subject was heard, if that is another place than its own: the newest count that says so."""
    if case.discrepancy not in _HERE:
        return None
    heard = [known.origins[count].place_id for count in (case.count, *case.evidence_counts)]
    return next((place for place in reversed(heard) if place != home), None)


def _last_seen(known: _Known, piece: StockedPiece | None) -> Seen | None:
    last = None if piece is None else known.last.get((piece.ref, True))
    if last is None or last.person is None:
        return None
    return Seen(format_time(from_ms(last.at)), known.path(last.place), known.names.get(last.person, ""))


def _last_heard(known: _Known, piece: StockedPiece | None) -> Heard | None:
    last = None if piece is None else known.last.get((piece.ref, False))
    return None if last is None else Heard(format_time(from_ms(last.at)), known.path(last.place))


def _steps(happened: Iterable[Happening]) -> list[_Step]:
    return [(to_ms(in_utc(one.at)), one.kind, one.place_id, one.person_id) for one in happened]


def _trail(known: _Known, piece: StockedPiece | None, *, besides: Sequence[_Step]) -> list[TrailStep]:
    """What is known of the piece, newest first; what was written at one moment in order of kinds."""
    steps = [*besides]
    if piece is not None:
        steps += _steps(known.happened.get(piece.id, ()))
        for is_by_hand, kind in ((True, "seen"), (False, "heard")):
            last = known.last.get((piece.ref, is_by_hand))
            if last is not None:
                steps.append((last.at, kind, last.place, last.person))
    steps.sort(key=lambda step: (-step[0], step[1]))
    return [
        TrailStep(
            at=format_time(from_ms(at)),
            kind=kind,
            path=known.path(place),
            by=None if person is None else known.names.get(person),
        )
        for at, kind, place, person in steps[:TRAIL_MAX]
    ]


def _utc(kept: datetime) -> str:
    return format_time(in_utc(kept))
