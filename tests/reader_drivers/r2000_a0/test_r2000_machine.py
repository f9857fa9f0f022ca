"""The R2000 session against answers written out by hand."""

import dataclasses

import pytest

from reader_drivers.driver import (
    KeepAlive,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
    Reply,
)
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.r2000_a0.frames import encode_frame
from reader_drivers.r2000_a0.machine import ANSWER_MS, GAP_MS, QUIET_MS, ROUND_MS, R2000Driver
from reader_drivers.reads import TagRead
from tests.reader_drivers.r2000_a0.obedient_reader import (
    ETSI,
    EU,
    ROUND,
    Reader,
    bring_up,
    end,
    failed,
    of,
    orders_in,
    tag,
)

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2))
ONE = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
ANTENNA_DONE = encode_frame(0x74, b"\x10", address=1)


@pytest.fixture
def reading() -> R2000Driver:
    driver = R2000Driver()
    bring_up(driver, Reader(), ONE)
    assert driver.phase is ReaderPhase.READING
    return driver


@pytest.fixture
def two_antennas() -> R2000Driver:
    driver = R2000Driver()
    bring_up(driver, Reader(), PLAN)
    assert driver.phase is ReaderPhase.READING
    return driver


def test_bring_up_writes_what_differs_reads_it_back_and_starts_last() -> None:
    driver, reader = R2000Driver(), Reader()

    events = bring_up(driver, reader, PLAN)

    assert reader.orders == [
        ("72", ""),
        ("79", ""),
        ("78", "043C040D35A4"),
        ("79", ""),
        ("77", ""),
        ("76", "14"),
        ("77", ""),
        ("74", "00"),
        ("8B", "010001"),
    ]
    assert of(ReaderState, events)[-1] == ReaderState(ReaderPhase.READING)


def test_reader_that_already_is_as_planned_is_written_nothing() -> None:
    reader = Reader(region=EU, power=b"\x14\x14\x14\x14")

    bring_up(R2000Driver(), reader, PLAN)

    assert [order for order, _ in reader.orders] == ["72", "79", "77", "74", "8B"]


def test_power_of_one_antenna_that_differs_is_written() -> None:
    reader = Reader(region=EU, power=b"\x14\x14\x14\x1e")

    bring_up(R2000Driver(), reader, PLAN)

    assert ("76", "14") in reader.orders


def test_first_order_goes_to_any_address_and_the_rest_to_the_one_that_answered() -> None:
    reader = Reader(region=EU, power=b"\x14")

    bring_up(R2000Driver(), reader, PLAN)

    assert reader.addresses == [0xFF, 1, 1, 1, 1]


def test_region_read_back_differently_keeps_the_reader_silent() -> None:
    driver, reader = R2000Driver(), Reader(region=ETSI, obeys=False)

    events = bring_up(driver, reader, PLAN)

    assert [order for order, _ in reader.orders] == ["72", "79", "78", "79"]
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["region_mismatch"]
    assert "ETSI 865-868 MHz instead of own channels 865.7-867.5 MHz" in str(events[-1])
    assert driver.phase is ReaderPhase.FAULT


def test_power_read_back_differently_keeps_the_reader_silent() -> None:
    driver, reader = R2000Driver(), Reader(region=EU, power=b"\x1a", obeys=False)

    events = bring_up(driver, reader, PLAN)

    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["power_mismatch"]
    assert ROUND not in [int(order, 16) for order, _ in reader.orders]
    assert driver.phase is ReaderPhase.FAULT


def test_refused_setting_ends_in_a_fault_that_names_it() -> None:
    driver, reader = R2000Driver(), Reader()
    output = driver.start(PLAN)
    for _ in range(2):
        output = driver.feed(reader.answer(output.sent), 0)
    assert orders_in(output.sent) == [("78", "043C040D35A4")]
    refusal = failed(0x49, 0x78)

    assert driver.feed(refusal, 0).events == (
        ReaderError("49", "the reader has no such region; check its model", is_retryable=False, raw=refusal),
        ReaderState(
            ReaderPhase.FAULT,
            "The reader refused set_frequency_region: the reader has no such region; check its model.",
        ),
    )


