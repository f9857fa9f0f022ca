"""The ThingMagic session against answers written out by hand."""

import pytest

from reader_drivers.driver import (
    Event,
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
from reader_drivers.reads import TagRead
from reader_drivers.thingmagic_ff.frames import Direction, Frame, FrameHunt, encode_reply
from reader_drivers.thingmagic_ff.machine import GAP_MS, SILENCE_MS, ThingmagicDriver
from reader_drivers.thingmagic_ff.records import Record, StreamReport, encode_stream_report

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2), search_ms=1_000)
KEEP_ALIVE = encode_reply(0x22, 0x0400, b"")
START_ANSWER = encode_reply(0x2F, 0, b"\x01")
STOP_ANSWER = encode_reply(0x2F, 0, b"\x02")
STOP = bytes.fromhex("FF 03 2F 0000 02 5E86")
SETTINGS = [
    ("93", "0005"),
    ("97", "08"),
    ("67", ""),
    ("92", "07D0"),
    ("91", "0201010202"),
    ("9A", "010C00"),
    ("9B", "050001"),
    ("9B", "05010000"),
    ("9B", "051200"),
    ("72", ""),
]


def report(epc: str, antenna: int = 1, rssi: int = -60, tid: str = "") -> bytes:
    record = Record(
        read_count=1,
        rssi_dbm=rssi,
        antenna=antenna,
        antenna_rx=antenna,
        embedded=bytes.fromhex(tid),
        pc=0x3000,
        epc=bytes.fromhex(epc),
        tag_crc=0,
    )
    return encode_reply(0x22, 0, encode_stream_report(StreamReport(0x10, 0x1F, 0x1FF, 1, record)))


def orders(sent: bytes) -> list[tuple[str, str]]:
    parts = FrameHunt(Direction.HOST_TO_READER).feed(sent)
    return [(f"{part.op:02X}", part.payload.hex().upper()) for part in parts if isinstance(part, Frame)]


def answer(order: tuple[str, str], *, program: int = 0x12, region: int = 0x08) -> bytes:
    payload = {"0C": bytes((program,)), "67": bytes((region,)), "2F": b"\x01"}.get(order[0], b"")
    return encode_reply(int(order[0], 16), 0, payload)


def bring_up(
    driver: ThingmagicDriver, *, program: int = 0x12, region: int = 0x08
) -> tuple[list[tuple[str, str]], list[Event]]:
    """All orders in the sequence in which the module gets them, and the events."""
    sent: list[tuple[str, str]] = []
    events: list[Event] = []
    output = driver.start(PLAN)
    while output.sent:
        (order,) = orders(output.sent)
        sent.append(order)
        events.extend(output.events)
        output = driver.feed(answer(order, program=program, region=region), 0)
    return sent, [*events, *output.events]


@pytest.fixture
def reading() -> ThingmagicDriver:
    driver = ThingmagicDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def of(kind: type, events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_bring_up_sends_every_setting_and_starts_last() -> None:
    sent, events = bring_up(ThingmagicDriver())

    assert sent[:2] == [("0C", ""), ("03", "")]
    assert sent[2:-1] == SETTINGS
    assert sent[-1] == ("2F", "00000122000005132210001F03E801FF010928000000020000000006")
    assert events[-1] == ReaderState(ReaderPhase.READING)


def test_module_in_its_boot_loader_is_booted_first() -> None:
    sent, _ = bring_up(ThingmagicDriver(), program=0x11)

    assert [op for op, _ in sent[:3]] == ["0C", "04", "03"]


def test_region_read_back_differently_keeps_the_module_silent() -> None:
    driver = ThingmagicDriver()

    sent, events = bring_up(driver, region=0x01)

    assert "2F" not in [op for op, _ in sent]
    assert "92" not in [op for op, _ in sent]
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == ["region_mismatch"]
    assert driver.phase is ReaderPhase.FAULT


def test_refused_setting_ends_in_a_fault_that_names_it() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)
    driver.feed(encode_reply(0x0C, 0, b"\x12"), 0)
    refusal = encode_reply(0x03, 0x0105, b"")

    events = driver.feed(refusal, 0).events

    assert events[0] == ReaderError("0105", "invalid parameter", is_retryable=False, raw=refusal)
    assert events[1] == ReaderState(ReaderPhase.FAULT, "The reader refused version: invalid parameter.")
    assert driver.phase is ReaderPhase.FAULT


