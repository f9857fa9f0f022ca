"""Writes through the simulated module: what changes on the tag, and what is refused."""

import pytest

from simulators.radio import Radio
from simulators.readers import thingmagic_records as records
from simulators.readers.thingmagic_ff import ThingMagicModule
from simulators.readers.thingmagic_frames import encode_command

TAGS = '{"antenna": 1, "epc": "3476451FD40000000000162E", "tid": "E28011602000000000000001"}\n'
START_WITH_TID = bytes.fromhex(
    "FF1C 2F 0000 01 22 0000 05 13 22 10 001F 03E8 01FF 01 09 28 0000 00 02 00000000 06 45D2"
)
TID = bytes.fromhex("E28011602000000000000001")


def brought_up(tags: str = TAGS) -> ThingMagicModule:
    reader = ThingMagicModule(Radio(seed=1))
    reader.load(tags)
    for opcode, payload in ((0x93, "0005"), (0x97, "02"), (0x9A, "010C00")):
        reader.feed(encode_command(opcode, bytes.fromhex(payload)), 0.0)
    return reader


def written(reader: ThingMagicModule, opcode: int, payload: str) -> bytes:
    # One pass in ten hears nothing, so a write is tried again as a host would.
    for _ in range(20):
        (reply,) = reader.feed(encode_command(opcode, bytes.fromhex(payload)), 0.0)
        if reply[3:5] != b"\x04\x00":
            break
    return reply[3:5]


def test_written_epc_is_what_the_tag_tells_from_then_on() -> None:
    reader = brought_up()

    assert written(reader, 0x23, "03E8 00 00 3034257BF7194E4000001A85") == b"\0\0"
    assert written(reader, 0x24, "03E8 00 00000007 01 1A86") == b"\0\0"
    reader.feed(START_WITH_TID, 0.0)
    frame = [*reader.due(0.0), *reader.due(0.1), *reader.due(0.2)][0]
    assert records.decode_stream_epc(frame) == bytes.fromhex("3034257BF7194E4000001A86")
    assert TID in frame


@pytest.mark.parametrize(
    ("opcode", "payload", "status"),
    [
        (0x23, "03E8 00 00", "0100"),
        (0x23, "03E8 01 00000000 10 3476", "0100"),
        (0x23, "03E8 03 00000000 00000000 10 3476 3034", "0105"),
        (0x23, "03E8 02 00000000 00000000 0C E280 3034", "0105"),
        (0x23, "03E8 02 00000000 00000000 10 E281 3034", "0400"),
        (0x23, "03E8 00 00" + "30" * 64, "0423"),
        (0x24, "03E8 00 00000002 01", "0100"),
        (0x24, "03E8 01 00000002 01 3034", "0105"),
        (0x24, "03E8 00 00000000 01 3034", "0423"),
        (0x24, "03E8 00 00000008 01 3034", "0423"),
        (0x24, "03E8 00 00000000 02 3034", "0424"),
    ],
)
def test_write_that_cannot_be_is_refused_by_status(opcode: int, payload: str, status: str) -> None:
    assert written(brought_up(), opcode, payload) == bytes.fromhex(status)


def test_write_with_no_tag_in_the_field_says_so() -> None:
    assert written(brought_up(""), 0x23, "03E8 00 00 3034") == bytes.fromhex("0400")


@pytest.mark.parametrize(
    "selection",
    [
        "01 00000000 60 3476451FD40000000000162E",
        "02 00000000 00000000 60 E28011602000000000000001",
        "02 00000000 00000010 10 1160",
        "22 00000000 00000000 0060 E28011602000000000000001",
        "05 00000000",
    ],
)
def test_write_reaches_the_tag_its_selection_means(selection: str) -> None:
    other = '{"antenna": 1, "epc": "AAAA", "tid": "E2810000"}\n'
    reader = brought_up(TAGS if selection.startswith("05") else other + TAGS)

    assert written(reader, 0x23, f"03E8 {selection} BBBB") == b"\0\0"

    reader.feed(START_WITH_TID, 0.0)
    frames = [frame for now_s in (0.0, 0.1, 0.2, 0.3) for frame in reader.due(now_s)]
    assert {records.decode_stream_epc(frame) for frame in frames if TID in frame} == {b"\xbb\xbb"}


def test_locked_tag_is_written_with_its_password_only() -> None:
    reader = brought_up(TAGS.replace("}", ', "access_password": "12345678"}'))

    assert written(reader, 0x23, "03E8 05 12345679 3034") == bytes.fromhex("0424")
    assert written(reader, 0x23, "03E8 00 00 3034") == bytes.fromhex("0424")
    assert written(reader, 0x23, "03E8 05 12345678 3034") == b"\0\0"
