"""TID asking: how a tag that was heard by its EPC alone is asked which chip it is.

An access order reaches whichever tag with that EPC answers first, and two tags may have the same. So it is given several
times, and every TID that comes is told. A chip without a serial number has fewer words, and refuses to read more.
"""

from typing import Final

from reader_drivers.driver import TidRead

ASKS: Final = 6
"""Of two tags with one EPC both have told their TID by then but once in 32 times; the tag that is read back shows the rest."""
WORDS: Final = (6, 4, 2)
"""96 bits with a serial number, 64 and 32 bits of older chips."""


class TidAsking:
    """One asking on one antenna or several."""

    def __init__(self, epc: bytes) -> None:
        self._epc = epc
        self._tids: list[bytes] = []
        self._shorter = 0
        self._asked = 0

    @property
    def goes_on(self) -> bool:
        """False: asked often enough here, or there is no TID at all."""
        return self._asked < ASKS and self._shorter < len(WORDS)

    @property
    def words(self) -> int:
        """How many words to ask for now."""
        return WORDS[self._shorter]

    def again(self) -> None:
        """Ask as often once more, by another antenna."""
        self._asked = 0

    def hear(self, *tids: bytes) -> None:
        """An order was answered by these; by none: no tag answered."""
        self._asked += 1
        self._tids.extend(tid for tid in tids if tid not in self._tids)

    def shorten(self) -> None:
        """The tag has not that many words."""
        self._shorter += 1

    def answers(self) -> tuple[TidRead, ...]:
        """What was found: one for each chip, or that there is no TID."""
        return tuple(TidRead(self._epc, tid) for tid in self._tids) or (TidRead(self._epc, None),)
