"""Board rows: what the desk reads at once of open cases, of unsettled counts and of the pieces in them. Nothing is written here."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from server.core.cases import Case, case_from_json
from server.core.count_acts import Occasion
from server.core.count_sheet import Count
from server.core.count_states import REVEALED_STATES, CountState
from server.core.ids import CountId, PersonId, PieceId, PlaceId, ShopId
from server.core.plain_json import object_from_text
from server.store import counts
from server.store import tables as rows
from server.store.cases import CASES_MAX
from server.store.tables import table

_CASES, _EVENTS, _COUNTS, _ROUNDS = table(rows.CaseRow), table(rows.CaseEvent), table(rows.Count), table(rows.Round)
_MOVES, _ANSWERS, _TOURS = table(rows.Move), table(rows.Answer), table(rows.Tour)

UNSETTLED: Final = (
    CountState.SEALED_A,
    CountState.VERIFYING,
    CountState.SEALED_B,
    CountState.REVEALED,
    CountState.RECOUNTING,
)
"""States in which what the first person missed is still to be confirmed: afterwards it has a case."""
VERIFIED: Final = (CountState.SEALED_B, *REVEALED_STATES)
"""States of a count that a second person has verified."""
_REPLACED: Final = (CountState.ABANDONED.value, CountState.VOIDED.value)
_RECENT_ROUNDS: Final = 200
"""Rounds among which the newest seal is looked for: ids are made in order of time, and few rounds are open at once."""


@dataclass(frozen=True, slots=True)
class NumberedCase:
    """An open case with the number that people call it by."""

    number: int
    """1 for the shop's first case, for ever."""
    case: Case


@dataclass(frozen=True, slots=True)
class Origin:
    """The count that a case came from."""

    place_id: PlaceId
    sealed_at: datetime | None
    """When its first round was sealed, in UTC without a zone as it is kept."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a piece or to its case."""

    at: datetime
    """UTC, without a zone as it is kept."""
    kind: str
    """entered, sale, out, back or moved; present or absent; opened and the acts on a case."""
    place_id: PlaceId | None
    person_id: PersonId | None


def open_cases(connection: Connection, shop_id: ShopId) -> tuple[NumberedCase, ...]:
    """Cases that are not decided, in the order of their numbers, `CASES_MAX` at most."""
    numbered = (
        select(_CASES.c.id, func.row_number().over(order_by=_CASES.c.id).label("number"))
        .where(_CASES.c.shop_id == shop_id)
        .subquery()
    )
    found = connection.execute(
        select(numbered.c.number, _CASES.c.body)
        .select_from(_CASES.join(numbered, numbered.c.id == _CASES.c.id))
        .where(_CASES.c.shop_id == shop_id, _CASES.c.closed_at.is_(None))
        .order_by(numbered.c.number)
        .limit(CASES_MAX)
    )
    return tuple(NumberedCase(int(row.number), case_from_json(object_from_text(row.body))) for row in found)


def unsettled_counts(connection: Connection, shop_id: ShopId) -> tuple[Count, ...]:
    """Counts that the first person sealed and that have no cases yet, in order of ids."""
    # All sheets in one question: forty of them took longer than the rest of the board. Sorted here, for an order in the
    # question leads the database through every count of the shop instead of the few in these states.
    found = connection.execute(
        select(_COUNTS.c.sheet).where(
            _COUNTS.c.shop_id == shop_id, _COUNTS.c.state.in_([state.value for state in UNSETTLED])
        )
    ).scalars()
    return tuple(sorted((counts.sheet_from_text(sheet) for sheet in found), key=lambda count: count.plan.count))


def origins(connection: Connection, shop_id: ShopId, ids: Collection[CountId]) -> Mapping[CountId, Origin]:
    """Count → where it was made and when its first round was sealed."""
    first = and_(
        _ROUNDS.c.shop_id == _COUNTS.c.shop_id,
        _ROUNDS.c.count_id == _COUNTS.c.id,
        _ROUNDS.c.role == "a",
        _ROUNDS.c.n == 1,
    )
    found = connection.execute(
        select(_COUNTS.c.id, _COUNTS.c.place_id, _ROUNDS.c.sealed_at)
        .select_from(_COUNTS.outerjoin(_ROUNDS, first))
        .where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id.in_(list(ids)))
    )
    return {CountId(row.id): Origin(PlaceId(row.place_id), row.sealed_at) for row in found}


