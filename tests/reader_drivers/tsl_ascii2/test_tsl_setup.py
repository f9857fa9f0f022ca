"""The set-up of a TSL sled against answers written out by hand."""

import dataclasses

import pytest

from reader_drivers.driver import Output, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region, Reply
from reader_drivers.errors import PlanRefused
from reader_drivers.tsl_ascii2.machine import TslDriver
from tests.reader_drivers.tsl_ascii2.sled import BRING_UP, PLAN, SERIAL, SETTINGS, block, bring_up, of, sent


def test_set_up_sends_every_setting_before_the_first_inventory() -> None:
    orders, events = bring_up(TslDriver())

    assert orders == BRING_UP
    assert events[-1] == ReaderState(ReaderPhase.READING)
    assert Reply("version", block(".vr", SERIAL)) in events


def test_no_order_of_the_set_up_transmits() -> None:
    orders, _ = bring_up(TslDriver())

    assert [order for order in orders if order.startswith(".iv") and " -n" not in order] == []


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        (".vr", block(".vr", "US: 1128-S1-US-000001\r\n")),
        (".sr -p", block(".sr -p", "SR: us\r\n")),
        (".sr -p", block(".sr -p", "PR: -s us\r\n")),
    ],
)
def test_sled_made_for_another_region_stays_silent(order: str, answer: bytes) -> None:
    driver = TslDriver()

    orders, events = bring_up(driver, {order: answer})

    assert orders[-1] == order
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["region_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


def test_sled_that_does_not_tell_its_region_reads_and_says_what_to_check() -> None:
    _, events = bring_up(TslDriver(), {".vr": block(".vr", "US: 1128-AB-000001\r\n")})

    assert events[-1] == ReaderState(
        ReaderPhase.READING, "The sled does not tell its region; check that its label says EU."
    )


def test_power_read_back_differently_keeps_the_sled_silent() -> None:
    driver = TslDriver()

    _, events = bring_up(driver, {".iv -n -p": block(".iv -n -p", "PR: -al off -o 29 -qs s1\r\n")})

    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["power_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


def test_power_read_back_as_asked_goes_on() -> None:
    orders, _ = bring_up(TslDriver(), {".iv -n -p": block(".iv -n -p", "PR: -al off -o 20 -qs s1\r\n")})

    assert orders == BRING_UP


@pytest.mark.parametrize("refused", [".sr -p", ".iv -n -p", ".iv -n -fi on", ".bc -n -e on -t 2", ".sa -a on -s bar"])
def test_order_that_a_model_does_not_know_costs_only_what_it_is_for(refused: str) -> None:
    driver = TslDriver()

    orders, events = bring_up(driver, {refused: block(refused, end="ER: 002")})

    assert orders == BRING_UP
    assert len(of(ReaderError, events)) == 1
    assert driver.phase is ReaderPhase.READING


def test_refused_settings_end_in_a_fault_that_names_them() -> None:
    driver = TslDriver()

    _, events = bring_up(driver, {SETTINGS: block(SETTINGS, end="ER: 002")})

    assert events[-1] == ReaderState(ReaderPhase.FAULT, f"The sled refused {SETTINGS}: parameter not supported.")


@pytest.mark.parametrize(
    "plan",
    [
        dataclasses.replace(PLAN, region=Region.EU_UPPER),
        dataclasses.replace(PLAN, power_cdbm=3_000),
        dataclasses.replace(PLAN, power_cdbm=900),
        dataclasses.replace(PLAN, power_cdbm=2_050),
        dataclasses.replace(PLAN, antennas=(1, 2)),
        dataclasses.replace(PLAN, antennas=(2,)),
    ],
)
def test_plan_that_no_sled_can_follow_is_refused_before_anything_is_sent(plan: ReadPlan) -> None:
    with pytest.raises(PlanRefused):
        TslDriver().start(plan)


def test_without_tid_no_fast_id_is_asked() -> None:
    orders, _ = bring_up(TslDriver(), plan=dataclasses.replace(PLAN, tid_words=0))

    assert ".iv -n -fi on" not in orders


def test_answers_to_an_older_order_do_not_move_the_set_up() -> None:
    driver = TslDriver()
    driver.start(PLAN)

    assert driver.feed(block(".vr", SERIAL), 0).sent == b""
    assert sent(driver.feed(block(".ab"), 0)) == [".vr"]


def test_answers_without_an_echo_move_the_set_up() -> None:
    driver = TslDriver()
    driver.start(PLAN)

    assert sent(driver.feed(b"OK:\r\n\r\n", 0)) == [".vr"]


def test_stop_while_starting_is_idle_at_once() -> None:
    driver = TslDriver()
    driver.start(PLAN)

    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))
    assert driver.feed(block(".ab"), 1).sent == b""


def test_silent_sled_is_asked_three_times_then_lost() -> None:
    driver = TslDriver()
    driver.start(PLAN)

    outputs = [driver.tick(now) for now in range(0, 3_001, 500)]

    assert [sent(output) for output in outputs] == [[], [], [".ab"], [], [".ab"], [], []]
    assert driver.phase is ReaderPhase.LOST
