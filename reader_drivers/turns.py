"""Turns: which antenna inventories next and for which tags, where every round is an order of the host.

One pass = one turn of an antenna: a round for tags in state A and one for tags in state B, because with sessions that
last, a tag that has answered stays in the other state for a while. Source: decisions.md 6.1, "target A then B".
"""

from enum import IntEnum
from typing import Final

REPEATS_MAX: Final = 3
"""A round that ran out of time is asked again for the same tags this often; then the turn goes on, or a full tray would keep it for ever."""


class Target(IntEnum):
    """State of the session flag of the tags that answer; the numbers are those of every protocol."""

    A = 0
    B = 1


class Turns:
    """Antennas in the order of the plan, over and over; the first turn is the first antenna's."""

    def __init__(self, antennas: tuple[int, ...], targets: tuple[Target, ...] = (Target.A, Target.B)) -> None:
        self._antennas = antennas
        self._targets = targets
        self._turn = 0
        self._step = 0
        self._repeats = 0

    @property
    def antenna(self) -> int:
        """Whose round it is, 1-based."""
        return self._antennas[self._turn]

    @property
    def target(self) -> Target:
        """Which tags the round asks."""
        return self._targets[self._step]

    @property
    def is_new(self) -> bool:
        """True: the round is the first of its turn."""
        return self._step == 0 and self._repeats == 0

    def advance(self, *, is_unfinished: bool) -> bool:
        """Go on after a round. True: the turn, and with it the pass, is over. `is_unfinished`: the reader ran out of time."""
        if is_unfinished and self._repeats < REPEATS_MAX:
            self._repeats += 1
            return False
        self._repeats = 0
        self._step += 1
        if self._step < len(self._targets):
            return False
        self.skip()
        return True

    def skip(self) -> None:
        """The antenna cannot be used now: its turn ends."""
        self._turn = (self._turn + 1) % len(self._antennas)
        self._step = self._repeats = 0
