"""SSI scanners: packets, what is acknowledged, what counts as a scan, and the bring-up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.barcode_ssi.describe import Describer
from reader_drivers.barcode_ssi.frames import (
    CMD_ACK,
    CMD_NAK,
    DECODE_DATA,
    PAYLOAD_BYTES_MAX,
    Direction,
    Packet,
    PacketHunt,
    encode_packet,
)
from reader_drivers.barcode_ssi.machine import (
    ACK,
    ANSWER_MS,
    GAP_MS,
    NAK,
    RESEND_MS,
    REST_MS,
    SENDS_MAX,
    WAKE,
    WAKE_MS,
    BarcodeSsiDriver,
)
from reader_drivers.driver import Event, KeepAlive, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region, Reply
from reader_drivers.errors import Rejected
from reader_drivers.reads import SCAN_CHARACTERS_MAX, BarcodeScan

PLAN = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
SETTINGS = bytes.fromhex("09 C6 04 00 FF 9F01 EE01 FC9F")
ENABLE = bytes.fromhex("04 E9 04 00 FF0F")
SCANNER_ACK = bytes.fromhex("04 D0 00 00 FF2C")
# Vector ssi-021: EAN-13.
SCAN = bytes.fromhex("12 F3 00 00 0B 39353036303030313334333532 FC5A")


def scan(text: bytes, *, code_type: int = 0x0B, status: int = 0) -> bytes:
    return encode_packet(DECODE_DATA, bytes((code_type,)) + text, direction=Direction.READER_TO_HOST, status=status)


def nak(cause: int) -> bytes:
    return encode_packet(CMD_NAK, bytes((cause,)), direction=Direction.READER_TO_HOST)


def texts(events: tuple[Event, ...]) -> list[str]:
    return [event.text for event in events if isinstance(event, BarcodeScan)]


@pytest.fixture
def asking() -> BarcodeSsiDriver:
    """A driver that has just sent its first order."""
    driver = BarcodeSsiDriver()
    driver.start(PLAN)
    driver.tick(0)
    assert driver.tick(WAKE_MS).sent == SETTINGS
    return driver


@pytest.fixture
def reading(asking: BarcodeSsiDriver) -> BarcodeSsiDriver:
    asking.feed(SCANNER_ACK, 100)
    asking.feed(SCANNER_ACK, 200)
    assert asking.phase is ReaderPhase.READING
    return asking


@pytest.mark.parametrize("direction", list(Direction))
@given(opcode=st.integers(0, 255), status=st.integers(0, 255), payload=st.binary(max_size=PAYLOAD_BYTES_MAX))
def test_packet_survives_encoding_and_decoding(direction: Direction, opcode: int, status: int, payload: bytes) -> None:
    raw = encode_packet(opcode, payload, direction=direction, status=status)

    assert PacketHunt(direction).feed(raw) == [Packet(opcode, direction.source, status, payload, raw)]


@given(st.binary(max_size=60))
def test_garbage_between_two_packets_loses_neither(garbage: bytes) -> None:
    hunt = PacketHunt(Direction.READER_TO_HOST)

    found = hunt.feed(SCANNER_ACK + garbage + SCAN) + hunt.flush()

    packets = [part.raw for part in found if isinstance(part, Packet)]
    assert packets[0] == SCANNER_ACK
    assert packets[-1] == SCAN


def test_packet_of_the_host_is_none_of_the_scanner() -> None:
    hunt = PacketHunt(Direction.READER_TO_HOST)

    found = hunt.feed(encode_packet(CMD_ACK)) + hunt.flush()

    assert [type(part) for part in found] == [Rejected, Rejected]
    assert b"".join(part.raw for part in found) == encode_packet(CMD_ACK)


def test_packet_cut_short_is_one_rejection() -> None:
    hunt = PacketHunt(Direction.READER_TO_HOST)

    found = hunt.feed(SCAN[:9]) + hunt.flush()

    assert found == [Rejected(SCAN[:9], "length: the frame stops after 9 bytes")]


def test_bring_up_wakes_sets_up_and_enables_one_after_the_other() -> None:
    driver = BarcodeSsiDriver()

    assert driver.start(PLAN).sent == WAKE
    assert [driver.tick(now).sent for now in (0, WAKE_MS - 1, WAKE_MS)] == [b"", b"", SETTINGS]
    assert driver.feed(SCANNER_ACK, 100).sent == ENABLE
    assert driver.feed(SCANNER_ACK, 200).events[-1] == ReaderState(ReaderPhase.READING)


def test_acknowledgement_of_an_earlier_life_does_not_move_the_bring_up() -> None:
    driver = BarcodeSsiDriver()
    driver.start(PLAN)

    assert driver.feed(SCANNER_ACK, 0).sent == b""
    driver.tick(0)
    assert driver.tick(WAKE_MS).sent == SETTINGS


def test_silent_scanner_is_asked_three_times_then_lost(asking: BarcodeSsiDriver) -> None:
    late = [asking.tick(WAKE_MS + n * ANSWER_MS) for n in range(SENDS_MAX + 2)]

    assert [output.sent for output in late] == [b"", SETTINGS, SETTINGS, b"", b""]
    assert isinstance(late[3].events[0], ReaderState)
    assert "barcode_line" in late[3].events[0].detail
    assert asking.phase is ReaderPhase.LOST


def test_scanner_that_obeys_without_a_word_reads_once_it_sent_a_scan(asking: BarcodeSsiDriver) -> None:
    assert asking.feed(SCAN, 100).sent == ACK

    for n in range(SENDS_MAX + 2):
        asking.tick(WAKE_MS + n * ANSWER_MS)
    assert asking.phase is ReaderPhase.READING


def test_order_is_sent_again_when_the_scanner_asks_for_it(asking: BarcodeSsiDriver) -> None:
    output = asking.feed(nak(1), 100)

    assert output.sent == SETTINGS
    assert output.events == (ReaderError("01", "send it again", is_retryable=True, raw=nak(1)),)


def test_refused_order_is_a_fault_that_names_it(asking: BarcodeSsiDriver) -> None:
    events = asking.feed(nak(6), 100).events

    assert events[0] == ReaderError("06", "denied", is_retryable=False, raw=nak(6))
    assert events[1] == ReaderState(ReaderPhase.FAULT, "The scanner refused PARAM_SEND: denied.")


def test_scan_is_reported_and_acknowledged_in_every_phase(asking: BarcodeSsiDriver) -> None:
    idle = BarcodeSsiDriver().feed(SCAN, 5)
    while_asking = asking.feed(SCAN, 100)

    assert idle.events == (BarcodeScan(text="9506000134352", aim="E0", at_ms=5, raw=SCAN),)
    assert texts(while_asking.events) == ["9506000134352"]
    assert idle.sent == while_asking.sent == ACK


def test_stop_leaves_the_scanner_on(reading: BarcodeSsiDriver) -> None:
    output = reading.stop()

    assert output.events == (ReaderState(ReaderPhase.IDLE),)
    assert output.sent == b""


@pytest.mark.parametrize(
    ("code_type", "sent", "text", "aim"),
    [
        (0x0F, b"010950600013435221A\x1d10L", "010950600013435221A\x1d10L", "C1"),
        (0x0A, b"96385074\r\n", "96385074", "E4"),
        (0x1C, b"]Q3010950600013435221A", "010950600013435221A", "Q3"),
        (0x1B, b"BAG-000001.ABCDE\r", "BAG-000001.ABCDE", None),
        (0x03, b"caf\xe9", "café", None),
    ],
)
def test_content_of_a_scan(code_type: int, sent: bytes, text: str, aim: str | None) -> None:
    raw = scan(sent, code_type=code_type)

    assert BarcodeSsiDriver().feed(raw, 1).events == (BarcodeScan(text=text, aim=aim, at_ms=1, raw=raw),)


def test_scan_sent_again_for_want_of_an_acknowledgement_counts_once(reading: BarcodeSsiDriver) -> None:
    first = reading.feed(scan(b"JWL-1"), 1_000)
    again = reading.feed(scan(b"JWL-1", status=1), 1_000 + RESEND_MS)

    assert texts(first.events) == ["JWL-1"]
    assert texts(again.events) == []
    assert again.sent == ACK


def test_scan_sent_again_after_the_longest_time_a_scanner_can_be_set_to_counts_once(reading: BarcodeSsiDriver) -> None:
    # Host serial response time-out, parameter 9B: 9.9 s at most (Zebra DS457 integration guide, page 8-14).
    reading.feed(scan(b"JWL-1"), 1_000)

    assert texts(reading.feed(scan(b"JWL-1", status=1), 1_000 + 9_900).events) == []


def test_label_scanned_twice_by_hand_counts_twice(reading: BarcodeSsiDriver) -> None:
    events = [texts(reading.feed(scan(b"JWL-1"), now).events) for now in (1_000, 1_100)]

    assert events == [["JWL-1"], ["JWL-1"]]


def test_second_scan_of_a_label_that_was_damaged_on_its_way_is_not_taken_for_the_first(
    reading: BarcodeSsiDriver,
) -> None:
    damaged = bytearray(scan(b"JWL-1"))
    damaged[6] ^= 1
    reading.feed(scan(b"JWL-1"), 1_000)
    reading.feed(bytes(damaged), 1_500)

    asked = reading.tick(1_500 + GAP_MS)
    again = reading.feed(scan(b"JWL-1", status=1), 1_600)

    assert asked.sent == NAK
    assert texts(again.events) == ["JWL-1"]


def test_resent_scan_long_after_the_last_one_is_a_new_one(reading: BarcodeSsiDriver) -> None:
    reading.feed(scan(b"JWL-1"), 1_000)

    assert texts(reading.feed(scan(b"JWL-1", status=1), 1_001 + RESEND_MS).events) == ["JWL-1"]


def test_noise_is_not_asked_for_again(reading: BarcodeSsiDriver) -> None:
    reading.feed(b"\x05\xd0\x00\x00\x01\xff\xff", 1_000)

    output = reading.tick(1_000 + GAP_MS)

    assert len(output.events) == 1
    assert output.sent == b""


def test_scan_in_several_packets_is_one_scan(reading: BarcodeSsiDriver) -> None:
    first, second = scan(b"https://id.gs1.org/01/", status=2), scan(b"09506000134352")

    head = reading.feed(first, 1_000)
    tail = reading.feed(scan(b"https://id.gs1.org/01/", status=3) + second, 1_200)

    assert head.events == (Reply("part of a scan", first),)
    assert head.sent == ACK
    assert texts(tail.events) == ["https://id.gs1.org/01/09506000134352"]
    assert tail.sent == ACK * 2


def test_scan_whose_rest_never_comes_is_rejected(reading: BarcodeSsiDriver) -> None:
    reading.feed(scan(b"JWL-", status=2), 1_000)

    assert reading.tick(1_000 + REST_MS - 1).events == ()
    (event,) = reading.tick(1_000 + REST_MS).events
    assert isinstance(event, Rejected)
    assert event.reason.startswith("length:")
    assert texts(reading.feed(scan(b"JWL-2"), 20_000).events) == ["JWL-2"]


def test_part_of_a_scan_is_not_glued_to_a_scan_of_another_kind(reading: BarcodeSsiDriver) -> None:
    reading.feed(scan(b"JWL-", code_type=0x1C, status=2), 1_000)

    events = reading.feed(scan(b"JWL-2", code_type=0x0B), 1_100).events

    assert isinstance(events[0], Rejected)
    assert texts(events) == ["JWL-2"]


def test_endless_scan_is_rejected_once_and_its_end_is_no_scan(reading: BarcodeSsiDriver) -> None:
    parts = SCAN_CHARACTERS_MAX // 200 + 10

    events = [e for n in range(parts) for e in reading.feed(scan(b"A" * 200, status=2), 1_000 + n).events]
    end = reading.feed(scan(b"A") + scan(b"JWL-1"), 2_000)

    assert [type(event) for event in events if not isinstance(event, Reply)] == [Rejected]
    assert texts(end.events) == ["JWL-1"]


def test_trigger_released_without_a_barcode_is_traffic(reading: BarcodeSsiDriver) -> None:
    raw = scan(b"NR", code_type=0)

    output = reading.feed(raw, 7)

    assert output.events == (KeepAlive(7, raw),)
    assert output.sent == ACK
    assert Describer("reader_to_host").feed(raw)[0][1][0] == "keep_alive"


def test_scan_without_a_barcode_is_rejected(reading: BarcodeSsiDriver) -> None:
    raw = scan(b"\r\n")

    (event,) = reading.feed(raw, 7).events

    assert event == Rejected(raw, "format: the scan has a code type without a barcode")
    assert Describer("reader_to_host").feed(raw)[0][1][0] == "rejected"


def test_other_messages_are_acknowledged_and_shown(reading: BarcodeSsiDriver) -> None:
    event = encode_packet(0xF6, b"\x00", direction=Direction.READER_TO_HOST)

    output = reading.feed(event + SCANNER_ACK, 7)

    assert output.events == (Reply("EVENT", event), Reply("CMD_ACK", SCANNER_ACK))
    assert output.sent == ACK
