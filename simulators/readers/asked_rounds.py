"""Rounds that a host asks for one by one: the frames of an inventory, each at its time, and the end when it is due.

A reader of this kind transmits only while it answers. It tells what it hears at the pace it was given, says that the round
is over, and waits for the next order.
"""

import collections
from collections.abc import Sequence
from typing import Final

from simulators.pace import Pace

BURST_FRAMES_MAX: Final = 64
"""Frames given out at once, so that a host that stops reading stops the reader soon."""
RADIO_TAGS_A_SECOND: Final = 700
"""Tags that the fastest readers of this kind tell apart on the air, however fast the link is."""
EMPTY_ROUND_S: Final = 0.01
"""Shortest round that hears nothing: the slots of an empty field, and no busy waiting."""


class AskedRounds:
    """What one reader still has to say; times are monotonic seconds."""

    def __init__(self, pace: Pace) -> None:
        self.reads_told = 0
        """Tags given out so far."""
        self._pace = pace
        self._frames: collections.deque[tuple[float, bytes, int]] = collections.deque()

    @property
    def is_busy(self) -> bool:
        """True until the end of the round was given out."""
        return bool(self._frames)

    @property
    def next_due_s(self) -> float | None:
        """When the next frame is due; None: the reader is at rest."""
        return self._frames[0][0] if self._frames else None

    def tags_within(self, limit_s: float) -> int:
        """How many tags the radio, and the pace if one was given, allow in this time."""
        return int(limit_s * min(self._pace.rate or RADIO_TAGS_A_SECOND, RADIO_TAGS_A_SECOND))

    def begin(self, told: Sequence[tuple[bytes, int]], ends: Sequence[bytes], *, now_s: float) -> None:
        """Tell frames, each with the number of tags in it, and then the end frames. Rounds follow each other."""
        at_s = self._frames[-1][0] if self._frames else now_s
        over_s = at_s + max(self._pace.pass_s_min, 0.0 if told else EMPTY_ROUND_S)
        for frame, tags in told:
            self._frames.append((at_s, frame, tags))
            at_s += self._pace.interval_s * tags
        self._frames.extend((max(at_s, over_s), frame, 0) for frame in ends)

    def cut(self) -> None:
        """Say nothing more of what was heard: the host has ordered a stop at once."""
        self._frames.clear()

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`, at most `BURST_FRAMES_MAX`."""
        frames: list[bytes] = []
        while self._frames and self._frames[0][0] <= now_s and len(frames) < BURST_FRAMES_MAX:
            _, frame, tags = self._frames.popleft()
            self.reads_told += tags
            frames.append(frame)
        return frames
