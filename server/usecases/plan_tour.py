"""Plan a tour: the first request of an occasion plans a count for every place that holds pieces, and freezes the draw.

Given a moment; gives the tour of its shop day and occasion, made when absent. K, W and every piece's chance are stored here
with the leaf `tour.planned`, so that nobody can change afterwards what may be drawn.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.clock import in_utc, to_ms
from server.core.actors import SERVER
from server.core.count_acts import CountPlan, Occasion
from server.core.draw import Candidate, expected_draws, thresholds, weight_of
from server.core.errors import Malformed
from server.core.ids import CountId, PieceRef, PlaceId, ShopId, TourId
from server.core.log.events import ActorKind, EventType, Subject
from server.core.plain_json import JsonObject, digest_of
from server.core.tours import countable_places
from server.store import checkpoints, counts, expected, signatures, tours
from server.store.shops import ShopFacts, shop_facts
from server.store.stock import StockedPiece
from server.store.tours import TourRow
from server.store.unit_of_work import UnitOfWork

CLOSING_FROM: Final = time(17, 0)
"""From this local time on a tour is the closing one, decisions.md 6.13."""
OPENING_BY: Final = time(10, 30)
"""Until this local time the opening tour should be done, decisions.md 6.13."""
HIGH_VALUE_MINOR: Final = 200_000
"""Default limit of high value in minor units, decisions.md 6.7."""
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class ShopMoment:
    """A moment as the shop lives it."""

    day: date
    occasion: Occasion
    opening_by: datetime
    ends_at: datetime
    """When the shop day ends: an untouched count is then missed."""


def shop_moment(shop: ShopFacts, now: datetime) -> ShopMoment:
    """Day and occasion at `now`. Before the day start it is still the evening of the day before."""
    zone, start = ZoneInfo(shop.zone), time.fromisoformat(shop.day_start)
    local = now.astimezone(zone)
    day = local.date() if local.time() >= start else local.date() - timedelta(days=1)
    is_evening = local.time() >= CLOSING_FROM or local.time() < start
    return ShopMoment(
        day=day,
        occasion=Occasion.CLOSING if is_evening else Occasion.OPENING,
        opening_by=datetime.combine(day, OPENING_BY, zone).astimezone(UTC),
        ends_at=datetime.combine(day + timedelta(days=1), start, zone).astimezone(UTC),
    )


def tour_of_now(connection: Connection, shop_id: ShopId, now: datetime) -> TourRow | None:
    """The tour of now; None: nobody has asked for it yet."""
    moment = shop_moment(shop_facts(connection, shop_id), now)
    return tours.of_day(connection, shop_id, shop_day=moment.day, occasion=moment.occasion)


def current_tour(work: UnitOfWork) -> TourRow:
    """The tour of now, planned when nobody asked for it before."""
    now = shop_moment(shop_facts(work.conn, work.shop_id), work.now)
    return plan_tour(work, occasion=now.occasion)


def plan_tour(work: UnitOfWork, *, occasion: Occasion) -> TourRow:
    """The tour of today and `occasion`; asked again, the same one."""
    now = shop_moment(shop_facts(work.conn, work.shop_id), work.now)
    found = tours.of_day(work.conn, work.shop_id, shop_day=now.day, occasion=occasion)
    if found is not None:
        return found
    places = _places(work)
    pieces = expected.in_place(work.conn, work.shop_id, places)
    body = _draw(work, pieces) | {"places": list(places), "lists": []}
    tour = TourRow(TourId(work.new_id()), occasion, now.day, body)
    tours.add(work.conn, work.shop_id, tour, planned_at=work.now)
    for place in places:
        plan = CountPlan(
            count=CountId(work.new_id()),
            shop=work.shop_id,
            place=place,
            occasion=occasion,
            shop_day=now.day.isoformat(),
            n=1,
            deadline=to_ms(now.ends_at),
        )
        counts.add_planned(work.conn, work.shop_id, plan, tour_id=tour.id, day=now.day)
    work.append_leaf(
        EventType.TOUR_PLANNED, Subject("tour", tour.id), _said(tour), actor=SERVER.person, actor_kind=ActorKind.SYSTEM
    )
    work.announce("tour", "tour.planned", {"tour": tour.id, "occasion": occasion.value})
    return tour


def high_value(work: UnitOfWork) -> int:
    """The shop's limit of high value, minor units."""
    limit = tours.policy(work.conn, work.shop_id).get("high_value", HIGH_VALUE_MINOR)
    return limit if isinstance(limit, int) else HIGH_VALUE_MINOR


def chances_of(tour: TourRow) -> dict[PieceRef, int]:
    """The frozen chance of each piece, parts per million; a piece that came after the planning is not among them."""
    chances: dict[PieceRef, int] = {}
    frozen = tour.body.get("ppm", [])
    for row in frozen if isinstance(frozen, list) else []:
        match row:
            case [str(ref), int(ppm)]:
                chances[PieceRef(ref)] = ppm
            case _:
                raise Malformed("The tour's chances cannot be read. Run `baguier log check`.")
    return chances


def _places(work: UnitOfWork) -> tuple[PlaceId, ...]:
    in_use = expected.places_in_use(work.conn, work.shop_id)
    held = {piece.place_id for piece in expected.in_place(work.conn, work.shop_id, [place.id for place in in_use])}
    found = countable_places((place.id, place.kind == "tray" or place.id in held, False) for place in in_use)
    return tuple(PlaceId(place) for place in found)


def _draw(work: UnitOfWork, pieces: tuple[StockedPiece, ...]) -> JsonObject:
    """Everything that decides on the draw and on what is due, frozen."""
    limit = high_value(work)
    held = expected.last_in_hand(work.conn, work.shop_id)
    candidates = [
        Candidate(piece.ref, _weeks_since(held.get(piece.ref), work.now), piece.retail_minor or 0) for piece in pieces
    ]
    size = checkpoints.signed_size(work.conn, work.shop_id)
    root = signatures.first_root_over(work.conn, work.shop_id, size - 1) if size else None
    return {
        "k": expected_draws(len(candidates)),
        "w": sum(weight_of(candidate, high_value=limit) for candidate in candidates),
        "high_value": limit,
        "due_root": root,
        "ppm": [[chance.ref, chance.ppm] for chance in thresholds(candidates, high_value=limit)],
    }


def _weeks_since(held: datetime | None, now: datetime) -> int | None:
    return None if held is None else (now - in_utc(held)) // _WEEK


def _said(tour: TourRow) -> JsonObject:
    """What the leaf says: the numbers of the draw, and the digest of the chances, which name pieces."""
    return {
        "occasion": tour.occasion.value,
        "shop_day": tour.shop_day.isoformat(),
        "places": digest_of(tour.body["places"]),
        "k": tour.body["k"],
        "w": tour.body["w"],
        "high_value": tour.body["high_value"],
        "due_root": tour.body["due_root"],
        "ppm_sha256": digest_of(tour.body["ppm"]),
    }
