"""The simulated TSL sled against published lines: what it is asked, what it says, and what it refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.gen2 import gen2_checksum
from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.tsl_ascii2 import TslSled
from simulators.readers.tsl_lines import CommandReader, parse_command
from tests.reader_drivers.conformance import load_vectors

EPC = "30751FEB705C5904E3D50D70"
TID = "E28011602000000000000001"
OTHER_EPC, OTHER_TID = "E280689400005018F22958C0", "E28068940000000000000002"
TAGS = f'{{"antenna": 1, "epc": "{EPC}", "tid": "{TID}", "rssi_dbm": -55}}\n'
OTHER = f'{{"antenna": 1, "epc": "{OTHER_EPC}", "tid": "{OTHER_TID}"}}\n'
LOCKED = TAGS.replace("}", ', "access_password": "12345678"}')
COMMANDS = [vector for vector in load_vectors("tsl_ascii2") if vector["direction"] == "host_to_reader"]


def sled(tags: str = TAGS) -> TslSled:
    made = TslSled(Radio(seed=1), pace=Pace(pass_s_min=0))
    made.load(tags)
    return made


def ask(reader: TslSled, text: str) -> list[str]:
    """The lines of the block that answers, without the echo; asked again while no tag answered."""
    for _ in range(20):
        assert reader.feed(f"{text}\r\n".encode(), 0.0) == []
        block = b"".join(frame for _ in range(50) for frame in reader.due(1.0)).decode()
        assert block.startswith(f"CS: {text}\r\n")
        assert block.endswith("\r\n\r\n")
        if "ER: 005" not in block:
            break
    return block.split("\r\n")[1:-2]


@pytest.mark.parametrize("vector", COMMANDS, ids=lambda vector: vector["id"])
def test_published_command_is_understood(vector: dict[str, Any]) -> None:
    (text,) = CommandReader().feed(bytes.fromhex(vector["hex"]))

    command = parse_command(text)

    assert command.name == vector["meaning"]["command"]
    assert command.parameters.items() >= vector["meaning"].get("params", {}).items()


def test_parameters_run_together_are_taken_apart_as_the_makers_library_sends_them() -> None:
    command = parse_command(".wr -dbepc -do0002 -dl06 -ap00000000 -aloff -eon -x")

    assert dict(command.parameters) == {
        "db": "epc", "do": "0002", "dl": "06", "ap": "00000000", "al": "off", "e": "on", "x": "",
    }  # fmt: skip


def test_published_empty_round_is_told_byte_for_byte() -> None:
    reader = sled("")
    reader.feed(b".iv\r\n", 0.0)

    block = b"".join(reader.due(1.0))

    assert block == b"CS: .iv\r\nME: No Transponder found\r\nER: 005\r\n\r\n"


def test_round_tells_of_each_tag_what_was_asked_for() -> None:
    lines = ask(sled(), ".iv -x -c on -e on -r on -ix on -fi on")

    assert lines[:4] == [f"EP: {EPC}", f"CR: {gen2_checksum(bytes.fromhex('3000' + EPC)):04X}", "PC: 3000", "IX: 0000"]
    assert -57 <= int(lines[4].removeprefix("RI: ")) <= -53
    assert lines[5:] == [f"TD: {TID}", "OK:"]


def test_fast_id_is_told_by_impinj_chips_only() -> None:
    assert not [line for line in ask(sled(OTHER), ".iv -fi on") if line.startswith("TD")]


def test_parameters_stay_until_they_are_reset() -> None:
    reader = sled()
    assert ask(reader, ".iv -n -e on") == ["OK:"]

    assert ask(reader, ".iv")[1] == "PC: 3000"
    assert ask(reader, ".iv -x")[1] == "OK:"


def test_parameters_are_listed() -> None:
    (listed, end) = ask(sled(), ".iv -p -o 20")

    assert listed.startswith("PR: ")
    assert "-o 20 " in listed
    assert end == "OK:"


@pytest.mark.parametrize("text", [".iv -o 30", ".iv -qs s9", ".iv -zz 1", ".xx", ".wr -db epc -dl 02 -da 1234", "iv"])
def test_what_is_not_understood_is_refused_with_a_message(text: str) -> None:
    message, error = ask(sled(), text)

    assert message.startswith("ME: ")
    assert error == "ER: 001"


def test_version_names_the_region_in_the_serial_number() -> None:
    lines = ask(sled(), ".vr")

    assert {"US: 1128-S1-EU-000001", "BA: 00:07:80:41:a4:c6", "AC: Passed"} <= set(lines)


def test_sled_of_another_region_says_so() -> None:
    assert "US: 1128-S1-US-000001" in ask(TslSled(Radio(), region="US"), ".vr")


def test_barcode_engine_finds_nothing() -> None:
    assert ask(sled(), ".bc") == ["ME: No barcode found", "ER: 006"]


def test_abort_breaks_off_the_round_under_way() -> None:
    reader = sled("".join(f'{{"antenna": 1, "epc": "{n:024X}"}}\n' for n in range(200)))
    reader.feed(b".iv\r\n", 0.0)
    first = reader.due(0.0)

    reader.feed(b".ab\r\n", 0.0)

    assert 0 < len(first) < 200
    assert b"".join(reader.due(1.0)) == b"ME: Command aborted\r\nER: 015\r\n\r\nCS: .ab\r\nOK:\r\n\r\n"


def test_selected_tag_is_read_and_written_alone() -> None:
    reader = sled(TAGS + OTHER)
    by_tid = f"-sb tid -so 0000 -sl 60 -sd {TID} -sa 0 -st s0 -qs s0 -qt a"

    assert ask(reader, f".rd -db tid -do 0000 -dl 06 {by_tid}") == [f"EP: {EPC}", f"RD: {TID}", "OK:"]
    assert ask(reader, f".wr -db epc -do 0001 -dl 02 -da 08001234 {by_tid}") == [f"EP: {EPC}", "WW: 2", "OK:"]
    assert ask(reader, f".iv -io off {by_tid}") == ["EP: 1234", "OK:"]


@pytest.mark.parametrize(
    ("tags", "text", "line"),
    [
        (LOCKED, ".wr -db epc -do 0002 -dl 01 -da 1234", "EB: 004"),
        (LOCKED, ".wr -db epc -do 0002 -dl 01 -da 1234 -ap 00000001", "EA: 004"),
        (LOCKED, ".wr -db epc -do 0002 -dl 01 -da 1234 -ap 12345678", "WW: 1"),
        (TAGS, ".rd -db tid -do 0000 -dl 07", "EB: 003"),
    ],
)
def test_what_a_tag_refuses_is_told_in_its_lines(tags: str, text: str, line: str) -> None:
    assert ask(sled(tags), text)[1] == line


def test_intact_lines_tell_their_tag() -> None:
    reader = sled()

    assert reader.tags_of(f"EP: {EPC}\r\nPC: 3000\r\n".encode()) == (EPC,)
    assert reader.tags_of(b"OK:\r\n\r\n") == ()


@given(st.lists(st.sampled_from([".iv -x", ".vr", ".ab", ".rd -db tid"]), max_size=5), st.data())
def test_any_split_of_the_bytes_gives_the_same_commands(texts: list[str], data: st.DataObject) -> None:
    stream = "".join(f"{text}\r\n" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = CommandReader()

    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert [text for piece in pieces for text in reader.feed(piece)] == texts
