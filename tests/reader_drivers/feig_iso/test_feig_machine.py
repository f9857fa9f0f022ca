"""The FEIG session against answers written out by hand."""

import pytest

from reader_drivers.driver import (
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
    Reply,
)
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.feig_iso.frames import encode_reply
from reader_drivers.feig_iso.machine import (
    ANSWER_MS,
    DAMAGED_MS,
    ERROR_PAUSE_MS,
    GAP_MS,
    INVENTORY_MS,
    PARTS_MAX,
    SENDS_MAX,
    FeigIsoDriver,
)
from reader_drivers.framing import crc_mcrf4xx
from reader_drivers.reads import TagRead
from tests.reader_drivers.feig_iso.answers import (
    INVENTORY,
    MORE,
    NO_TAG,
    OFF,
    ON,
    PLAN,
    RESET,
    SWITCHED,
    VERSION,
    VERSION_ANSWER,
    A,
    B,
    inventory,
    next_pass,
    of,
    uids,
)


def test_reader_says_who_it_is_before_its_field_is_switched_on() -> None:
    driver = FeigIsoDriver()
    driver.start(PLAN)

    output = driver.feed(VERSION_ANSWER, 0)

    assert output.events == (Reply("get_software_version", VERSION_ANSWER), ReaderState(ReaderPhase.READING))


def test_plan_with_an_antenna_beyond_the_last_is_refused() -> None:
    with pytest.raises(PlanRefused, match=r"\[1\]"):
        FeigIsoDriver().start(ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1, 9)))


def test_inventory_that_fits_one_answer_is_a_pass(reading: FeigIsoDriver) -> None:
    output = reading.feed(inventory(A, B), 60)

    assert uids(output.events) == [A, B]
    assert output.events[-1] == PassEnd(1, 1, 10, 60)
    assert output.sent == RESET


def test_read_tells_antenna_and_time(reading: FeigIsoDriver) -> None:
    (read, _) = reading.feed(inventory(A), 60).events

    assert isinstance(read, TagRead)
    assert (read.antenna, read.at_ms, read.id_kind, read.air) == (1, 60, "uid", "iso15693")


def test_inventory_in_several_answers_is_one_pass(reading: FeigIsoDriver) -> None:
    first = reading.feed(inventory(A, has_more=True), 60)
    second = reading.feed(inventory(B), 80)

    assert (uids(first.events), first.sent) == ([A], MORE)
    assert (uids(second.events), second.sent) == ([B], RESET)
    assert of(PassEnd, first.events + second.events) == [PassEnd(1, 1, 10, 80)]


def test_empty_field_is_traffic_and_a_pass(reading: FeigIsoDriver) -> None:
    output = reading.feed(NO_TAG, 40)

    assert output.events == (PassEnd(1, 1, 10, 40), KeepAlive(40, NO_TAG))
    assert output.sent == RESET


def test_next_pass_begins_when_the_field_was_reset(reading: FeigIsoDriver) -> None:
    reading.feed(NO_TAG, 40)
    next_pass(reading, 55)

    assert of(PassEnd, reading.feed(NO_TAG, 90).events) == [PassEnd(1, 2, 55, 90)]


def test_foreign_tag_hides_only_what_stands_behind_it(reading: FeigIsoDriver) -> None:
    record = b"\x03\x00" + bytes.fromhex(A)
    raw = encode_reply(0xB0, 0, b"\x02" + record + b"\x0c\x01")

    output = reading.feed(raw, 60)

    assert uids(output.events) == [A]
    assert [part.reason.split(":")[0] for part in output.events if isinstance(part, Rejected)] == ["format"]
    assert output.sent == RESET


def test_reader_that_always_has_more_is_asked_anew(reading: FeigIsoDriver) -> None:
    sent = [reading.feed(inventory(A, has_more=True), 60 + n).sent for n in range(PARTS_MAX)]

    assert sent == [MORE] * (PARTS_MAX - 1) + [RESET]


