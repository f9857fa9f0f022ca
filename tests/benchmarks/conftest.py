"""Benchmarks run only when asked for, and end with one table."""

from collections.abc import Callable

import pytest

from tests.benchmarks.harness import ROUNDS, Goal, Report, Round, compare, load_goals

REPORT = pytest.StashKey[Report]()
OPTION = "--run-benchmarks"
TIMEOUT_S = 240
"""Of one benchmark with its repetition on a busy machine; a quiet one needs 30 s at most."""

Measure = Callable[..., None]
"""`measure(goal_id, *, subject, baseline, rounds)`: compares, adds to the table, fails below the floor."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "benchmark: compares two ways of doing the same work; needs --run-benchmarks")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    benchmarks = [item for item in items if item.get_closest_marker("benchmark")]
    if config.getoption(OPTION):
        for item in benchmarks:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
    else:
        for item in benchmarks:
            item.add_marker(pytest.mark.skip(reason=f"a benchmark; run it with `make bench` or {OPTION}"))


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """What this run measures."""
    return pytestconfig.stash.setdefault(REPORT, Report())


@pytest.fixture
def measure(report: Report) -> Measure:
    """Compares, adds to the table, and fails when the whole interval misses the floor twice."""
    goals = load_goals()

    def measured(goal_id: str, *, subject: Round, baseline: Round, rounds: int = ROUNDS) -> None:
        goal: Goal = goals[goal_id]
        outcome = compare(goal, subject=subject, baseline=baseline, rounds=rounds)
        report.outcomes.append(outcome)
        low, high = outcome.interval
        assert outcome.holds, f"{goal_id}: x{outcome.median:.2f} ({low:.2f}-{high:.2f}), floor {goal.floor:g}"

    return measured


@pytest.fixture
def absent(report: Report) -> Callable[[str, str], None]:
    """Says in the table why a goal has no figure, and skips."""

    def skipped(goal_id: str, reason: str) -> None:
        report.absences[goal_id] = reason
        pytest.skip(reason)

    return skipped


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.write_line("")
    for line in report.lines(load_goals()):
        terminalreporter.write_line(line)
