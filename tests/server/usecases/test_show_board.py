"""The board's questions stay cheap when the shop has years of counts: each goes by an index to what it needs."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from server.clock import FixedClock
from server.core.ids import PersonId
from server.store import rounds
from server.store.unit_of_work import Store
from server.usecases.show_board import show_board
from tests.server.usecases.count_shop import ONE, TWO, CountShop

GROWING = "answers|case_events|counts|moves|observations|pieces|piece_state|saw|sealed_sets|sightings|transitions"
"""Tables that grow with every day or with the stock; a shop's rounds are read backwards and few, its cases are numbered."""
WHOLE_TABLE = re.compile(rf"SCAN ({GROWING})\b|SEARCH ({GROWING}) .*\(shop_id=\?\)$")
PAUL = PersonId("paul")


@pytest.fixture
def busy(shop: Store, shop_clock: FixedClock) -> CountShop:
    """A tray with a case, another with a gap."""
    counting = CountShop(shop, shop_clock)
    counting.plan()
    counting.count_first(TWO, [5, 6, 7])
    counting.verify_blind(TWO, [5, 6, 7])
    counting.count_first(ONE, [1, 2, 3])
    return counting


def questions(connection: Connection, store: Store) -> list[tuple[str, Any]]:
    """What the board and the list of pieces ask the database."""
    asked: list[tuple[str, Any]] = []

    def note(*call: Any) -> None:
        asked.append((call[2], call[3]))

    event.listen(connection, "before_cursor_execute", note)
    now = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)
    shown, _ = show_board(connection, store.shop_id, viewer=PAUL, now=now, head=("epoch", 0))
    rounds.may_verify_blind(connection, store.shop_id, PAUL)
    event.remove(connection, "before_cursor_execute", note)
    assert [row.is_confirmed for row in shown.rows] == [True, False]
    return asked


def test_no_question_of_the_board_reads_a_growing_table_through(busy: CountShop) -> None:
    def plans(connection: Connection) -> list[str]:
        return [
            row[3]
            for statement, parameters in questions(connection, busy.store)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    steps = busy.store.read(plans)
    assert len(steps) > 10
    assert [step for step in steps if WHOLE_TABLE.match(step)] == []
