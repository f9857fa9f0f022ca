"""The first request of an occasion plans its counts once, and freezes what may be drawn."""

from datetime import UTC, datetime

import pytest

from server.clock import FixedClock
from server.core.count_acts import Occasion
from server.core.draw import DRAWS_MIN, PPM
from server.core.log.events import EventType, Leaf
from server.store import log, tours
from server.store.shops import ShopFacts
from server.store.unit_of_work import Store
from server.usecases.plan_tour import current_tour, plan_tour, shop_moment
from tests.server.usecases.count_shop import ONE, RINGS, TWO, CountShop, ref

PARIS = ShopFacts("shop", name="Maison", zone="Europe/Paris", day_start="04:00", currency="EUR")  # type: ignore[arg-type]


@pytest.fixture
def counting(shop: Store, shop_clock: FixedClock) -> CountShop:
    return CountShop(shop, shop_clock)


def leaves_of(store: Store, kind: EventType) -> list[Leaf]:
    found = store.read(lambda conn: log.leaves(conn, store.shop_id))
    return [leaf for leaf in (Leaf.from_bytes(one.raw) for one in found) if leaf.type is kind]


def test_asked_twice_the_tour_is_the_same_and_one_leaf_says_so(counting: CountShop) -> None:
    first = counting.store.run(current_tour)
    again = counting.store.run(current_tour)

    assert again.id == first.id
    assert len(leaves_of(counting.store, EventType.TOUR_PLANNED)) == 1


def test_trays_are_planned_and_an_empty_shelf_is_not(counting: CountShop) -> None:
    counting.plan()

    rows = counting.store.read(lambda conn: tours.count_rows(conn, counting.store.shop_id, counting.tour))
    assert {row.place_id for row in rows} == {ONE, TWO}
    assert {row.state for row in rows} == {"planned"}


def test_the_chances_of_all_pieces_are_frozen_with_the_tour(counting: CountShop) -> None:
    tour = counting.store.run(lambda work: plan_tour(work, occasion=Occasion.OPENING))

    # Eight pieces never seen by hand, dear enough for three: twelve draws among eight are certain for each.
    assert tour.body["k"] == DRAWS_MIN
    assert tour.body["w"] == 8 * 5 * 3
    assert tour.body["ppm"] == [[ref(number), PPM] for numbers in RINGS.values() for number in numbers]
    (leaf,) = leaves_of(counting.store, EventType.TOUR_PLANNED)
    assert ref(1) not in str(leaf.body)


@pytest.mark.parametrize(
    ("utc", "day", "occasion"),
    [
        ((2026, 3, 2, 8, 35), "2026-03-02", Occasion.OPENING),
        ((2026, 3, 2, 16, 0), "2026-03-02", Occasion.CLOSING),
        ((2026, 3, 3, 2, 59), "2026-03-02", Occasion.CLOSING),
        ((2026, 3, 3, 3, 0), "2026-03-03", Occasion.OPENING),
    ],
)
def test_the_evening_lasts_until_the_day_start_of_the_shop(
    utc: tuple[int, int, int, int, int], day: str, occasion: Occasion
) -> None:
    now = shop_moment(PARIS, datetime(*utc, tzinfo=UTC))

    assert (now.day.isoformat(), now.occasion) == (day, occasion)
