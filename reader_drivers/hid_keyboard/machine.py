"""The session with a scanner that types: it only speaks, so the machine only listens and watches for silence."""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import Event
from reader_drivers.errors import Rejected
from reader_drivers.hid_keyboard.frames import Report, ReportHunt
from reader_drivers.hid_keyboard.typed import ENTER, TABULATOR, Typed, TypedScans
from reader_drivers.listening import ListeningSession
from reader_drivers.reads import BarcodeScan

GAP_MS: Final = 250
"""Silence inside a report after which it is given up: the device gives reports whole."""
IDLE_FLUSH_MS: Final = 500
"""Silence that ends a scan without Enter. Scanners type a key in less than 80 ms, but a radio scanner repeats what was lost,
and half a code taken for a whole one is worse than a wait that only scanners without Enter know."""
_SUFFIXES: Final = {ENTER: "CR", TABULATOR: "TAB", None: None}


class HidKeyboardDriver(ListeningSession[Report]):
    """One scanner. Implements `driver.Driver`."""

    protocol: ClassVar[str] = "hid_keyboard"

    def __init__(self) -> None:
        super().__init__(ReportHunt(), gap_ms=GAP_MS)
        self._scans = TypedScans()

    def _expired(self, now: int) -> tuple[Event, ...]:
        """A scan without Enter is over."""
        is_over = self._scans.is_waiting and now - self._heard_ms >= IDLE_FLUSH_MS
        return _events(self._scans.close(), now) if is_over else ()

    def _heard(self, parts: Iterable[Report | Rejected], now: int) -> tuple[Event, ...]:
        events: list[Event] = []
        for part in parts:
            if isinstance(part, Rejected):
                self._scans.spoil("length: bytes of the scan were lost; scan it again")
                events.append(part)
            else:
                events.extend(_events(self._scans.add(part), now))
        return tuple(events)


def _events(found: Iterable[Typed | Rejected], now: int) -> tuple[Event, ...]:
    return tuple(
        part
        if isinstance(part, Rejected)
        else BarcodeScan(text=part.text, aim=part.aim, suffix=_SUFFIXES[part.terminator], at_ms=now, raw=part.raw)
        for part in found
    )
