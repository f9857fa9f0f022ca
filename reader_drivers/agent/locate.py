"""Locate: how strongly one tag answers, again and again, for a person who walks towards it with a sled or an antenna."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.talk import AT_REST, STOP_S, Talk
from reader_drivers.agent.transports import monotonic_ms, open_link
from reader_drivers.driver import Event, ReaderPhase, ReaderState
from reader_drivers.errors import ReaderFault
from reader_drivers.reads import TagRead

WINDOW_S: Final = 0.25
"""A hand moves some 20 cm in it; a reader hears one tag several times."""
RSSI_FAR_DBM: Final = -75
"""The weakest hearing that readers of this kind report in a shop; an empty bar."""
RSSI_NEAR_DBM: Final = -30
"""A tag that touches the antenna; a full bar."""
BAR: Final = 30
HEARINGS_NEAR: Final = 20
"""Hearings in a window that fill the bar where a reader tells no strength: that many tags answer at arm's length."""


@dataclass(frozen=True, slots=True)
class Strength:
    """One window."""

    hearings: int
    rssi_dbm: float | None
    """The strongest. None: not heard, or the reader does not tell."""

    @property
    def closeness(self) -> float:
        """0 far or silent to 1 touching, for a bar or a sound."""
        if self.rssi_dbm is None:
            return min(1.0, self.hearings / HEARINGS_NEAR)
        return min(1.0, max(0.0, (self.rssi_dbm - RSSI_FAR_DBM) / (RSSI_NEAR_DBM - RSSI_FAR_DBM)))

    def line(self) -> str:
        """For a person.

        >>> Strength(7, -52.0).line()
        '###############---------------  -52 dBm, 7 hearings'
        >>> Strength(0, None).line()
        '------------------------------  silent: move on, and turn the antenna'
        """
        full = round(self.closeness * BAR)
        bar = "#" * full + "-" * (BAR - full)
        if not self.hearings:
            return f"{bar}  silent: move on, and turn the antenna"
        strength = "strength not told" if self.rssi_dbm is None else f"{self.rssi_dbm:.0f} dBm"
        return f"{bar}  {strength}, {self.hearings} hearings"


class Locator:
    """Picks one tag out of what a reader hears: by EPC, by TID, or by both."""

    def __init__(self, *, epc: bytes | None, tid: bytes | None) -> None:
        self.phase = ReaderPhase.IDLE
        self.has_heard = False
        """The tag answered at least once."""
        self.detail = ""
        """What the reader said last about its state."""
        self._epc = None if epc is None else epc.hex().upper()
        self._tid = None if tid is None else tid.hex().upper()
        self._hearings = 0
        self._rssi_dbm: float | None = None

    def note(self, event: Event) -> None:
        """Take one event of the driver."""
        match event:
            case TagRead() if self._is_it(event):
                self.has_heard = True
                self._hearings += event.count
                known = [rssi for rssi in (self._rssi_dbm, event.rssi_dbm) if rssi is not None]
                self._rssi_dbm = max(known, default=None)
            case ReaderState(phase, detail):
                self.phase, self.detail = phase, detail
            case _:
                return

    def take(self) -> Strength:
        """What was heard since the last call."""
        strength = Strength(self._hearings, self._rssi_dbm)
        self._hearings, self._rssi_dbm = 0, None
        return strength

    def _is_it(self, read: TagRead) -> bool:
        return self._epc in {None, read.id_hex} and self._tid in {None, read.tid_hex}


async def locate(
    settings: ReaderSettings, locator: Locator, show: Callable[[Strength], None], *, seconds: float
) -> None:
    """Read and show each window, until the time is over or the task is cancelled; then the reader is stopped.

    Raises: ReaderLost: no such port, or it vanished. ReaderFault: the reader refused its settings or fell silent.
    """
    driver = settings.protocol.driver()
    # Session 0: the tag answers every inventory and not once in some seconds.
    plan = dataclasses.replace(settings.plan, session=0)
    link = await open_link(settings.port, settings.baud, settings.protocol.line)
    talk = Talk(link, driver, locator.note)
    try:
        await talk.say(driver.start(plan))
        await talk.listen(seconds=STOP_S, is_over=lambda: locator.phase in {*AT_REST, ReaderPhase.READING})
        until_ms = monotonic_ms() + int(seconds * 1000)
        while monotonic_ms() < until_ms and locator.phase is ReaderPhase.READING:
            await talk.listen(seconds=WINDOW_S, is_over=lambda: locator.phase in AT_REST)
            show(locator.take())
        if locator.phase is not ReaderPhase.READING:
            raise ReaderFault(locator.detail or f"{settings.name} did not begin to read; try `baguier-agent test`.")
    finally:
        if locator.phase not in AT_REST:
            await talk.say(driver.stop())
            await talk.listen(seconds=STOP_S, is_over=lambda: locator.phase in AT_REST)
        await link.close()
