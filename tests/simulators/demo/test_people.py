"""Trays go from hand to hand in the order in which they were put down, and whoever waits for one gets it."""

import threading

from simulators.demo.people import Table


def test_a_tray_is_taken_in_the_order_in_which_it_was_put_down() -> None:
    table = Table()
    for count in ("one", "two"):
        table.put(count)

    assert [table.take(), table.take()] == ["one", "two"]


def test_who_waits_for_a_tray_gets_the_one_that_is_put_down_later() -> None:
    table, taken = Table(), list[str]()
    waiting = threading.Thread(target=lambda: taken.append(table.take()))
    waiting.start()

    table.put("one")
    waiting.join(20)

    assert taken == ["one"]