def test_cut_pass_is_not_gone_on_with(reading: FeigIsoDriver) -> None:
    reading.feed(inventory(A, has_more=True), 60)

    cut = reading.end_passes((1,), 70)
    rest = reading.feed(inventory(B, has_more=True), 80)

    assert cut.events == (PassEnd(1, 1, 10, 70),)
    assert of(PassEnd, rest.events) == [PassEnd(1, 2, 70, 80)]
    assert rest.sent == RESET


def test_empty_answer_to_a_cut_inventory_proves_no_silence(reading: FeigIsoDriver) -> None:
    reading.feed(inventory(A, has_more=True), 60)
    reading.end_passes((1,), 70)

    assert of(PassEnd, reading.feed(NO_TAG, 80).events) == []
    next_pass(reading, 90)
    assert of(PassEnd, reading.feed(NO_TAG, 120).events) == [PassEnd(1, 2, 90, 120)]


def test_cut_of_another_antenna_changes_nothing(reading: FeigIsoDriver) -> None:
    reading.feed(inventory(A, has_more=True), 60)

    assert reading.end_passes((2,), 70).events == ()
    assert reading.feed(inventory(B), 80).events[-1] == PassEnd(1, 1, 10, 80)


def test_lost_answer_begins_the_inventory_anew(reading: FeigIsoDriver) -> None:
    reading.tick(20)

    assert reading.tick(20 + INVENTORY_MS - 1).sent == b""
    late = reading.tick(20 + INVENTORY_MS)
    assert late.sent == RESET
    assert of(PassEnd, late.events) == []


def test_damaged_answer_is_not_waited_for_any_longer(reading: FeigIsoDriver) -> None:
    damaged = bytearray(inventory(A))
    damaged[-1] ^= 1
    reading.feed(bytes(damaged), 60)

    reading.tick(60 + GAP_MS)
    again = reading.tick(60 + GAP_MS + DAMAGED_MS)

    assert again.sent == RESET
    assert next_pass(reading, 300).sent == INVENTORY


def test_answer_that_still_arrives_is_waited_for(reading: FeigIsoDriver) -> None:
    reading.tick(20)
    answer = inventory(A)
    reading.feed(answer[:9], 20 + INVENTORY_MS - 1)

    assert reading.tick(20 + INVENTORY_MS).sent == b""
    assert uids(reading.feed(answer[9:], 20 + INVENTORY_MS + 1).events) == [A]


def test_answer_that_comes_too_late_counts_and_moves_nothing(reading: FeigIsoDriver) -> None:
    reading.tick(20)
    reading.tick(20 + INVENTORY_MS)

    late = reading.feed(inventory(A), 4_000)

    assert (uids(late.events), late.sent) == ([A], b"")
    assert next_pass(reading, 4_010).sent == INVENTORY


def test_frame_that_an_unplugged_cable_cut_costs_the_next_bring_up_a_moment_only() -> None:
    driver = FeigIsoDriver()
    driver.feed(inventory(A, B)[:20], 0)
    driver.start(PLAN)

    glued = driver.feed(VERSION_ANSWER, 250)
    given_up = driver.tick(250 + GAP_MS)

    assert (glued.sent, given_up.sent) == (b"", ON)
    assert len(of(Rejected, given_up.events)) == 1


def test_answers_of_another_reader_on_the_line_are_none(reading: FeigIsoDriver) -> None:
    foreign = inventory(B)[:1] + b"\x07" + inventory(B)[2:-2]
    foreign += crc_mcrf4xx(foreign).to_bytes(2, "little")

    events = reading.feed(foreign + inventory(A), 60).events + reading.tick(60 + GAP_MS).events

    assert uids(events) == [A]


