"""What the keys of one scan say: the source of `baguier-agent decode hid_keyboard`."""

from typing import Final

from reader_drivers.driver import Described, Facts
from reader_drivers.errors import Rejected
from reader_drivers.hid_keyboard.frames import Report, ReportHunt
from reader_drivers.hid_keyboard.typed import Typed, TypedScans

DIRECTIONS: Final = ("reader_to_host",)
REPORT: Final = "8-byte boot keyboard reports: press then release per character, US layout"


class Describer:
    """Describes the scans of a capture of boot reports, in order. The reports of a scan come out together."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        self._hunt = ReportHunt()
        self._scans = TypedScans()

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes, (event, facts, no reads)) of each scan that `received` completes, and of each rejection."""
        return self._all(self._hunt.feed(received))

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        return self._all(self._hunt.flush()) + [_described(part) for part in self._scans.close()]

    def _all(self, parts: list[Report | Rejected]) -> list[tuple[bytes, Described]]:
        found: list[Typed | Rejected] = []
        for part in parts:
            if isinstance(part, Rejected):
                self._scans.spoil("length: bytes of the scan were lost; scan it again")
                found.append(part)
            else:
                found.extend(self._scans.add(part))
        return [_described(part) for part in found]


def _described(part: Typed | Rejected) -> tuple[bytes, Described]:
    if isinstance(part, Rejected):
        return part.raw, ("rejected", {"reason": part.reason}, ())
    facts: Facts = {"text": part.text, "aim": part.aim, "terminator": part.terminator, "report": REPORT}
    return part.raw, ("barcode", facts, ())
