"""The set-up of a MagicRF module against answers written out by hand."""

import dataclasses

import pytest

from reader_drivers.driver import KeepAlive, Output, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region, Reply
from reader_drivers.errors import PlanRefused
from reader_drivers.magicrf_bb.frames import AA, BB, encode_answer
from reader_drivers.magicrf_bb.machine import ANSWER_MS, SENDS_MAX, MagicRfDriver
from tests.reader_drivers.magicrf_bb.module import (
    BRING_UP,
    DONE,
    NO_TAG,
    PLAN,
    POLL,
    QUERY_A,
    REFUSED,
    STOP,
    STOPPED,
    answer,
    bring_up,
    of,
    orders,
    reads,
    tag,
)


def test_set_up_sends_every_setting_and_polls_last() -> None:
    sent, events = bring_up(MagicRfDriver())

    assert sent == BRING_UP
    assert events[-1] == ReaderState(ReaderPhase.READING)


def test_region_read_back_differently_keeps_the_module_silent() -> None:
    driver = MagicRfDriver()

    sent, events = bring_up(driver, told={"08": b"\x01"})

    assert sent[-1] == ("08", "")
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["region_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


@pytest.mark.parametrize("power", [b"\x0a\x28", b""])
def test_power_read_back_differently_keeps_the_module_silent(power: bytes) -> None:
    driver = MagicRfDriver()

    sent, events = bring_up(driver, told={"B7": power})

    assert POLL not in sent
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["power_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


def test_setting_answered_with_anything_but_done_is_a_fault() -> None:
    driver = MagicRfDriver()

    sent, events = bring_up(driver, told={"B6": b"\x01"})

    assert POLL not in sent
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["not_done"]


def test_channels_are_set_in_europe_only() -> None:
    plan = dataclasses.replace(PLAN, region=Region.US)

    sent, _ = bring_up(MagicRfDriver(), told={"08": b"\x02"}, plan=plan)

    assert sent == [("07", "02") if order == ("07", "03") else order for order in BRING_UP if order[0] != "A9"]


@pytest.mark.parametrize(
    "plan",
    [
        dataclasses.replace(PLAN, region=Region.EU_UPPER),
        dataclasses.replace(PLAN, region=Region.JP),
        dataclasses.replace(PLAN, antennas=(1, 2)),
        dataclasses.replace(PLAN, antennas=(2,)),
    ],
)
def test_plan_that_no_module_can_follow_is_refused_before_anything_is_sent(plan: ReadPlan) -> None:
    with pytest.raises(PlanRefused):
        MagicRfDriver().start(plan)


def test_refused_setting_ends_in_a_fault_that_names_it() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)
    for order in BRING_UP[:2]:
        driver.feed(answer(order), 0)

    events = driver.feed(REFUSED, 0).events

    meaning = "the module does not know the order or its parameter"
    assert events == (
        ReaderError("17", meaning, is_retryable=False, raw=REFUSED),
        ReaderState(ReaderPhase.FAULT, f"The module refused set_region: {meaning}."),
    )


@pytest.mark.parametrize("number", [0, 1, 4])
def test_refused_order_that_is_not_needed_costs_only_what_it_is_for(number: int) -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)
    for order in BRING_UP[:number]:
        driver.feed(answer(order), 0)

    output = driver.feed(REFUSED, 0)

    assert orders(output) == [BRING_UP[number + 1]]
    assert len(of(ReaderError, output.events)) == 1


def test_select_mode_may_be_answered_as_published() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)
    for order in BRING_UP[:8]:
        driver.feed(answer(order), 0)

    # M5Stack Unit RFID-UHF protocol document, section 2.7.2.
    assert orders(driver.feed(bytes.fromhex("BB 01 0C 0001 00 0E 7E"), 0)) == [QUERY_A]


def test_answer_to_an_older_order_does_not_move_the_set_up() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)

    assert driver.feed(encode_answer(0x07, DONE), 0).sent == b""
    assert orders(driver.feed(STOPPED, 0)) == [BRING_UP[1]]


def test_tags_and_empty_polls_of_an_earlier_life_do_not_move_the_set_up() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)

    output = driver.feed(tag("AABB") + NO_TAG + encode_answer(0xFF, b"\x20"), 0)

    assert (reads(output), output.sent) == (["AABB"], b"")
    assert orders(driver.feed(STOPPED, 0)) == [BRING_UP[1]]
    assert of(KeepAlive, output.events) == [KeepAlive(0, NO_TAG)]


def test_silent_module_is_asked_in_both_framings_then_lost() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)

    sent = [driver.tick(now).sent[:1] for now in range(0, SENDS_MAX * ANSWER_MS + 1, ANSWER_MS // 2)]

    assert [start[0] for start in sent if start] == [AA, BB, AA]
    assert driver.phase is ReaderPhase.LOST


def test_module_that_answers_in_the_other_framing_is_spoken_to_in_it() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)

    output = driver.feed(answer(STOP, start=AA), 0)

    assert orders(output) == [BRING_UP[1]]
    assert output.sent[0] == AA
    driver.tick(0)
    assert driver.tick(ANSWER_MS).sent[0] == AA


def test_framing_is_open_again_after_a_loss() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)
    driver.feed(answer(STOP, start=AA), 0)
    for now in range(0, SENDS_MAX * ANSWER_MS + 1, 500):
        driver.tick(now)
    assert driver.phase is ReaderPhase.LOST

    first = driver.start(PLAN).sent[0]
    driver.tick(5_000)
    assert {first, driver.tick(5_000 + ANSWER_MS).sent[0]} == {AA, BB}


def test_stop_while_starting_is_idle_at_once() -> None:
    driver = MagicRfDriver()
    driver.start(PLAN)

    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))
    assert driver.feed(STOPPED, 1).sent == b""


def test_order_seen_on_the_line_is_no_answer() -> None:
    driver = MagicRfDriver()
    sent = driver.start(PLAN).sent

    assert driver.feed(sent, 0) == Output((Reply("order_seen", sent),))
