"""The NUR session against answers written out by hand; its orders are those that nurapy, a foreign library, would send."""

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nurapy.protocol import CommandCode, Packet
from nurapy.protocol.command.inv_read_config import IrBank, build_inv_read_config_payload
from nurapy.protocol.command.module_setup import (
    ModuleSetup,
    ModuleSetupFlags,
    ModuleSetupInvTarget,
    ModuleSetupRegion,
    populate_module_setup_args,
)

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
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.nordicid_nur.frames import Frame, FrameHunt, encode_frame
from reader_drivers.nordicid_nur.machine import ACKNOWLEDGEMENT, PATIENCE, QUIET_MS, SILENCE_ORDER_MS, NurDriver
from reader_drivers.nordicid_nur.orders import Powers
from reader_drivers.reads import TagRead

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_050, antennas=(1, 3), session=2)
EPC = bytes.fromhex("3074257BF7194E4000001A85")
TID = bytes.fromhex("E28011052000798D23470A5C")
STOP = encode_frame(0x0E)
START = encode_frame(0x39, b"\0")
CAPABILITIES = struct.pack("<BIIIiiHH", 0, 128, 0, 0, 27, 1, 500, 20) + bytes(20)


def notification(*tags: tuple[bytes, int], status: int = 0, stopped: int = 0, tid: bytes = TID) -> bytes:
    records = b""
    for epc, antenna in tags:
        record = (
            struct.pack("<bBHIB", -50, 37, 206, 866_900, len(tid)) + struct.pack("<HBB", 0x3000, 6, antenna) + epc + tid
        )
        records += bytes((len(record),)) + record
    return encode_frame(0x82, struct.pack("<BBBHB", status, stopped, 5, 0, 3) + records, flags=3)


def orders(sent: bytes) -> list[tuple[int, bytes]]:
    return [(part.command, part.body) for part in FrameHunt().feed(sent) if isinstance(part, Frame)]


def answer(order: tuple[int, bytes], told: dict[int, bytes]) -> bytes:
    command, body = order
    bodies = {0x04: b"\0A", 0x0B: CAPABILITIES, 0x22: b"\0" + body}
    return encode_frame(command, told.get(command, bodies.get(command, b"\0")))


def bring_up(
    driver: NurDriver, plan: ReadPlan = PLAN, told: dict[int, bytes] | None = None
) -> tuple[list[tuple[int, bytes]], list[Event]]:
    sent: list[tuple[int, bytes]] = []
    events: list[Event] = []
    output = driver.start(plan)
    while output.sent:
        (order,) = orders(output.sent)
        sent.append(order)
        events.extend(output.events)
        output = driver.feed(answer(order, told or {}), 0)
    return sent, [*events, *output.events]


@pytest.fixture
def reading() -> NurDriver:
    driver = NurDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def of(kind: type, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_bring_up_sends_what_a_foreign_library_would_send() -> None:
    setup = ModuleSetup(
        tx_level=7,
        region_id=ModuleSetupRegion.EU,
        inventory_session=2,
        antenna_mask=5,
        inventory_target=ModuleSetupInvTarget.AB,
    )
    fields = [
        ModuleSetupFlags.TXLEVEL,
        ModuleSetupFlags.REGION,
        ModuleSetupFlags.INVSESSION,
        ModuleSetupFlags.ANTMASK,
        ModuleSetupFlags.INVTARGET,
    ]
    chosen = sum(field.value for field in fields)
    read = build_inv_read_config_payload(active=True, bank=IrBank.TID, w_address=0, w_length=6)
    wanted = [
        Packet(CommandCode.STOP_ALL_CONT, []),
        Packet(CommandCode.GET_MODE, []),
        Packet(CommandCode.GET_DEVICE_CAPABILITIES, []),
        Packet(CommandCode.GET_MODULE_SETUP, populate_module_setup_args(chosen, setup)),
        Packet(CommandCode.INVENTORY_READ, list(read)),
        Packet(CommandCode.INVENTORY_STREAM, [0x00]),
    ]

    sent, events = bring_up(NurDriver())

    # 20.50 dBm: the strongest step that is not above it is 20, seven below 27.
    assert [encode_frame(command, body) for command, body in sent] == [bytes(packet.bytes()) for packet in wanted]
    assert events[-1] == ReaderState(ReaderPhase.READING)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({0x04: b"\0B"}, "boot_loader"),
        ({0x22: b"\0" + struct.pack("<IBBBBB", 0x2154, 7, 1, 2, 5, 2)}, "settings_mismatch"),
        ({0x22: b"\0" + struct.pack("<IBBBBB", 0x2154, 0, 0, 2, 5, 2)}, "settings_mismatch"),
        ({0x22: b"\x03"}, "03"),
        ({0x41: b"\x01"}, "01"),
        ({0x39: b"\x05"}, "05"),
    ],
)
def test_what_was_not_taken_keeps_the_reader_silent(told: dict[int, bytes], code: str) -> None:
    driver = NurDriver()

    sent, events = bring_up(driver, told=told)

    (error,) = of(ReaderError, events)
    assert isinstance(error, ReaderError)
    assert error.error_code == code
    assert driver.phase is ReaderPhase.FAULT
    assert (0x39 in [command for command, _ in sent]) is (0x39 in told)


@pytest.mark.parametrize(
    ("power", "capabilities", "words"),
    [(700, CAPABILITIES, "8 dBm at least"), (2_000, b"\0\1", "does not tell its powers")],
)
def test_a_power_that_cannot_be_is_a_fault_in_words(power: int, capabilities: bytes, words: str) -> None:
    driver = NurDriver()

    _, events = bring_up(driver, ReadPlan(region=Region.EU, power_cdbm=power, antennas=(1,)), {0x0B: capabilities})

    state = of(ReaderState, events)[-1]
    assert isinstance(state, ReaderState)
    assert (state.phase, words in state.detail) == (ReaderPhase.FAULT, True)


