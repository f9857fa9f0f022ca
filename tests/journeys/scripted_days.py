"""Scripted days, one after the other: `make days` plays ten of each story, `make days ONE=1` one of each.

    python -m tests.journeys.scripted_days --seeds 10

Each day is `baguier demo --scripted` in an empty folder of its own. A line a day; exit code 1 when the pack of one of them was
not verified, or did not say exactly what happened.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from server.cli.demo import STORIES

AT_ONCE: Final = 2
"""A day keeps most of two cores busy; more at once would only wait for each other."""
DAY_S_MAX: Final = 900.0
"""Twenty times what a day may take: a machine that is busy with other things is slow, one that hangs is noticed."""


@dataclass(frozen=True, slots=True)
class Day:
    """How one day ended."""

    story: str
    seed: int
    code: int
    """Exit code; -1: it took longer than `DAY_S_MAX`."""
    told: dict[str, Any] | None
    """The last line of `--json`; None: it did not come so far."""
    said: str
    """What it said to people."""
    wall_s: float

    def line(self) -> str:
        """The day in one line."""
        head = f"{self.story:<8} seed {self.seed:<3} {self.wall_s:6.1f} s  "
        if self.told is None:
            return f"{head}STOPPED ({self.code}): {' '.join(self.said.split())[-300:]}"
        tours = "  ".join(f"{name} {one['found']}/{one['expected']}" for name, one in self._tours())
        why = f"DIFFERS: {json.dumps(self.told['truth'])} lost {self.told['lost']}.{self.said}"
        ending = "as it happened" if self.code == 0 else why
        reads = f"{self.told['reads_stored']}/{self.told['reads_sent']} reads"
        return f"{head}{tours}  {reads}  {self.told['verify']}  {ending}"

    def _tours(self) -> Iterator[tuple[str, dict[str, Any]]]:
        assert self.told is not None
        yield "opening", self.told["opening"]
        yield "closing", self.told["closing"]


def play(story: str, seed: int, folder: Path) -> Day:
    """One day with everything it writes in `folder`."""
    command = [sys.executable, "-m", "server", "demo", "--scripted", "--json", "--port", "0", "--data", str(folder)]
    began = time.monotonic()
    running = subprocess.Popen(
        [*command, "--story", story, "--seed", str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        out, said = running.communicate(timeout=DAY_S_MAX)
        code = running.returncode
    except subprocess.TimeoutExpired:
        running.terminate()
        out, said = running.communicate()
        code = -1
    lines = out.strip().splitlines()
    told = json.loads(lines[-1]) if lines else None
    return Day(story, seed, code, told, said, time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the days; exit code 0 when every pack says what happened."""
    parser = argparse.ArgumentParser(description="Play scripted days and compare what their packs say with the truth.")
    parser.add_argument("--seeds", type=int, default=10, help="days of each story (default 10)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    given = parser.parse_args(arguments)
    began, good = time.monotonic(), 0
    seeds = range(given.first, given.first + given.seeds)
    days = [(story, seed) for seed in seeds for story in STORIES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for day in pool.map(lambda one: _in_own_folder(*one), days):
            good += day.code == 0
            print(day.line(), flush=True)
    print(
        f"{good} of {len(days)} days as they happened, in {time.monotonic() - began:.0f} s on {os.cpu_count()} cores."
    )
    return 0 if good == len(days) else 1


def _in_own_folder(story: str, seed: int) -> Day:
    """The day's folder is kept when it did not end as it should."""
    folder = Path(tempfile.mkdtemp(prefix=f"baguier-day-{story}-{seed}-"))
    day = play(story, seed, folder)
    if day.code == 0:
        shutil.rmtree(folder)
        return day
    return replace(day, said=f"{day.said} Kept in {folder}.")


if __name__ == "__main__":
    sys.exit(main())
