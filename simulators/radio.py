"""Radio: which tags an antenna hears in one pass, and how strongly.

The model of the first issue: an antenna hears each live tag of its own with probability 0.9 a pass, every tag and pass
independent of the others; it hears a tag of another antenna of the same reader with probability 0.05, 19 dB weaker.
No tag is mute but the planted ones. All chance comes from the seed.
"""

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

from simulators.tags import Tag

OWN_PROBABILITY: Final = 0.9
"""Chance that an antenna hears a tag of its own in one pass."""
STRAY_PROBABILITY: Final = 0.05
"""Chance that another antenna of the reader hears the tag in one of its passes."""
STRAY_LOSS_DB: Final = 19
"""How much weaker a tag is at another antenna; far above the 6 dB margin that decides a place."""
JITTER_DB: Final = 2
"""Strength of one hearing is uniform within this of the mean: readers report whole dB and multipath moves a little."""
RSSI_DBM_FLOOR: Final = -127
"""The weakest strength a reader can report: one signed byte."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hearing:
    """One tag heard by one antenna in one pass."""

    tag: Tag
    antenna: int
    """The antenna that heard it; not the tag's own when the hearing is a stray."""
    rssi_dbm: int
    """Strength of this hearing, -127 to 0 dBm."""


class Radio:
    """The field of one reader: the tags on its antennas, heard by chance drawn from one seed."""

    def __init__(self, tags: Sequence[Tag] = (), *, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._tags: tuple[Tag, ...] = ()
        self.set_tags(tags)

    def set_tags(self, tags: Sequence[Tag]) -> None:
        """Replace every tag of the field; the next pass hears the new ones."""
        self._tags = tuple(tag for tag in tags if not tag.mute)

    def replace(self, tag: Tag, written: Tag) -> None:
        """Put `written` where `tag` lies: a reader has written to its memory. It lasts until the next `set_tags`."""
        self._tags = tuple(written if lying is tag else lying for lying in self._tags)

    def hear(self, antenna: int) -> list[Hearing]:
        """The hearings of one pass of `antenna`, in the chance order of the anticollision slots."""
        chance = self._chance.random
        hearings = []
        for tag in self._tags:
            is_own = tag.antenna == antenna
            if chance() < (OWN_PROBABILITY if is_own else STRAY_PROBABILITY):
                mean_dbm = tag.rssi_dbm - (0 if is_own else STRAY_LOSS_DB)
                rssi_dbm = mean_dbm + int(chance() * (2 * JITTER_DB + 1)) - JITTER_DB
                hearings.append(Hearing(tag, antenna, max(RSSI_DBM_FLOOR, min(0, rssi_dbm))))
        self._chance.shuffle(hearings)
        return hearings
