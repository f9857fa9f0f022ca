"""The simulated SSI scanner answers published packets with published packets, and holds each scan until it is acknowledged.

Source of the packets: tests/vectors/barcode_ssi.jsonl.
"""

import pytest

from simulators.readers.barcode_ssi import ANSWER_S, SsiScanner
from simulators.readers.ssi_packets import AGAIN, CONTINUED, HOST, encode_packet
from tests.reader_drivers.conformance import load_vectors

PUBLISHED = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in load_vectors("barcode_ssi")}
ACK, ACK_TO_HOST = PUBLISHED["ssi-001"], PUBLISHED["ssi-002"]
NAK_RESEND, NAK_DENIED = PUBLISHED["ssi-004"], PUBLISHED["ssi-006"]
HOST_TRIGGER = encode_packet(0xC6, b"\x00\x8a\x08", source=HOST)
EAN = "9506000134352"
LINK = "https://id.gs1.org/01/09506000134352/21/6789"


def scanner(*lines: str) -> SsiScanner:
    made = SsiScanner()
    made.load("".join(f"{line}\n" for line in lines))
    return made


def ordered(opcode: int, payload: bytes = b"") -> bytes:
    return encode_packet(opcode, payload, source=HOST)


def test_published_scans_are_sent_byte_for_byte() -> None:
    one = scanner(EAN, '{"text": "' + LINK + '", "aim": ""}')

    assert one.due(0.0) == [PUBLISHED["ssi-021"]]
    assert one.tags_of(PUBLISHED["ssi-021"]) == (EAN,)
    one.feed(ACK, 0.1)
    # The published packet has the code type of QR; without an AIM identifier the simulator says Code 128.
    assert one.due(0.1)[0][5:-2] == PUBLISHED["ssi-024"][5:-2]


def test_next_scan_waits_for_the_acknowledgement() -> None:
    one = scanner("FIRST", "SECOND")
    (first,) = one.due(0.0)

    assert one.due(1.0) == []
    assert one.feed(ACK, 1.0) == []
    (second,) = one.due(1.0)
    assert [one.tags_of(first), one.tags_of(second)] == [("FIRST",), ("SECOND",)]


def test_scan_without_acknowledgement_comes_again_twice_and_is_given_up() -> None:
    one = scanner(EAN, "NEXT")
    sent = [one.due(n * ANSWER_S) for n in range(4)]

    again = encode_packet(0xF3, b"\x0b" + EAN.encode(), status=AGAIN)
    assert sent[:3] == [[PUBLISHED["ssi-021"]], [again], [again]]
    assert one.tags_of(sent[3][0]) == ("NEXT",)
    assert one.scans_given_up == [EAN]


def test_resend_is_asked_by_a_nak_and_every_other_nak_drops_the_scan() -> None:
    one = scanner(EAN)
    one.due(0.0)

    assert one.feed(NAK_RESEND, 0.0) == [encode_packet(0xF3, b"\x0b" + EAN.encode(), status=AGAIN)]
    assert one.feed(NAK_DENIED, 0.0) == []
    assert (one.due(9.0), one.scans_given_up) == ([], [EAN])


def test_long_scan_comes_in_several_packets_each_acknowledged() -> None:
    text = "0123456789" * 30
    one = scanner(text)
    packets = [one.due(0.0), one.feed(ACK, 0.0) or one.due(0.0)]
    (first,), (last,) = packets
    one.feed(ACK, 0.0)

    assert (first[3], last[3]) == (CONTINUED, 0)
    assert first[5:-2] + last[5:-2] == text.encode()
    assert first[4] == last[4]
    assert (one.tags_of(first), one.due(99.0)) == ((), [])


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (PUBLISHED["ssi-011"], ACK_TO_HOST),
        (PUBLISHED["ssi-012"], ACK_TO_HOST),
        (PUBLISHED["ssi-013"], ACK_TO_HOST),
        (PUBLISHED["ssi-019"], ACK_TO_HOST),
        (PUBLISHED["ssi-020"], encode_packet(0xC6, bytes.fromhex("FF 8A00 9F01"))),
        (PUBLISHED["ssi-025"], encode_packet(0xD1, b"\x01")),
        (ordered(0xC8), ACK_TO_HOST),
        (ordered(0xE9), ACK_TO_HOST),
        (ordered(0xE4), encode_packet(0xD1, b"\x06")),
        (ordered(0x42), encode_packet(0xD1, b"\x02")),
        (ordered(0xC6, b"\x00\x8a"), encode_packet(0xD1, b"\x02")),
    ],
)
def test_published_orders_and_mistakes_have_their_answer(command: bytes, answer: bytes) -> None:
    assert scanner().feed(command, 0.0) == [answer]


def test_host_trigger_scans_once_a_session_and_none_when_its_time_is_over() -> None:
    one = scanner("FIRST", "SECOND")
    assert one.feed(HOST_TRIGGER, 0.0) == [ACK_TO_HOST]
    unasked = one.due(0.0)
    assert one.feed(ordered(0xE4), 1.0) == [ACK_TO_HOST]
    (first,) = one.due(1.0)
    one.feed(ACK, 1.0)
    after = one.due(1.0)
    one.feed(ordered(0xE4), 5.0)

    assert (unasked, one.tags_of(first), after) == ([], ("FIRST",), [])
    assert one.due(9.0) == []


def test_disabled_scanner_scans_nothing_until_it_is_enabled() -> None:
    one = scanner(EAN)
    one.feed(ordered(0xEA), 0.0)

    assert (one.due(1.0), one.next_due_s()) == ([], None)
    one.feed(ordered(0xE9), 1.0)
    assert one.due(1.0) == [PUBLISHED["ssi-021"]]


def test_sleeping_scanner_takes_the_first_bytes_as_a_call_to_wake() -> None:
    one = scanner()
    one.feed(ordered(0xEB), 0.0)

    assert one.feed(b"\x00", 1.0) == []
    assert one.feed(ordered(0xE6, b"\x01"), 1.05) == [ACK_TO_HOST]


def test_scanner_without_handshake_waits_for_nothing() -> None:
    one = scanner("FIRST", "SECOND")
    one.feed(encode_packet(0xC6, b"\x00\x9f\x00", source=HOST), 0.0)

    assert len(one.due(0.0)) + len(one.due(0.0)) == 2
