"""Talk: one driver on one open link for as long as a command needs it, without spool or server."""

from collections.abc import Callable
from typing import Final, Protocol

from reader_drivers.agent.transports import SerialLink, monotonic_ms
from reader_drivers.driver import Event, Output, ReaderPhase

TICK_S: Final = 0.02
"""Time-outs are 50 ms and more; fifty ticks a second cost 1 % of a small computer."""
STOP_S: Final = 4.0
"""Longer than three unanswered stop orders."""
AT_REST: Final = frozenset({ReaderPhase.IDLE, ReaderPhase.FAULT, ReaderPhase.LOST})
"""Phases in which a reader transmits nothing."""


class Machine(Protocol):
    """What takes bytes and time: a driver, or what stands around one."""

    def feed(self, received: bytes, now: int) -> Output:
        """See `driver.Driver`."""
        ...

    def tick(self, now: int) -> Output:
        """See `driver.Driver`."""
        ...


class Talk:
    """See the module. Every event is given to `note` in its order."""

    def __init__(self, link: SerialLink, machine: Machine, note: Callable[[Event], None]) -> None:
        self._link = link
        self._machine = machine
        self._note = note

    async def say(self, output: Output) -> None:
        """Note the events and send the bytes. Raises: ReaderLost."""
        for event in output.events:
            self._note(event)
        if output.sent:
            await self._link.write(output.sent)

    async def listen(self, *, seconds: float, is_over: Callable[[], bool]) -> None:
        """Until `is_over` or the time is up. Raises: ReaderLost."""
        until_ms = monotonic_ms() + int(seconds * 1000)
        while monotonic_ms() < until_ms and not is_over():
            for at_ms, received in await self._link.read(TICK_S):
                await self.say(self._machine.feed(received, at_ms))
            await self.say(self._machine.tick(monotonic_ms()))
