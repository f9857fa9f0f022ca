"""Belief: which codes count where nothing in the frame proves them, or too little.

An R2000 reader guards a frame by one check byte: two turned bits pass it once in sixteen times. A TSL sled guards no line. What
is told then is a code that no tag has, or that of a piece that is not there, and there is nothing else to hold it against.
So a code counts from its second hearing on: in another round, so that a frame repeated on its way proves nothing, and not
long after the one before. A tag that lies before the antenna is heard in round after round, and loses one hearing of many.
Decision record 0015.
"""

from typing import Final, NamedTuple

from reader_drivers.errors import Rejected

BELIEF_MS: Final = 120_000
"""A code that was silent for longer has to be heard twice again. Eight antennas with thousands of tags come round in less."""
CODES_MAX: Final = 65_536
"""Codes remembered at once, far more than tags in any room; beyond, the one that was silent longest is forgotten."""
_REASON: Final = "unconfirmed: the code was heard once only, and one frame proves too little"


class _Hearing(NamedTuple):
    round_no: int
    at_ms: int
    unproved: bytes
    """The frame of the only hearing; empty: the code counts."""


class Belief:
    """The codes heard lately, the one that was silent longest first."""

    def __init__(self) -> None:
        self._heard: dict[bytes, _Hearing] = {}

    def hear(self, code: bytes, raw: bytes, *, round_no: int, now: int) -> bool:
        """A frame told this code. True: it counts. `raw` must not be empty: it is what comes out if it never does."""
        before = self._heard.pop(code, None)
        is_recent = before is not None and now - before.at_ms <= BELIEF_MS
        is_proved = before is not None and is_recent and (not before.unproved or before.round_no != round_no)
        unproved = b"" if is_proved else raw
        self._heard[code] = _Hearing(round_no, now, unproved)
        return not unproved

    def expire(self, now: int) -> tuple[Rejected, ...]:
        """Forget codes that were silent too long, or are too many; those that were never confirmed come out."""
        silent: list[bytes] = []
        for code, hearing in self._heard.items():
            if now - hearing.at_ms <= BELIEF_MS and len(self._heard) - len(silent) <= CODES_MAX:
                break
            silent.append(code)
        return self._forget(silent)

    def close(self) -> tuple[Rejected, ...]:
        """Forget all: another reading begins anew."""
        return self._forget(list(self._heard))

    def _forget(self, codes: list[bytes]) -> tuple[Rejected, ...]:
        gone = [self._heard.pop(code).unproved for code in codes]
        return tuple(Rejected(raw, _REASON) for raw in gone if raw)
