"""Clock: the only place of the server that reads the time; everything else is handed a moment."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present moment, in UTC and aware of it."""

    def now(self) -> datetime:
        """Give the present moment as an aware datetime in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The computer's clock, shifted for demonstrations only."""

    offset: timedelta = field(default_factory=timedelta)
    """Zero in a real shop; the demonstration shifts the day to its opening hour."""

    def now(self) -> datetime:
        """Give the computer's time plus the offset."""
        return datetime.now(UTC) + self.offset


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
