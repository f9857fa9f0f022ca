"""Trial: one configured reader opened, identified and heard for some seconds, for the person who has just plugged it in."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from reader_drivers.agent.session import TICK_S
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.transports import SerialLink, monotonic_ms, open_link
from reader_drivers.driver import Driver, Event, Output, ReaderError, ReaderPhase, ReaderState, Reply
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan, TagRead

TRIAL_S: Final = 5.0
STOP_S: Final = 4.0


@dataclass(slots=True)
class Trial:
    """What was heard."""

    phase: ReaderPhase = ReaderPhase.IDLE
    tags: Counter[tuple[str, str | None, int | None]] = field(default_factory=Counter)
    """Hearings of each (EPC, TID, antenna)."""
    scans: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """States, answers and errors in their order, as sentences."""
    has_read: bool = False
    """The reader reached the phase in which it reads."""

    def note(self, event: Event) -> None:
        """Add one event."""
        match event:
            case TagRead():
                self.tags[(event.id_hex, event.tid_hex, event.antenna)] += event.count
            case BarcodeScan():
                self.scans.append(event.text)
            case Rejected():
                self.rejected.append(event)
            case ReaderState(phase, detail):
                self.phase = phase
                self.has_read = self.has_read or phase is ReaderPhase.READING
                self.notes.append(f"{phase.value}. {detail}".strip())
            case ReaderError(error_code, meaning):
                self.notes.append(f"error {error_code}: {meaning}")
            case Reply(name, raw):
                self.notes.append(f"answered {name}: {raw.hex().upper()}")
            case _:
                return


async def try_reader(settings: ReaderSettings, *, seconds: float = TRIAL_S) -> Trial:
    """Open, set up, read for `seconds`, stop. Raises: ReaderLost: no such port, or it vanished. PlanRefused."""
    trial = Trial()
    driver = settings.protocol.driver()
    link = await open_link(settings.port, settings.baud)
    try:
        await _apply(trial, link, driver.start(settings.plan))
        await _listen(trial, link, driver, until_ms=monotonic_ms() + int(seconds * 1000))
        await _apply(trial, link, driver.stop())
        if trial.phase is not ReaderPhase.IDLE:
            await _listen(trial, link, driver, until_ms=monotonic_ms() + int(STOP_S * 1000))
    finally:
        await link.close()
    return trial


async def _listen(trial: Trial, link: SerialLink, driver: Driver, *, until_ms: int) -> None:
    """Until the time is over or the reader is at rest."""
    resting = {ReaderPhase.IDLE, ReaderPhase.FAULT, ReaderPhase.LOST}
    while monotonic_ms() < until_ms and trial.phase not in resting:
        for at_ms, received in await link.read(TICK_S):
            await _apply(trial, link, driver.feed(received, at_ms))
        await _apply(trial, link, driver.tick(monotonic_ms()))


async def _apply(trial: Trial, link: SerialLink, output: Output) -> None:
    for event in output.events:
        trial.note(event)
    if output.sent:
        await link.write(output.sent)
