"""Every driver against its simulated reader, the agent between them and the cable bad: nothing lost, nothing invented.

A protocol joins by one line in `TWINS`. Lost is a tag that at least one intact frame told and no acknowledged batch holds;
the end of the round counts as well. Source: decisions.md 6.18.
"""

import os
import random
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reader_drivers.reads import Drain, Drained, Listen, Listening
from tests.reader_drivers.agent.stage import Stage, end, play

pytestmark = pytest.mark.slow
TAGS = int(os.environ.get("BAGUIER_TWIN_TAGS", "300"))
SEEDS = int(os.environ.get("BAGUIER_TWIN_SEEDS", "1"))
"""BAGUIER_TWIN_TAGS=20000 BAGUIER_TWIN_SEEDS=20 for the long run."""
HEARINGS = 2
"""How often each tag is told in the mean before the round is drained."""
FAULTS = "split=0.2,glue=0.2,drop=0.01,repeat=0.02,corrupt=0.02,delay=0.002:5"
"""Every fault there is; one frame in fifty has a turned bit."""
UNCHECKED = "split=0.2,glue=0.2,drop=0.01,repeat=0.02,delay=0.002:5"
"""For links whose protocol has no checksum at all: no host can tell a turned bit there."""
OVER_TCP = "split=0.2,glue=0.2,delay=0.002:5"
"""For readers on the network: TCP loses, repeats and turns nothing, or the link is gone."""


