"""The session with a serial barcode scanner: it only speaks, so the machine only listens and watches for silence."""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.barcode_line.frames import Line, LineHunt
from reader_drivers.driver import Event, Output, ReaderPhase, ReaderState, ReadPlan
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan

IDLE_FLUSH_MS: Final = 80
"""Silence that ends a scan without suffix: scanners send at 9,600 baud without pauses, people scan once a second."""


class BarcodeLineDriver:
    """One scanner. Implements `driver.Driver`; a scan that nobody asked for is reported all the same."""

    protocol: ClassVar[str] = "barcode_line"

    def __init__(self) -> None:
        self._hunt = LineHunt()
        self._heard_ms = 0

    def start(self, plan: ReadPlan) -> Output:
        """Scans are reported from the first byte on; the plan of radio readers has no meaning here."""
        del plan
        return Output((ReaderState(ReaderPhase.READING),))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the scanner."""
        if not received:
            return Output()
        self._heard_ms = now
        return Output(_events(self._hunt.feed(received), now))

    def tick(self, now: int) -> Output:
        """Silence ends a scan without suffix."""
        if self._hunt.is_waiting and now - self._heard_ms >= IDLE_FLUSH_MS:
            return Output(_events(self._hunt.flush(), now))
        return Output()

    def stop(self) -> Output:
        """A scanner cannot be stopped over this link; the state says that scans no longer count."""
        return Output((ReaderState(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """A scanner has no passes."""
        del antennas, now
        return Output()


def _events(parts: Iterable[Line | Rejected], now: int) -> tuple[Event, ...]:
    return tuple(
        part
        if isinstance(part, Rejected)
        else BarcodeScan(text=part.text, aim=part.aim, suffix=part.suffix, at_ms=now, raw=part.raw)
        for part in parts
    )
