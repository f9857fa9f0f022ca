"""The MagicRF session against answers written out by hand."""

import dataclasses

import pytest

from reader_drivers.driver import (
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    Reply,
)
from reader_drivers.errors import Rejected
from reader_drivers.magicrf_bb.frames import encode_answer, encode_notification
from reader_drivers.magicrf_bb.machine import (
    ANSWER_MS,
    GAP_MS,
    QUIET_POLLS,
    REPOLL_MS,
    REPOLLS_MAX,
    SENDS_MAX,
    MagicRfDriver,
)
from tests.reader_drivers.magicrf_bb.module import (
    DONE,
    NO_TAG,
    PLAN,
    POLL,
    QUERY_A,
    QUERY_B,
    REFUSED,
    STOP,
    STOPPED,
    bring_up,
    of,
    orders,
    reads,
    tag,
)

QUERIED = encode_answer(0x0E, DONE)


@pytest.fixture
def reading() -> MagicRfDriver:
    driver = MagicRfDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def reading_in_session_0() -> MagicRfDriver:
    driver = MagicRfDriver()
    bring_up(driver, plan=dataclasses.replace(PLAN, session=0))
    return driver


def turn(driver: MagicRfDriver, now: int) -> Output:
    """Let the running turn end by quiet polls and the next one begin; what the driver said on the way."""
    outputs = [driver.feed(chunk, now) for chunk in [NO_TAG] * QUIET_POLLS + [STOPPED, QUERIED]]
    return Output(tuple(e for o in outputs for e in o.events), b"".join(o.sent for o in outputs))


def test_tag_is_a_read_of_the_one_antenna(reading: MagicRfDriver) -> None:
    assert reads(reading.feed(tag("AABB") + tag("CCDD"), 5)) == ["AABB", "CCDD"]


def test_empty_poll_is_traffic(reading: MagicRfDriver) -> None:
    assert reading.feed(NO_TAG, 5) == Output((KeepAlive(5, NO_TAG),))


def test_quiet_polls_in_a_row_end_the_turn_and_the_other_state_is_asked(reading: MagicRfDriver) -> None:
    first, second = turn(reading, 50), turn(reading, 90)

    assert orders(first) == [STOP, QUERY_B, POLL]
    assert of(PassEnd, first.events) == []
    assert orders(second) == [STOP, QUERY_A, POLL]
    assert of(PassEnd, second.events) == [PassEnd(1, 1, 0, 90)]


def test_polls_on_the_way_while_polling_stops_do_not_stop_it_again(reading: MagicRfDriver) -> None:
    assert orders(reading.feed(NO_TAG * 3 * QUIET_POLLS, 50)) == [STOP]


def test_tag_between_quiet_polls_lets_the_turn_go_on(reading: MagicRfDriver) -> None:
    quiet = NO_TAG * (QUIET_POLLS - 1)

    assert reading.feed(quiet + tag("AABB") + quiet, 50).sent == b""


def test_tag_heard_again_after_the_shortest_pass_ends_the_turn(reading: MagicRfDriver) -> None:
    early = reading.feed(tag("AABB") + tag("AABB"), 10).sent + reading.feed(tag("AABB") + tag("CCDD"), 109).sent

    assert early == b""
    assert orders(reading.feed(tag("AABB"), 110)) == [STOP]


def test_first_hearing_ends_no_turn_however_short_a_pass_may_be() -> None:
    driver = MagicRfDriver()
    bring_up(driver, plan=dataclasses.replace(PLAN, pass_min_ms=0))

    assert driver.feed(tag("AABB"), 10).sent == b""
    assert orders(driver.feed(tag("AABB"), 10)) == [STOP]


def test_turn_ends_by_time_if_the_module_has_polled(reading: MagicRfDriver) -> None:
    assert reading.tick(500).sent == b""
    reading.feed(NO_TAG, 510)
    assert orders(reading.tick(520)) == [STOP]


def test_tags_on_the_way_while_polling_stops_belong_to_the_pass_that_ends(reading: MagicRfDriver) -> None:
    turn(reading, 50)
    reading.feed(NO_TAG * QUIET_POLLS, 90)

    output = reading.feed(tag("AABB") + STOPPED, 95)

    assert [type(event).__name__ for event in output.events] == ["TagRead", "PassEnd", "Reply"]


