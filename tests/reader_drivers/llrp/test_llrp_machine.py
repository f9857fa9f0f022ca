"""The LLRP session; what it sends is read, and what it hears is written, by llrpkit's codec, which shares no line with ours."""

from collections.abc import Iterable
from typing import Any

import pytest
from llrpkit.protocol import decode_message, enums, impinj, messages, params

from reader_drivers.driver import (
    Event,
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
)
from reader_drivers.errors import Rejected
from reader_drivers.llrp.frames import encode_message
from reader_drivers.llrp.machine import ANSWER_MS, GAP_MS, SILENCE_MS, LlrpDriver
from reader_drivers.reads import TagRead
from tests.reader_drivers.conformance import load_vectors

PLAN = ReadPlan(region=Region.US, power_cdbm=2_050, antennas=(1, 3), session=2)
CAPABILITIES = bytes.fromhex(next(v["hex"] for v in load_vectors("llrp") if v["id"] == "llrp-011"))
EPC = bytes.fromhex("3034257BF7194E4000001A85")


def sent_messages(sent: bytes) -> list[Any]:
    found = []
    while sent:
        size = int.from_bytes(sent[2:6], "big")
        found.append(decode_message(sent[:size]))
        sent = sent[size:]
    return found


def status(code: int = 0, words: str = "") -> params.LLRPStatus:
    return params.LLRPStatus(status_code=code, error_description=words)


def answer(order: Any, *, refused: type | None = None) -> bytes:
    if isinstance(order, messages.GET_READER_CAPABILITIES):
        return CAPABILITIES[:6] + order.message_id.to_bytes(4, "big") + CAPABILITIES[10:]
    said = status(101, "not here") if refused is not None and isinstance(order, refused) else status()
    if isinstance(order, impinj.IMPINJ_ENABLE_EXTENSIONS):
        reply: Any = impinj.IMPINJ_ENABLE_EXTENSIONS_RESPONSE(llrp_status=said)
    else:
        reply = getattr(messages, f"{type(order).__name__}_RESPONSE")(llrp_status=said)
    return bytes(reply.to_bytes(message_id=order.message_id))


def bring_up(
    driver: LlrpDriver, plan: ReadPlan = PLAN, *, refused: type | None = None
) -> tuple[list[Any], list[Event]]:
    """All orders in the sequence in which the reader gets them, and the events."""
    told: list[Any] = []
    events: list[Event] = []
    output = driver.start(plan)
    while output.sent:
        events.extend(output.events)
        (order,) = sent_messages(output.sent)
        told.append(order)
        output = driver.feed(answer(order, refused=refused), 0)
    return told, [*events, *output.events]


def report(epc: bytes = EPC, antenna: int = 1) -> bytes:
    heard = params.TagReportData(epc_parameter=params.EPC_96(epc=epc), antenna_id=params.AntennaID(antenna_id=antenna))
    return bytes(messages.RO_ACCESS_REPORT(tag_report_datas=[heard]).to_bytes(message_id=0))


def notification(**event: Any) -> bytes:
    told = params.ReaderEventNotificationData(timestamp=params.UTCTimestamp(microseconds=1), **event)
    message = messages.READER_EVENT_NOTIFICATION(reader_event_notification_data=told)
    return bytes(message.to_bytes(message_id=0))


def rospec_event(kind: int) -> bytes:
    return notification(ro_spec_event=params.ROSpecEvent(event_type=kind, ro_spec_id=1, preempting_ro_spec_id=0))


