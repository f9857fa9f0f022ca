"""agent.toml: what is refused, and that the sentence tells what to write."""

from pathlib import Path

import pytest

from reader_drivers.agent.settings import AgentSettings, SettingsRefused, load_settings
from reader_drivers.driver import Region

HEAD = 'server = "ws://127.0.0.1:8000"\ntoken_file = "agent.token"\ndata_dir = "spool"\n'
READER = (
    '[[reader]]\nname = "pad"\nprotocol = "thingmagic_ff"\nport = "/dev/ttyACM0"\nregion = "EU"\npower_dbm = 20.5\n'
    "antennas = [1, 2]\n"
)
SCANNER = '[[reader]]\nname = "gun"\nprotocol = "barcode_line"\nport = "usb:ABC1"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    token = tmp_path / "agent.token"
    token.write_text("t" * 43 + "\n")
    token.chmod(0o600)
    return tmp_path


def load(folder: Path, text: str) -> AgentSettings:
    path = folder / "agent.toml"
    path.write_text(text)
    return load_settings(path)


def test_settings_are_read_and_paths_are_relative_to_the_file(folder: Path) -> None:
    settings = load(folder, HEAD + READER + SCANNER)

    assert settings.server == "ws://127.0.0.1:8000/v1/agent/stream"
    assert settings.token == "t" * 43
    assert settings.data_dir == folder / "spool"
    pad, gun = settings.readers
    assert (pad.plan.region, pad.plan.power_cdbm, pad.antennas, pad.baud) == (Region.EU, 2_050, (1, 2), 115_200)
    assert (gun.antennas, gun.baud) == ((), 9_600)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (HEAD + READER.replace('region = "EU"\n', ""), "no region"),
        (HEAD + READER.replace('"EU"', '"FR"'), "one of EU"),
        (HEAD + READER.replace('"EU"', '"EU_UPPER"'), "no region code"),
        (HEAD + READER.replace("power_dbm = 20.5\n", ""), "power_dbm"),
        (HEAD + READER.replace("20.5", "2050"), "3300"),
        (HEAD + READER.replace("[1, 2]", "[0]"), "antennas"),
        (HEAD + READER.replace("thingmagic_ff", "rs232"), "this agent speaks thingmagic_ff"),
        (HEAD + READER + 'colour = "red"\n', "unknown key 'colour'"),
        (HEAD + SCANNER + "power_dbm = 20\n", "unknown key 'power_dbm'"),
        ('colour = "red"\n' + HEAD + READER, "unknown key 'colour'"),
        (HEAD + READER + READER, "same name"),
        (HEAD, "no reader"),
        (HEAD.replace('server = "ws://127.0.0.1:8000"\n', "") + READER, "server"),
        (HEAD.replace("ws://127.0.0.1:8000", "ws://shop.example") + READER, "wss://"),
        (HEAD.replace("ws://", "ftp://") + READER, "ws://127.0.0.1:8000"),
        ("server = ", "TOML"),
    ],
)
def test_unusable_settings_are_refused_with_a_sentence(folder: Path, wrong: str, sentence: str) -> None:
    with pytest.raises(SettingsRefused, match=sentence):
        load(folder, wrong)


def test_token_that_others_may_read_is_refused(folder: Path) -> None:
    (folder / "agent.token").chmod(0o644)

    with pytest.raises(SettingsRefused, match="chmod 600"):
        load(folder, HEAD + READER)


def test_short_token_is_refused(folder: Path) -> None:
    (folder / "agent.token").write_text("short")

    with pytest.raises(SettingsRefused, match="pair the agent again"):
        load(folder, HEAD + READER)


def test_missing_token_file_is_refused(folder: Path) -> None:
    (folder / "agent.token").unlink()

    with pytest.raises(SettingsRefused, match="baguier device pair"):
        load(folder, HEAD + READER)
