"""The simulated MagicRF module against published frames and captures, in both framings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.magicrf_bb import MagicRfModule, encode_command
from simulators.readers.magicrf_frames import FRAMINGS, Command, CommandReader
from tests.reader_drivers.conformance import load_vectors

EPC = "E200001D7315016521408FC6"
TID = "E28011602000000000000001"
TAGS = f'{{"antenna": 1, "epc": "{EPC}", "tid": "{TID}", "rssi_dbm": -60}}\n'
LOCKED = TAGS.replace("}", ', "access_password": "12345678"}')
NAMED = f"0E 3000 {EPC}"
COMMANDS = [vector for vector in load_vectors("magicrf_bb") if vector["direction"] == "host_to_reader"]
NOT_SIMULATED = {"F2", "F3"}
"""Scans of the channels: no order of a driver."""
SELECT_TID = f"02 00000000 60 00 {TID}"


def module(tags: str = TAGS, *, framing: str = "BB") -> MagicRfModule:
    made = MagicRfModule(Radio(seed=1), framing=framing, pace=Pace(pass_s_min=0))
    made.load(tags)
    return made


def ask(reader: MagicRfModule, code: int, parameters: str = "") -> str:
    (reply,) = reader.feed(encode_command(code, bytes.fromhex(parameters)), 0.0)
    assert reply[0] == 0xBB
    return reply[1:-2].hex().upper()


def accessed(reader: MagicRfModule, code: int, parameters: str) -> str:
    # One pass in ten hears nothing, so an access is tried again as a host would.
    for _ in range(20):
        answer = ask(reader, code, parameters)
        if not answer.startswith(("01FF000109", "01FF000110")):
            break
    return answer


def told(reader: MagicRfModule, seconds: float) -> list[bytes]:
    return [frame for ms in range(int(seconds * 1000)) for frame in reader.due(ms / 1000)]


@pytest.mark.parametrize("vector", COMMANDS, ids=lambda vector: vector["id"])
def test_published_command_is_understood_in_its_framing(vector: dict[str, Any]) -> None:
    wire = bytes.fromhex(vector["hex"])
    framing = "AA" if wire[0] == 0xAA else "BB"

    (command,) = CommandReader(FRAMINGS[framing]).feed(wire, 0.0)
    replies = module(framing=framing).feed(wire, 0.0)

    assert f"{command.code:02X}" == vector["meaning"]["command"]
    if vector["meaning"]["command"] not in NOT_SIMULATED:
        assert all(reply[2] != 0xFF for reply in replies)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("BB0003000100047E", "BB0103000B004D3130302056312E3030227E"),
        ("BB0007000101097E", "BB0107000100097E"),
        ("BB00080000087E", "BB01080001010B7E"),
        ("BB000D00000D7E", "BB010D00021020407E"),
        ("BB000E00021020407E", "BB010E000100107E"),
        ("BB000C00130100000020600030751FEB705C5904E3D50D70AD7E", "BB010C0001000E7E"),
        ("BB001200010114 7E", "BB010C0001000E7E"),
        ("BB00B6000207D08F7E", "BB01B6000100B87E"),
        ("BB00F10000F17E", "BB01F10004030601B0B07E"),
        ("BB00AD0001FFAD7E", "BB01AD000100AF7E"),
    ],
)
def test_published_command_gets_its_published_reply(command: str, reply: str) -> None:
    assert module().feed(bytes.fromhex(command), 0.0) == [bytes.fromhex(reply)]


def test_captured_tag_is_told_as_it_was_captured() -> None:
    reader = module()
    reader.feed(encode_command(0x27, bytes.fromhex("222710")), 0.0)

    tags = {frame[6:-2] for frame in told(reader, 0.05) if frame[1] == 2}

    # The capture: BB 02 22 00 11 C4 3000 E200001D7315016521408FC6 B83E C2 7E.
    assert tags == {bytes.fromhex("3000 E200001D7315016521408FC6 B83E")}
    assert reader.tags_of(bytes.fromhex("BB 02 22 00 11 C4 3000 E200001D7315016521408FC6 B83E C2 7E")) == (EPC,)


def test_polls_of_an_empty_field_say_no_tag_each_and_end_in_silence() -> None:
    reader = module("")
    reader.feed(encode_command(0x27, bytes.fromhex("220003")), 0.0)

    assert told(reader, 1.0) == [bytes.fromhex("BB01FF000115167E")] * 3
    assert reader.next_due_s() is None


def test_stop_is_at_once_and_nothing_follows_its_answer() -> None:
    reader = module("".join(f'{{"antenna": 1, "epc": "{n:024X}"}}\n' for n in range(200)))
    reader.feed(encode_command(0x27, bytes.fromhex("222710")), 0.0)
    first = reader.due(0.0)

    assert reader.feed(encode_command(0x28), 0.0) == [bytes.fromhex("BB01280001002A7E")]
    assert 0 < len(first) < 200
    assert told(reader, 1.0) == []
    assert reader.next_due_s() is None


def test_region_and_power_are_told_back_and_power_is_clamped() -> None:
    reader = module()

    assert ask(reader, 0x07, "03") == "0107000100"
    assert ask(reader, 0x08) == "0108000103"
    assert ask(reader, 0xB6, "0BB8") == "01B6000100"
    assert ask(reader, 0xB7) == "01B700020A28"
    assert ask(reader, 0x07, "55") == "01FF000117"
    assert ask(reader, 0x77) == "01FF000117"


def test_tid_is_read_from_the_selected_tag() -> None:
    other = TAGS.replace(EPC, "30" * 12).replace("01", "02")
    reader = module(other + TAGS)
    ask(reader, 0x0C, SELECT_TID)

    assert accessed(reader, 0x39, "00000000 02 0000 0006") == f"0139001B{NAMED}{TID}".replace(" ", "")


def test_words_that_are_not_there_are_refused_with_the_tag() -> None:
    assert accessed(module(), 0x39, "00000000 02 0000 0007") == f"01FF0010A3{NAMED}".replace(" ", "")


def test_written_epc_is_what_the_tag_tells_from_then_on() -> None:
    reader = module()
    ask(reader, 0x0C, SELECT_TID)

    answer = accessed(reader, 0x49, "00000000 01 0001 0009 4000" + "AB" * 16)

    assert answer == f"01490010{NAMED}00".replace(" ", "")
    reader.feed(encode_command(0x27, bytes.fromhex("222710")), 0.0)
    assert {tag for frame in told(reader, 0.05) for tag in reader.tags_of(frame)} == {"AB" * 16}


@pytest.mark.parametrize(
    ("tags", "parameters", "answer"),
    [
        (LOCKED, "00000000 01 0002 0001 1234", "01FF0010B4"),
        (LOCKED, "00000001 01 0002 0001 1234", "01FF001016"),
        (LOCKED, "12345678 01 0002 0001 1234", "01490010"),
        (TAGS, "00000000 01 0002 0009" + "AB" * 18, "01FF0010B3"),
        (TAGS, "00000000 02 0002 0001 1234", "01FF0010B4"),
        (TAGS, "00000000 01 0002 0002 1234", "01FF000117"),
    ],
)
def test_write_is_answered_by_its_code(tags: str, parameters: str, answer: str) -> None:
    assert accessed(module(tags), 0x49, parameters).startswith(answer)


def test_access_to_an_empty_field_fails_by_code() -> None:
    assert ask(module(""), 0x39, "00000000 02 0000 0006") == "01FF000109"
    assert ask(module(""), 0x49, "00000000 01 0002 0001 1234") == "01FF000110"


def test_command_with_a_broken_sum_or_cut_short_is_not_obeyed() -> None:
    reader = module()

    assert reader.feed(bytes.fromhex("BB00080000097E"), 1.0) == []
    assert reader.feed(bytes.fromhex("BB00B600"), 1.0) == []
    assert len(reader.feed(bytes.fromhex("BB00080000087E"), 2.0)) == 1


@given(
    st.sampled_from(["BB", "AA"]),
    st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=5),
    st.data(),
)
def test_any_split_of_the_bytes_gives_the_same_commands(
    framing: str, commands: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encode_command(code, parameters, framing=framing) for code, parameters in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = CommandReader(FRAMINGS[framing])

    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [command for piece in pieces for command in reader.feed(piece, 0.0)]

    assert found == [Command(code, parameters) for code, parameters in commands]
