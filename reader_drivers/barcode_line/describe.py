"""What one scanner line says: the source of `baguier-agent decode barcode_line`."""

from typing import Final

from reader_drivers.barcode_line.frames import Line, LineHunt
from reader_drivers.driver import Described, Facts
from reader_drivers.errors import Rejected

DIRECTIONS: Final = ("reader_to_host",)


class Describer:
    """Describes the lines of a capture, in order."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        self._hunt = LineHunt()

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes, (event, facts, no reads)) of each line that `received` completes."""
        return [_described(part) for part in self._hunt.feed(received)]

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture counts as ended by silence."""
        return [_described(part) for part in self._hunt.flush()]


def _described(part: Line | Rejected) -> tuple[bytes, Described]:
    if isinstance(part, Rejected):
        return part.raw, ("rejected", {"reason": part.reason}, ())
    facts: Facts = {"data": part.text, "text": part.text, "aim": part.aim, "suffix": part.suffix}
    return part.raw, ("barcode", facts, ())
