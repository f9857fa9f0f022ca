"""`baguier-agent write`: from a URI on the command line to a tag that was read back."""

import asyncio
import json
from pathlib import Path

import pytest

from reader_drivers.agent.__main__ import main
from reader_drivers.agent.settings import SettingsRefused
from reader_drivers.agent.write import epc_bytes
from tests.reader_drivers.agent.stage import Stage, play

URI, HEX = "urn:epc:tag:sgtin-96:1.9521141.012345.4711", "3036451FD40C0E4000001267"


def test_tag_is_written_from_a_uri_and_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=[{"antenna": 2, "epc": "3034", "tid": "E28011602000000000000001"}])
        config = stage.write_settings()

        code = await asyncio.to_thread(main, ["write", "pad", "--epc", URI, "--config", str(config), "--json"])

        told = json.loads(capsys.readouterr().out)
        assert (code, told) == (0, {"written": True, "epc": HEX, "tid": "E28011602000000000000001"})

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("text", "epc"),
    [(HEX, HEX), (HEX.lower(), HEX), ("urn:epc:raw:32.x3034ABCD", "3034ABCD")],
)
def test_epc_is_taken_as_hex_or_as_raw_uri(text: str, epc: str) -> None:
    assert epc_bytes(text).hex().upper() == epc


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ring", "no EPC"),
        ("urn:epc:raw:96.x3034", "says 96 bits and has 16"),
        ("urn:epc:tag:sgtin-96:1.9521141.0123x5.4711", "exactly 6"),
    ],
)
def test_what_is_no_epc_is_refused_with_what_to_give(text: str, complaint: str) -> None:
    with pytest.raises(SettingsRefused, match=complaint):
        epc_bytes(text)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--epc", "3"], "no EPC"),
        (["--epc", "3034", "--tid", "E2x"], "two a byte"),
        (["--epc", "303412"], "an even number"),
        (["--epc", "3034", "--password-file", "missing"], "8 hex digits"),
    ],
)
def test_bad_usage_is_one_sentence_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    config = settings(tmp_path, "thingmagic_ff", 'region = "EU"\npower_dbm = 20\nantennas = [1]\n')

    assert main(["write", "one", "--config", str(config), *options]) == 2
    assert complaint in capsys.readouterr().err


def test_reader_that_is_not_there_is_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(tmp_path, "thingmagic_ff", 'region = "EU"\npower_dbm = 20\nantennas = [1]\n')

    assert main(["write", "one", "--epc", "3034", "--config", str(config)]) == 1
    assert "cannot be opened" in capsys.readouterr().err


def test_scanner_cannot_write_and_says_what_can(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(tmp_path, "barcode_line", "")

    assert main(["write", "one", "--epc", "3034", "--config", str(config)]) == 2
    assert "another reader" in capsys.readouterr().err


def settings(folder: Path, protocol: str, rest: str) -> Path:
    token = folder / "agent.token"
    token.write_text("t" * 43)
    token.chmod(0o600)
    path = folder / "agent.toml"
    path.write_text(
        'server = "ws://127.0.0.1:9"\ntoken_file = "agent.token"\ndata_dir = "spool"\n'
        f'[[reader]]\nname = "one"\nprotocol = "{protocol}"\nport = "{folder / "nothing"}"\n{rest}'
    )
    return path
