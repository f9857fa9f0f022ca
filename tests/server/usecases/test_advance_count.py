"""Every step is a row, a leaf where it should be, and the sheet is what the rows make; only the core makes steps."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text, update

from server.core.announcement import Announcement
from server.core.count import advance
from server.core.count_acts import KeyQuantity
from server.core.count_errors import WrongState
from server.core.count_states import CountState
from server.core.ids import CountId
from server.store import counts
from server.store.counts import CountAbsent, CountBroken, CountMoved
from server.store.tables import Count as CountTable
from server.store.tables import table
from server.usecases.advance_count import advance_count, moment
from server.usecases.search import open_search
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop, label, ref


def test_the_sheet_made_again_from_its_rows_is_the_one_that_was_reached(counting: CountShop) -> None:
    reached = counting.count_first(ONE, RINGS[ONE])

    assert counting.sheet(ONE) == reached


def test_a_refused_act_leaves_no_trace(counting: CountShop) -> None:
    counting.begin(ONE)
    before = counting.store.read(lambda conn: conn.execute(text("SELECT count(*) FROM transitions")).scalar())

    with pytest.raises(WrongState):
        counting.store.run(lambda work: advance_count(work, counting.count_of(ONE), KeyQuantity(MARC, moment(work), 4)))

    assert counting.store.read(lambda conn: conn.execute(text("SELECT count(*) FROM transitions")).scalar()) == before


def test_a_count_that_does_not_exist_is_absent(counting: CountShop) -> None:
    with pytest.raises(CountAbsent):
        counting.store.read(lambda conn: counts.load(conn, counting.store.shop_id, CountId("no-such-count")))


def test_nothing_but_a_step_of_the_core_is_stored(counting: CountShop) -> None:
    forged = cast("Any", SimpleNamespace(count=counting.sheet(ONE), before=CountState.PLANNED, after=CountState.CLOSED))

    with pytest.raises(TypeError, match=r"count\.advance"):
        counting.store.run(lambda work: counts.keep(work.conn, work.shop_id, forged, leaf_seq=None))


def test_a_step_made_from_an_old_sheet_is_refused(counting: CountShop) -> None:
    counting.begin(ONE)
    old = counting.sheet(ONE)
    counting.drained(counting.hear(old.round_a, CLAIRE, RINGS[ONE]))  # type: ignore[arg-type]
    step = advance(counting.ask_seal(old.round_a, CLAIRE).count, search())  # type: ignore[arg-type]
    counting.store.run(lambda work: counts.keep(work.conn, work.shop_id, step, leaf_seq=None))
    counting.store.run(lambda work: advance_count(work, old.plan.count, abandon(old.touched_at)))

    with pytest.raises(CountMoved):
        counting.store.run(lambda work: counts.keep(work.conn, work.shop_id, step, leaf_seq=None))


def search() -> Any:
    from server.core.count_acts import OpenSearch

    return OpenSearch(CLAIRE, 1)


def abandon(touched_at: int | None) -> Any:
    from server.core.actors import SERVER
    from server.core.count_acts import ABANDON_MS, Abandon

    assert touched_at is not None
    return Abandon(SERVER, touched_at + ABANDON_MS + 1)


def test_a_state_that_was_written_past_the_steps_is_noticed(counting: CountShop) -> None:
    counting.begin(ONE)
    counting.store.run(lambda work: work.conn.execute(update(table(CountTable)).values(state="closed")))

    with pytest.raises(CountBroken):
        counting.sheet(ONE)


def test_viewers_hear_where_a_count_stands_and_nothing_of_what_was_found(
    counting: CountShop, announced: list[Announcement]
) -> None:
    announced.clear()
    counting.count_first(ONE, RINGS[ONE])

    said = [one for one in announced if one.type in ("count.changed", "round.changed")]
    assert {one.topic.partition("/")[0] for one in said} == {"board", "tour", "round"}
    assert all(set(one.body) <= {"count", "place", "state"} for one in said)
    assert not any(ref(1) in str(one.body) for one in announced)


def test_the_desk_hears_of_what_the_search_and_the_blind_round_change(
    counting: CountShop, announced: list[Announcement]
) -> None:
    counting.count_first(TWO, [5, 6, 7])
    found = counting.store.run(lambda work: open_search(work, counting.count_of(TWO), CLAIRE))
    announced.clear()
    counting.ask_seal(found.round, CLAIRE, labels=(label(8),))
    assert topics(announced, "count.changed") == ["board"]

    counting.count_first(ONE, [1, 2, 3])
    round_b = counting.claim(ONE).round_b
    assert round_b is not None
    counting.key(ONE, 3)
    counting.drained(counting.hear(round_b, MARC, [1, 2, 3]))
    announced.clear()
    counting.ask_seal(round_b, MARC)
    assert topics(announced, "count.changed") == ["board"]


def topics(announced: list[Announcement], kind: str) -> list[str]:
    return [one.topic for one in announced if one.type == kind]