def test_in_session_0_polling_goes_on_and_each_turn_is_a_pass() -> None:
    driver = reading_in_session_0()

    quiet = driver.feed(NO_TAG * QUIET_POLLS, 50)

    assert of(PassEnd, quiet.events) == [PassEnd(1, 1, 0, 50)]
    assert of(PassEnd, driver.feed(NO_TAG, 55).events) == []
    again = [driver.feed(tag("AABB"), now) for now in (60, 160)]
    assert [type(event).__name__ for event in again[1].events] == ["PassEnd", "TagRead"]
    assert quiet.sent + again[0].sent + again[1].sent == b""
    assert of(PassEnd, driver.tick(160 + 500).events) == [PassEnd(1, 3, 160, 660)]


def test_polling_that_ended_without_a_word_is_begun_again_then_lost(reading: MagicRfDriver) -> None:
    times = range(0, REPOLL_MS * (REPOLLS_MAX + 1) + 1, 100)

    outputs = [reading.tick(now) for now in times]

    polls = [now for now, output in zip(times, outputs, strict=True) if orders(output) == [POLL]]
    assert polls == [REPOLL_MS, 2 * REPOLL_MS, 3 * REPOLL_MS]
    assert [e.phase for o in outputs for e in o.events if isinstance(e, ReaderState)] == [ReaderPhase.LOST]
    assert [e for o in outputs for e in o.events if isinstance(e, PassEnd)] == []


def test_module_heard_after_a_repeated_poll_has_its_full_time_again(reading: MagicRfDriver) -> None:
    reading.tick(REPOLL_MS)
    reading.feed(encode_answer(0x03, b"\x00A"), REPOLL_MS + 10)

    assert reading.tick(2 * REPOLL_MS).sent == b""
    assert orders(reading.tick(2 * REPOLL_MS + 10)) == [POLL]


def test_error_while_polling_is_reported_with_its_meaning(reading: MagicRfDriver) -> None:
    raw = encode_answer(0xFF, b"\x20")

    (event,) = reading.feed(raw, 5).events

    meaning = "all radio channels are occupied; move other readers away"
    assert event == ReaderError("20", meaning, is_retryable=True, raw=raw)


def test_cut_ends_a_pass_with_reads_and_drops_one_that_heard_nothing(reading: MagicRfDriver) -> None:
    assert reading.end_passes((1,), 5).events == ()
    reading.feed(tag("AABB"), 10)

    assert reading.end_passes((1,), 20).events == (PassEnd(1, 1, 5, 20),)


def test_pass_that_was_cut_proves_no_silence_at_its_end(reading: MagicRfDriver) -> None:
    reading.feed(tag("AABB"), 10)
    reading.end_passes((1,), 20)

    ends = [of(PassEnd, turn(reading, now).events) for now in (30, 40, 50, 60)]

    assert ends == [[], [], [], [PassEnd(1, 2, 40, 60)]]


def test_cut_at_rest_does_not_touch_the_next_session(reading: MagicRfDriver) -> None:
    reading.stop()
    reading.feed(STOPPED, 10)
    reading.end_passes((1,), 20)
    bring_up(reading)
    turn(reading, 30)

    assert of(PassEnd, turn(reading, 40).events) == [PassEnd(1, 1, 0, 40)]


def test_radio_error_while_polling_stops_is_no_refusal(reading: MagicRfDriver) -> None:
    reading.feed(NO_TAG * QUIET_POLLS, 10)

    assert reading.feed(encode_answer(0xFF, b"\x20"), 20).sent == b""
    assert orders(reading.feed(STOPPED, 30)) == [QUERY_B]


def test_module_that_was_not_polling_any_more_is_asked_on(reading: MagicRfDriver) -> None:
    reading.feed(NO_TAG * QUIET_POLLS, 10)

    assert orders(reading.feed(REFUSED, 20)) == [QUERY_B]
    reading.feed(QUERIED, 30)
    assert orders(turn(reading, 40)) == [STOP, QUERY_A, POLL]


def test_stop_counts_everything_before_its_answer(reading: MagicRfDriver) -> None:
    stopping = reading.stop()
    output = reading.feed(tag("AABB") + NO_TAG * QUIET_POLLS + STOPPED, 30)

    assert (stopping.events, orders(stopping)) == ((ReaderState(ReaderPhase.STOPPING),), [STOP])
    assert reads(output) == ["AABB"]
    assert output.events[-2:] == (PassEnd(1, 1, 0, 30), ReaderState(ReaderPhase.IDLE))
    assert output.sent == b""


def test_tag_whose_crc_covers_a_word_left_out_counts_when_another_turn_tells_it(reading: MagicRfDriver) -> None:
    odd = encode_notification(bytes.fromhex("CE 1200 30751FEB 1234"))

    assert [reads(reading.feed(odd, now)) for now in (10, 20)] == [[], []]
    turn(reading, 40)
    assert reads(reading.feed(odd, 50)) == ["30751FEB"]