def test_powers_go_down_by_the_readers_own_steps() -> None:
    powers = Powers(strongest_dbm=30, step_db=2, steps=5)

    assert [powers.step_of(power) for power in (3_300, 3_000, 2_999, 2_200, 2_199)] == [0, 0, 1, 4, None]


@pytest.mark.parametrize(("region", "antennas"), [(Region.JP, (1,)), (Region.EU_UPPER, (1,)), (Region.EU, (9,))])
def test_a_plan_beyond_the_reader_is_refused(region: Region, antennas: tuple[int, ...]) -> None:
    with pytest.raises(PlanRefused):
        NurDriver().start(ReadPlan(region=region, power_cdbm=2_000, antennas=antennas))


def test_a_notification_is_acknowledged_and_tells_tags_with_their_tid(reading: NurDriver) -> None:
    output = reading.feed(notification((EPC, 0), (EPC[:4], 2)), 7)

    assert output.sent == ACKNOWLEDGEMENT
    assert [
        (read.id_hex, read.tid_hex, read.antenna, read.rssi_dbm, read.freq_khz, read.reader_ms, read.at_ms)
        for read in output.events
        if isinstance(read, TagRead)
    ] == [
        (EPC.hex().upper(), TID.hex().upper(), 1, -50, 866_900, 206, 7),
        (EPC[:4].hex().upper(), TID.hex().upper(), 3, -50, 866_900, 206, 7),
    ]


def test_a_tag_that_does_not_answer_the_read_has_no_tid(reading: NurDriver) -> None:
    (read,) = of(TagRead, reading.feed(notification((EPC, 0), tid=b""), 1).events)

    assert isinstance(read, TagRead)
    assert (read.id_hex, read.tid_hex) == (EPC.hex().upper(), None)


def test_a_notification_without_a_tag_ends_the_passes_of_all_antennas(reading: NurDriver) -> None:
    output = reading.feed(notification(status=0x20), 50)

    assert [end.antenna for end in output.events if isinstance(end, PassEnd)] == [1, 3]
    assert isinstance(output.events[-1], KeepAlive)
    assert output.sent == ACKNOWLEDGEMENT


def test_a_stream_that_has_ended_by_itself_is_started_again(reading: NurDriver) -> None:
    output = reading.feed(notification((EPC, 0), stopped=1), 1)

    assert output.sent == ACKNOWLEDGEMENT + START
    assert of(ReaderState, reading.feed(encode_frame(0x39, b"\0"), 2).events) == []


def test_a_silent_stream_is_started_again_and_then_the_reader_is_lost(reading: NurDriver) -> None:
    assert reading.tick(QUIET_MS - 1).sent == b""
    assert reading.tick(QUIET_MS).sent == START

    outputs = [reading.tick(QUIET_MS + 1 + n * PATIENCE.answer_ms) for n in range(4)]

    assert [output.sent for output in outputs] == [b"", START, START, b""]
    assert reading.phase is ReaderPhase.LOST


def test_stop_waits_for_its_answer_and_counts_what_comes_before_it(reading: NurDriver) -> None:
    assert reading.stop() == Output((ReaderState(ReaderPhase.STOPPING),), STOP)

    output = reading.feed(notification((EPC, 0), stopped=1) + encode_frame(0x0E, b"\0"), 5)

    assert len(of(TagRead, output.events)) == 1
    assert output.events[-1] == ReaderState(ReaderPhase.IDLE)
    assert START not in output.sent


def test_stop_while_starting_is_at_rest_at_once_unless_the_start_is_on_its_way() -> None:
    driver = NurDriver()
    driver.start(PLAN)
    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))

    output = driver.start(PLAN)
    while output.sent != START:
        output = driver.feed(answer(orders(output.sent)[0], {}), 0)
    assert driver.stop().sent == STOP


def test_a_reader_that_streams_at_rest_is_told_to_stop_once_a_second() -> None:
    driver = NurDriver()

    assert driver.feed(notification((EPC, 0)) * 2, 0).sent == STOP
    assert driver.feed(notification((EPC, 0)), SILENCE_ORDER_MS - 1).sent == b""
    assert driver.feed(notification((EPC, 0)), SILENCE_ORDER_MS).sent == STOP


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0",
        bytes.fromhex("00000500000320"),
        bytes.fromhex("000005000003 05 0102030405"),
        bytes.fromhex("000005000003 0D CE5A0700543A0D00FF00300600"),
    ],
)
def test_a_broken_notification_is_rejected_and_the_next_one_read(reading: NurDriver, body: bytes) -> None:
    first, second = reading.feed(encode_frame(0x82, body, flags=3) + notification((EPC, 0)), 1).events

    assert isinstance(first, Rejected)
    assert first.reason.startswith("length: ")
    assert isinstance(second, TagRead)


@given(command=st.integers(0, 255), body=st.binary(max_size=64), flip=st.integers(0, 4_095))
def test_frames_come_back_and_no_turned_bit_passes(command: int, body: bytes, flip: int) -> None:
    raw = encode_frame(command, body, flags=1)
    broken = bytearray(raw)
    broken[flip // 8 % len(raw)] ^= 1 << flip % 8

    assert FrameHunt().feed(raw) == [Frame(1, command, body, raw)]
    hunt = FrameHunt()
    assert not any(isinstance(part, Frame) for part in [*hunt.feed(bytes(broken)), *hunt.flush()])
