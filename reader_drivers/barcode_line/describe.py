"""What one scanner line says: the source of `baguier-agent decode barcode_line`."""

from typing import Final

from reader_drivers.barcode_line.frames import Line, LineHunt
from reader_drivers.driver import Described, Facts, FrameDescriber

DIRECTIONS: Final = ("reader_to_host",)


class Describer(FrameDescriber[Line]):
    """Describes the lines of a capture, in order."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        super().__init__(LineHunt(), _describe)


def _describe(part: Line) -> Described:
    facts: Facts = {"data": part.text, "text": part.text, "aim": part.aim, "suffix": part.suffix}
    return "barcode", facts, ()