def test_tag_that_stays_unproven_is_said_at_the_end(reading: MagicRfDriver) -> None:
    odd = encode_notification(bytes.fromhex("CE 1200 30751FEB 1234"))
    reading.feed(odd, 10)
    reading.stop()

    assert [event.raw for event in reading.feed(STOPPED, 20).events if isinstance(event, Rejected)] == [odd]


def test_stop_between_two_turns_begins_no_other(reading: MagicRfDriver) -> None:
    reading.feed(NO_TAG * QUIET_POLLS, 10)
    reading.stop()

    output = reading.feed(STOPPED, 20)

    assert (output.events[-1], output.sent) == (ReaderState(ReaderPhase.IDLE), b"")
    assert reading.feed(STOPPED, 21) == Output((Reply("stop_multi_poll", STOPPED),))


def test_module_gone_while_stopping_is_lost(reading: MagicRfDriver) -> None:
    reading.stop()

    events = [e for now in range(0, SENDS_MAX * ANSWER_MS + 1, 100) for e in reading.tick(now).events]

    assert [e.phase for e in events if isinstance(e, ReaderState)] == [ReaderPhase.LOST]


def test_module_that_goes_on_telling_tags_is_told_to_stop_again_and_is_not_lost(reading: MagicRfDriver) -> None:
    reading.stop()
    sent = []
    for now in range(0, 10 * ANSWER_MS, 100):
        reading.feed(tag("E280"), now)
        sent += orders(reading.tick(now))

    assert sent == [STOP] * 9
    assert reading.feed(STOPPED, 10 * ANSWER_MS).events[-1] == ReaderState(ReaderPhase.IDLE)


def test_refused_stop_changes_no_phase(reading: MagicRfDriver) -> None:
    reading.stop()
    reading.feed(REFUSED, 1)
    idle = MagicRfDriver()
    idle.feed(NO_TAG, 0)
    idle.feed(REFUSED, 1)

    assert (reading.phase, idle.phase) == (ReaderPhase.STOPPING, ReaderPhase.IDLE)


def test_notification_of_another_kind_is_no_tag(reading: MagicRfDriver) -> None:
    raw = bytes.fromhex("BB 02 F2 0001 00 F5 7E")

    assert reading.feed(raw, 0) == Output((Reply("scan_jammer", raw),))


def test_idle_session_silences_a_polling_module_once() -> None:
    driver = MagicRfDriver()

    assert orders(driver.feed(tag("AABB"), 0)) == [STOP]
    assert driver.feed(NO_TAG, 1).sent == b""
    assert driver.feed(STOPPED, 2).sent == b""
    assert orders(driver.feed(NO_TAG, 3)) == [STOP]


def test_idle_module_that_does_not_answer_is_not_lost() -> None:
    driver = MagicRfDriver()
    driver.feed(tag("AABB"), 0)

    events = [e for now in range(0, 2 * SENDS_MAX * ANSWER_MS, 500) for e in driver.tick(now).events]

    assert (events, driver.phase) == ([], ReaderPhase.IDLE)


def test_frame_that_stops_in_the_middle_is_given_up_and_the_next_one_read(reading: MagicRfDriver) -> None:
    reading.feed(tag("AABB")[:6], 100)

    assert reading.tick(100 + GAP_MS - 1).events == ()
    assert len(of(Rejected, reading.tick(100 + GAP_MS).events)) == 1
    assert reads(reading.feed(tag("AABB"), 200)) == ["AABB"]


def test_broken_tag_in_a_whole_frame_is_rejected(reading: MagicRfDriver) -> None:
    (event,) = reading.feed(encode_notification(bytes.fromhex("D6 3400 E280 D444")), 1).events

    assert isinstance(event, Rejected)
    assert event.reason.startswith("length:")


def test_numbers_of_passes_go_on_after_a_restart(reading: MagicRfDriver) -> None:
    turn(reading, 10)
    turn(reading, 20)
    reading.stop()
    reading.feed(STOPPED, 30)
    bring_up(reading)
    turn(reading, 40)

    assert of(PassEnd, turn(reading, 50).events) == [PassEnd(1, 2, 0, 50)]


def test_restarted_session_begins_with_state_a_again(reading: MagicRfDriver) -> None:
    turn(reading, 10)
    reading.stop()
    reading.feed(STOPPED, 20)
    bring_up(reading)

    assert orders(turn(reading, 30)) == [STOP, QUERY_B, POLL]
