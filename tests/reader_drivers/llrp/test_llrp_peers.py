"""Foreign programs at both ends of the wire, each in its own process: llrpkit's reader, and sllurp as a client."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.trial import Trial, try_reader
from reader_drivers.driver import ReadPlan, Region
from tests.reader_drivers.agent.stage import ROOT, end

pytestmark = pytest.mark.slow
EMULATOR = """
import asyncio
from llrpkit.emulator import EmulatedTag, LLRPEmulator

async def run():
    tags = [EmulatedTag(bytes([0x30] * 11 + [n]), antennas=(1 + n % 2,), rssi_dbm=-40.0 - n) for n in range(6)]
    async with LLRPEmulator(tags=tags, reads_per_sec=400) as reader:
        print(reader.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(run())
"""
CLIENT = Path(__file__).with_name("sllurp_client.py")


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        yield started
    finally:
        end(started, signal.SIGKILL)


def first_line(started: subprocess.Popen[bytes]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().decode().strip()


def tried(port: str, plan: ReadPlan) -> Trial:
    settings = ReaderSettings(
        name="door", protocol=protocol_named("llrp"), port=port, baud=0, plan=plan, antennas=plan.antennas
    )
    return asyncio.run(try_reader(settings, seconds=1.0))


def test_agent_reads_a_foreign_reader_with_tid_and_two_antennas() -> None:
    with process("-c", EMULATOR) as emulator:
        plan = ReadPlan(region=Region.US, power_cdbm=2_500, antennas=(1, 2))

        trial = tried(f"tcp:127.0.0.1:{first_line(emulator)}", plan)

    codes = [f"{'30' * 11}{n:02X}" for n in range(6)]
    assert {(epc, antenna) for epc, _, antenna in trial.tags} == {(epc, 1 + n % 2) for n, epc in enumerate(codes)}
    # The emulator makes its TID of the EPC's last eight bytes.
    assert {tid for _, tid, _ in trial.tags} == {f"E2801105{epc[-16:]}" for epc in codes}
    assert trial.rejected == []
    assert trial.phase == "idle"


def test_agent_keeps_a_foreign_reader_of_another_region_silent() -> None:
    with process("-c", EMULATOR) as emulator:
        trial = tried(
            f"tcp:127.0.0.1:{first_line(emulator)}", ReadPlan(region=Region.EU, power_cdbm=2_500, antennas=(1,))
        )

    assert trial.tags == {}
    assert any("US FCC part 15" in note for note in trial.notes)


def test_foreign_client_reads_our_simulated_reader(tmp_path: Path) -> None:
    tags = [
        {"antenna": 1 + n % 4, "epc": ("30" * (11 + 4 * (n % 2))) + f"{n:02X}", "rssi_dbm": -40 - n} for n in range(12)
    ]
    file = tmp_path / "tags.jsonl"
    file.write_text("".join(json.dumps(tag) + "\n" for tag in tags))
    command = ("-m", "simulators", "reader", "llrp", "--tags", str(file), "--link", "tcp:0", "--rate", "500")
    with process(*command) as reader:
        port = first_line(reader).rpartition(":")[2]

        said = subprocess.run(
            [sys.executable, str(CLIENT), port, "4", "150"], capture_output=True, text=True, timeout=60, check=True
        )

    *reports, last = said.stdout.splitlines()
    heard = [json.loads(report) for report in reports]
    assert last == "done"
    assert {report["epc"].upper() for report in heard} == {tag["epc"] for tag in tags}
    own = {tag["epc"]: tag for tag in tags}
    for report in heard:
        tag = own[report["epc"].upper()]
        is_own = report["AntennaID"] == tag["antenna"]
        assert abs(report["PeakRSSI"] - tag["rssi_dbm"] + (0 if is_own else 19)) <= 2
        assert report["ChannelIndex"] in {1, 2, 3, 4}