def attempt(code: int) -> bytes:
    return notification(connection_attempt_event=params.ConnectionAttemptEvent(status=code))


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def reading() -> LlrpDriver:
    driver = LlrpDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def test_bring_up_clears_the_reader_configures_it_and_starts_last() -> None:
    told, events = bring_up(LlrpDriver())

    assert [type(order).__name__ for order in told] == [
        "GET_READER_CAPABILITIES", "IMPINJ_ENABLE_EXTENSIONS", "SET_READER_CONFIG", "DELETE_ACCESSSPEC", "DELETE_ROSPEC",
        "DELETE_ROSPEC", "ADD_ROSPEC", "ADD_ACCESSSPEC", "ENABLE_ACCESSSPEC", "ENABLE_ROSPEC", "START_ROSPEC",
    ]  # fmt: skip
    config = told[2]
    assert (config.reset_to_factory_default, config.keepalive_spec.periodic_trigger_value) == (False, 2_000)
    assert not config.events_and_reports.hold_events_and_reports_upon_reconnect
    assert events[-1] == ReaderState(ReaderPhase.READING)


def test_reading_is_asked_for_as_the_plan_says() -> None:
    told, _ = bring_up(LlrpDriver())

    spec = told[6].ro_spec
    (inventory,) = spec.spec_parameters
    assert inventory.antenna_ids == [1, 3]
    (setting,) = inventory.inventory_parameter_specs
    assert [one.antenna_id for one in setting.antenna_configurations] == [1, 3]
    for one in setting.antenna_configurations:
        # Index 11 is 20.00 dBm, the strongest that is not above 20.50; channel 0 = the reader hops over table 1.
        assert (one.rf_transmitter.transmit_power, one.rf_transmitter.hop_table_id) == (11, 1)
        assert one.rf_transmitter.channel_index == 0
        (gen2,) = one.air_protocol_inventory_command_settings
        assert gen2.c1_g2_singulation_control.session == 2
        assert gen2.custom == [impinj.ImpinjInventorySearchMode(inventory_search_mode=2)]
    assert (spec.ro_report_spec.n, spec.ro_report_spec.ro_report_trigger) == (
        1, enums.ROReportTriggerType.Upon_N_Tags_Or_End_Of_AISpec,
    )  # fmt: skip
    content = spec.ro_report_spec.tag_report_content_selector
    assert all((content.enable_antenna_id, content.enable_peak_rssi, content.enable_channel_index))


def test_the_tid_of_every_tag_is_asked_for_unless_the_plan_wants_none() -> None:
    told, _ = bring_up(LlrpDriver())
    without, _ = bring_up(LlrpDriver(), ReadPlan(region=Region.US, power_cdbm=2_000, antennas=(1,), tid_words=0))

    access = told[7].access_spec
    (read,) = access.access_command.access_command_op_specs
    assert (read.mb, read.word_pointer, read.word_count, read.access_password) == (2, 0, 6, 0)
    (target,) = access.access_command.air_protocol_tag_spec.c1_g2_target_tags
    assert (target.tag_data.bit_len, target.match, access.antenna_id, access.ro_spec_id) == (0, True, 0, 1)
    assert not any(isinstance(order, messages.ADD_ACCESSSPEC) for order in without)


@pytest.mark.parametrize("region", [Region.EU, Region.CN, Region.EU_UPPER])
def test_a_reader_of_another_region_is_told_nothing_more(region: Region) -> None:
    driver = LlrpDriver()

    told, events = bring_up(driver, ReadPlan(region=region, power_cdbm=2_000, antennas=(1,)))

    assert [type(order).__name__ for order in told] == ["GET_READER_CAPABILITIES"]
    assert of(ReaderError, events)[0].error_code == "region_mismatch"
    assert driver.phase is ReaderPhase.FAULT


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (ReadPlan(region=Region.US, power_cdbm=999, antennas=(1,)), "10 dBm at least"),
        (ReadPlan(region=Region.US, power_cdbm=2_000, antennas=(1, 5)), "antennas 1 to 4"),
    ],
)
def test_what_the_reader_cannot_do_is_a_fault_in_words(plan: ReadPlan, sentence: str) -> None:
    told, events = bring_up(LlrpDriver(), plan)

    assert len(told) == 1
    assert events[-1].phase is ReaderPhase.FAULT  # type: ignore[union-attr]
    assert sentence in events[-1].detail  # type: ignore[union-attr]