def test_region_without_a_code_is_refused_before_anything_is_sent() -> None:
    plan = ReadPlan(region=Region.EU_UPPER, power_cdbm=2_000, antennas=(1,))

    with pytest.raises(PlanRefused, match="EU_UPPER"):
        ThingmagicDriver().start(plan)


@pytest.mark.parametrize(
    ("power", "antennas"), [(-1, (1,)), (3_301, (1,)), (2_000, ()), (2_000, (0,)), (2_000, (33,)), (2_000, (1, 1))]
)
def test_plan_outside_its_limits_is_refused(power: int, antennas: tuple[int, ...]) -> None:
    with pytest.raises(PlanRefused):
        ReadPlan(region=Region.EU, power_cdbm=power, antennas=antennas)


def test_silent_module_is_asked_three_times_then_lost() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)

    sent = [orders(driver.tick(now).sent) for now in range(0, 3_001, 500)]

    assert sent == [[], [], [("0C", "")], [], [("0C", "")], [], []]
    assert driver.phase is ReaderPhase.LOST


def test_answer_to_an_older_order_does_not_move_the_bring_up() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)

    assert driver.feed(encode_reply(0x97, 0, b""), 0).sent == b""
    assert orders(driver.feed(encode_reply(0x0C, 0, b"\x12"), 0).sent) == [("03", "")]


def test_tag_report_gives_a_read_with_its_tid(reading: ThingmagicDriver) -> None:
    (read,) = reading.feed(report("30" * 12, antenna=2, tid="E280" + "11" * 10), 5).events

    assert isinstance(read, TagRead)
    assert (read.id_hex, read.tid_hex, read.antenna, read.at_ms) == ("30" * 12, "E280" + "11" * 10, 2, 5)


def test_keep_alive_is_traffic_and_ends_every_pass(reading: ThingmagicDriver) -> None:
    events = reading.feed(KEEP_ALIVE, 200).events

    assert events == (PassEnd(1, 1, 0, 200), PassEnd(2, 1, 0, 200), KeepAlive(200, KEEP_ALIVE))


def test_tag_heard_again_after_the_shortest_pass_begins_the_next(reading: ThingmagicDriver) -> None:
    early = [reading.feed(report("AA"), now).events for now in (10, 109)]
    late = reading.feed(report("AA"), 110).events

    assert [of(PassEnd, events) for events in early] == [[], []]
    assert late[0] == PassEnd(1, 1, 0, 110)
    assert isinstance(late[1], TagRead)


def test_other_tags_and_other_antennas_do_not_end_a_pass(reading: ThingmagicDriver) -> None:
    heard = [report("AA"), report("BB"), report("AA", antenna=2), report("AA", tid="E2801100")]

    events = [of(PassEnd, reading.feed(frame, 200 * n).events) for n, frame in enumerate(heard)]

    assert events == [[], [], [], []]


def test_silent_antenna_has_passes_of_half_a_second(reading: ThingmagicDriver) -> None:
    events = [e for now in range(0, 1_001, 20) for e in reading.tick(now).events]

    assert events == [
        PassEnd(1, 1, 0, 500),
        PassEnd(2, 1, 0, 500),
        PassEnd(1, 2, 500, 1_000),
        PassEnd(2, 2, 500, 1_000),
    ]


def test_cut_ends_a_pass_with_reads_and_drops_one_that_heard_nothing(reading: ThingmagicDriver) -> None:
    reading.feed(report("AA"), 10)

    assert reading.end_passes((1, 2), 20).events == (PassEnd(1, 1, 0, 20),)
    assert of(PassEnd, reading.feed(report("AA"), 119).events) == []


def test_silence_over_three_searches_means_the_link_is_lost(reading: ThingmagicDriver) -> None:
    quiet = [e for now in range(0, SILENCE_MS + 1, 100) for e in reading.tick(now).events]

    assert of(ReaderState, tuple(quiet)) == []
    assert of(ReaderState, reading.tick(SILENCE_MS + 1).events)[0] == ReaderState(
        ReaderPhase.LOST, f"The reader has been silent for {SILENCE_MS + 1} ms."
    )


def test_stop_counts_everything_before_its_answer(reading: ThingmagicDriver) -> None:
    assert reading.stop().sent == STOP

    events = reading.feed(report("AA") + report("BB") + STOP_ANSWER, 30).events

    assert len(of(TagRead, events)) == 2
    assert events[-2:] == (PassEnd(1, 1, 0, 30), ReaderState(ReaderPhase.IDLE))


