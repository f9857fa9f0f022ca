"""`baguier-agent decode`: every byte of a capture is explained, and nothing in it makes the command fail."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.agent.__main__ import main
from reader_drivers.agent.decode import decode_bytes, decode_hex_lines
from reader_drivers.agent.protocols import PROTOCOLS, ProtocolEntry
from tests.reader_drivers.thingmagic_ff.test_thingmagic_frames import SPARKFUN

EACH = [(entry, direction) for entry in PROTOCOLS for direction in entry.directions]


def decoded(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["decode", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(("entry", "direction"), EACH)
@given(capture=st.binary(max_size=300))
def test_every_byte_of_a_radio_capture_is_in_some_event(entry: ProtocolEntry, direction: str, capture: bytes) -> None:
    events = [json.loads(line) for line in decode_bytes(entry, direction, io.BytesIO(capture))]

    assert all("event" in event for event in events)
    if entry.transmits:
        assert "".join(event["hex"] for event in events) == capture.hex().upper()


@given(st.lists(st.text(max_size=30), max_size=4))
def test_text_that_is_no_hex_is_rejected_and_not_raised(lines: list[str]) -> None:
    events = [json.loads(line) for line in decode_hex_lines(PROTOCOLS[0], "reader_to_host", lines)]

    assert all(event["event"] in {"rejected", "reply", "keep_alive", "error"} for event in events)


def test_tag_report_has_the_fields_of_a_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = tmp_path / "capture.bin"
    capture.write_bytes(SPARKFUN)

    (event,) = decoded(capsys, "thingmagic_ff", str(capture))

    assert event["event"] == "tag_read"
    assert event["hex"] == SPARKFUN.hex().upper()
    assert (event["id_hex"], event["rssi_dbm"], event["antenna"]) == ("000000000000000000001545", -60, 1)
    assert event["tag"]["pc"] == "3000"


def test_each_line_of_hex_text_is_a_capture_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = tmp_path / "capture.hex"
    capture.write_text("FF 00 03\n\nFF00031D0C\nFF00031D0D\n")

    events = decoded(capsys, "thingmagic_ff", str(capture), "--hex", "--direction", "host_to_reader")

    assert [event["event"] for event in events] == ["rejected", "command", "rejected"]
    assert [event.get("reason", "").split(":")[0] for event in events] == ["length", "", "crc"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["decode"],
        ["decode", "morse"],
        ["decode", "thingmagic_ff", "/no/such/file"],
        ["decode", "thingmagic_ff", "--direction", "up"],
        ["decode", "barcode_line", "--direction", "host_to_reader"],
        ["run", "--config", "/no/such/agent.toml"],
        ["test", "pad", "--config", "/no/such/agent.toml"],
    ],
)
def test_bad_usage_exits_2_with_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as end:
        code = end.code

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_list_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)
