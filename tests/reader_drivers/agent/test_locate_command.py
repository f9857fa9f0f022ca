"""`baguier-agent locate`: one tag's strength, live, and a reader that rests afterwards."""

import asyncio
import json
from pathlib import Path

import pytest

from reader_drivers.agent.__main__ import main
from reader_drivers.agent.locate import Locator, Strength
from reader_drivers.agent.transports import open_link
from reader_drivers.reads import TagRead
from tests.reader_drivers.agent.stage import Stage, play
from tests.reader_drivers.agent.test_write_command import settings

RING, OTHER = "3034257BF7194E4000001A85", "3034257BF7194E4000001A86"
VERSION = bytes.fromhex("FF 00 03 1D0C")
TID = "E28011602000000000000001"


def locator(*, epc: str | None = RING, tid: str | None = None) -> Locator:
    return Locator(epc=None if epc is None else bytes.fromhex(epc), tid=None if tid is None else bytes.fromhex(tid))


def test_only_the_asked_tag_counts_and_the_strongest_hearing_is_shown() -> None:
    looking = locator()

    for read in (
        TagRead(id_hex=RING, rssi_dbm=-60.0, count=2),
        TagRead(id_hex=RING, rssi_dbm=-55.0),
        TagRead(id_hex=OTHER, rssi_dbm=-20.0),
    ):
        looking.note(read)

    assert looking.take() == Strength(3, -55.0)
    assert looking.take() == Strength(0, None)


def test_copies_are_told_apart_by_their_tid() -> None:
    looking = locator(tid=TID)

    looking.note(TagRead(id_hex=RING, tid_hex="E2" * 12, rssi_dbm=-40.0))
    assert not looking.has_heard
    looking.note(TagRead(id_hex=RING, tid_hex=TID, rssi_dbm=-50.0))

    assert looking.take() == Strength(1, -50.0)


@pytest.mark.parametrize(
    ("strength", "closeness"),
    [
        (Strength(1, -90.0), 0.0),
        (Strength(1, -52.5), 0.5),
        (Strength(1, -10.0), 1.0),
        (Strength(0, None), 0.0),
        (Strength(10, None), 0.5),
        (Strength(99, None), 1.0),
    ],
)
def test_closeness_goes_from_far_to_touching(strength: Strength, closeness: float) -> None:
    assert strength.closeness == pytest.approx(closeness)
    assert len(strength.line().split("  ")[0]) == 30


@pytest.mark.slow
def test_strength_is_shown_live_and_the_reader_rests_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(stage: Stage) -> None:
        tags = [{"antenna": 1, "epc": epc, "rssi_dbm": rssi} for epc, rssi in ((RING, -60), (OTHER, -30))]
        stage.add_reader("sled", tags=tags, options=("--rate", "300"))
        config = str(stage.write_settings())
        arguments = ["locate", "sled", "--epc", RING, "--config", config, "--seconds", "0.4", "--json"]

        code = await asyncio.to_thread(main, arguments)

        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        heard = [line["rssi_dbm"] for line in told if line["hearings"]]
        assert code == 0
        assert heard
        assert all(-62 <= rssi <= -58 for rssi in heard)
        # A module that still streams answers its version with a refusal.
        link = await open_link(str(tmp_path / "sled"), 115_200)
        await link.write(VERSION)
        answer = b""
        while len(answer) < 5:
            answer += b"".join(chunk for _, chunk in await link.read(5))
        await link.close()
        assert answer[:5] == bytes.fromhex("FF 14 03 0000")

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("protocol", "options", "complaint"),
    [
        ("thingmagic_ff", [], "give --epc URI or --tid HEX"),
        ("thingmagic_ff", ["--epc", "ring"], "no EPC"),
        ("barcode_line", ["--epc", RING], "choose a radio reader"),
    ],
)
def test_what_cannot_be_located_is_refused_with_what_to_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], protocol: str, options: list[str], complaint: str
) -> None:
    radio = 'region = "EU"\npower_dbm = 20\nantennas = [1]\n' if protocol == "thingmagic_ff" else ""

    assert main(["locate", "one", "--config", str(settings(tmp_path, protocol, radio)), *options]) == 2
    assert complaint in capsys.readouterr().err


def test_reader_that_is_not_there_is_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(tmp_path, "thingmagic_ff", 'region = "EU"\npower_dbm = 20\nantennas = [1]\n')

    assert main(["locate", "one", "--epc", RING, "--config", str(config)]) == 1
    assert "Plug the reader in" in capsys.readouterr().err
