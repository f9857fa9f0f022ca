"""Blind stop: when a tray has been read long enough, whatever is expected in it.

A mapped antenna reads twenty passes. On a pad the tray is turned after ten, since a fresh pose finds more than further passes
of the same one. Nothing here knows what should be there: a stop that did would tell its figure (decisions.md T2, uncertainty.md 5.4).

>>> stage_of(mapped=[20, 23]), stage_of(homeless=[10]), stage_of(homeless=[20])
(<Stage.STABLE: 'stable'>, <Stage.TURN: 'turn'>, <Stage.STABLE: 'stable'>)
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

PASSES_POSE: Final = 10
"""Passes of one pose of the tray, uncertainty.md 4: after them a turn finds more than they would."""
PASSES_ALL: Final = 2 * PASSES_POSE
"""Passes of a whole reading: about 7 s for a tray of 100 tags."""


class Stage(StrEnum):
    """What the person with the tray sees."""

    READING = "reading"
    TURN = "turn"
    """Half of the passes are done: turn the tray."""
    STABLE = "stable"
    """Enough was heard to seal."""


def stage_of(*, mapped: Sequence[int] = (), homeless: Sequence[int] = ()) -> Stage:
    """The stage of a round from the passes of each antenna that reads for it; the one that is behind decides.

    `mapped`: antennas built into the place, which nobody can turn. `homeless`: of pads and hand readers.
    """
    if not mapped and not homeless:
        return Stage.READING
    if min(mapped, default=PASSES_ALL) < PASSES_ALL or min(homeless, default=PASSES_ALL) < PASSES_POSE:
        return Stage.READING
    return Stage.STABLE if min(homeless, default=PASSES_ALL) >= PASSES_ALL else Stage.TURN
