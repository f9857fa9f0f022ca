"""Benchmarks: two ways of doing the same work, measured turn by turn, so that the neighbour's load falls on both.

Absolute times move by a factor of two on a shared machine; the ratio inside one round hardly does. So a benchmark is the
median of per-round ratios with a bootstrap interval, and it fails only when the whole interval is on the wrong side of
its floor, twice in a row.
"""

import gc
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

SEED = 20261125
"""Of every population and every bootstrap: two runs of one commit do the same work."""
ROUNDS = 7
"""Odd, so that the median is a measured round; five are the least from which an interval says anything."""
RESAMPLES = 2_000
"""The ends of the interval move by less than 1 % with more."""
LIBRARIES = ("cryptography", "fastapi", "msgspec", "pydantic", "sqlalchemy", "sqlmodel", "uvicorn", "websockets")
GOALS_FILE = Path(__file__).with_name("goals.toml")

Round = Callable[[], float]
"""Does the work once and gives its cost: seconds for each operation."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What one ratio must reach."""

    id: str
    subject: str
    baseline: str
    floor: float
    """What fails the run: the least of a "higher" ratio, the most of a "lower" one."""
    target: float
    direction: Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one comparison gave."""

    goal: Goal
    ratios: tuple[float, ...]
    """One for each round, in order."""
    subject_s: float
    """Median cost of one operation in seconds: information, never compared between runs."""
    baseline_s: float
    note: str = ""

    @property
    def median(self) -> float:
        """The ratio that the table prints."""
        return statistics.median(self.ratios)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the 95 % bootstrap interval of the median."""
        chance = random.Random(SEED)
        size = len(self.ratios)
        medians = sorted(statistics.median(chance.choices(self.ratios, k=size)) for _ in range(RESAMPLES))
        return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975) - 1]

    @property
    def holds(self) -> bool:
        """False when even the better end of the interval misses the floor."""
        low, high = self.interval
        return high >= self.goal.floor if self.goal.direction == "higher" else low <= self.goal.floor


@dataclass(slots=True)
class Report:
    """All that one run measured, and what it could not."""

    outcomes: list[Outcome] = field(default_factory=list)
    absences: dict[str, str] = field(default_factory=dict)
    """Goal to the sentence that says why there is no figure."""

    def lines(self, goals: dict[str, Goal]) -> Iterator[str]:
        """The table: heading, one line for each ratio, one line for each goal without a figure."""
        yield heading()
        yield ""
        yield "| id | subject / baseline | ratio | 95 % | floor | target | subject | baseline |"
        yield "|---|---|---|---|---|---|---|---|"
        for outcome in sorted(self.outcomes, key=lambda outcome: outcome.goal.id):
            yield _line(outcome)
        measured = {outcome.goal.id for outcome in self.outcomes}
        for goal_id in sorted(goals.keys() - measured):
            yield f"{goal_id}: not measured: {self.absences.get(goal_id, 'not part of this run')}."


def load_goals(file: Path = GOALS_FILE) -> dict[str, Goal]:
    """The goals by id. Raises: TypeError: a goal lacks a field or has one too many."""
    return {goal_id: Goal(id=goal_id, **fields) for goal_id, fields in tomllib.loads(file.read_text()).items()}


def compare(goal: Goal, *, subject: Round, baseline: Round, rounds: int = ROUNDS) -> Outcome:
    """Measure both, alternating which goes first; repeat once, and keep the repetition, when the floor is missed."""
    outcome = _compared(goal, subject=subject, baseline=baseline, rounds=rounds)
    if outcome.holds:
        return outcome
    again = _compared(goal, subject=subject, baseline=baseline, rounds=rounds)
    return Outcome(goal, again.ratios, again.subject_s, again.baseline_s, f"first try x{outcome.median:.2f}")


def _compared(goal: Goal, *, subject: Round, baseline: Round, rounds: int) -> Outcome:
    _settled(subject), _settled(baseline)
    ours, theirs = [], []
    for number in range(rounds):
        if number % 2:
            theirs.append(_settled(baseline))
            ours.append(_settled(subject))
        else:
            ours.append(_settled(subject))
            theirs.append(_settled(baseline))
    pairs = zip(ours, theirs, strict=True)
    ratios = tuple(other / own if goal.direction == "higher" else own / other for own, other in pairs)
    return Outcome(goal, ratios, statistics.median(ours), statistics.median(theirs))


def _settled(work: Round) -> float:
    # Garbage of one side must not be collected on the other's time.
    gc.collect()
    return work()


def cpu_cost(work: Callable[[], object], *, operations: int) -> Round:
    """The processor time of this process for one of `operations`: for work that never waits."""

    def cost() -> float:
        started = time.process_time()
        work()
        return (time.process_time() - started) / operations

    return cost


def wall_cost(work: Callable[[], object], *, operations: int) -> Round:
    """The time on the clock for one of `operations`: for work that waits for a disk or another process."""

    def cost() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / operations

    return cost


def cpu_seconds(pid: int) -> float:
    """Processor time that another process of this machine has used so far, all threads, user and system.

    Source: proc(5), fields 14 and 15 of /proc/PID/stat, counted after the closing parenthesis of the name.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def heading() -> str:
    """Machine, versions, seed and commit: without them a figure says nothing."""
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    software = f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{machine}; {software}, {', '.join(_versions(LIBRARIES))}; seed {SEED}; commit {_commit()}"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} absent"


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=GOALS_FILE.parent
    )
    return said.stdout.strip() or "unknown"


def _line(outcome: Outcome) -> str:
    low, high = outcome.interval
    goal = outcome.goal
    sign = "≥" if goal.direction == "higher" else "≤"
    parts = [
        goal.id,
        f"{goal.subject} / {goal.baseline}",
        f"x{outcome.median:.2f}" + (f" ({outcome.note})" if outcome.note else ""),
        f"{low:.2f}-{high:.2f}",
        f"{sign} {goal.floor:g}",
        f"{goal.target:g}",
        _span(outcome.subject_s),
        _span(outcome.baseline_s),
    ]
    return f"| {' | '.join(parts)} |"


def _span(seconds: float) -> str:
    """A cost in the unit that keeps it between 1 and 1,000."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
