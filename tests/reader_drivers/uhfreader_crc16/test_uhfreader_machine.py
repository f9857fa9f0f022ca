"""The UHFReader session against answers written out by hand."""

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
)
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.reads import TagRead
from reader_drivers.uhfreader_crc16.machine import ANSWER_MS, GAP_MS, UhfReaderDriver
from tests.reader_drivers.uhfreader_crc16.obedient_reader import ROUND, Reader, bring_up, of, reply, rounds, tags

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2))
PLAN_18 = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
NO_TAG = reply(0x01, 0xFB, b"")
INFORM = 0x21


@pytest.fixture
def reading() -> UhfReaderDriver:
    driver = UhfReaderDriver()
    bring_up(driver, Reader(), PLAN)
    assert driver.phase is ReaderPhase.READING
    return driver


def test_bring_up_writes_what_differs_reads_it_back_and_starts_last() -> None:
    driver, reader = UhfReaderDriver(), Reader()

    events = bring_up(driver, reader, PLAN)

    assert reader.orders == [("21", ""), ("77", ""), ("22", "8340"), ("2F", "14"), ("21", ""), ("01", "2401008003")]
    assert events[-1] == ReaderState(ReaderPhase.READING)


def test_reader_that_already_is_as_planned_is_written_nothing() -> None:
    reader = Reader(band="8340", power=20)

    bring_up(UhfReaderDriver(), reader, PLAN)

    assert [order for order, _ in reader.orders] == ["21", "77", "01"]


def test_first_order_goes_to_any_address_and_the_rest_to_the_one_that_answered() -> None:
    reader = Reader()

    bring_up(UhfReaderDriver(), reader, PLAN)

    assert reader.addresses == [0xFF, 7, 7, 7, 7, 7]


def test_older_kind_gets_its_own_band_and_inventories_without_parameters() -> None:
    reader = Reader("09")

    bring_up(UhfReaderDriver(), reader, PLAN_18)

    assert reader.orders == [("21", ""), ("36", ""), ("22", "4C03"), ("2F", "14"), ("21", ""), ("01", "")]


def test_reader_that_pushes_is_told_to_wait_before_anything_is_set() -> None:
    for kind, plan, order in [("0C", PLAN, ("76", "00")), ("09", PLAN_18, ("35", "000000000000"))]:
        reader = Reader(kind)
        reader.mode = b"\x01"

        bring_up(UhfReaderDriver(), reader, plan)

        assert reader.orders[2] == order


def test_reader_that_knows_no_modes_is_read_all_the_same() -> None:
    driver, reader = UhfReaderDriver(), Reader(band="8340", power=20)
    driver.feed(reader.answer(driver.start(PLAN).sent), 0)

    output = driver.feed(reply(0x00, 0xFE, b""), 0)

    assert rounds(output.sent) == ["2401008003"]


def test_region_read_back_differently_keeps_the_reader_silent() -> None:
    driver, reader = UhfReaderDriver(), Reader(obeys=False)

    events = bring_up(driver, reader, PLAN)

    assert "01" not in [order for order, _ in reader.orders]
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["region_mismatch"]
    assert "EU 865.1-867.9 MHz instead of EU3 865.7-867.5 MHz" in str(events[-1])
    assert driver.phase is ReaderPhase.FAULT


def test_power_read_back_differently_keeps_the_reader_silent() -> None:
    driver, reader = UhfReaderDriver(), Reader(band="8340", power=13, obeys=False)

    events = bring_up(driver, reader, PLAN)

    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["power_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


def test_power_that_a_reader_cannot_tell_is_set_and_believed() -> None:
    driver, reader = UhfReaderDriver(), Reader(band="8340", power=0xFF, obeys=False)

    bring_up(driver, reader, PLAN)

    assert ("2F", "14") in reader.orders
    assert driver.phase is ReaderPhase.READING


def test_reader_with_one_antenna_refuses_a_plan_of_two() -> None:
    driver, reader = UhfReaderDriver(), Reader("09")

    events = bring_up(driver, reader, PLAN)

    assert "write antennas = [1]" in str(events[-1])
    assert driver.phase is ReaderPhase.FAULT
    assert [order for order, _ in reader.orders] == ["21"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"region": Region.EU_UPPER}, "EU_UPPER"),
        ({"region": Region.JP}, "JP"),
        ({"power_cdbm": 2_050}, "20.5"),
        ({"power_cdbm": 3_100}, "31"),
        ({"antennas": (1, 5)}, "5"),
    ],
)
def test_plan_that_no_reader_can_follow_is_refused_before_anything_is_sent(
    change: dict[str, object], word: str
) -> None:
    plan = ReadPlan(**{"region": Region.EU, "power_cdbm": 2_000, "antennas": (1,)} | change)  # type: ignore[arg-type]

    with pytest.raises(PlanRefused, match=word):
        UhfReaderDriver().start(plan)


