"""Trial: one configured reader opened, identified and heard for some seconds, for the person who has just plugged it in."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from reader_drivers.agent.protocols import ProtocolEntry
from reader_drivers.agent.recognise import ask, recognise
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.talk import AT_REST, STOP_S, Talk
from reader_drivers.agent.transports import open_link
from reader_drivers.driver import Button, Event, ReaderError, ReaderPhase, ReaderState, Reply
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan, TagRead

TRIAL_S: Final = 5.0


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
            case Button(name, action):
                self.notes.append(f"{name}: {action}")
            case Reply(name, raw):
                self.notes.append(f"answered {name}: {raw.hex().upper()}")
            case _:
                return


async def try_reader(settings: ReaderSettings, *, seconds: float = TRIAL_S) -> Trial:
    """Open, set up, read for `seconds`, stop. Raises: ReaderLost: no such port, or it vanished. PlanRefused."""
    trial = Trial()
    driver = settings.protocol.driver()
    link = await open_link(settings.port, settings.baud, settings.protocol.line)
    talk = Talk(link, driver, trial.note)
    try:
        await talk.say(driver.start(settings.plan))
        await talk.listen(seconds=seconds, is_over=lambda: trial.phase in AT_REST)
    finally:
        # Also after Ctrl-C: a reader must not go on transmitting.
        if trial.phase not in AT_REST:
            await talk.say(driver.stop())
            await talk.listen(seconds=STOP_S, is_over=lambda: trial.phase in AT_REST)
        await link.close()
    return trial


async def other_protocol(settings: ReaderSettings, trial: Trial) -> ProtocolEntry | None:
    """The protocol that this reader really speaks, when the trial was no success; None: the right one, or unknown.

    Raises: ReaderLost: the port vanished meanwhile.
    """
    if trial.tags or trial.scans:
        return None
    found = recognise(b"".join(piece.raw for piece in trial.rejected))
    if found is None and not trial.has_read:
        found = await ask(settings.port)
    return None if found is settings.protocol else found
