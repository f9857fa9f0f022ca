"""The Chainway session against answers written out by hand."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.chainway_a55a.frames import Frame, FrameHunt, encode_frame
from reader_drivers.chainway_a55a.machine import KEEP_ALIVE_MS, PATIENCE, QUIET_MS, SILENCE_ORDER_MS, ChainwayDriver
from reader_drivers.chainway_a55a.tags import decode_report
from reader_drivers.driver import Event, Output, PassEnd, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.errors import FrameError, PlanRefused, Rejected
from reader_drivers.reads import TagRead

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 3), session=2)
EPC = "E200001B260C02562050E0F8"
TID = "E28011602000000000000001"
STOP = encode_frame(0x8C)
STOPPED = encode_frame(0x8D, b"\x01")


def report(epc: str = EPC, *, tid: str = "", rssi: str = "FD59", antenna: int = 1) -> bytes:
    code = bytes.fromhex(epc)
    pc = (len(code) // 2 << 11).to_bytes(2, "big")
    return encode_frame(0x83, pc + code + bytes.fromhex(tid) + bytes.fromhex(rssi) + bytes((antenna,)))


def orders(sent: bytes) -> list[tuple[str, str]]:
    return [
        (f"{part.command:02X}", part.payload.hex().upper())
        for part in FrameHunt().feed(sent)
        if isinstance(part, Frame)
    ]


def answer(order: tuple[str, str], told: dict[str, str]) -> bytes:
    payloads = {"02": "070102", "2E": "0104", "12": "00 01 07D0 07D0 03 07D0 07D0", "22": "0340F511"} | told
    return encode_frame(int(order[0], 16) + 1, bytes.fromhex(payloads.get(order[0], "01")))


def bring_up(
    driver: ChainwayDriver, plan: ReadPlan = PLAN, told: dict[str, str] | None = None
) -> tuple[list[tuple[str, str]], list[Event]]:
    sent: list[tuple[str, str]] = []
    events: list[Event] = []
    output = driver.start(plan)
    while output.sent:
        (order,) = orders(output.sent)
        sent.append(order)
        events.extend(output.events)
        if order[0] == "82":
            return sent, events
        output = driver.feed(answer(order, told or {}), 0)
    return sent, [*events, *output.events]


@pytest.fixture
def reading() -> ChainwayDriver:
    driver = ChainwayDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def of(kind: type, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_bring_up_stops_sets_reads_back_and_starts_last() -> None:
    sent, events = bring_up(ChainwayDriver())

    assert sent == [
        ("8C", ""),
        ("02", ""),
        ("2C", "0004"),
        ("2E", ""),
        ("10", "0201" + "07D007D0" + "03" + "07D007D0"),
        ("12", ""),
        ("28", "000005"),
        ("70", "00010000"),
        ("22", ""),
        # The reader's own settings with session 2 and target A.
        ("20", "0340F521"),
        ("82", "0000"),
    ]
    assert events[-1] == ReaderState(ReaderPhase.READING)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"2E": "0108"}, "region_mismatch"),
        ({"2E": ""}, "region_mismatch"),
        ({"12": "00 01 0BB8 0BB8 03 07D0 07D0"}, "power_mismatch"),
        ({"12": ""}, "power_mismatch"),
        ({"22": "01"}, "gen2"),
        ({"28": "00"}, "00"),
        ({"20": ""}, "none"),
    ],
)
def test_what_was_not_taken_keeps_the_reader_silent(told: dict[str, str], code: str) -> None:
    driver = ChainwayDriver()

    sent, events = bring_up(driver, told=told)

    assert "82" not in [order for order, _ in sent]
    (error,) = of(ReaderError, events)
    assert isinstance(error, ReaderError)
    assert error.error_code == code
    assert driver.phase is ReaderPhase.FAULT


@pytest.mark.parametrize(
    "plan",
    [
        ReadPlan(region=Region.IN, power_cdbm=2_000, antennas=(1,)),
        ReadPlan(region=Region.EU_UPPER, power_cdbm=2_000, antennas=(1,)),
        ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(17,)),
        ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,), tid_words=7),
    ],
)
def test_a_plan_beyond_the_reader_is_refused(plan: ReadPlan) -> None:
    with pytest.raises(PlanRefused):
        ChainwayDriver().start(plan)


@pytest.mark.parametrize(("rssi", "dbm"), [("FD59", -67.9), ("00C0", -64), ("FE0C", -50), ("0000", 0)])
def test_strength_is_in_tenths_or_in_whole_dbm_of_older_firmware(
    reading: ChainwayDriver, rssi: str, dbm: float
) -> None:
    (read,) = of(TagRead, reading.feed(report(rssi=rssi, tid=TID, antenna=3), 7).events)

    assert isinstance(read, TagRead)
    assert (read.id_hex, read.tid_hex, read.rssi_dbm, read.antenna, read.at_ms) == (EPC, TID, dbm, 3, 7)


def test_a_tid_of_zeros_is_none_and_the_only_antenna_is_the_plans() -> None:
    driver = ChainwayDriver()
    bring_up(
        driver,
        ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(2,)),
        {"12": "00 01 0BB8 0BB8 02 07D0 07D0"},
    )

    (read,) = of(TagRead, driver.feed(report(tid="00" * 12, antenna=0), 1).events)

    assert isinstance(read, TagRead)
    assert (read.tid_hex, read.antenna) == (None, 2)


@pytest.mark.parametrize("payload", ["", "3000", "3000AABB00C001", "3000" + "AA" * 12 + "BBBB" + "00C001"])
def test_a_report_that_does_not_fit_its_control_word_is_refused(reading: ChainwayDriver, payload: str) -> None:
    with pytest.raises(FrameError, match=r"^length: "):
        decode_report(bytes.fromhex(payload))

    first, second = reading.feed(encode_frame(0x83, bytes.fromhex(payload)) + report(), 1).events
    assert isinstance(first, Rejected)
    assert isinstance(second, TagRead)


def test_stop_waits_for_its_answer_and_counts_what_comes_before_it(reading: ChainwayDriver) -> None:
    assert reading.stop() == Output((ReaderState(ReaderPhase.STOPPING),), STOP)

    events = reading.feed(report() + STOPPED, 5).events

    assert len(of(TagRead, events)) == 1
    assert events[-1] == ReaderState(ReaderPhase.IDLE)


def test_a_stop_is_asked_again_and_then_the_reader_is_lost(reading: ChainwayDriver) -> None:
    reading.stop()
    outputs = [reading.tick(n * PATIENCE.answer_ms) for n in range(4)]

    assert [output.sent for output in outputs] == [b"", STOP, STOP, b""]
    assert of(ReaderState, outputs[-1].events)
    assert reading.phase is ReaderPhase.LOST


def test_stop_while_starting_is_at_rest_at_once() -> None:
    driver = ChainwayDriver()
    driver.start(PLAN)

    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))


def test_a_quiet_reader_hears_a_byte_now_and_then_and_is_asked_whether_it_is_there(reading: ChainwayDriver) -> None:
    assert reading.tick(KEEP_ALIVE_MS - 1).sent == b""
    assert reading.tick(KEEP_ALIVE_MS).sent == b"\0"
    assert reading.tick(KEEP_ALIVE_MS + 1).sent == b""

    assert reading.tick(QUIET_MS).sent == STOP
    output = reading.feed(STOPPED, QUIET_MS + 5)

    assert orders(output.sent) == [("82", "0000")]
    assert reading.phase is ReaderPhase.READING


def test_a_reader_that_streams_at_rest_is_told_to_stop_once_a_second() -> None:
    driver = ChainwayDriver()

    assert driver.feed(report() + report(), 0).sent == STOP
    assert driver.feed(report(), SILENCE_ORDER_MS - 1).sent == b""
    assert driver.feed(report(), SILENCE_ORDER_MS).sent == STOP


def test_a_tag_heard_again_ends_the_pass_and_silent_antennas_have_passes_too(reading: ChainwayDriver) -> None:
    reading.feed(report(), 10)

    again = reading.feed(report(), 10 + PLAN.pass_min_ms).events
    later = reading.tick(10 + PLAN.pass_min_ms + PLAN.pass_max_ms).events

    assert isinstance(again[0], PassEnd)
    assert {end.antenna for end in of(PassEnd, later) if isinstance(end, PassEnd)} == {1, 3}


@given(command=st.integers(0, 255), payload=st.binary(max_size=64), flip=st.integers(0, 511))
def test_frames_come_back_and_no_turned_bit_passes(command: int, payload: bytes, flip: int) -> None:
    raw = encode_frame(command, payload)
    broken = bytearray(raw)
    broken[flip // 8 % len(raw)] ^= 1 << flip % 8

    assert FrameHunt().feed(raw) == [Frame(command, payload, raw)]
    hunt = FrameHunt()
    assert not any(isinstance(part, Frame) for part in [*hunt.feed(bytes(broken)), *hunt.flush()])