def test_refused_setting_ends_in_a_fault_that_names_it() -> None:
    driver, reader = UhfReaderDriver(), Reader(power=20)
    output = driver.start(PLAN)
    for _ in range(2):
        output = driver.feed(reader.answer(output.sent), 0)
    refusal = reply(0x22, 0xFF, b"")

    events = driver.feed(refusal, 0).events

    assert events == (
        ReaderError("FF", "wrong parameter", is_retryable=False, raw=refusal),
        ReaderState(ReaderPhase.FAULT, "The reader refused set_frequency: wrong parameter."),
    )


def test_information_that_is_too_short_ends_in_a_fault() -> None:
    driver = UhfReaderDriver()
    driver.start(PLAN)

    events = driver.feed(reply(INFORM, 0, b"\x00"), 0).events

    assert [type(event) for event in events] == [Rejected, ReaderState]
    assert driver.phase is ReaderPhase.FAULT


def test_silent_reader_is_asked_three_times_then_lost() -> None:
    driver = UhfReaderDriver()
    order = driver.start(PLAN).sent

    sent = [driver.tick(now).sent for now in range(0, 6 * ANSWER_MS, ANSWER_MS)]

    assert sent == [b"", order, b"", order, b"", b""]
    assert driver.phase is ReaderPhase.LOST


def test_answer_to_an_older_order_does_not_move_the_bring_up() -> None:
    driver = UhfReaderDriver()
    driver.start(PLAN)

    assert driver.feed(reply(0x22, 0, b""), 0).sent == b""


def test_pass_is_a_round_for_each_state_of_the_tags_antenna_by_antenna(reading: UhfReaderDriver) -> None:
    asked, ended = [], []
    for now in (100, 200, 300, 400):
        output = reading.feed(tags("AABB", mask=1 if now < 250 else 2), now)
        asked += rounds(output.sent)
        ended += of(PassEnd, output.events)

    assert asked == ["2401018003", "2401008103", "2401018103", "2401008003"]
    assert ended == [PassEnd(1, 1, 0, 200), PassEnd(2, 1, 200, 400)]


def test_round_without_a_tag_is_traffic_and_its_pass_counts(reading: UhfReaderDriver) -> None:
    assert reading.feed(NO_TAG, 100).events == (KeepAlive(100, NO_TAG),)
    assert reading.feed(NO_TAG, 200).events == (PassEnd(1, 1, 0, 200), KeepAlive(200, NO_TAG))


def test_tags_of_every_frame_of_a_round_are_read_with_their_antenna(reading: UhfReaderDriver) -> None:
    output = reading.feed(tags("AA11", "AA22", status=0x03, mask=2), 100)

    assert output.sent == b""
    reads = [event for event in output.events if isinstance(event, TagRead)]
    assert [(read.id_hex, read.antenna, read.rssi_dbm, read.at_ms) for read in reads] == [
        ("AA11", 2, None, 100),
        ("AA22", 2, None, 100),
    ]
    assert rounds(reading.feed(NO_TAG, 150).sent) == ["2401018003"]


def test_round_that_ran_out_of_time_is_asked_again_for_the_same_tags(reading: UhfReaderDriver) -> None:
    output = reading.feed(tags("AA11", status=0x02), 300)

    assert rounds(output.sent) == ["2401008003"]
    assert of(PassEnd, output.events) == []


