"""The simulated R2000 reader answers published frames with published frames.

Sources of the frames: tests/vectors/r2000_a0.jsonl; the layout of access answers is that of pyImpinj 1.3.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.gen2 import gen2_checksum
from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import r2000_rounds as rounds
from simulators.readers.r2000_a0 import MODELS, R2000Reader
from simulators.readers.r2000_frames import Command, CommandReader, encode_command, encode_reply
from simulators.tags import Tag

VECTORS = [json.loads(line) for line in (Path(__file__).parents[2] / "vectors/r2000_a0.jsonl").read_text().splitlines()]
EPC, TID = "3476451FD40000000000162E", "E28011602000000000000001"
TAGS = f'{{"antenna": 1, "epc": "{EPC}", "tid": "{TID}", "rssi_dbm": -48}}\n'
PASSWORD = "00000000"


def reader(tags: str = TAGS, *, model: str = "new", rate: float = 0.0) -> R2000Reader:
    made = R2000Reader(Radio(seed=1), model=model, pace=Pace(rate=rate))
    made.load(tags)
    return made


def ask(asked: R2000Reader, command: int, parameters: str = "") -> bytes:
    """The answer to an order that is no inventory."""
    frames = asked.feed(encode_command(command, bytes.fromhex(parameters)), 0.0)
    assert all(sum(frame) & 0xFF == 0 for frame in frames)
    return frames[0][4:-1] if frames else b""


def answered(asked: R2000Reader, command: int, parameters: str) -> bytes:
    """One pass in ten hears nothing, so an order to a tag is given again as a host would."""
    for _ in range(20):
        answer = ask(asked, command, parameters)
        if answer != b"\x36":
            break
    return answer


def told(asked: R2000Reader, command: int, parameters: str, at_s: float = 0.0) -> list[bytes]:
    """The frames of one inventory order."""
    frames = asked.feed(encode_command(command, bytes.fromhex(parameters)), at_s)
    while (due_s := asked.next_due_s()) is not None:
        frames += asked.due(due_s)
    assert all(sum(frame) & 0xFF == 0 for frame in frames)
    return frames


def lying(count: int, antennas: int = 1) -> str:
    return "".join(f'{{"antenna": {1 + n % antennas}, "epc": "{n:024X}"}}\n' for n in range(count))


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if one["valid"] and one.get("kind") != "stream"], ids=lambda one: one["id"]
)
def test_every_published_frame_closes_with_the_same_check(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert encode_reply(frame[3], frame[4:-1], address=frame[2]) == frame


@pytest.mark.parametrize(
    ("epc", "rssi_dbm", "channel", "published"),
    [
        ("E200301666130121155074EF", -61, 1, "A0130189043000E200301666130121155074EF45BF"),
        ("3009663781DB02974876FC6A", -26, 4, "A013018B1030003009663781DB02974876FC6A672B"),
    ],
)
def test_published_tag_report_is_told_byte_for_byte(epc: str, rssi_dbm: int, channel: int, published: str) -> None:
    heard = Hearing(Tag(1, bytes.fromhex(epc)), antenna=1, rssi_dbm=rssi_dbm)
    frame = bytes.fromhex(published)

    assert encode_reply(frame[3], rounds.encode_tag(heard, channel)) == frame
    assert rounds.decode_epc(frame) == bytes.fromhex(epc)


@pytest.mark.parametrize(
    ("model", "port", "published"),
    [("new", 0, "A00A018900000A0000000165"), ("old", 1, "A00801890100000001CC")],
)
def test_end_of_a_round_is_told_as_published(model: str, port: int, published: str) -> None:
    one = reader(f'{{"antenna": {port + 1}, "epc": "{EPC}"}}', model=model)
    ask(one, 0x74, f"{port:02X}")
    ends = [told(one, 0x89, "01")[-1] for _ in range(5)]

    # The published rate is the reader's own; ours is ten rounds a second.
    assert any(end[:-1] == bytes.fromhex(published)[:-1] for end in ends)


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        ("A004017400E7", "A004017410D7"),
        ("A003FF72EC", "A00501720109DE"),
        ("A0110185000C11223344556677889900AABB5B", "A004018510C6"),
        ("A00401760ADB", "A004017610D5"),
    ],
)
def test_published_command_gets_its_published_reply(asked: str, reply: str) -> None:
    assert reader().feed(bytes.fromhex(asked), 0.0) == [bytes.fromhex(reply)]


def test_command_with_a_broken_check_or_another_address_is_not_obeyed() -> None:
    assert reader().feed(bytes.fromhex("A003FF72ED"), 0.0) == []
    assert reader().feed(encode_command(0x72, address=7), 0.0) == []


def test_new_address_is_ours_after_the_answer_from_the_old_one() -> None:
    asked = reader()

    assert asked.feed(encode_command(0x73, b"\x07"), 0.0) == [encode_reply(0x73, b"\x10")]
    assert asked.feed(encode_command(0x72, address=7), 0.0)[0][2] == 7


def test_command_cut_short_does_not_swallow_the_next_one_after_the_gap() -> None:
    asked = reader()

    assert asked.feed(bytes.fromhex("A011"), 1.0) == []
    assert len(asked.feed(encode_command(0x72), 2.0)) == 1


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=5), st.data())
def test_any_split_of_the_bytes_gives_the_same_commands(commands: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode_command(number, parameters) for number, parameters in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found = CommandReader()

    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert [command for piece in pieces for command in found.feed(piece, 0.0)] == [
        Command(1, number, parameters) for number, parameters in commands
    ]


@given(st.binary(min_size=1, max_size=31).map(lambda half: half * 2))
def test_epc_of_a_report_is_found_whatever_its_length(epc: bytes) -> None:
    heard = Hearing(Tag(1, epc), antenna=1, rssi_dbm=-50)

    assert rounds.decode_epc(encode_reply(0x8B, rounds.encode_tag(heard, 3))) == epc


@pytest.mark.parametrize("model", MODELS)
def test_round_tells_each_tag_once_and_then_its_end(model: str) -> None:
    asked = reader(lying(50), model=model)
    frames = told(asked, 0x8B, "010001")
    tags = [epc for frame in frames for epc in asked.tags_of(frame)]

    assert 40 < len(tags) == len(set(tags)) == asked.reads_told
    assert len(frames) == len(tags) + 1
    assert int.from_bytes(frames[-1][-5:-1], "big") == len(tags)
    assert asked.tags_of(frames[-1]) == ()


def test_empty_field_ends_its_round_with_none() -> None:
    assert told(reader(""), 0x89, "FF") == [encode_reply(0x89, bytes(7))]


def test_fast_switch_visits_its_antennas_and_ends_once() -> None:
    frames = told(reader(lying(400, antennas=4)), 0x8A, "00 01 FF 03 01")
    tags, end = frames[:-1], frames[-1]

    assert {frame[4] & 3 for frame in tags} == {0, 1, 3}
    assert end[1] == 0x0B
    assert int.from_bytes(end[4:8], "big") == len(tags)
    assert {
        frame[4] & 3 for frame in told(reader(lying(400, antennas=4)), 0x8A, "00 01 04 01 02 02 FF 01 00 01")[:-1]
    } == {0, 2}


def test_channel_follows_the_region() -> None:
    asked = reader(lying(20))
    channels = []
    for region in ("01073B", "020006"):
        assert ask(asked, 0x78, region) == b"\x10"
        channels.append({frame[4] >> 2 for frame in told(asked, 0x89, "0A") if asked.tags_of(frame)})

    assert channels[0] <= set(range(7, 60))
    assert channels[1] == set(range(7))


def test_missing_antenna_is_an_error_and_in_a_switch_one_of_its_slots() -> None:
    asked = reader()
    asked.missing_antennas = {1}
    ask(asked, 0x74, "01")

    assert told(asked, 0x89, "01") == [encode_reply(0x89, b"\x22")]
    assert told(asked, 0x8A, "00 01 FF FF 01")[-2] == encode_reply(0x8A, bytes.fromhex("0122"))


def test_order_during_a_round_waits_for_its_end() -> None:
    asked = reader(lying(30), rate=100)
    asked.feed(encode_command(0x89, b"\x01"), 0.0)

    assert asked.feed(encode_command(0x72), 0.01) == []
    frames = [frame for n in range(100) for frame in asked.due(n / 100)]
    assert [frame[3] for frame in frames[-2:]] == [0x89, 0x72]


def test_rate_is_kept() -> None:
    asked = reader(lying(30), rate=100)
    asked.feed(encode_command(0x89, b"\x01"), 0.0)

    assert 10 <= sum(len(asked.due(n / 100)) for n in range(10)) <= 11


def test_settings_are_told_back() -> None:
    asked = reader()
    for order, value in ((0x74, "02"), (0x76, "14"), (0x78, "020006"), (0x69, "D2"), (0x62, "03"), (0x67, "41" * 12)):
        assert ask(asked, order, value) == b"\x10"

    assert [ask(asked, order).hex().upper() for order in (0x75, 0x77, 0x79, 0x6A, 0x63, 0x68)] == [
        "02", "14", "020006", "D2", "03", "41" * 12,
    ]  # fmt: skip
    assert ask(asked, 0x76, "14151617") == b"\x10"
    assert ask(asked, 0x77) == bytes.fromhex("14151617")


def test_temporary_power_and_work_antenna_do_not_outlive_a_reset() -> None:
    asked = reader()
    ask(asked, 0x74, "02")
    ask(asked, 0x66, "16")
    assert ask(asked, 0x77) == b"\x16"

    assert asked.feed(encode_command(0x70), 0.0) == []
    assert (ask(asked, 0x75), ask(asked, 0x77)) == (b"\x00", b"\x21")


@pytest.mark.parametrize(
    ("command", "parameters", "error"),
    [
        (0x74, "04", "47"),
        (0x76, "22", "48"),
        (0x76, "1415", "41"),
        (0x66, "13", "48"),
        (0x78, "050006", "49"),
        (0x78, "020007", "4F"),
        (0x78, "020600", "4F"),
        (0x71, "05", "4A"),
        (0x69, "D4", "41"),
        (0x89, "", "41"),
        (0x8B, "040001", "41"),
        (0x8B, "0102", "41"),
        (0x8A, "00010203", "41"),
        (0x81, "04 00 06", "43"),
        (0x81, "02 00 00", "42"),
        (0x81, "02 00", "41"),
        (0x82, "00000000 01 02 02 3034", "41"),
        (0x85, "02", "4E"),
        (0x85, "00 02 30", "4D"),
        (0x90, "", "38"),
    ],
)
def test_order_that_does_not_add_up_is_refused_by_its_error(command: int, parameters: str, error: str) -> None:
    assert ask(reader(), command, parameters) == bytes.fromhex(error)


def access_answer(answer: bytes) -> tuple[int, bytes, bytes]:
    """(tags, EPC, result) of an access answer whose tag CRC is right."""
    memory = answer[3 : 3 + 2 + (answer[3] >> 3) * 2]
    assert gen2_checksum(memory) == int.from_bytes(answer[3 + len(memory) : 5 + len(memory)], "big")
    return int.from_bytes(answer[:2], "big"), memory[2:], answer[5 + len(memory) : -2]


def test_tid_is_read_from_the_matched_tag_only() -> None:
    asked = reader(TAGS + f'{{"antenna": 1, "epc": "{1:024X}", "tid": "{2:024X}"}}\n')
    assert ask(asked, 0x85, f"00 0C {EPC}") == b"\x10"
    assert ask(asked, 0x86) == bytes.fromhex(f"000C{EPC}")

    assert access_answer(answered(asked, 0x81, f"02 00 06 {PASSWORD}")) == (
        1,
        bytes.fromhex(EPC),
        bytes.fromhex(f"{TID}0C"),
    )
    assert ask(asked, 0x85, "01") == b"\x10"
    assert ask(asked, 0x86) == b"\x01"
    counts = [len(asked.feed(encode_command(0x81, bytes.fromhex("020006")), 0.0)) for _ in range(9)]
    assert 2 in counts


def test_written_epc_and_its_length_are_what_the_tag_tells_from_then_on() -> None:
    asked = reader()

    assert access_answer(answered(asked, 0x82, f"{PASSWORD} 01 01 03 1000 30340002"))[2] == b"\x10"
    frames = [frame for _ in range(5) for frame in told(asked, 0x89, "01")]
    assert {epc for frame in frames for epc in asked.tags_of(frame)} == {"30340002"}


def test_unmatched_write_reaches_every_tag() -> None:
    asked = reader(lying(2))
    for _ in range(9):
        asked.feed(encode_command(0x82, bytes.fromhex(f"{PASSWORD} 01 07 01 BEEF")), 0.0)

    frames = [frame for _ in range(5) for frame in told(asked, 0x89, "01")]
    assert {epc[-4:] for frame in frames for epc in asked.tags_of(frame)} == {"BEEF"}


def test_locked_tag_is_written_with_its_password_only() -> None:
    asked = reader(TAGS.replace("}", ', "access_password": "12345678"}'))

    assert answered(asked, 0x82, f"{PASSWORD} 01 02 01 3034") == b"\x40"
    assert answered(asked, 0x82, "11111111 01 02 01 3034") == b"\x40"
    assert access_answer(answered(asked, 0x82, "12345678 01 02 01 3034"))[2] == b"\x10"


def test_write_beyond_the_memory_or_without_a_tag_is_refused() -> None:
    assert answered(reader(), 0x82, f"{PASSWORD} 01 0A 01 3034") == b"\x33"
    assert answered(reader(), 0x81, "02 00 07") == b"\x32"
    assert ask(reader(""), 0x82, f"{PASSWORD} 01 02 01 3034") == b"\x36"


def test_buffered_round_is_fetched_with_the_tag_crc_and_cleared() -> None:
    asked = reader()
    for _ in range(3):
        counted = ask(asked, 0x80, "01")
    assert len(counted) == 9
    assert ask(asked, 0x92) == b"\x00\x01"

    count, epc, _ = access_answer(ask(asked, 0x90))
    assert (count, epc) == (1, bytes.fromhex(EPC))
    assert ask(asked, 0x91) != b"\x38"
    assert ask(asked, 0x91) == b"\x38"
    ask(asked, 0x80, "01")
    assert ask(asked, 0x93) == b"\x10"
    assert ask(asked, 0x92) == b"\x00\x00"