@dataclass(frozen=True)
class Twin:
    """One protocol, its simulated reader, and what its link does to the frames."""

    protocol: str
    options: tuple[str, ...] = ()
    """Of the simulated reader."""
    antennas: int = 1
    tags_max: int = 20_000
    """200 for readers that tell one tag at a time."""
    faults: str = FAULTS
    proof: str = "tags_intact"
    """Which of the simulated reader's figures says what must arrive: `tags_intact_twice` where a code counts from its second
    frame on, because the frames have one check byte."""
    is_scanner: bool = False
    has_uids: bool = False
    """True: ISO 15693 tags, whose code is the chip's own."""

    @property
    def tags(self) -> int:
        """Fewer where each takes its time, so that a run of the suite stays short."""
        return min(TAGS if self.tags_max > 200 else TAGS // 5, self.tags_max)

    def __str__(self) -> str:
        return "-".join((self.protocol, *self.options[1::2]))


TWINS = (
    Twin("thingmagic_ff", antennas=4),
    Twin("tsl_ascii2", faults=f"{FAULTS},burst=0.02"),
    Twin("magicrf_bb", faults=f"{FAULTS},burst=0.02"),
    Twin("magicrf_bb", options=("--model", "AA")),
    Twin("feig_iso", has_uids=True),
    # A lost answer is waited for for three seconds; the model above has some.
    Twin("feig_iso", options=("--model", "mux"), antennas=3, has_uids=True, faults=FAULTS.replace("drop=0.01,", "")),
    Twin("uhfreader_crc16", antennas=4),
    Twin("uhfreader_crc16", options=("--model", "18")),
    Twin("r2000_a0", antennas=4, faults=f"{FAULTS},burst=0.02", proof="tags_intact_twice"),
    Twin("chainway_a55a", antennas=4),
    Twin("nordicid_nur", antennas=4),
    Twin("llrp", antennas=4, faults=OVER_TCP),
    Twin("impinj_r700_json", antennas=4, faults=OVER_TCP),
    Twin("barcode_line", faults=UNCHECKED, is_scanner=True),
    Twin("barcode_ssi", tags_max=200, is_scanner=True),
    Twin("hid_keyboard", faults=UNCHECKED, is_scanner=True),
    Twin("hid_pos", options=("--model", "honeywell", "--aim", "C1"), faults=UNCHECKED, is_scanner=True),
)


def lying(twin: Twin, seed: int) -> list[dict[str, Any]]:
    """Tags whose codes are far apart, so that no turned bit makes one tag of another."""
    chance = random.Random(seed)
    if twin.has_uids:
        uids = (f"E004{chance.randbytes(6).hex().upper()}" for _ in range(twin.tags))
        return [{"antenna": 1 + n % twin.antennas, "epc": uid, "tid": None} for n, uid in enumerate(uids)]
    return [
        {
            "antenna": 1 + n % twin.antennas,
            "epc": chance.randbytes(16 if n % 7 == 0 else 12).hex().upper(),
            # Impinj's chips tell their TID in an inventory where they are asked to, others do not.
            "tid": ("E2801" if n % 2 else "E2806") + chance.randbytes(10).hex().upper()[1:],
            "rssi_dbm": -50,
        }
        for n in range(twin.tags)
    ]


def heard(stage: Stage, seqs: range) -> set[tuple[str, str | None]]:
    rows = [row for seq in seqs for row in stage.server.batches[seq].reads]
    return {(row.epc.hex().upper(), row.tid.hex().upper() if row.tid else None) for row in rows}


def scanned(stage: Stage, from_seq: int) -> set[str]:
    return {row.text for seq, batch in stage.server.batches.items() if seq >= from_seq for row in batch.scans}


async def attach(stage: Stage) -> int:
    stage.start_agent()
    await stage.server.say(Listen("a", "reader", (), 10))
    return (await stage.server.hear(Listening)).from_seq


async def drain(stage: Stage) -> int:
    await stage.server.say(Drain("a"))
    to_seq = (await stage.server.hear(Drained)).to_seq
    await stage.server.until(lambda: stage.server.acked >= to_seq)
    return to_seq


def told(stage: Stage) -> int:
    """Tags or scans that the reader has given out; 0 until it says so for the first time."""
    try:
        return int(stage.stats("reader")["reads_told"])
    except FileNotFoundError:
        return 0


async def until_told(stage: Stage, hearings: int) -> None:
    """The agent brings a batch whenever something is heard, so each batch is a moment to look."""
    await stage.server.until(lambda: told(stage) >= hearings, timeout_s=60 + TAGS / 20)


@pytest.mark.timeout(120 + TAGS // 10)
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("twin", [twin for twin in TWINS if not twin.is_scanner], ids=str)
def test_every_tag_that_answered_is_reported_and_none_is_invented(twin: Twin, seed: int, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        tags = lying(twin, seed)
        faults = ("--faults", twin.faults, "--seed", f"{seed}")
        reader = stage.add_reader(
            "reader", tags=tags, protocol=twin.protocol, antennas=twin.antennas, options=(*twin.options, *faults)
        )
        from_seq = await attach(stage)
        await until_told(stage, HEARINGS * len(tags))
        found = heard(stage, range(from_seq, await drain(stage) + 1))
        end(reader, signal.SIGTERM)
        intact = set(stage.stats("reader")[twin.proof])

        assert found <= {(tag["epc"], tid) for tag in tags for tid in (tag["tid"], None)}
        assert intact - {epc for epc, _ in found} == set()
        assert len(intact) > len(tags) // 2
        print(f"{twin} seed {seed}: {told(stage)} told, {len(intact)} of {len(tags)} tags intact, 0 lost, 0 invented")

    play(tmp_path, story)


@pytest.mark.timeout(120 + TAGS // 10)
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("twin", [twin for twin in TWINS if twin.is_scanner], ids=str)
def test_every_scan_that_was_sent_is_reported_and_none_is_invented(twin: Twin, seed: int, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        texts = [tag["epc"] for tag in lying(twin, seed)]
        faults = ("--faults", twin.faults, "--seed", f"{seed}")
        scan = stage.add_scanner("reader", protocol=twin.protocol, options=(*twin.options, *faults))
        from_seq = await attach(stage)
        scan("\n".join(texts))
        await until_told(stage, len(texts))
        # A scanner knows no stop, so the last scans are still on the cable: waiting for them fails when one is lost.
        await stage.server.until(
            lambda: set(stage.stats("reader")["tags_intact"]) <= scanned(stage, from_seq), timeout_s=30 + TAGS / 20
        )
        await drain(stage)
        found = scanned(stage, from_seq)
        intact = set(stage.stats("reader")["tags_intact"])

        assert found <= set(texts)
        assert intact - found == set()
        assert len(intact) > len(texts) // 2

    play(tmp_path, story)