@pytest.mark.parametrize(("change", "word"), [({"power_cdbm": 2_050}, "20.5"), ({"antennas": (1, 9)}, "9")])
def test_plan_that_no_reader_can_follow_is_refused_before_anything_is_sent(
    change: dict[str, object], word: str
) -> None:
    with pytest.raises(PlanRefused, match=word):
        R2000Driver().start(dataclasses.replace(PLAN, **change))  # type: ignore[arg-type]


def test_silent_reader_is_asked_three_times_then_lost() -> None:
    driver = R2000Driver()
    order = driver.start(PLAN).sent

    sent = [driver.tick(now).sent for now in range(0, 6 * ANSWER_MS, ANSWER_MS)]

    assert sent == [b"", order, b"", order, b"", b""]
    assert driver.phase is ReaderPhase.LOST


def test_answer_to_an_older_order_does_not_move_the_bring_up() -> None:
    driver = R2000Driver()
    driver.start(PLAN)

    assert driver.feed(encode_frame(0x79, EU, address=1), 0).sent == b""


def test_pass_is_a_round_for_each_state_of_the_tags_antenna_by_antenna(two_antennas: R2000Driver) -> None:
    asked, ended = [], []
    for now, received in [
        (100, end()),
        (200, end()),
        (210, ANTENNA_DONE),
        (300, end(antenna=2)),
        (400, end(antenna=2)),
        (410, ANTENNA_DONE),
    ]:
        output = two_antennas.feed(received, now)
        asked += orders_in(output.sent)
        ended += of(PassEnd, output.events)

    assert asked == [("8B", "010101"), ("74", "01"), ("8B", "010001"), ("8B", "010101"), ("74", "00"), ("8B", "010001")]
    assert ended == [PassEnd(1, 1, 0, 200), PassEnd(2, 1, 210, 400)]


def test_single_antenna_is_chosen_once(reading: R2000Driver) -> None:
    asked = [orders_in(reading.feed(end(), now).sent) for now in (100, 200, 300)]

    assert asked == [[("8B", "010101")], [("8B", "010001")], [("8B", "010101")]]


def test_round_without_a_tag_is_traffic_and_its_pass_counts(reading: R2000Driver) -> None:
    no_tag = failed(0x36)

    assert reading.feed(no_tag, 100).events == (KeepAlive(100, no_tag),)
    assert reading.feed(end(), 200).events == (PassEnd(1, 1, 0, 200), KeepAlive(200, end()))


def test_tag_report_gives_a_read(reading: R2000Driver) -> None:
    assert of(TagRead, reading.feed(tag("30" * 12) + end(1), 10).events) == []
    (read,) = reading.feed(tag("30" * 12), 50).events

    assert isinstance(read, TagRead)
    assert (read.id_hex, read.pc, read.antenna, read.rssi_dbm, read.at_ms) == ("30" * 12, 0x3000, 1, -61, 50)
    assert read.rssi_sum_cdbm == -6_100


def test_frequency_is_told_only_where_the_region_has_the_vendors_table(reading: R2000Driver) -> None:
    american = R2000Driver()
    bring_up(american, Reader(), dataclasses.replace(ONE, region=Region.US))

    reads = [driver.feed(tag("AABB") + end(1) + tag("AABB"), 50).events[-1] for driver in (reading, american)]

    assert [read.freq_khz for read in reads if isinstance(read, TagRead)] == [None, 865_500]


def test_round_that_heard_a_tag_ends_without_a_keep_alive(reading: R2000Driver) -> None:
    assert of(KeepAlive, reading.feed(tag("AABB") + end(1), 100).events) == []
    assert len(of(KeepAlive, reading.feed(end(), 200).events)) == 1


