"""Stories choose their pieces by the seed alone, and the truth tells of exactly those."""

import pytest

from simulators.demo.day import halves
from simulators.demo.stories import Misplaced, Plot, Story, plot_of, truth_of

TRAYS = tuple(f"{case}/Plateau {n}" for case in ("Coffre", "Vitrine 1", "Vitrine 2") for n in range(1, 5))
HOMES = {f"BAG-{n:06d}": TRAYS[n % 12] for n in range(300)}
MINE = halves(TRAYS)[0]


def parts(plot: Plot) -> list[str]:
    """Every piece that has a part in a plot."""
    some = [plot.sold, plot.shown, *plot.stolen, plot.dead, plot.misplaced.ref if plot.misplaced else None]
    return [ref for ref in some if ref is not None]


def test_each_of_the_two_counts_a_showcase_and_half_the_safe() -> None:
    mine, theirs = halves(TRAYS)

    assert mine == (*TRAYS[4:8], *TRAYS[0:2])
    assert theirs == (*TRAYS[8:12], *TRAYS[2:4])


@pytest.mark.parametrize("story", Story)
def test_the_same_seed_makes_the_same_plot_and_no_piece_has_two_parts(story: Story) -> None:
    plots = [plot_of(HOMES, story, seed=seed, first_half=MINE) for seed in range(40)]

    assert plots == [plot_of(HOMES, story, seed=seed, first_half=MINE) for seed in range(40)]
    assert len({plot.sold for plot in plots}) > 20
    assert all(len(set(parts(plot))) == len(parts(plot)) for plot in plots)


def test_two_thefts_are_from_trays_that_different_people_count_first() -> None:
    for seed in range(40):
        one, other = plot_of(HOMES, Story.TWO, seed=seed, first_half=MINE).stolen

        assert HOMES[one] in MINE
        assert HOMES[other] not in MINE


def test_a_misplaced_piece_never_lies_at_home() -> None:
    for seed in range(40):
        misplaced = plot_of(HOMES, Story.DEAD_TAG, seed=seed, first_half=MINE).misplaced

        assert misplaced is not None
        assert misplaced.heard_in in TRAYS
        assert misplaced.heard_in != HOMES[misplaced.ref]


def test_the_truth_names_thefts_a_misplaced_piece_and_a_dead_tag_and_nothing_else() -> None:
    homes = {"a": "Tray 1", "b": "Tray 2", "c": "Tray 3"}
    plot = Plot("x", "y", stolen=("b",), dead="c", misplaced=Misplaced("a", "Tray 9"))

    assert truth_of(plot, homes) == {
        "cases": [
            {
                "piece": "a",
                "class": "MISPLACED",
                "home": "Tray 1",
                "heard_in": "Tray 9",
                "outcome": "FOUND_ELSEWHERE",
            },
            {"piece": "b", "class": "MISSING", "home": "Tray 2", "heard_in": None, "outcome": "UNDER_INVESTIGATION"},
        ],
        "by_hand": ["c"],
    }
    assert truth_of(Plot("x", "y"), homes) == {"cases": [], "by_hand": []}
