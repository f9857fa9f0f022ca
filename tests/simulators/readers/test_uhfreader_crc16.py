"""The simulated UHFReader18 and UHFReader288 answer published frames with published frames.

Sources of the frames: tests/vectors/uhfreader_crc16.jsonl; the frames of active mode are captures in public programs.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.uhfreader_crc16 import MODELS, UhfReader
from simulators.readers.uhfreader_frames import Command, CommandReader, checksum, encode_command, encode_reply

VECTORS = [
    json.loads(line) for line in (Path(__file__).parents[2] / "vectors/uhfreader_crc16.jsonl").read_text().splitlines()
]
EPC, TID = "3476451FD40000000000162E", "E28011602000000000000001"
TAGS = f'{{"antenna": 1, "epc": "{EPC}", "tid": "{TID}", "rssi_dbm": -48}}\n'
PASSWORD = "00000000"


def reader(tags: str = TAGS, *, model: str = "288", rate: float = 0.0) -> UhfReader:
    made = UhfReader(Radio(seed=1), model=model, pace=Pace(rate=rate))
    made.load(tags)
    return made


def ask(asked: UhfReader, command: int, parameters: str = "", at_s: float = 0.0) -> bytes:
    """The reply to an order that is no inventory, from the status on, without the CRC."""
    (reply,) = asked.feed(encode_command(command, bytes.fromhex(parameters)), at_s)
    assert checksum(reply) == 0
    return reply[3:-2]


def answered(asked: UhfReader, command: int, parameters: str) -> bytes:
    """One pass in ten hears nothing, so an order to a tag is given again as a host would."""
    for _ in range(20):
        answer = ask(asked, command, parameters)
        if answer != b"\xfb":
            break
    return answer


def told(asked: UhfReader, parameters: str = "", at_s: float = 0.0) -> list[bytes]:
    """The frames of one round."""
    assert asked.feed(encode_command(0x01, bytes.fromhex(parameters)), at_s) == []
    frames = []
    while (due_s := asked.next_due_s()) is not None:
        frames += asked.due(due_s)
    assert all(checksum(frame) == 0 for frame in frames)
    return frames


def tags_told(asked: UhfReader, frames: list[bytes]) -> list[str]:
    return [epc for frame in frames for epc in asked.tags_of(frame)]


def lying(count: int, antennas: int = 1) -> str:
    return "".join(f'{{"antenna": {1 + n % antennas}, "epc": "{n:024X}"}}\n' for n in range(count))


@pytest.mark.parametrize("vector", [one for one in VECTORS if one.get("kind") != "stream"], ids=lambda one: one["id"])
def test_every_published_frame_closes_with_the_same_crc(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    if vector["direction"] == "host_to_reader":
        assert encode_command(frame[2], frame[3:-2], address=frame[1]) == frame
    else:
        assert encode_reply(frame[2], frame[3], frame[4:-2], address=frame[1]) == frame


@pytest.mark.parametrize(
    ("model", "asked", "answer"),
    [
        ("288", "04004C3AD2", "09004C001743901549C0"),
        ("288", "05004001993A", "05004000102B"),
        ("288", "050025145866", "05002500FD30"),
        ("18", "040036E70E", "11003600001E0A0F0000000000000000"),
        ("288", "04FF211995", "1100210003012002318 01E14 01000000"),
        ("18", "04FF211995", "0D00210003010902318 01E0A"),
    ],
)
def test_published_command_gets_its_reply(model: str, asked: str, answer: str) -> None:
    (reply,) = reader(model=model).feed(bytes.fromhex(asked), 0.0)

    assert reply.hex().upper().startswith(answer.replace(" ", ""))
    assert checksum(reply) == 0


def test_published_frame_of_two_tags_is_told_byte_for_byte() -> None:
    lines = "".join(
        f'{{"antenna": 1, "epc": "{n:024X}", "rssi_dbm": {dbm}}}\n' for n, dbm in ((0x313, -48), (0x314, -47))
    )
    for seed in range(2000):
        twin = UhfReader(Radio(seed=seed))
        twin.load(lines)
        frames = told(twin, "0401")
        # The published frame says that more follow; two tags alone end their round.
        if [frame[:3] + b"\x03" + frame[4:-2] for frame in frames] == [
            bytes.fromhex("2300010301020C0000000000000000000003136B0C0000000000000000000003146C")
        ]:
            return
    pytest.fail("no seed tells the two tags as published")


def test_plain_reader_fills_its_frames_and_says_when_it_is_done() -> None:
    frames = told(reader(lying(60), model="18"))

    assert [frame[3] for frame in frames] == [0x03] * (len(frames) - 1) + [0x01]
    assert frames[0][4] == 19
    assert 45 <= sum(frame[4] for frame in frames) <= 60
    assert len(tags_told(reader(lying(60), model="18"), frames)) == 0, "a reader knows only what it told itself"


def test_empty_field_is_a_status_and_no_frame_of_tags() -> None:
    assert told(reader("", model="18")) == [bytes.fromhex("050001FBF23D")]
    assert told(reader("", model="288"), "0401") == [bytes.fromhex("050001FBF23D")]


def test_round_goes_over_the_antennas_that_are_switched_on_or_over_the_one_named() -> None:
    four = reader(lying(400, antennas=4))
    assert ask(four, 0x3F, "06") == b"\0"

    assert {frame[4] for frame in told(four, "0401")} == {0b0010, 0b0100}
    assert {frame[4] for frame in told(four, "0401 00 83 14")} == {0b1000}
    assert {frame[4] for frame in told(four, "0401 010000 00 00 80 14")} == {0b0001}


def test_tid_is_told_instead_of_the_epc_when_its_place_is_given() -> None:
    asked = reader()
    frames = [frame for _ in range(5) for frame in told(asked, "0401 0006 00 80 14")]

    assert any(bytes.fromhex("0C" + TID) in frame for frame in frames)
    assert tags_told(asked, frames) == []


def test_only_chips_of_one_maker_add_their_tid_to_the_epc() -> None:
    other = f'{{"antenna": 1, "epc": "{1:024X}", "tid": "E280689400005000"}}\n'
    asked = reader(TAGS + other)
    frames = [frame for _ in range(9) for frame in told(asked, "2401")]

    assert any(bytes.fromhex("98" + EPC + TID) in frame for frame in frames)
    assert any(bytes.fromhex(f"0C{1:024X}") in frame for frame in frames)
    assert set(tags_told(asked, frames)) == {EPC, f"{1:024X}"}


def test_mask_picks_the_tags_that_answer() -> None:
    asked = reader(lying(40))
    frames = [frame for _ in range(5) for frame in told(asked, f"0401 01 0020 60 {7:024X}")]

    assert set(tags_told(asked, frames)) == {f"{7:024X}"}


def test_statistics_come_before_the_end_of_the_round() -> None:
    statuses = [frame[3] for frame in told(reader(lying(20)), "8401")]

    assert statuses[-2:] == [0x26, 0x01]


def test_round_that_runs_out_of_time_says_so() -> None:
    frames = told(reader(lying(60), rate=100), "0401 00 80 03")

    assert frames[-1][3] == 0x02
    assert sum(frame[5] for frame in frames) == 30


def test_order_during_an_answer_is_ignored() -> None:
    asked = reader(lying(60), rate=100)
    asked.feed(encode_command(0x01, b"\x04\x01"), 0.0)

    assert asked.feed(encode_command(0x21), 0.01) == []


@pytest.mark.parametrize("model", ["288", "18"])
def test_active_reader_tells_tags_unasked_until_it_is_told_to_answer_only(model: str) -> None:
    active = reader(lying(5), model=f"{model}-active")
    frames = [*active.due(0.0), *active.due(1.0), *active.due(2.0)]

    assert {frame[2] for frame in frames} == {0xEE}
    assert set(tags_told(active, frames)) == {f"{n:024X}" for n in range(5)}
    assert active.feed(encode_command(0x2F, b"\x14"), 2.0) == []
    assert ask(active, *((0x76, "00") if model == "288" else (0x35, "00" * 6)), 3.0) == b"\0"
    active.due(4.0)
    assert active.next_due_s() is None


def test_pushed_frame_of_a_plain_reader_is_as_captured() -> None:
    captured = bytes.fromhex("1100EE00E2000020401302162510BBECB1B1")
    active = reader(f'{{"antenna": 1, "epc": "{captured[4:-2].hex()}"}}\n', model="18-active")

    assert captured in [*active.due(0.0), *active.due(1.0), *active.due(2.0)]


def test_wrong_crc_or_order_is_answered_as_not_understood() -> None:
    assert reader().feed(bytes.fromhex("04002119FF"), 0.0) == [encode_reply(0x00, 0xFE)]
    assert ask(reader(), 0xB7) == b"\xfe"


def test_command_cut_short_does_not_swallow_the_next_one_after_the_gap() -> None:
    asked = reader()

    assert asked.feed(bytes.fromhex("0400"), 1.0) == []
    assert len(asked.feed(encode_command(0x21), 1.02)) == 1


def test_other_address_is_not_ours_and_a_new_one_is() -> None:
    asked = reader()

    assert asked.feed(encode_command(0x21, address=7), 0.0) == []
    assert asked.feed(encode_command(0x24, b"\x07"), 0.0) == [encode_reply(0x24, 0)]
    assert asked.feed(encode_command(0x21, address=7), 0.0)[0][1] == 7


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=5), st.data())
def test_any_split_of_the_bytes_gives_the_same_commands(commands: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode_command(number, parameters) for number, parameters in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found = CommandReader()

    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert [command for piece in pieces for command in found.feed(piece, 0.0)] == [
        Command(0, number, parameters, is_intact=True) for number, parameters in commands
    ]


@pytest.mark.parametrize("model", MODELS)
def test_band_power_and_scan_time_are_told_back(model: str) -> None:
    asked = reader("", model=model.removesuffix("-active"))
    for command, parameters in ((0x22, "4E00"), (0x2F, "14"), (0x25, "03")):
        assert ask(asked, command, parameters) == b"\0"

    assert ask(asked, 0x21)[5:9] == bytes.fromhex("4E00 14 03")


@pytest.mark.parametrize(
    ("command", "parameters", "status"),
    [
        (0x22, "0F00", "FF"),
        (0x22, "4F00", "FF"),
        (0x22, "4041", "FF"),
        (0x22, "4E", "FD"),
        (0x2F, "1F", "FF"),
        (0x24, "FF", "FF"),
        (0x28, "03", "FF"),
        (0x3F, "00", "FF"),
        (0x76, "03", "FF"),
        (0x01, "04", "FD"),
        (0x01, "1001", "FF"),
        (0x01, "0404", "FF"),
        (0x01, "0401 00", "FD"),
        (0x01, "0401 00 84 14", "FF"),
        (0x01, "0401 02 80 14", "FF"),
        (0x01, "0401 0010", "FF"),
        (0x01, "0401 04 0020 00", "FF"),
        (0x02, "00 04 00 06 00000000", "FF"),
        (0x02, "00 02 00 00 00000000", "FF"),
        (0x02, "10 02 00 06 00000000", "FF"),
        (0x02, "00 02 00 06 000000", "FD"),
        (0x02, "FF 02 00 06 00000000", "FD"),
        (0x03, "00 00 01 02 00000000", "FF"),
        (0x03, "", "FF"),
        (0x04, "01 00000000", "FF"),
        (0x04, "02 00000000 3034", "FF"),
        (0x04, "01", "FD"),
    ],
)
def test_order_that_does_not_add_up_is_refused_by_status(command: int, parameters: str, status: str) -> None:
    assert ask(reader(), command, parameters) == bytes.fromhex(status)


def test_tid_of_a_named_tag_is_read_and_of_another_is_not() -> None:
    asked = reader()

    assert answered(asked, 0x02, f"06 {EPC} 02 00 06 {PASSWORD}") == b"\0" + bytes.fromhex(TID)
    assert answered(asked, 0x02, f"FF 02 00 06 {PASSWORD} 01 0020 60 {EPC}") == b"\0" + bytes.fromhex(TID)
    assert answered(asked, 0x02, f"06 {'00' * 12} 02 00 06 {PASSWORD}") == b"\xfb"
    assert answered(asked, 0x02, f"06 {EPC} 02 00 07 {PASSWORD}") == b"\xfc\x03"


def test_written_epc_is_what_the_tag_tells_from_then_on() -> None:
    asked = reader()

    assert answered(asked, 0x04, f"02 {PASSWORD} 30340001") == b"\0"
    assert {tag for _ in range(5) for tag in tags_told(asked, told(asked, "0401"))} == {"30340001"}


def test_words_are_written_and_the_length_with_the_control_word() -> None:
    asked = reader()

    assert answered(asked, 0x03, f"03 06 {EPC} 01 01 1000 3034 0002 {PASSWORD}") == b"\0"
    assert {tag for _ in range(5) for tag in tags_told(asked, told(asked, "0401"))} == {"30340002"}
    assert answered(asked, 0x03, f"01 00 02 00 3034 {PASSWORD}") == b"\xfc\x04"
    assert answered(asked, 0x03, f"01 00 01 00 3034 {PASSWORD}") == b"\xfc\x03"


def test_locked_tag_is_written_with_its_password_only() -> None:
    asked = reader(TAGS.replace("}", ', "access_password": "12345678"}'))

    assert answered(asked, 0x04, f"01 {PASSWORD} 3034") == b"\xfc\x04"
    assert answered(asked, 0x04, "01 11111111 3034") == b"\x05"
    assert answered(asked, 0x04, "01 12345678 3034") == b"\0"


def test_write_with_no_tag_in_the_field_says_so() -> None:
    assert ask(reader(""), 0x04, f"01 {PASSWORD} 3034") == b"\xfb"


def test_long_epc_has_no_room() -> None:
    assert answered(reader(), 0x04, f"10 {PASSWORD} {'30' * 32}") == b"\xfc\x03"


def test_single_inventory_tells_one_tag() -> None:
    answers = [ask(reader(lying(9)), 0x0F) for _ in range(5)]

    assert any(answer[:4] == bytes.fromhex("01 01 01 0C") for answer in answers)
