"""Tour rows: all counts of one occasion of a shop day, as lists show them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, func, or_, select, true, update
from sqlalchemy import insert as new_row

from server.core.count_acts import Abandon, Occasion
from server.core.count_states import TABLE, CountState
from server.core.errors import Absent
from server.core.ids import CountId, PersonId, PlaceId, ShopId, TourId
from server.core.plain_json import JsonObject, object_from_text, object_to_text
from server.store.tables import Closure, Count, Person, Round, Shop, Tour, TransitionRow, table

_TOURS, _COUNTS, _ROUNDS = table(Tour), table(Count), table(Round)
_PEOPLE, _CLOSURES, _SHOPS, _STEPS = table(Person), table(Closure), table(Shop), table(TransitionRow)
_BEGUN = tuple(state for state, row in TABLE.items() if Abandon in row)
"""States in which a count can be abandoned."""
COUNTS_MAX = 10_000
"""Counts of one tour: more places than any shop has."""


class TourAbsent(Absent):
    """No such tour in this shop."""

    code = "tour_absent"


@dataclass(frozen=True, slots=True)
class TourRow:
    """A tour as it is kept."""

    id: TourId
    occasion: Occasion
    shop_day: date
    body: JsonObject
    """What was frozen when it was planned, and the lists signed since."""


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count as lists show it: where it stands and who does what, no figures."""

    id: CountId
    place_id: PlaceId
    state: str
    people: Mapping[str, PersonId]
    """Role (a or b) → the newest person who has it."""


def add(connection: Connection, shop_id: ShopId, tour: TourRow, *, planned_at: datetime) -> None:
    """Write a new tour."""
    connection.execute(
        new_row(_TOURS).values(
            shop_id=shop_id,
            id=tour.id,
            occasion=tour.occasion.value,
            shop_day=tour.shop_day,
            state="open",
            planned_at=planned_at,
            body=object_to_text(tour.body),
        )
    )


def of_day(connection: Connection, shop_id: ShopId, *, shop_day: date, occasion: Occasion) -> TourRow | None:
    """The tour of a day and occasion, the first that was planned; None: not planned yet."""
    row = connection.execute(
        select(_TOURS.c.id)
        .where(_TOURS.c.shop_id == shop_id, _TOURS.c.shop_day == shop_day, _TOURS.c.occasion == occasion.value)
        .order_by(_TOURS.c.planned_at, _TOURS.c.id)
        .limit(1)
    ).scalar()
    return None if row is None else by_id(connection, shop_id, TourId(row))


def by_id(connection: Connection, shop_id: ShopId, tour_id: TourId) -> TourRow:
    """The tour. Raises: TourAbsent."""
    row = connection.execute(select(_TOURS).where(_TOURS.c.shop_id == shop_id, _TOURS.c.id == tour_id)).first()
    if row is None:
        raise TourAbsent(f"There is no tour {tour_id[:40]}. Open the tour of today again.", tour=tour_id)
    return TourRow(TourId(row.id), Occasion(row.occasion), row.shop_day, object_from_text(row.body))


def of_count(connection: Connection, shop_id: ShopId, count_id: CountId) -> TourId:
    """The tour of a count. Raises: TourAbsent."""
    found = connection.execute(
        select(_COUNTS.c.tour_id).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id == count_id)
    ).scalar()
    if found is None:
        raise TourAbsent(f"There is no count {count_id[:40]}. Open the tour again.", count=count_id)
    return TourId(found)


def set_body(connection: Connection, shop_id: ShopId, tour_id: TourId, *, body: JsonObject) -> None:
    """Replace what is kept with a tour."""
    connection.execute(
        update(_TOURS).where(_TOURS.c.shop_id == shop_id, _TOURS.c.id == tour_id).values(body=object_to_text(body))
    )


