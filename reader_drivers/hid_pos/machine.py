"""The session with a HID POS scanner: it only speaks, so the machine only listens and joins the reports of a long barcode.

Honeywell scanners must be given the feature report FE = 01 before they speak. That is no byte of this stream but a call to
the device, so it belongs to whoever opens it.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import Event, Reply
from reader_drivers.errors import Rejected
from reader_drivers.hid_pos.frames import Report, ReportHunt
from reader_drivers.listening import ListeningSession
from reader_drivers.reads import BarcodeScan
from reader_drivers.scan_text import ScanParts, plain_text

GAP_MS: Final = 500
"""Silence inside a report after which it is given up. USB carries a report at once; a busy computer may cut a simulated one."""
REST_MS: Final = 1_000
"""How long the next report of a barcode is waited for: scanners send them within some 10 ms."""


class HidPosDriver(ListeningSession[Report]):
    """One scanner. Implements `driver.Driver`."""

    protocol: ClassVar[str] = "hid_pos"

    def __init__(self) -> None:
        super().__init__(ReportHunt(), gap_ms=GAP_MS)
        self._parts = ScanParts(REST_MS)

    def _expired(self, now: int) -> tuple[Event, ...]:
        """A barcode whose rest never came."""
        return self._parts.expire(now)

    def _heard(self, parts: Iterable[Report | Rejected], now: int) -> tuple[Event, ...]:
        events: list[Event] = []
        for part in parts:
            events.extend((part,) if isinstance(part, Rejected) else self._scanned(part, now))
        return tuple(events)

    def _scanned(self, report: Report, now: int) -> tuple[Event, ...]:
        """The barcode that this report completes. The AIM identifier stands in every report of a barcode."""
        events: list[Event] = [Reply("part of a scan", report.raw)] if report.has_more else []
        kind = report.aim.encode("ascii")
        for part in self._parts.add(kind, report.content, has_more=report.has_more, now=now):
            if isinstance(part, Rejected):
                events.append(part)
            elif text := plain_text(part):
                events.append(BarcodeScan(text=text, aim=report.aim, at_ms=now, raw=report.raw))
            else:
                events.append(Rejected(report.raw, "format: the report has a line end without a barcode"))
        return tuple(events)