def test_silent_round_that_ran_out_of_time_is_not_asked_again(reading: UhfReaderDriver) -> None:
    assert rounds(reading.feed(tags(status=0x02), 300).sent) == ["2401018003"]


def test_round_of_the_older_kind_is_a_pass_whatever_its_end() -> None:
    driver = UhfReaderDriver()
    bring_up(driver, Reader("09"), PLAN_18)

    output = driver.feed(reply(ROUND, 0x02, bytes.fromhex("01 02 AABB")), 900)

    assert of(PassEnd, output.events) == [PassEnd(1, 1, 0, 900)]
    (read,) = of(TagRead, output.events)
    assert isinstance(read, TagRead)
    assert (read.id_hex, read.antenna) == ("AABB", 1)
    assert rounds(output.sent) == [""]


def test_unconnected_antenna_is_told_once_and_the_others_read_on(reading: UhfReaderDriver) -> None:
    error = reply(ROUND, 0xF8, b"")

    first = reading.feed(error, 100)
    for now in (200, 300):
        again = reading.feed(NO_TAG, now)
    second = reading.feed(error, 400)

    assert [type(event) for event in first.events] == [ReaderError]
    assert rounds(first.sent) == ["2401008103"]
    assert rounds(again.sent) == ["2401008003"]
    assert second.events == ()


def test_antenna_that_was_connected_in_between_is_told_again(reading: UhfReaderDriver) -> None:
    error = reply(ROUND, 0xF8, b"")
    reading.feed(error + NO_TAG + NO_TAG, 100)
    reading.feed(NO_TAG + NO_TAG, 200)
    reading.feed(NO_TAG + NO_TAG, 300)

    assert [type(event) for event in reading.feed(error, 400).events] == [ReaderError]


def test_inventory_refused_as_wrong_ends_in_a_fault(reading: UhfReaderDriver) -> None:
    events = reading.feed(reply(0x00, 0xFE, b""), 100).events

    assert events[-1] == ReaderState(ReaderPhase.FAULT, "The reader refused the inventory: unknown command.")


def test_stop_counts_the_running_round_and_asks_for_no_other(reading: UhfReaderDriver) -> None:
    reading.feed(NO_TAG, 100)
    stopped = reading.stop()
    drained = reading.feed(tags("AA11", status=0x03) + tags("AA22"), 200)

    assert (stopped.events, stopped.sent) == ((ReaderState(ReaderPhase.STOPPING),), b"")
    assert [type(event) for event in drained.events] == [TagRead, TagRead, PassEnd, ReaderState]
    assert drained.sent == b""
    assert reading.phase is ReaderPhase.IDLE


def test_stop_between_the_two_rounds_of_a_pass_ends_it_only_if_it_heard_something(reading: UhfReaderDriver) -> None:
    reading.stop()

    assert reading.feed(NO_TAG, 100).events == (KeepAlive(100, NO_TAG), ReaderState(ReaderPhase.IDLE))


def test_stop_during_the_bring_up_is_idle_at_once() -> None:
    driver, reader = UhfReaderDriver(), Reader()
    order = driver.start(PLAN).sent

    assert driver.stop().events == (ReaderState(ReaderPhase.IDLE),)
    assert driver.feed(reader.answer(order), 10).sent == b""


def test_stopping_reader_that_falls_silent_is_lost_and_not_asked_again(reading: UhfReaderDriver) -> None:
    reading.stop()

    sent = [reading.tick(now).sent for now in (0, 1_299, 1_300)]

    assert sent == [b"", b"", b""]
    assert reading.phase is ReaderPhase.LOST


def test_round_is_asked_again_after_its_scan_time_and_an_answer_time_then_the_reader_is_lost(
    reading: UhfReaderDriver,
) -> None:
    times = (0, 1_299, 1_300, 1_310, 2_609, 2_610, 2_620, 3_920)

    sent = [bool(reading.tick(now).sent) for now in times]

    assert sent == [False, False, True, False, False, True, False, False]
    assert reading.phase is ReaderPhase.LOST


