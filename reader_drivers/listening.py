"""Listening session: a scanner that only speaks. Nothing is sent to it, and silence alone ends what it leaves unfinished."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from reader_drivers.driver import Event, Framed, Output, ReaderPhase, ReaderState, ReadPlan, WaitingHunt
from reader_drivers.errors import Rejected

F = TypeVar("F", bound=Framed)
"""A whole frame of the protocol."""


class ListeningSession(ABC, Generic[F]):
    """The whole of a `driver.Driver` for such a scanner, but for what its frames mean. A scan nobody asked for is reported too."""

    def __init__(self, hunt: WaitingHunt[F], *, gap_ms: int) -> None:
        """`gap_ms` = silence inside a frame after which its beginning is given up."""
        self._hunt = hunt
        self._gap_ms = gap_ms
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
        return Output(self._heard(self._hunt.feed(received), now))

    def tick(self, now: int) -> Output:
        """Silence ends an unfinished frame, and what else the protocol waits for."""
        events: tuple[Event, ...] = ()
        if self._hunt.is_waiting and now - self._heard_ms >= self._gap_ms:
            events = self._heard(self._hunt.flush(), now)
        return Output((*events, *self._expired(now)))

    def stop(self) -> Output:
        """A scanner cannot be stopped over this link; the state says that scans no longer count."""
        return Output((ReaderState(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """A scanner has no passes."""
        del antennas, now
        return Output()

    @abstractmethod
    def _heard(self, parts: Iterable[F | Rejected], now: int) -> tuple[Event, ...]:
        """What frames and damage say."""

    def _expired(self, now: int) -> tuple[Event, ...]:
        """What is given up, or ends, as time goes by."""
        del now
        return ()
