"""What can go wrong beside a reader: broken bytes, a refusing reader, a lost link.

Broken bytes are a fact to count and show, never a reason to stop: a codec raises `FrameError`, the hunt turns it into a
`Rejected` beside the reads and goes on. Only a lost link ends a session.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that no frame of the protocol explains, kept so that a person can see them."""

    raw: bytes
    """The rejected bytes in the order of their arrival, at most `framing.REJECTED_BYTES_MAX` of them."""
    reason: str
    """First word = class (`crc`, `length`, `noise`, `format`), then a colon and a sentence for a person."""


class FrameError(Exception):
    """One frame is broken. `word` names the class of damage, the message says what was found and expected.

    `size` = bytes the broken frame claims to have: broken bytes inside it belong to the same rejection.
    """

    code: ClassVar[str] = "frame_broken"

    def __init__(self, word: str, sentence: str, *, size: int = 1) -> None:
        super().__init__(f"{word}: {sentence}")
        self.word = word
        self.size = size


class ReaderFault(Exception):
    """The reader refused an order or answered one that was not given; it is shown to a person and may be tried again."""

    code: ClassVar[str] = "reader_fault"


class ReaderLost(Exception):
    """The link to the reader ended: unplugged, switched off or taken by another program."""

    code: ClassVar[str] = "reader_lost"


class PlanRefused(ReaderFault):
    """The read plan asks for something this reader must not or cannot do, for example a region it has no code for."""

    code: ClassVar[str] = "plan_refused"