def happenings(
    connection: Connection, shop_id: ShopId, ids: Collection[PieceId]
) -> Mapping[PieceId, tuple[Happening, ...]]:
    """Moves of these pieces and what people answered when asked for them, by piece."""
    wanted = list(ids)
    moved = connection.execute(
        select(_MOVES.c.piece_id, _MOVES.c.at, _MOVES.c.kind, _MOVES.c.to_place_id, _MOVES.c.person_id).where(
            _MOVES.c.shop_id == shop_id, _MOVES.c.piece_id.in_(wanted)
        )
    )
    answered = connection.execute(
        select(_ANSWERS.c.piece_id, _ANSWERS.c.at, _ANSWERS.c.answer, _COUNTS.c.place_id, _ANSWERS.c.person_id)
        .select_from(
            _ANSWERS.join(_COUNTS, and_(_COUNTS.c.shop_id == _ANSWERS.c.shop_id, _COUNTS.c.id == _ANSWERS.c.count_id))
        )
        .where(_ANSWERS.c.shop_id == shop_id, _ANSWERS.c.piece_id.in_(wanted))
    )
    return _grouped([*moved, *answered])


def case_events(connection: Connection, shop_id: ShopId, ids: Collection[str]) -> Mapping[str, tuple[Happening, ...]]:
    """What people did about these cases, by case."""
    found = connection.execute(
        select(_EVENTS.c.case_id, _EVENTS.c.at, _EVENTS.c.type, _COUNTS.c.place_id, _EVENTS.c.person_id)
        .select_from(
            _EVENTS.join(
                _CASES, and_(_CASES.c.shop_id == _EVENTS.c.shop_id, _CASES.c.id == _EVENTS.c.case_id)
            ).outerjoin(
                _COUNTS,
                and_(
                    _COUNTS.c.shop_id == _CASES.c.shop_id, _COUNTS.c.id == _CASES.c.count_id, _EVENTS.c.type == "opened"
                ),
            )
        )
        .where(_EVENTS.c.shop_id == shop_id, _EVENTS.c.case_id.in_(list(ids)))
    )
    return _grouped(list(found))


def progress(connection: Connection, shop_id: ShopId, *, day: date, occasion: Occasion) -> tuple[int, int]:
    """Counts of a day's tour that are verified or further, and all that stand; (0, 0): not planned yet."""
    planned = select(_TOURS.c.id).where(
        _TOURS.c.shop_id == shop_id, _TOURS.c.shop_day == day, _TOURS.c.occasion == occasion.value
    )
    states = connection.execute(
        select(_COUNTS.c.state).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.tour_id.in_(planned))
    ).scalars()
    standing = [CountState(state) for state in states if state not in _REPLACED]
    return sum(1 for state in standing if state in VERIFIED), len(standing)


def last_seal_at(connection: Connection, shop_id: ShopId) -> datetime | None:
    """When a round was last sealed, in UTC without a zone as it is kept; None: never."""
    recent = (
        select(_ROUNDS.c.sealed_at)
        .where(_ROUNDS.c.shop_id == shop_id)
        .order_by(_ROUNDS.c.id.desc())
        .limit(_RECENT_ROUNDS)
        .subquery()
    )
    found: datetime | None = connection.execute(select(func.max(recent.c.sealed_at))).scalar()
    return found


def _grouped(found: list[Any]) -> Mapping[Any, tuple[Happening, ...]]:
    grouped: dict[str, list[Happening]] = defaultdict(list)
    for key, at, kind, place_id, person_id in found:
        grouped[key].append(Happening(at, kind, place_id, person_id))
    return {key: tuple(some) for key, some in grouped.items()}
