"""What one HID POS report says: the source of `baguier-agent decode hid_pos`."""

from typing import Final

from reader_drivers.driver import Described, Facts
from reader_drivers.errors import Rejected
from reader_drivers.hid_pos.frames import REPORT_ID, Report, ReportHunt
from reader_drivers.reads import SCAN_CHARACTERS_MAX
from reader_drivers.scan_text import plain_text

DIRECTIONS: Final = ("reader_to_host",)
PARTS_MAX: Final = SCAN_CHARACTERS_MAX // 55 + 1
"""Reports of the longest barcode; what goes on longer is described report by report."""


class Describer:
    """Describes the reports of a capture, in order. The reports of one long barcode come out together, with the whole text."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        self._hunt = ReportHunt()
        self._parts: list[Report] = []

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes, (event, facts, no reads)) of each report whose barcode `received` completes, and of each rejection."""
        return self._all(self._hunt.feed(received))

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        return self._all(self._hunt.flush()) + self._closed(is_whole=False)

    def _all(self, found: list[Report | Rejected]) -> list[tuple[bytes, Described]]:
        described: list[tuple[bytes, Described]] = []
        for part in found:
            if isinstance(part, Rejected):
                described.extend(self._closed(is_whole=False))
                described.append((part.raw, ("rejected", {"reason": part.reason}, ())))
                continue
            if self._parts and (part.aim != self._parts[0].aim or len(self._parts) >= PARTS_MAX):
                described.extend(self._closed(is_whole=False))
            self._parts.append(part)
            if not part.has_more:
                described.extend(self._closed(is_whole=True))
        return described

    def _closed(self, *, is_whole: bool) -> list[tuple[bytes, Described]]:
        """The held reports. A barcode without its end has no number of parts and no whole text."""
        parts, self._parts = self._parts, []
        whole: Facts = {}
        if is_whole:
            whole = {"of": len(parts), "full_text": plain_text(b"".join(part.content for part in parts))}
        return [
            (part.raw, ("barcode", _facts(part) | {"part": number} | whole, ()))
            for number, part in enumerate(parts, start=1)
        ]


def _facts(report: Report) -> Facts:
    return {
        "report_id": REPORT_ID,
        "length": len(report.content),
        "aim": f"]{report.aim}",
        "text": plain_text(report.content),
        "more": report.has_more,
        "layout": report.layout.name,
    }
