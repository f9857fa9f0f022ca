"""Pulse: how one reader does, counted between two reports to the server."""

from typing import Final

from reader_drivers.agent.recognise import BYTES_MAX
from reader_drivers.driver import Event, Temperature
from reader_drivers.errors import Rejected
from reader_drivers.reads import ReaderFigures, TagRead

READING_REPORT_MS: Final = 10_000
"""People look at the page of readers while they wait for a tray."""
RESTING_REPORT_MS: Final = 60_000


class Pulse:
    """Told of everything a reader says. Times are the monotonic clock of all reads, in ms."""

    def __init__(self, now: int) -> None:
        self.rejected = 0
        """Pieces that were not understood since the agent started."""
        self.strange = b""
        """The last of their bytes, for whoever asks what protocol they are."""
        self._reads = 0
        self._since_ms = now
        self._heard_ms: int | None = None
        self._temperature_c: int | None = None

    def hear_bytes(self, at_ms: int) -> None:
        """Something arrived."""
        self._heard_ms = at_ms

    def hear(self, event: Event) -> None:
        """It meant this."""
        match event:
            case TagRead(count=count):
                self._reads += count
            case Rejected(raw):
                self.rejected += 1
                self.strange = (self.strange + raw)[-BYTES_MAX:]
            case Temperature(celsius):
                self._temperature_c = celsius
            case _:
                return

    def is_due(self, now: int, *, is_reading: bool) -> bool:
        """True: the last report is old enough for another."""
        return now - self._since_ms >= (READING_REPORT_MS if is_reading else RESTING_REPORT_MS)

    def report(self, now: int) -> ReaderFigures:
        """The figures since the last report, which count anew from here."""
        elapsed_ms = max(1, now - self._since_ms)
        figures = ReaderFigures(
            reads_per_s=round(self._reads * 1000 / elapsed_ms),
            rejected=self.rejected,
            heard_ago_ms=None if self._heard_ms is None else max(0, now - self._heard_ms),
            temperature_c=self._temperature_c,
        )
        self._reads, self._since_ms = 0, now
        return figures
