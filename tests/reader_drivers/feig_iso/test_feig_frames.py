"""Frames and tag records of FEIG readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.errors import Rejected
from reader_drivers.feig_iso.describe import Describer
from reader_drivers.feig_iso.frames import Direction, Frame, FrameHunt, encode_command, encode_reply
from reader_drivers.feig_iso.tags import Tag, decode_inventory, tag_reads
from reader_drivers.framing import crc_mcrf4xx

# Amarok79/InlayTester.Drivers.FeigReader, tests: an inventory answer with one tag.
INVENTORY = bytes.fromhex("11 00 B0 00 01 03 00 E0040150A05F02B7 D7BE")
ISO15693 = bytes.fromhex("03 00 E0040150A05F02B7")
UID = bytes.fromhex("E0040150A05F02B7")


@given(st.integers(0, 255), st.binary(max_size=248))
def test_order_survives_encoding_and_decoding(command: int, payload: bytes) -> None:
    raw = encode_command(command, payload)

    assert FrameHunt(Direction.HOST_TO_READER).feed(raw) == [Frame(False, 0xFF, command, None, payload, raw)]


@pytest.mark.parametrize("is_advanced", [False, True])
@given(command=st.integers(0, 255), status=st.integers(0, 255), payload=st.binary(max_size=249))
def test_answer_survives_encoding_and_decoding(*, is_advanced: bool, command: int, status: int, payload: bytes) -> None:
    raw = encode_reply(command, status, payload, is_advanced=is_advanced)

    assert FrameHunt(Direction.READER_TO_HOST).feed(raw) == [Frame(is_advanced, 0, command, status, payload, raw)]


def test_answer_of_more_than_255_bytes_is_read() -> None:
    raw = encode_reply(0xB0, 0, bytes((200,)) + ISO15693 * 200, is_advanced=True)

    (frame,) = FrameHunt(Direction.READER_TO_HOST).feed(raw)

    assert isinstance(frame, Frame)
    assert len(decode_inventory(frame.payload)[0]) == 200


@given(st.binary(max_size=60))
def test_garbage_between_two_frames_loses_neither(garbage: bytes) -> None:
    hunt = FrameHunt(Direction.READER_TO_HOST)
    one, two = encode_reply(0x69, 0), INVENTORY

    found = hunt.feed(one + garbage + two) + hunt.flush()

    frames = [part.raw for part in found if isinstance(part, Frame)]
    assert frames[0] == one
    assert frames[-1] == two


def test_length_that_no_frame_has_holds_no_good_frame_back() -> None:
    found = FrameHunt(Direction.READER_TO_HOST).feed(b"\x05\x02\x00\x07\x04" + INVENTORY)

    assert [part.raw for part in found if isinstance(part, Frame)] == [INVENTORY]
    assert b"".join(part.raw for part in found if isinstance(part, Rejected)) == b"\x05\x02\x00\x07\x04"


def test_frame_cut_short_is_one_rejection() -> None:
    hunt = FrameHunt(Direction.READER_TO_HOST)

    assert hunt.feed(INVENTORY[:12]) + hunt.flush() == [
        Rejected(INVENTORY[:12], "length: the frame stops after 12 bytes")
    ]


@pytest.mark.parametrize(
    ("record", "tag"),
    [
        ("00 00 0102030405060708", Tag("ICODE1", bytes.fromhex("0102030405060708"), 0)),
        ("03 2A E0040150A05F02B7", Tag("ISO15693", UID, 0x2A)),
        ("04 00 00 01020304050607", Tag("ISO14443A", bytes.fromhex("01020304050607"))),
        ("04 24 00 0102030405060708090A", Tag("ISO14443A", bytes.fromhex("0102030405060708090A"))),
        ("05 0000000000 04030201", Tag("ISO14443B", bytes.fromhex("01020304"))),
        ("84 00 0C 30340000000000000000000A", Tag("GEN2", bytes.fromhex("30340000000000000000000A"))),
    ],
)
def test_record_of_each_kind_is_read_and_the_one_behind_it_too(record: str, tag: Tag) -> None:
    payload = b"\x02" + bytes.fromhex(record) + ISO15693

    assert decode_inventory(payload) == ((tag, Tag("ISO15693", UID, 0)), "")


@pytest.mark.parametrize(
    ("payload", "tags", "word"),
    [
        (b"\x02" + ISO15693 + b"\x0c\x01\x02", 1, "format"),
        (b"\x02" + ISO15693, 1, "length"),
        (b"\x02" + ISO15693 + ISO15693[:-1], 1, "length"),
        (b"\x01" + ISO15693 + b"\x00", 1, "length"),
        (b"\x01\x84\x00\x3f" + bytes(63), 0, "length"),
        (b"", 0, "length"),
    ],
)
def test_broken_record_hides_only_what_stands_behind_it(payload: bytes, tags: int, word: str) -> None:
    found, reason = decode_inventory(payload)

    assert len(found) == tags
    assert reason.startswith(f"{word}:")


@pytest.mark.parametrize(
    ("kind", "id_kind", "air"),
    [("ISO15693", "uid", "iso15693"), ("ISO14443A", "uid", "iso14443"), ("GEN2", "epc", "gen2")],
)
def test_read_says_what_kind_of_code_it_has(kind: str, id_kind: str, air: str) -> None:
    (read,) = tag_reads(Tag(kind, UID), antenna=1)

    assert (read.id_hex, read.id_bits, read.id_kind, read.air) == ("E0040150A05F02B7", 64, id_kind, air)


@pytest.mark.parametrize(
    ("status", "payload", "event"),
    [
        (0x01, "", "keep_alive"),
        (0x83, "", "error"),
        (0x00, "0203", "reply"),
        (0x94, "01030011223344556677FF", "tag_read"),
    ],
)
def test_answer_to_a_host_command_is_named_by_what_it_tells(status: int, payload: str, event: str) -> None:
    raw = encode_reply(0xB0, status, bytes.fromhex(payload))

    assert Describer("reader_to_host").feed(raw)[0][1][0] == event


def test_uid_in_the_order_of_the_air_is_turned_round() -> None:
    payload = b"\x01\x03\x00" + UID[::-1]

    assert [tag.code for tag in decode_inventory(payload)[0]] == [UID]


def test_record_with_antennas_tells_those_that_heard_the_tag() -> None:
    record = bytes.fromhex("10 03 2A 08 E0040150A05F02B7 02 01 00 3C 00000000 03 83 00 00000000")
    payload = b"\x02" + record + record

    tags, reason = decode_inventory(payload, has_antennas=True)

    assert (tags, reason) == ((Tag("ISO15693", UID, 0x2A, (1,)),) * 2, "")
    ((_, (event, facts, reads)),) = Describer("reader_to_host").feed(encode_reply(0xB0, 0, payload))
    assert (event, [read.antenna for read in reads]) == ("tag_read", [1, 1])
    assert facts["tags"] == [{"type": "ISO15693", "uid": UID.hex().upper(), "dsfid": "2A", "antennas": (1,)}] * 2


@pytest.mark.parametrize("record", ["10 84 00 0C", "00 03 00 08", "10 03 00 08 E0040150A05F02B7 02 01 00"])
def test_broken_record_with_antennas_is_no_tag(record: str) -> None:
    tags, reason = decode_inventory(b"\x01" + bytes.fromhex(record), has_antennas=True)

    assert tags == ()
    assert reason.split(":")[0] in {"format", "length"}


def test_tags_of_a_disturbed_inventory_are_described_as_read() -> None:
    raw = encode_reply(0xB0, 0x84, b"\x01" + ISO15693)

    ((_, (event, facts, reads)),) = Describer("reader_to_host").feed(raw)

    assert (event, facts["status_name"], len(reads)) == ("tag_read", "radio warning", 1)


def test_error_of_the_tag_itself_is_told() -> None:
    ((_, (_, facts, _)),) = Describer("reader_to_host").feed(encode_reply(0xB0, 0x95, b"\x10"))

    assert facts["error"] == "ISO 15693 error of the tag: block not available"


def test_start_that_passes_for_a_frame_by_chance_takes_nothing_of_the_next_one() -> None:
    # Bytes of a damaged frame, a length before them and the first two bytes of the good frame as checksum.
    heads = (b"\x09\x55\xb0\x00" + n.to_bytes(3, "big") for n in range(1 << 20))
    chance = next(head for head in heads if crc_mcrf4xx(head) == int.from_bytes(INVENTORY[:2], "little"))
    known = FrameHunt(Direction.READER_TO_HOST)
    known.address = 0

    anyone = FrameHunt(Direction.READER_TO_HOST).feed(chance + INVENTORY)
    own = known.feed(chance + INVENTORY) + known.flush()

    assert [part.raw for part in anyone if isinstance(part, Frame)] == [chance + INVENTORY[:2]]
    assert [part.raw for part in own if isinstance(part, Frame)] == [INVENTORY]
