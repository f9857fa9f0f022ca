"""A plan nobody touched is missed with its day; a count nobody came back to is abandoned and may be counted again."""

from datetime import timedelta

from server.core.count_states import CountState
from server.store import tours
from server.usecases.close_counts_overdue import end_overdue
from tests.server.usecases.count_shop import ONE, TWO, CountShop


def states(counting: CountShop, place: str) -> list[str]:
    rows = counting.store.read(lambda conn: tours.count_rows(conn, counting.store.shop_id, counting.tour))
    return [row.state for row in rows if row.place_id == place]


def test_nothing_is_overdue_while_the_day_lasts_and_people_are_at_it(counting: CountShop) -> None:
    counting.begin(ONE)
    counting.clock.advance(timedelta(hours=3, minutes=59))

    assert counting.store.run(end_overdue) == ()


def test_a_count_nobody_came_back_to_is_abandoned_and_planned_again_the_same_day(counting: CountShop) -> None:
    counting.begin(ONE)
    counting.clock.advance(timedelta(hours=4))

    assert len(counting.store.run(end_overdue)) == 1
    assert states(counting, ONE) == [CountState.ABANDONED, CountState.PLANNED]
    assert states(counting, TWO) == [CountState.PLANNED]
    assert counting.store.run(end_overdue) == ()


def test_a_plan_is_missed_when_the_shop_day_ends_and_not_planned_again(counting: CountShop) -> None:
    # The day of 08:35 UTC ends at 04:00 in Paris, 03:00 UTC.
    counting.clock.advance(timedelta(hours=18, minutes=24))
    assert counting.store.run(end_overdue) == ()
    counting.clock.advance(timedelta(minutes=1))

    assert len(counting.store.run(end_overdue)) == 2
    assert states(counting, ONE) == states(counting, TWO) == [CountState.MISSED]
