"""The sheet lies beside its steps: written by the store's own codec, it is what the steps make, whatever people did."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text, update

from server.clock import FixedClock
from server.core.count import advance
from server.core.count_acts import Saw
from server.store import counts
from server.store.counts import CountBroken, CountMoved
from server.store.tables import TransitionRow, table
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from tests.server.core.test_count_random_walks import STEPS, Step, walk
from tests.server.usecases.count_shop import CLAIRE, CLAIRE_ELSEWHERE, MARC, NADIA, ONE, RINGS, TWO, CountShop


@pytest.fixture
def day(tmp_path: Path) -> Iterator[CountShop]:
    """A clean tray signed by two, and one with a missing ring."""
    clock = FixedClock(datetime(2026, 3, 2, 8, 35, tzinfo=UTC))
    with Store(tmp_path / "baguier.sqlite3", clock=clock) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        yield told_day(CountShop(store, clock))


def told_day(told: CountShop) -> CountShop:
    told.plan()
    told.count_first(ONE, RINGS[ONE])
    told.verify(ONE, 4)
    told.count_first(TWO, [5, 6, 7])
    told.verify_blind(TWO, [5, 6, 7])
    told.sign(CLAIRE)
    told.sign(MARC)
    return told


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(steps=STEPS)
def test_whatever_three_people_do_the_kept_text_gives_the_sheet_back(steps: list[Step]) -> None:
    _, sheets = walk(steps)

    assert [counts.sheet_from_text(counts.sheet_to_text(sheet)) for sheet in sheets] == sheets


def test_every_sheet_of_a_day_is_what_its_steps_make(day: CountShop) -> None:
    assert day.store.read(lambda conn: counts.check(conn, day.store.shop_id)) == 2


@pytest.mark.parametrize("altered", ["replace(sheet, '4', '3')", "replace(sheet, 'BAG-000008', 'BAG-000009')", "'{'"])
def test_a_sheet_that_somebody_altered_is_found(day: CountShop, altered: str) -> None:
    day.store.run(lambda work: work.conn.execute(text(f"UPDATE counts SET sheet = {altered}")))

    with pytest.raises(CountBroken, match=f"Count {day.count_of(ONE)}|Count {day.count_of(TWO)}"):
        day.store.read(lambda conn: counts.check(conn, day.store.shop_id))


def test_a_step_from_a_sheet_that_others_have_gone_on_from_is_refused(day: CountShop) -> None:
    sheet = day.sheet(ONE)
    first, second = (advance(sheet, Saw(by, sheet.touched_at or 0)) for by in (NADIA, CLAIRE_ELSEWHERE))
    assert (first.before, first.after) == (second.before, second.after)
    day.store.run(lambda work: counts.keep(work.conn, work.shop_id, first, leaf_seq=None))

    with pytest.raises(CountMoved):
        day.store.run(lambda work: counts.keep(work.conn, work.shop_id, second, leaf_seq=None))


def test_steps_that_the_core_would_not_make_are_found(day: CountShop) -> None:
    steps = table(TransitionRow)
    keyed = update(steps).where(steps.c.event == "key_quantity")
    day.store.run(lambda work: work.conn.execute(text("DROP TRIGGER guard_transitions_update")))
    day.store.run(lambda work: work.conn.execute(keyed.values(body=text("replace(body, '4', '5')"))))

    with pytest.raises(CountBroken):
        day.store.read(lambda conn: counts.check(conn, day.store.shop_id))