def test_stop_answer_that_repeats_the_time_out_is_understood(reading: ThingmagicDriver) -> None:
    reading.stop()

    assert reading.feed(encode_reply(0x2F, 0, b"\x00\x00\x02"), 30).events[-1] == ReaderState(ReaderPhase.IDLE)


def test_stop_before_the_start_order_sends_nothing() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)

    assert driver.stop().sent == b""
    assert driver.phase is ReaderPhase.IDLE


def test_stop_while_the_start_order_is_on_its_way_stops_the_module() -> None:
    driver = ThingmagicDriver()
    output = driver.start(PLAN)
    while (order := orders(output.sent)[0])[0] != "2F":
        output = driver.feed(answer(order), 0)

    assert driver.stop().sent == STOP
    driver.feed(START_ANSWER, 1)
    assert driver.phase is ReaderPhase.STOPPING
    assert driver.feed(STOP_ANSWER, 2).events[-1] == ReaderState(ReaderPhase.IDLE)


def test_module_still_streaming_from_an_earlier_life_is_heard_stopped_and_set_up_again() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)

    stray = driver.feed(report("AA"), 0)
    again = driver.feed(report("BB") + STOP_ANSWER, 10)

    assert len(of(TagRead, stray.events) + of(TagRead, again.events)) == 2
    assert of(PassEnd, again.events) == [PassEnd(1, 1, 0, 10)]
    assert stray.sent == STOP
    assert orders(again.sent) == [("0C", "")]


def test_module_that_refuses_the_first_order_is_stopped_and_asked_once_more() -> None:
    driver = ThingmagicDriver()
    driver.start(PLAN)
    refusal = encode_reply(0x0C, 0x0101, b"")

    assert driver.feed(refusal, 0).sent == STOP
    assert orders(driver.feed(STOP_ANSWER, 1).sent) == [("0C", "")]
    assert driver.feed(refusal, 2).sent == b""
    assert driver.phase is ReaderPhase.FAULT


def test_read_on_the_way_to_the_start_answer_ends_its_pass_before_reading_begins() -> None:
    driver = ThingmagicDriver()
    output = driver.start(PLAN)
    while (order := orders(output.sent)[0])[0] != "2F":
        output = driver.feed(answer(order), 0)

    events = driver.feed(report("AA") + START_ANSWER, 5).events

    assert [type(event) for event in events] == [ReaderState, TagRead, Reply]
    assert of(PassEnd, driver.feed(report("AA"), 105).events) == [PassEnd(1, 1, 5, 105)]


def test_idle_session_silences_a_streaming_module_once() -> None:
    driver = ThingmagicDriver()

    assert driver.feed(report("AA"), 0).sent == STOP
    assert driver.feed(report("AA"), 1).sent == b""
    assert driver.feed(STOP_ANSWER, 2).sent == b""
    assert driver.feed(report("AA"), 3).sent == STOP


def test_error_while_reading_is_reported_with_its_meaning(reading: ThingmagicDriver) -> None:
    raw = encode_reply(0x22, 0x0504, b"")

    assert reading.feed(raw, 1).events == (ReaderError("0504", "over temperature", is_retryable=True, raw=raw),)


def test_frame_that_stops_in_the_middle_is_given_up_and_the_next_one_read(reading: ThingmagicDriver) -> None:
    frame = report("AA")
    reading.feed(frame[:20], 1_000)

    assert reading.tick(1_000 + GAP_MS - 1).events == (PassEnd(1, 1, 0, 1_049), PassEnd(2, 1, 0, 1_049))
    gap = reading.tick(1_000 + GAP_MS).events
    assert "".join(event.raw.hex() for event in gap if isinstance(event, Rejected)) == frame[:20].hex()
    assert len(of(TagRead, reading.feed(frame, 1_100).events)) == 1


def test_broken_record_in_a_whole_frame_is_rejected(reading: ThingmagicDriver) -> None:
    (event,) = reading.feed(encode_reply(0x22, 0, bytes.fromhex("10 001F 01FF 01 01")), 1).events

    assert isinstance(event, Rejected)
    assert event.reason.startswith("length:")


def test_numbers_of_passes_go_on_after_a_restart(reading: ThingmagicDriver) -> None:
    reading.feed(KEEP_ALIVE, 10)
    reading.stop()
    reading.feed(STOP_ANSWER, 20)
    bring_up(reading)

    assert of(PassEnd, reading.feed(KEEP_ALIVE, 30).events) == [PassEnd(1, 2, 0, 30), PassEnd(2, 2, 0, 30)]