def test_silent_reader_is_asked_three_times_then_lost() -> None:
    driver = FeigIsoDriver()
    driver.start(PLAN)

    outputs = [driver.tick(now) for now in range(0, (SENDS_MAX + 1) * 2 * ANSWER_MS, ANSWER_MS // 2)]

    assert [output.sent for output in outputs if output.sent] == [VERSION] * (SENDS_MAX - 1)
    (lost,) = [event for output in outputs for event in output.events]
    assert isinstance(lost, ReaderState)
    assert (lost.phase, "get_software_version" in lost.detail) == (ReaderPhase.LOST, True)


def test_reader_that_falls_silent_while_reading_is_lost(reading: FeigIsoDriver) -> None:
    states = [e for now in range(20, 12_000, 100) for e in of(ReaderState, reading.tick(now).events)]

    assert [state.phase for state in states if isinstance(state, ReaderState)] == [ReaderPhase.LOST]


def test_error_is_said_once_and_the_inventory_tried_again_after_a_pause(reading: FeigIsoDriver) -> None:
    jammed = encode_reply(0xB0, 0x83)

    first = reading.feed(jammed, 100)
    assert first.events == (ReaderError("83", "radio communication error", is_retryable=True, raw=jammed),)
    assert first.sent == b""
    assert reading.tick(100 + ERROR_PAUSE_MS - 1).sent == b""
    assert reading.tick(100 + ERROR_PAUSE_MS).sent == RESET
    next_pass(reading, 400)
    assert reading.feed(jammed, 450).events == ()


def test_same_error_after_a_good_pass_is_said_again(reading: FeigIsoDriver) -> None:
    jammed = encode_reply(0xB0, 0x83)
    reading.feed(jammed, 100)
    reading.tick(100 + ERROR_PAUSE_MS)
    next_pass(reading, 400)
    reading.feed(NO_TAG, 420)
    next_pass(reading, 430)

    assert len(of(ReaderError, reading.feed(jammed, 450).events)) == 1


def test_refused_inventory_is_a_fault_that_says_what_to_do_and_ends_the_field(reading: FeigIsoDriver) -> None:
    output = reading.feed(encode_reply(0xB0, 0x82), 100)

    assert [event.error_code for event in output.events if isinstance(event, ReaderError)] == ["82"]
    state = output.events[-1]
    assert isinstance(state, ReaderState)
    assert (state.phase, "scan mode" in state.detail) == (ReaderPhase.FAULT, True)
    assert output.sent == OFF
    assert reading.feed(SWITCHED, 110).events == (Reply("rf_on_off", SWITCHED),)
    assert reading.phase is ReaderPhase.FAULT


def test_reader_without_a_field_switch_reads_all_the_same() -> None:
    driver = FeigIsoDriver()
    driver.start(PLAN)
    driver.feed(VERSION_ANSWER, 0)

    assert driver.feed(encode_reply(0x6A, 0x80), 5).sent == RESET


def test_stop_counts_the_answer_on_its_way_and_switches_the_field_off(reading: FeigIsoDriver) -> None:
    stop = reading.stop()
    answer = reading.feed(inventory(A, has_more=True), 60)
    end = reading.feed(SWITCHED, 70)

    assert (stop.events, stop.sent) == ((ReaderState(ReaderPhase.STOPPING),), b"")
    assert (uids(answer.events), answer.sent) == ([A], OFF)
    assert of(PassEnd, answer.events) == [PassEnd(1, 1, 10, 60)]
    assert end.events[-1] == ReaderState(ReaderPhase.IDLE)


def test_stop_during_a_pause_switches_the_field_off_at_once(reading: FeigIsoDriver) -> None:
    reading.feed(encode_reply(0xB0, 0x83), 100)

    assert reading.stop().sent == OFF
    assert reading.tick(1_000).sent == b""


def test_stop_before_the_field_is_on_sends_nothing() -> None:
    driver = FeigIsoDriver()
    driver.start(PLAN)

    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))
    assert driver.feed(VERSION_ANSWER, 5).sent == b""


def test_stop_goes_on_when_the_running_order_is_never_answered(reading: FeigIsoDriver) -> None:
    reading.tick(20)
    reading.stop()

    assert reading.tick(20 + INVENTORY_MS).sent == OFF


def test_unasked_answers_are_shown_and_send_nothing() -> None:
    driver = FeigIsoDriver()
    unasked = [inventory(A), NO_TAG, encode_reply(0xB0, 0x83), VERSION_ANSWER]

    outputs = [driver.feed(raw, 5) for raw in unasked]

    assert [type(output.events[0]) for output in outputs] == [TagRead, KeepAlive, ReaderError, Reply]
    assert [output.sent for output in outputs] == [b""] * 4