def test_tag_that_is_not_as_long_as_it_says_is_rejected(reading: R2000Driver) -> None:
    broken = tag("AABB", pc=0x3000)

    for events in (reading.feed(broken + end(), 50).events, R2000Driver().feed(broken, 50).events):
        assert isinstance(events[0], Rejected)
        assert events[0].reason.startswith("length:")


def test_answer_of_no_known_length_is_rejected_and_the_round_goes_on(reading: R2000Driver) -> None:
    output = reading.feed(encode_frame(ROUND, bytes(9), address=1) + end(), 50)

    assert [type(event) for event in output.events] == [Rejected, KeepAlive]
    assert orders_in(output.sent) == [("8B", "010101")]


def test_unconnected_antenna_is_told_once_and_the_others_read_on(two_antennas: R2000Driver) -> None:
    error = failed(0x22)

    first = two_antennas.feed(error, 100)
    for received in (ANTENNA_DONE, end(), end(), ANTENNA_DONE):
        again = two_antennas.feed(received, 200)
    second = two_antennas.feed(error, 300)

    assert [type(event) for event in first.events] == [ReaderError]
    assert orders_in(first.sent) == [("74", "01")]
    assert orders_in(again.sent) == [("8B", "010001")]
    assert (second.events, orders_in(second.sent)) == ((), [("74", "01")])


def test_antenna_that_was_connected_in_between_is_told_again(reading: R2000Driver) -> None:
    reading.feed(failed(0x22), 100)
    reading.feed(end(), 200)

    assert [type(event) for event in reading.feed(failed(0x22), 300).events] == [ReaderError]


def test_antenna_that_cannot_be_chosen_loses_its_turn() -> None:
    driver, reader = R2000Driver(), Reader(region=EU, power=b"\x14")
    reader.missing = {1}

    events = bring_up(driver, reader, PLAN)

    assert reader.orders[-3:] == [("74", "00"), ("74", "01"), ("8B", "010001")]
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["22"]


def test_inventory_refused_as_wrong_ends_in_a_fault(reading: R2000Driver) -> None:
    reading.feed(tag("AABB") + end(1) + tag("AABB"), 50)

    events = reading.feed(failed(0x41), 100).events

    assert events[0] == PassEnd(1, 1, 0, 100)
    assert events[-1] == ReaderState(
        ReaderPhase.FAULT, "The reader refused customized_session_target_inventory: parameter invalid."
    )
    assert reading.tick(60_000).sent == b""


def test_stop_counts_the_running_round_and_asks_for_no_other(reading: R2000Driver) -> None:
    reading.feed(tag("AA11") + tag("AA22") + end(2), 100)
    stopped = reading.stop()
    drained = reading.feed(tag("AA11") + tag("AA22") + end(2), 200)

    assert (stopped.events, stopped.sent) == ((ReaderState(ReaderPhase.STOPPING),), b"")
    assert [type(event) for event in drained.events] == [TagRead, TagRead, PassEnd]
    assert drained.sent == b""
    assert [reading.tick(200 + ms).events for ms in (QUIET_MS - 1, QUIET_MS)] == [(), (ReaderState(ReaderPhase.IDLE),)]


def test_stop_waits_for_a_round_that_an_end_told_twice_has_left_in_the_reader(reading: R2000Driver) -> None:
    # Orders wait in these readers: with one end too many, one order too many is on its way.
    twice = reading.feed(tag("AA11") + end(1), 100).sent + reading.feed(end(1), 101).sent
    reading.stop()
    reading.feed(end(), 150)
    late = reading.feed(tag("AA11") + end(1), 300)

    assert orders_in(twice) == [("8B", "010101"), ("8B", "010001")]
    assert len(of(TagRead, late.events)) == 1
    assert reading.tick(300 + QUIET_MS - 1).events == ()
    assert reading.tick(300 + QUIET_MS).events[-1] == ReaderState(ReaderPhase.IDLE)


