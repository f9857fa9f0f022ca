"""Faults: what a bad cable, hub or adapter does to the frames of a reader, by chance from a seed.

The text form is ``split=0.2,glue=0.1,drop=0.01,repeat=0.01,corrupt=0.01,burst=0.01,delay=0.05:30``: each a probability a frame, the
number after `delay`'s colon the pause in milliseconds (20 when left out).

>>> parse_faults("drop=0.5,delay=0.1:30").drop
0.5
"""

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Final

DELAY_MS_DEFAULT: Final = 20.0
DELAY_MS_MAX: Final = 60_000.0


class FaultsError(ValueError):
    """A fault list cannot be read; the sentence says which part and what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities a frame, each 0 to 1; all 0 is a perfect cable."""

    split: float = 0.0
    """The frame arrives in two pieces."""
    glue: float = 0.0
    """The frame waits and arrives in one piece with the next."""
    drop: float = 0.0
    """The frame never arrives."""
    repeat: float = 0.0
    """The frame arrives twice."""
    corrupt: float = 0.0
    """One bit of the frame is turned."""
    burst: float = 0.0
    """Two bits of the frame are turned, which a check byte of one sum misses once in sixteen times."""
    delay: float = 0.0
    """The frame is held back by `delay_ms`."""
    delay_ms: float = DELAY_MS_DEFAULT

    @property
    def are_none(self) -> bool:
        """True when nothing can go wrong."""
        return not any(getattr(self, name) for name in _NAMES)


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrive together."""

    octets: bytes
    pause_s: float = 0.0
    """Silence on the wire before them."""


_NAMES: Final = ("split", "glue", "drop", "repeat", "corrupt", "burst", "delay")


def parse_faults(text: str) -> Faults:
    """The faults of a command-line list; empty text is none.

    Raises: FaultsError: an unknown name, a probability outside 0 to 1 or a pause outside 0 to 60,000 ms.
    """
    given: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = part.partition("=")
        probability, _, pause_ms = value.partition(":")
        if name not in _NAMES or (pause_ms and name != "delay"):
            raise FaultsError(f"Fault {part!r} is not one of {', '.join(_NAMES)}, as in drop=0.01 or delay=0.05:30.")
        try:
            given[name] = float(probability)
            if pause_ms:
                given["delay_ms"] = float(pause_ms)
        except ValueError as error:
            raise FaultsError(f"Fault {part!r} needs a probability from 0 to 1, as in drop=0.01.") from error
        if not 0 <= given[name] <= 1 or not 0 <= given.get("delay_ms", 0) <= DELAY_MS_MAX:
            raise FaultsError(f"Fault {part!r} needs a probability from 0 to 1 and a pause of at most 60000 ms.")
    return Faults(**given)


class FaultyWire:
    """Carries frames and harms them as its faults say; the same seed and frames give the same harm."""

    def __init__(self, faults: Faults, *, seed: int = 0, watch: Callable[[bytes], None] | None = None) -> None:
        self.intact_frames = 0
        """Frames that went out whole at least once; `watch` is told each of them."""
        self._watch = watch
        self._faults = faults
        self._chance = random.Random(seed ^ 0xFA017)
        self._held = b""

    def carry(self, frames: Sequence[bytes]) -> list[Chunk]:
        """What arrives of `frames`, in order. A glued frame may wait for the next call or for `release`."""
        if self._faults.are_none:
            for frame in frames:
                self._note_intact(frame)
            return [Chunk(b"".join(frames))] if frames else []
        return [chunk for frame in frames for chunk in self._carry_one(frame)]

    def release(self) -> list[Chunk]:
        """The frame that still waits to be glued to a next one, when none comes."""
        held, self._held = self._held, b""
        return [Chunk(held)] if held else []

    def _note_intact(self, frame: bytes) -> None:
        self.intact_frames += 1
        if self._watch is not None:
            self._watch(frame)

    def _carry_one(self, frame: bytes) -> list[Chunk]:
        faults, chance = self._faults, self._chance.random
        if chance() < faults.drop:
            return []
        turned = 1 if chance() < faults.corrupt else 2 if faults.burst and chance() < faults.burst else 0
        if turned:
            frame = self._with_turned_bits(frame, turned)
        else:
            self._note_intact(frame)
        if chance() < faults.repeat:
            frame += frame
        octets, self._held = self._held + frame, b""
        if chance() < faults.glue:
            self._held = octets
            return []
        pause_s = faults.delay_ms / 1000 if chance() < faults.delay else 0.0
        if len(octets) > 1 and chance() < faults.split:
            at = self._chance.randrange(1, len(octets))
            return [Chunk(octets[:at], pause_s), Chunk(octets[at:], 0.002)]
        return [Chunk(octets, pause_s)]

    def _with_turned_bits(self, frame: bytes, bits: int) -> bytes:
        turned = bytearray(frame)
        for bit in self._chance.sample(range(8 * len(frame)), bits):
            turned[bit // 8] ^= 1 << bit % 8
        return bytes(turned)