def test_a_refused_order_is_a_fault_with_the_readers_own_words() -> None:
    driver = LlrpDriver()

    told, events = bring_up(driver, refused=messages.ADD_ROSPEC)

    assert isinstance(told[-1], messages.ADD_ROSPEC)
    assert "not here" in of(ReaderState, events)[-1].detail
    assert driver.phase is ReaderPhase.FAULT


def test_a_reader_that_has_nothing_to_delete_is_no_fault() -> None:
    driver = LlrpDriver()

    bring_up(driver, refused=messages.DELETE_ROSPEC)

    assert driver.phase is ReaderPhase.READING


def test_the_same_answer_twice_moves_the_session_once() -> None:
    driver = LlrpDriver()
    (asked,) = sent_messages(driver.start(PLAN).sent)

    first = driver.feed(answer(asked), 0)
    again = driver.feed(answer(asked), 0)

    assert len(sent_messages(first.sent)) == 1
    assert again.sent == b""


def test_a_tag_heard_again_after_the_shortest_pass_ends_the_pass(reading: LlrpDriver) -> None:
    reading.feed(report(), 10)

    events = reading.feed(report(), 10 + PLAN.pass_min_ms).events

    assert isinstance(events[0], PassEnd)
    assert (events[0].antenna, events[0].n) == (1, 1)
    assert isinstance(events[1], TagRead)


def test_silent_antennas_have_passes_too(reading: LlrpDriver) -> None:
    assert [end.antenna for end in of(PassEnd, reading.tick(PLAN.pass_max_ms).events)] == [1, 3]


def test_keep_alives_are_acknowledged_with_their_number_in_every_phase(reading: LlrpDriver) -> None:
    for driver in (LlrpDriver(), reading):
        output = driver.feed(messages.KEEPALIVE().to_bytes(message_id=98), 1)

        assert output.sent == bytes.fromhex("0448 0000000A 00000062")
        assert isinstance(output.events[0], KeepAlive)


def test_stop_waits_for_its_answer_and_counts_what_comes_before_it(reading: LlrpDriver) -> None:
    (stop,) = sent_messages(reading.stop().sent)
    output = reading.feed(report() + answer(stop), 5)

    assert isinstance(stop, messages.STOP_ROSPEC)
    assert len(of(TagRead, output.events)) == 1
    assert output.events[-1] == ReaderState(ReaderPhase.IDLE)
    assert reading.stop() == Output()


def test_stop_while_starting_is_at_rest_at_once_unless_the_start_is_on_its_way() -> None:
    driver = LlrpDriver()
    driver.start(PLAN)
    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))

    output = driver.start(PLAN)
    while not isinstance(sent_messages(output.sent)[0], messages.START_ROSPEC):
        output = driver.feed(answer(sent_messages(output.sent)[0]), 0)
    (order,) = sent_messages(driver.stop().sent)
    assert isinstance(order, messages.STOP_ROSPEC)


def test_a_refused_stop_means_that_it_does_not_read_any_more(reading: LlrpDriver) -> None:
    (stop,) = sent_messages(reading.stop().sent)

    reading.feed(answer(stop, refused=messages.STOP_ROSPEC), 5)

    assert reading.phase is ReaderPhase.IDLE


def test_a_reader_that_ends_reading_by_itself_is_a_fault_and_not_silence(reading: LlrpDriver) -> None:
    begun = reading.feed(rospec_event(0), 1).events
    ended = reading.feed(rospec_event(1), 1).events

    assert of(ReaderState, begun) == []
    assert [state.phase for state in of(ReaderState, ended)] == [ReaderPhase.FAULT]