def test_frames_of_a_long_round_prove_that_the_reader_is_there(reading: UhfReaderDriver) -> None:
    reading.tick(0)
    reading.feed(tags("AA11", status=0x03), 1_290)

    assert [reading.tick(now).sent for now in (1_300, 2_599)] == [b"", b""]


def test_cut_ends_a_pass_with_reads_and_the_rest_of_its_turn_proves_no_silence(reading: UhfReaderDriver) -> None:
    reading.feed(tags("AA11"), 100)

    assert reading.end_passes((1, 2), 150).events == (PassEnd(1, 1, 0, 150),)
    assert reading.feed(NO_TAG, 200).events == (KeepAlive(200, NO_TAG),)


def test_rest_of_a_cut_turn_that_heard_a_tag_is_a_pass_of_its_own(reading: UhfReaderDriver) -> None:
    reading.end_passes((1,), 50)
    reading.feed(tags("AA11"), 100)

    assert of(PassEnd, reading.feed(NO_TAG, 200).events) == [PassEnd(1, 1, 50, 200)]


def test_numbers_of_passes_go_on_after_a_restart(reading: UhfReaderDriver) -> None:
    reading.feed(NO_TAG + NO_TAG, 100)
    reading.stop()
    reading.feed(NO_TAG, 200)
    bring_up(reading, Reader(), PLAN)

    assert of(PassEnd, reading.feed(NO_TAG + NO_TAG, 300).events) == [PassEnd(1, 2, 0, 300)]


def test_broken_list_in_a_whole_frame_is_rejected_and_the_round_goes_on(reading: UhfReaderDriver) -> None:
    output = reading.feed(reply(ROUND, 0x01, bytes.fromhex("01 02 02 AABB 50")), 100)

    assert [type(event) for event in output.events] == [Rejected, KeepAlive]
    assert rounds(output.sent) == ["2401018003"]


def test_reader_that_pushes_unasked_is_heard_and_told_to_wait_once() -> None:
    driver = UhfReaderDriver()
    pushed = reply(0xEE, 0, bytes.fromhex("01 02 AABB 50"))

    first, second = driver.feed(pushed, 0), driver.feed(pushed, 10)

    assert len(of(TagRead, first.events)) == len(of(TagRead, second.events)) == 1
    assert first.sent[2:4] == b"\x76\x00"
    assert second.sent == b""
    assert UhfReaderDriver().feed(reply(0xEE, 0x28, bytes(12)), 0).sent[2:4] == b"\x76\x00"


def test_older_kind_that_pushes_sends_the_bare_epc_and_is_told_to_wait_by_its_own_order() -> None:
    # A public capture: neither antenna nor length nor strength, and never 0534721FBE… out of the middle.
    captured = bytes.fromhex("1100EE00E2000020401302162510BBECB1B1")
    output = UhfReaderDriver().feed(captured, 0)

    assert [read.id_hex for read in of(TagRead, output.events) if isinstance(read, TagRead)] == [
        "E2000020401302162510BBEC"
    ]
    assert output.sent[2:-2] == bytes.fromhex("35 000000000000")


def test_frame_that_stops_in_the_middle_is_given_up_and_the_next_one_read(reading: UhfReaderDriver) -> None:
    reading.tick(0)
    frame = tags("AA11", status=0x03)
    reading.feed(frame[:6], 100)

    assert reading.tick(100 + GAP_MS - 1).events == ()
    gap = reading.tick(100 + GAP_MS).events
    assert b"".join(event.raw for event in gap if isinstance(event, Rejected)) == frame[:6]
    assert len(of(TagRead, reading.feed(frame, 200).events)) == 1


def test_round_follows_the_plan_in_session_antenna_tid_and_time() -> None:
    for change, payload in [
        ({"tid_words": 0}, "0401008003"),
        ({"session": 2}, "2402008003"),
        ({"antennas": (4,)}, "2401008303"),
        ({"search_ms": 50}, "2401008003"),
        ({"search_ms": 901}, "240100800A"),
    ]:
        reader = Reader(band="8340", power=20)

        bring_up(UhfReaderDriver(), reader, dataclasses.replace(PLAN_18, **change))  # type: ignore[arg-type]

        assert reader.orders[-1] == ("01", payload)
