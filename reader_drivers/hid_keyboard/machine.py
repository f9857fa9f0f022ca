"""The session with a scanner that types: it only speaks, so the machine only listens and watches for silence."""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import Event, Output, ReaderPhase, ReaderState, ReadPlan
from reader_drivers.errors import Rejected
from reader_drivers.hid_keyboard.frames import Report, ReportHunt
from reader_drivers.hid_keyboard.typed import ENTER, TABULATOR, Typed, TypedScans
from reader_drivers.reads import BarcodeScan

GAP_MS: Final = 250
"""Silence inside a report after which it is given up: the device gives reports whole."""
IDLE_FLUSH_MS: Final = 500
"""Silence that ends a scan without Enter. Scanners type a key in less than 80 ms, but a radio scanner repeats what was lost,
and half a code taken for a whole one is worse than a wait that only scanners without Enter know."""
_SUFFIXES: Final = {ENTER: "CR", TABULATOR: "TAB", None: None}


class HidKeyboardDriver:
    """One scanner. Implements `driver.Driver`; a scan that nobody asked for is reported all the same."""

    protocol: ClassVar[str] = "hid_keyboard"

    def __init__(self) -> None:
        self._hunt = ReportHunt()
        self._scans = TypedScans()
        self._heard_ms = 0

    def start(self, plan: ReadPlan) -> Output:
        """Scans are reported from the first key on; the plan of radio readers has no meaning here."""
        del plan
        return Output((ReaderState(ReaderPhase.READING),))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes of boot reports."""
        if not received:
            return Output()
        self._heard_ms = now
        return Output(self._all(self._hunt.feed(received), now))

    def tick(self, now: int) -> Output:
        """Silence ends an unfinished report, and later a scan without Enter."""
        events: tuple[Event, ...] = ()
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            events = self._all(self._hunt.flush(), now)
        if self._scans.is_waiting and now - self._heard_ms >= IDLE_FLUSH_MS:
            events = (*events, *_events(self._scans.close(), now))
        return Output(events)

    def stop(self) -> Output:
        """A scanner cannot be stopped over this link; the state says that scans no longer count."""
        return Output((ReaderState(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """A scanner has no passes."""
        del antennas, now
        return Output()

    def _all(self, parts: Iterable[Report | Rejected], now: int) -> tuple[Event, ...]:
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