def test_an_unanswered_order_ends_in_lost() -> None:
    driver = LlrpDriver()
    driver.start(PLAN)
    driver.tick(0)

    assert driver.tick(ANSWER_MS - 1).events == ()
    (state,) = driver.tick(ANSWER_MS).events

    assert isinstance(state, ReaderState)
    assert state.phase is ReaderPhase.LOST
    assert "GET_READER_CAPABILITIES" in state.detail


def test_missing_keep_alives_end_in_lost_also_at_rest(reading: LlrpDriver) -> None:
    (stop,) = sent_messages(reading.stop().sent)
    reading.feed(answer(stop), 0)

    assert of(ReaderState, reading.tick(SILENCE_MS).events) == []
    assert of(ReaderState, reading.tick(SILENCE_MS + 1).events)[0].phase is ReaderPhase.LOST
    assert reading.tick(9 * SILENCE_MS).events == ()


def test_a_reader_held_by_another_program_says_so() -> None:
    driver = LlrpDriver()

    events = driver.feed(attempt(2), 0).events

    assert "Another program" in of(ReaderState, events)[0].detail
    assert driver.phase is ReaderPhase.FAULT
    assert of(ReaderError, LlrpDriver().feed(attempt(4), 0).events)[0].error_code == "connection_4"
    assert of(ReaderError, LlrpDriver().feed(attempt(0), 0).events) == []


def test_troubles_of_the_reader_are_told_and_reading_goes_on(reading: LlrpDriver) -> None:
    cable = params.AntennaEvent(event_type=enums.AntennaEventType.Antenna_Disconnected, antenna_id=3)
    trouble = params.ReaderExceptionEvent(message="fan is slow")

    events = [
        *reading.feed(notification(antenna_event=cable), 1).events,
        *reading.feed(notification(reader_exception_event=trouble), 1).events,
        *reading.feed(
            notification(report_buffer_overflow_error_event=params.ReportBufferOverflowErrorEvent()), 1
        ).events,
    ]

    assert [error.error_code for error in of(ReaderError, events)] == ["antenna", "exception", "overflow"]
    assert "antenna 3 is disconnected" in of(ReaderError, events)[0].meaning
    assert reading.phase is ReaderPhase.READING


def test_a_reader_that_says_goodbye_is_lost(reading: LlrpDriver) -> None:
    reading.feed(notification(connection_close_event=params.ConnectionCloseEvent()), 1)

    assert reading.phase is ReaderPhase.LOST


def test_a_reader_that_reports_at_rest_is_told_to_end_it_once_a_second() -> None:
    driver = LlrpDriver()

    output = driver.feed(report() + report(), 0)
    (order,) = sent_messages(output.sent)

    assert isinstance(order, messages.DELETE_ROSPEC)
    assert order.ro_spec_id == 0
    assert len(of(TagRead, output.events)) == 2
    assert driver.feed(report(), 500).sent == b""
    assert driver.feed(report(), 1_000).sent != b""


def test_a_broken_report_is_rejected_and_the_next_one_read(reading: LlrpDriver) -> None:
    events = reading.feed(encode_message(61, 1, bytes.fromhex("00F0000AFFFFFFFFFFFF")) + report(), 1).events

    assert isinstance(events[0], Rejected)
    assert isinstance(events[1], TagRead)


def test_a_message_cut_by_a_lost_link_does_not_swallow_the_next_link(reading: LlrpDriver) -> None:
    reading.feed(report()[:20], 0)

    output = reading.start(PLAN)

    assert isinstance(output.events[0], Rejected)
    (asked,) = sent_messages(output.sent)
    assert len(sent_messages(reading.feed(answer(asked), 1).sent)) == 1


def test_an_unfinished_message_is_given_up_after_a_long_gap(reading: LlrpDriver) -> None:
    reading.feed(report()[:20], 0)

    assert of(Rejected, reading.tick(GAP_MS - 1).events) == []
    assert len(of(Rejected, reading.tick(GAP_MS).events)) == 1
