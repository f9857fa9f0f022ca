"""The harness itself: what a ratio is, which way it counts, and when it fails. Runs with the ordinary tests."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Literal

from tests.benchmarks.harness import Goal, Report, Round, compare, load_goals


def goal(floor: float, direction: Literal["higher", "lower"] = "higher") -> Goal:
    return Goal(id="X1", subject="ours", baseline="theirs", floor=floor, target=floor, direction=direction)


def costs(*seconds: float) -> Round:
    """Gives the costs in turn, the last one for ever."""
    turns: Iterator[float] = chain(seconds, repeat(seconds[-1]))
    return lambda: next(turns)


def test_higher_ratio_says_how_many_times_cheaper_ours_is() -> None:
    assert compare(goal(2), subject=costs(0.5), baseline=costs(5.0)).median == 10


def test_lower_ratio_says_how_much_ours_costs_of_theirs() -> None:
    assert compare(goal(2, "lower"), subject=costs(3.0), baseline=costs(2.0)).median == 1.5


def test_a_slow_round_of_both_leaves_the_ratio_alone() -> None:
    outcome = compare(goal(2), subject=costs(1, 1, 9, 1), baseline=costs(4, 4, 36, 4))

    assert set(outcome.ratios) == {4}


def test_floor_of_a_higher_ratio_is_the_least_that_passes() -> None:
    assert not compare(goal(2, "higher"), subject=costs(1.0), baseline=costs(1.0)).holds


def test_floor_of_a_lower_ratio_is_the_most_that_passes() -> None:
    assert compare(goal(2, "lower"), subject=costs(1.0), baseline=costs(1.0)).holds
    assert not compare(goal(2, "lower"), subject=costs(3.0), baseline=costs(1.0)).holds


def test_one_bad_try_is_repeated() -> None:
    first_try = [1.0] * 8

    outcome = compare(goal(3), subject=costs(*first_try, 0.1), baseline=costs(1.0))

    assert outcome.holds
    assert outcome.note == "first try x1.00"


def test_interval_that_reaches_the_floor_passes() -> None:
    outcome = compare(goal(3), subject=costs(1.0), baseline=costs(2, 2, 2, 2, 2, 3.5, 3.5, 3.5), rounds=7)

    assert outcome.median == 2
    assert outcome.holds


def test_goal_without_a_figure_is_named_with_the_reason() -> None:
    report = Report(absences={"X1": "there is no subject yet"})

    assert list(report.lines({"X1": goal(1)}))[-1] == "X1: not measured: there is no subject yet."


def test_every_goal_has_a_floor_on_the_passing_side_of_its_target() -> None:
    better: dict[str, Callable[[float, float], bool]] = {
        "higher": lambda floor, target: floor <= target,
        "lower": lambda floor, target: floor >= target,
    }

    assert [g.id for g in load_goals().values() if not better[g.direction](g.floor, g.target)] == []
