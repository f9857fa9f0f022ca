"""Clock: the only place of the server that reads the time; everything else is handed a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from server.core.errors import Malformed


class Clock(Protocol):
    """Tells the present moment, in UTC and aware of it."""

    def now(self) -> datetime:
        """Give the present moment as an aware datetime in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The computer's clock: the only one of a real shop."""

    def now(self) -> datetime:
        """Give the computer's time."""
        return datetime.now(UTC)


class DemoClock:
    """The clock of a demonstration: the computer's, shifted by the whole milliseconds that a file holds.

    Whoever replaces the file moves the day: the next `now` goes by it. A file that cannot be read any more changes nothing.
    Raises: Malformed: there is no such file at the start, or no number in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[tuple[int, int] | None, timedelta] = (None, timedelta())
        self._look()
        if self._seen[0] is None:
            raise Malformed(
                f"The demonstration's clock {path} cannot be read. Start the demonstration anew with `baguier demo`."
            )

    def now(self) -> datetime:
        """Give the computer's time plus the offset."""
        self._look()
        return datetime.now(UTC) + self._seen[1]

    def _look(self) -> None:
        # One stat takes 2 µs and a commit a thousand times that, so a moved clock may hold for the very next act.
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._seen[0]:
                # Stamp and offset change as one: other threads read the clock too.
                self._seen = (stamp, timedelta(milliseconds=int(self._path.read_text(encoding="ascii"))))
        except (OSError, ValueError, OverflowError):
            return


@dataclass(slots=True)
class FixedClock:
    """A clock that moves only when told to: tests and replays."""

    moment: datetime

    def now(self) -> datetime:
        """Give the set moment, in UTC."""
        return self.moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward (or back, to test a clock that was set wrong)."""
        self.moment += by


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z of an aware moment, rounded down."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(moment_ms: int) -> datetime:
    """The aware moment in UTC of milliseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)


def in_utc(kept: datetime) -> datetime:
    """A moment as the database keeps it, in UTC without its zone, as an aware one; an aware one stays the moment it is."""
    return kept.replace(tzinfo=UTC) if kept.tzinfo is None else kept.astimezone(UTC)