def test_stop_after_half_a_pass_ends_it_only_if_it_heard_something(reading: R2000Driver) -> None:
    reading.stop()
    assert reading.feed(end(), 100).events == (KeepAlive(100, end()),)
    assert reading.tick(100 + QUIET_MS).events == (ReaderState(ReaderPhase.IDLE),)

    bring_up(reading, Reader(), ONE)
    reading.feed(tag("AA11") + end(1) + end(), 150)
    reading.stop()
    assert of(PassEnd, reading.feed(tag("AA11") + end(1), 200).events) == [PassEnd(1, 2, 150, 200)]


def test_stop_before_the_first_round_is_idle_at_once() -> None:
    starting = R2000Driver()
    starting.start(PLAN)

    assert starting.stop().events == (ReaderState(ReaderPhase.IDLE),)


def test_stop_while_an_antenna_is_chosen_asks_for_no_round(two_antennas: R2000Driver) -> None:
    two_antennas.feed(end() + end(), 100)
    two_antennas.stop()

    chosen = two_antennas.feed(ANTENNA_DONE, 110)

    assert ([type(event) for event in chosen.events], chosen.sent) == ([Reply], b"")
    assert two_antennas.tick(110 + QUIET_MS).events == (ReaderState(ReaderPhase.IDLE),)


def test_stopping_reader_that_falls_silent_is_lost_and_not_asked_again(reading: R2000Driver) -> None:
    reading.stop()

    sent = [reading.tick(now).sent for now in (0, ROUND_MS - 1, ROUND_MS)]

    assert sent == [b"", b"", b""]
    assert reading.phase is ReaderPhase.LOST


def test_round_is_asked_again_when_neither_a_tag_nor_its_end_comes(reading: R2000Driver) -> None:
    reading.tick(0)
    reading.feed(tag("AABB"), ROUND_MS - 1)
    times = (ROUND_MS, 2 * ROUND_MS - 1, 2 * ROUND_MS, 2 * ROUND_MS + 1, 3 * ROUND_MS, 3 * ROUND_MS + 1)

    sent = [orders_in(reading.tick(now).sent) for now in times]

    assert sent == [[], [], [("8B", "010001")], [], [], [("8B", "010001")]]


def test_cut_ends_a_pass_with_reads_and_the_rest_of_its_turn_proves_no_silence(reading: R2000Driver) -> None:
    reading.feed(tag("AA11") + end(1) + end() + tag("AA11") + end(1), 100)

    assert reading.end_passes((1, 2), 150).events == (PassEnd(1, 2, 100, 150),)
    assert reading.feed(end(), 200).events == (KeepAlive(200, end()),)
    assert of(PassEnd, reading.feed(end() + end(), 300).events) == [PassEnd(1, 3, 200, 300)]


def test_numbers_of_passes_go_on_after_a_restart(reading: R2000Driver) -> None:
    reading.feed(end() + end(), 100)
    reading.stop()
    reading.feed(end(), 200)
    bring_up(reading, Reader(), ONE)

    assert of(PassEnd, reading.feed(end() + end(), 300).events) == [PassEnd(1, 2, 0, 300)]


def test_frames_of_an_earlier_life_are_shown_and_start_nothing() -> None:
    driver = R2000Driver()

    output = driver.feed(tag("AABB") + end(1) + end() + failed(0x22) + failed(0x36), 0)

    assert [type(event) for event in output.events] == [Reply, Reply, KeepAlive, ReaderError, KeepAlive]
    assert output.sent == b""
    assert [type(event) for event in driver.start(PLAN).events] == [Rejected, ReaderState]


def test_frame_that_stops_in_the_middle_is_given_up_and_the_next_one_read(reading: R2000Driver) -> None:
    frame = tag("AA11")
    reading.feed(frame + end(1), 50)
    reading.feed(frame[:6], 100)

    assert reading.tick(100 + GAP_MS - 1).events == ()
    gap = reading.tick(100 + GAP_MS).events
    assert b"".join(event.raw for event in gap if isinstance(event, Rejected)) == frame[:6]
    assert len(of(TagRead, reading.feed(frame, 200).events)) == 1