def count_rows(connection: Connection, shop_id: ShopId, tour_id: TourId) -> tuple[CountRow, ...]:
    """The counts of a tour in order of ids, `COUNTS_MAX` at most."""
    found = connection.execute(
        select(_COUNTS.c.id, _COUNTS.c.place_id, _COUNTS.c.state)
        .where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.tour_id == tour_id)
        .order_by(_COUNTS.c.id)
        .limit(COUNTS_MAX)
    ).all()
    turns = connection.execute(
        select(_ROUNDS.c.count_id, _ROUNDS.c.role, _ROUNDS.c.person_id)
        .select_from(
            _ROUNDS.join(_COUNTS, (_COUNTS.c.shop_id == _ROUNDS.c.shop_id) & (_COUNTS.c.id == _ROUNDS.c.count_id))
        )
        .where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.tour_id == tour_id)
        .order_by(_ROUNDS.c.n)
    )
    people: dict[str, dict[str, PersonId]] = {}
    for turn in turns:
        people.setdefault(turn.count_id, {})[turn.role] = PersonId(turn.person_id)
    return tuple(CountRow(CountId(row.id), PlaceId(row.place_id), row.state, people.get(row.id, {})) for row in found)


def with_counts_in(connection: Connection, shop_id: ShopId, states: Collection[str]) -> tuple[TourId, ...]:
    """Tours that have a count in one of these states, in order of ids."""
    found = connection.execute(
        select(_COUNTS.c.tour_id).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.state.in_(list(states))).distinct()
    )
    return tuple(sorted(TourId(tour) for tour in found.scalars()))


def overdue(
    connection: Connection, shop_id: ShopId, *, now: datetime, untouched_since: datetime
) -> tuple[CountId, ...]:
    """Counts that may be overdue, in order of ids: plans of an earlier day, and begun ones without a step since then.

    A day too many does no harm: who ends a count asks its deadline.
    """
    last_step = (
        select(func.max(_STEPS.c.at))
        .where(_STEPS.c.shop_id == _COUNTS.c.shop_id, _STEPS.c.count_id == _COUNTS.c.id)
        .scalar_subquery()
    )
    is_missed = and_(_COUNTS.c.state == CountState.PLANNED.value, _COUNTS.c.shop_day <= now.date())
    is_left = and_(_COUNTS.c.state.in_([state.value for state in _BEGUN]), last_step <= untouched_since)
    found = connection.execute(select(_COUNTS.c.id).where(_COUNTS.c.shop_id == shop_id, or_(is_missed, is_left)))
    return tuple(sorted(CountId(count) for count in found.scalars()))


def last_closed_at(
    connection: Connection, shop_id: ShopId, place_id: PlaceId, *, before: datetime | None = None
) -> datetime | None:
    """When the place was last closed by a count (`before` a moment), in UTC without a zone as it is kept; None: never."""
    is_early = true() if before is None else _CLOSURES.c.closed_at < before
    found: datetime | None = connection.execute(
        select(_CLOSURES.c.closed_at)
        .select_from(
            _CLOSURES.join(_COUNTS, (_COUNTS.c.shop_id == _CLOSURES.c.shop_id) & (_COUNTS.c.id == _CLOSURES.c.count_id))
        )
        .where(_CLOSURES.c.shop_id == shop_id, _COUNTS.c.place_id == place_id, is_early)
        .order_by(_CLOSURES.c.leaf_seq.desc())
        .limit(1)
    ).scalar()
    return found


def names(connection: Connection, shop_id: ShopId) -> Mapping[PersonId, str]:
    """Person → name, of everyone ever enrolled."""
    rows = connection.execute(select(_PEOPLE.c.id, _PEOPLE.c.name).where(_PEOPLE.c.shop_id == shop_id))
    return {PersonId(row.id): row.name for row in rows}


def policy(connection: Connection, shop_id: ShopId) -> JsonObject:
    """The shop's policy; what it leaves out has its default."""
    return object_from_text(connection.execute(select(_SHOPS.c.body).where(_SHOPS.c.id == shop_id)).scalar_one())
