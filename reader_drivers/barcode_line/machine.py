"""The session with a serial barcode scanner: it only speaks, so the machine only listens and watches for silence."""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.barcode_line.frames import Line, LineHunt
from reader_drivers.driver import Event
from reader_drivers.errors import Rejected
from reader_drivers.listening import ListeningSession
from reader_drivers.reads import BarcodeScan

IDLE_FLUSH_MS: Final = 80
"""Silence that ends a scan without suffix: scanners send at 9,600 baud without pauses, people scan once a second."""


class BarcodeLineDriver(ListeningSession[Line]):
    """One scanner. Implements `driver.Driver`."""

    protocol: ClassVar[str] = "barcode_line"

    def __init__(self) -> None:
        super().__init__(LineHunt(), gap_ms=IDLE_FLUSH_MS)

    def _heard(self, parts: Iterable[Line | Rejected], now: int) -> tuple[Event, ...]:
        return tuple(
            part
            if isinstance(part, Rejected)
            else BarcodeScan(text=part.text, aim=part.aim, suffix=part.suffix, at_ms=now, raw=part.raw)
            for part in parts
        )
