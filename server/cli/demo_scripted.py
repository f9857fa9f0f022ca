"""Demo scripted: one whole day of the demonstration, then its evidence, judged by programs that were not there.

Given a running demonstration; the simulators play the day against it; then everything is stopped, the trust file and the pack
are written, a process of its own verifies the pack, and another compares what the pack says with the truth that was written
before the day began.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from reader_drivers.reads import Batch, decode_message
from server.cli.demo_processes import DemoFailed
from server.store import reads
from server.store.database import read_once
from server.store.shops import only_shop

if TYPE_CHECKING:
    from server.cli.demo import RunningDemo

EXIT_DIFFERENT: Final = 1
"""The pack was not verified, or does not say what happened."""
_CLASSES: Final = {"MISSING": "missing", "MISPLACED": "in the wrong tray"}


@dataclass(frozen=True, slots=True)
class Reads:
    """What readers sent beside what is stored."""

    sent: int
    stored: int
    """May be a few less: a frame that a busy computer hands over in two is rejected, and its tag is heard again."""
    lost: frozenset[str]
    """Tags and scans of which a whole frame was sent and no batch tells: there must be none."""


@dataclass(frozen=True, slots=True)
class Played:
    """A day with its evidence."""

    day: Mapping[str, Any]
    """The figures that the people of the day saw."""
    verified: Mapping[str, Any]
    """What `baguier verify` says of the pack."""
    compared: Mapping[str, Any]
    """What the reader of the pack found, beside the truth."""
    reads: "Reads"
    pack: Path
    wall_s: float
    """From the first process to the last verdict."""

    @property
    def is_true(self) -> bool:
        """Whether the pack is verified and says what happened, and no read was lost."""
        is_verified = self.verified["exit"] == 0
        return is_verified and bool(self.compared["is_equal"]) and not self.reads.lost

    def document(self) -> dict[str, Any]:
        """The last line of `--json`."""
        windows = {one["piece"]: one["loss_window_min"] for one in self.compared["windows"]}
        thefts = [{**one, "loss_window_min": windows.get(one["piece"])} for one in self.day["thefts"]]
        return {
            "pieces": self.day["pieces"],
            "places": self.day["places"],
            "opening": self.day["opening"],
            "closing": self.day["closing"],
            "stolen": thefts[0] if thefts else None,
            "thefts": thefts,
            "reads_sent": self.reads.sent,
            "reads_stored": self.reads.stored,
            "lost": sorted(self.reads.lost),
            "pack": str(self.pack),
            "verify": self.verified["verdict"],
            "truth": {name: self.compared[name] for name in ("is_equal", "lacks", "has_more")},
            "wall_s": self.wall_s,
        }


def play_day(
    running: "RunningDemo", *, story: str, seed: int, as_json: bool, is_kept: bool = True, lie: str = "none"
) -> int:
    """Play the day of a story in a demonstration that has just begun; print it; give the exit code.

    0: the pack is verified and says what happened, nothing more and nothing less; 1 else, or when the day or a program that
    judges it stopped on the way. Every process is ended. `is_kept`: the folder outlives the demonstration. `lie`: how the
    people of the day hide what was stolen, for controls.
    """
    if not as_json:
        print("A whole day is played: opening, sale, showing, closing. It takes half a minute.", file=sys.stderr)
    try:
        played = _played(running, "--story", story, "--seed", str(seed), "--lie", lie)
    except DemoFailed as stopped:
        print(stopped.sentence, file=sys.stderr)
        return EXIT_DIFFERENT
    if as_json:
        print(json.dumps(played.document(), ensure_ascii=False), flush=True)
    else:
        kept = f"The evidence is in {played.pack}, the trust file beside it."
        print(in_words(played), kept if is_kept else "To keep the evidence, name a folder with --data.", sep="\n")
    return 0 if played.is_true else EXIT_DIFFERENT


def _played(running: "RunningDemo", *options: str) -> Played:
    """The day with its evidence. Raises: DemoFailed."""
    root = running.folder.root
    truth, trust, pack = (str(root / name) for name in ("truth.json", "trust.json", "pack.zip"))
    day = _told("simulators", "day", "--floor", str(running.folder.floor), "--truth", truth, *options)
    running.processes.stop()
    at = ("--data", str(root), "--json")
    # Whoever will check the pack holds the trust file before there is a pack.
    _told("server", "trust", "export", "--out", trust, *at)
    shop_day = str(day["shop_day"])
    _told("server", "export", "audit", "--from", shop_day, "--to", shop_day, "--out", pack, *at)
    return Played(
        day=day,
        verified=_told("server", "verify", pack, "--trust", trust, "--json", may_end_with=(0, 1, 2)),
        compared=_told("simulators", "findings", pack, "--truth", truth, may_end_with=(0, 1)),
        reads=_reads(running),
        pack=Path(pack),
        wall_s=round(time.monotonic() - running.began_s, 1),
    )


def _reads(running: "RunningDemo") -> Reads:
    sent, heard = 0, set[str]()
    for stats in (Path(path) for path in running.floor["stats_files"]):
        # A reader that nobody asked has said nothing.
        if stats.exists():
            told = json.loads(stats.read_text(encoding="utf-8"))
            sent += int(told["reads_told"])
            heard |= set(told["tags_intact"])
    batches = read_once(running.folder.settings.database, _batches)
    known = {row.epc.hex().upper() for batch in batches for row in batch.reads}
    known |= {scan.text for batch in batches for scan in batch.scans}
    stored = sum(sum(row.dcount for row in batch.reads) + len(batch.scans) for batch in batches)
    return Reads(sent, stored, frozenset(heard - known))


def _batches(connection: Connection) -> list[Batch]:
    shop_id = only_shop(connection)
    assert shop_id is not None, "a demonstration that was played has a shop"
    messages = (decode_message(raw) for raw in reads.raw_batches(connection, shop_id))
    return [one for one in messages if isinstance(one, Batch)]


def in_words(played: Played) -> str:
    """The day as a jeweller would tell it."""
    document, compared = played.document(), played.compared
    tours = [_tour_line(name, document[key]) for name, key in (("Opening", "opening"), ("Closing", "closing"))]
    cases = [_case_line(case, document["thefts"]) for case in compared["found"]["cases"]]
    by_hand = [f"{ref}: its tag is silent, it was found by its label." for ref in compared["found"]["by_hand"]]
    sold = f"Sold {played.day['sold']}; shown to a client and back: {played.day['shown']}."
    lines = [tours[0], sold, tours[1], *cases, *by_hand, _reads_line(played), _verdict_line(played)]
    return "\n".join([*lines, *_difference_lines(compared)])


def _tour_line(name: str, tour: Mapping[str, Any]) -> str:
    signed = " and ".join(tour["signed_by"])
    gaps = {0: "nothing to explain", 1: "1 piece to explain"}.get(
        tour["discrepancies"], f"{tour['discrepancies']} pieces to explain"
    )
    return f"{name}: {tour['found']} of {tour['expected']} pieces, {gaps}, signed by {signed}."


def _case_line(case: Mapping[str, Any], thefts: Sequence[Mapping[str, Any]]) -> str:
    window = next((one["loss_window_min"] for one in thefts if one["piece"] == case["piece"]), None)
    outcome = str(case["outcome"]).lower().replace("_", " ")
    what = f"{case['piece']} of {case['home']} is {_CLASSES.get(case['class'], str(case['class']).lower())}"
    where = f": {case['heard_in']}" if case["heard_in"] else ""
    lost = "" if window is None else f", lost within {window // 60} h {window % 60:02d} min"
    return f"{what}{where}{lost}; {outcome}."


def _reads_line(played: Played) -> str:
    lost = ", ".join(sorted(played.reads.lost))
    ending = f"these are lost: {lost}" if lost else "nothing that was heard is lost"
    return f"Readers sent {played.reads.sent} reads, {played.reads.stored} are stored: {ending}."


def _verdict_line(played: Played) -> str:
    says = "says exactly what happened" if played.compared["is_equal"] else "does not say what happened"
    return f"A stranger's verdict on the pack: {played.verified['verdict']}. It {says}."


def _difference_lines(compared: Mapping[str, Any]) -> list[str]:
    pairs = (("lacks", "It happened and is not in the pack"), ("has_more", "It is in the pack and did not happen"))
    return [
        line
        for name, words in pairs
        for line in (
            *(f"{words}: {_case_line(case, ())}" for case in compared[name]["cases"]),
            *(f"{words}: {ref} is there by its label alone." for ref in compared[name]["by_hand"]),
        )
    ]


def _told(*command: str, may_end_with: Sequence[int] = (0,)) -> dict[str, Any]:
    """Run `python -m command…` and give the JSON of its last line. Raises: DemoFailed."""
    ended = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    lines = ended.stdout.strip().splitlines()
    if ended.returncode not in may_end_with or not lines:
        why = ended.stderr.strip().splitlines()
        raise DemoFailed(f"{command[0]} {command[1]} stopped: {why[-1][:300] if why else 'it said nothing'}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
