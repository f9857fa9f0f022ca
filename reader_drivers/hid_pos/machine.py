"""The session with a HID POS scanner: it only speaks, so the machine only listens and joins the reports of a long barcode.

Honeywell scanners must be given the feature report FE = 01 before they speak. That is no byte of this stream but a call to
the device, so it belongs to whoever opens it.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import Event, Output, ReaderPhase, ReaderState, ReadPlan, Reply
from reader_drivers.errors import Rejected
from reader_drivers.hid_pos.frames import Report, ReportHunt
from reader_drivers.reads import BarcodeScan
from reader_drivers.scan_text import ScanParts, plain_text

GAP_MS: Final = 500
"""Silence inside a report after which it is given up. USB carries a report at once; a busy computer may cut a simulated one."""
REST_MS: Final = 1_000
"""How long the next report of a barcode is waited for: scanners send them within some 10 ms."""


class HidPosDriver:
    """One scanner. Implements `driver.Driver`; a scan that nobody asked for is reported all the same."""

    protocol: ClassVar[str] = "hid_pos"

    def __init__(self) -> None:
        self._hunt = ReportHunt()
        self._parts = ScanParts(REST_MS)
        self._heard_ms = 0

    def start(self, plan: ReadPlan) -> Output:
        """Scans are reported from the first report on; the plan of radio readers has no meaning here."""
        del plan
        return Output((ReaderState(ReaderPhase.READING),))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes of reports, report id included."""
        if not received:
            return Output()
        self._heard_ms = now
        return Output(self._events(self._hunt.feed(received), now))

    def tick(self, now: int) -> Output:
        """Silence ends an unfinished report, and later a barcode whose rest never came."""
        events: tuple[Event, ...] = ()
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            events = self._events(self._hunt.flush(), now)
        return Output((*events, *self._parts.expire(now)))

    def stop(self) -> Output:
        """A scanner cannot be stopped over this link; the state says that scans no longer count."""
        return Output((ReaderState(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """A scanner has no passes."""
        del antennas, now
        return Output()

    def _events(self, found: Iterable[Report | Rejected], now: int) -> tuple[Event, ...]:
        events: list[Event] = []
        for part in found:
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
