"""Stories: what happens to which pieces on a scripted day, and the truth that the evidence must tell afterwards.

All chance comes from the seed, and the truth is written down before the day begins: nobody can make it fit what was found.
"""

import dataclasses
import enum
import random
from collections.abc import Mapping, Sequence
from typing import Any


class Story(enum.StrEnum):
    """What goes wrong on the day."""

    THEFT = "theft"
    """One piece is stolen during the day."""
    CALM = "calm"
    """Nothing goes wrong."""
    TWO = "two"
    """Two thefts, from trays of which different people make the first count."""
    DEAD_TAG = "dead-tag"
    """One tag dies, and one piece is laid into another tray."""


@dataclasses.dataclass(frozen=True, slots=True)
class Misplaced:
    """A piece that somebody laid into the wrong tray."""

    ref: str
    heard_in: str
    """Path of the tray it lies in."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """The pieces of one day, by reference; each has one part in it."""

    sold: str
    shown: str
    """Shown to a client outside, and brought back."""
    stolen: tuple[str, ...] = ()
    dead: str | None = None
    misplaced: Misplaced | None = None


def plot_of(homes: Mapping[str, str], story: Story, *, seed: int, first_half: Sequence[str]) -> Plot:
    """The plot of a story; `homes` gives each piece's tray in the books.

    `first_half`: trays of which one person makes the first count; the other makes the rest.
    """
    chance = random.Random(f"{story}/{seed}")
    cast = chance.sample(sorted(homes), len(homes))
    sold, shown = cast.pop(), cast.pop()
    match story:
        case Story.CALM:
            return Plot(sold, shown)
        case Story.THEFT:
            return Plot(sold, shown, stolen=(cast.pop(),))
        case Story.TWO:
            one = next(ref for ref in cast if homes[ref] in first_half)
            other = next(ref for ref in cast if homes[ref] not in first_half)
            return Plot(sold, shown, stolen=(one, other))
        case Story.DEAD_TAG:
            dead, moved = cast.pop(), cast.pop()
            elsewhere = chance.choice(sorted({*homes.values()} - {homes[moved]}))
            return Plot(sold, shown, dead=dead, misplaced=Misplaced(moved, elsewhere))


def truth_of(plot: Plot, homes: Mapping[str, str]) -> dict[str, Any]:
    """What the evidence must say of the plot, nothing more and nothing less."""
    cases = [
        {"piece": ref, "class": "MISSING", "home": homes[ref], "heard_in": None, "outcome": "UNDER_INVESTIGATION"}
        for ref in plot.stolen
    ]
    if plot.misplaced is not None:
        ref, heard_in = plot.misplaced.ref, plot.misplaced.heard_in
        cases.append(
            {
                "piece": ref,
                "class": "MISPLACED",
                "home": homes[ref],
                "heard_in": heard_in,
                "outcome": "FOUND_ELSEWHERE",
            }
        )
    return {
        "cases": sorted(cases, key=lambda case: str(case["piece"])),
        "by_hand": [] if plot.dead is None else [plot.dead],
    }
