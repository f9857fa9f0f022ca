"""Session: one configured reader kept open, reading while somebody listens, silent otherwise.

Given: a port that may vanish and a driver that never raises. Does: open, feed, tick, start and stop, and open again with
growing pauses. Promises: without an attachment the reader is told nothing that makes it transmit.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from typing import Final, Protocol

from reader_drivers.agent.capture import Capture, CapturedDriver
from reader_drivers.agent.folding import Folder
from reader_drivers.agent.pulse import Pulse
from reader_drivers.agent.recognise import advice, recognise
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.spool import Attachment
from reader_drivers.agent.talk import AT_REST, STOP_S, TICK_S
from reader_drivers.agent.transports import Line, SerialLink, monotonic_ms, open_link
from reader_drivers.driver import Button, Event, Output, PassEnd, ReaderError, ReaderPhase, ReaderState
from reader_drivers.errors import PlanRefused, ReaderLost
from reader_drivers.reads import BarcodeScan, Press, ReaderEntry, ReaderHealth, TagRead

SETTLE_S: Final = 0.01
"""While reading, frames are taken together after this pause: one wake-up for many. Each chunk keeps its own arrival time."""
BACK_OFF_FIRST_S: Final = 0.25
BACK_OFF_MAX_S: Final = 3.0
"""People plug a reader in and look at the screen."""
FAULT_PAUSE_S: Final = 5.0
"""A refusing reader is set up anew after this pause, in case a person mended it."""
REJECTION_REPORT_S: Final = 5.0

log = logging.getLogger("baguier.agent")


class OpenLink(Protocol):
    """How a port is opened; tests put their own."""

    async def __call__(self, port: str, baud: int, line: Line) -> SerialLink:
        """Open it. Raises: ReaderLost."""
        ...


class ReaderSession:
    """One reader. All calls from one event loop."""

    def __init__(
        self,
        settings: ReaderSettings,
        report: Callable[[ReaderHealth], None],
        *,
        opener: OpenLink = open_link,
        capture: Capture | None = None,
        pressed: Callable[[Press], None] | None = None,
    ) -> None:
        """`pressed` is told when a person presses a button of the reader."""
        self.folder = Folder()
        """What was heard since the last flush."""
        self._settings = settings
        self._report = report
        self._pressed = pressed
        self._opener = opener
        self._capture = capture
        driver = settings.protocol.driver()
        self._driver = driver if capture is None else CapturedDriver(driver, capture, settings.name)
        self._attached: dict[str, Attachment] = {}
        self._draining = 0
        self.is_paused = False
        """True: reads nothing although attached."""
        self._is_open = False
        self._state, self._detail = "lost", "not opened yet"
        self._phase = ReaderPhase.IDLE
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._unsent = b""
        self._fault_until_ms = 0
        self._pulse = Pulse(monotonic_ms())
        self._reported_ms = 0
        self._reported_rejected = 0

    @property
    def name(self) -> str:
        """Name from agent.toml."""
        return self._settings.name

    def entry(self) -> ReaderEntry:
        """The reader as hello lists it."""
        return ReaderEntry(self.name, self._settings.protocol.name, self._settings.antennas, self._state)

    def attach(self, attachment: Attachment) -> None:
        """Read for this attachment from now on; the first one starts the reader."""
        self._attached[attachment.id] = attachment

    def end_passes(self, antennas: tuple[int, ...]) -> None:
        """Cut running passes, all antennas when none is named, so that no pass belongs to two attachments."""
        self._take(self._driver.end_passes(antennas or self._settings.antennas, monotonic_ms()))

    async def detach(self, attachment: Attachment) -> None:
        """Stop counting for this attachment: its passes are cut, and the reader stops with its last one.

        Returns when every read that belongs to it is in the folder.
        """
        self._draining += 1
        try:
            self._attached.pop(attachment.id, None)
            self.end_passes(attachment.antennas)
            if not self._attached:
                self._take(self._driver.stop())
                await self.wait_at_rest(STOP_S)
                self.end_passes(attachment.antennas)
        finally:
            self._draining -= 1

    def pause(self) -> None:
        """Read nothing any more: the spool is full or the agent ends."""
        self.is_paused = True
        self._take(self._driver.stop())

    def resume(self) -> None:
        """Read again if attached."""
        self.is_paused = False

    async def wait_at_rest(self, timeout_s: float) -> None:
        """Wait until the reader transmits nothing, at most `timeout_s`, and not at all while its link is down."""
        if not self._is_open:
            return
        try:
            await asyncio.wait_for(self._at_rest.wait(), timeout_s)
        except TimeoutError:
            log.warning("%s did not confirm that it stopped", self.name)

    async def run(self) -> None:
        """Keep the reader open for ever; ends only by cancellation."""
        pause_s = BACK_OFF_FIRST_S
        while True:
            try:
                link = await self._opener(self._settings.port, self._settings.baud, self._settings.protocol.line)
            except ReaderLost as error:
                self._lose(str(error))
            else:
                pause_s = await self._serve(link, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, BACK_OFF_MAX_S)

    async def _serve(self, link: SerialLink, pause_s: float) -> float:
        """One open link to its end; gives the pause before the next opening."""
        self._unsent, self._is_open = b"", True
        self._say("idle", "")
        try:
            while True:
                self._begin_when_wanted()
                await self._write(link)
                if self._phase is ReaderPhase.READING:
                    await asyncio.sleep(SETTLE_S)
                chunks = await link.read(TICK_S)
                for at_ms, received in chunks:
                    self._pulse.hear_bytes(at_ms)
                    self._take(self._driver.feed(received, at_ms))
                    pause_s = BACK_OFF_FIRST_S
                # Time goes on with what has arrived: bytes that wait for a busy computer are no silence of the reader.
                self._take(self._driver.tick(chunks[-1][0] if chunks else monotonic_ms()))
                self._report_rejections()
                if self._pulse.is_due(monotonic_ms(), is_reading=self._phase is ReaderPhase.READING):
                    self._tell(self._detail)
                if self._phase is ReaderPhase.LOST:
                    return pause_s
        except ReaderLost as error:
            self._lose(str(error))
        finally:
            self._is_open = False
            await link.close()
        return pause_s

    async def _write(self, link: SerialLink) -> None:
        sent, self._unsent = self._unsent, b""
        if sent:
            await link.write(sent)

    def _begin_when_wanted(self) -> None:
        is_wanted = bool(self._attached) and not self.is_paused
        is_ready = self._phase in {ReaderPhase.IDLE, ReaderPhase.LOST}
        is_retried = self._phase is ReaderPhase.FAULT and monotonic_ms() >= self._fault_until_ms
        if not is_wanted or not (is_ready or is_retried):
            return
        first = next(iter(self._attached.values()))
        plan = dataclasses.replace(self._settings.plan, pass_min_ms=first.pass_min_ms)
        try:
            self._take(self._driver.start(plan))
            # A frame that an unplugged cable has cut is given up before the first answer can be glued to it.
            self._take(self._driver.tick(monotonic_ms()))
        except PlanRefused as error:
            self._phase = ReaderPhase.FAULT
            self._fault_until_ms = monotonic_ms() + int(FAULT_PAUSE_S * 1000)
            self._say("fault", str(error))

    def _take(self, output: Output) -> None:
        self._unsent += output.sent
        for event in output.events:
            self._note(event)

    def _note(self, event: Event) -> None:
        self._pulse.hear(event)
        match event:
            case BarcodeScan():
                # A scan is a person's act: the server gets it whether a count is open or not.
                self.folder.hear(event, monotonic_ms())
            case TagRead() | PassEnd():
                if self._attached or self._draining:
                    self.folder.hear(event, monotonic_ms())
            case ReaderState(phase, detail):
                self._enter(phase, detail)
            case Button(name, action) if self._pressed is not None:
                self._pressed(Press(self.name, name, action))
            case ReaderError(error_code, meaning):
                log.warning("%s reports %s: %s", self.name, error_code, meaning)
                self._say(self._state, f"{error_code}: {meaning}")
            case _:
                # Rejections and figures are counted above; keep-alives and answers are the driver's own business.
                return

    def _enter(self, phase: ReaderPhase, detail: str) -> None:
        self._phase = phase
        if phase is ReaderPhase.FAULT:
            self._fault_until_ms = monotonic_ms() + int(FAULT_PAUSE_S * 1000)
        if phase in AT_REST:
            self._at_rest.set()
        else:
            self._at_rest.clear()
        self._say(phase.value, detail)

    def _lose(self, detail: str) -> None:
        # What was heard before the loss and after the next opening must not share a pass.
        self.end_passes(())
        self._phase = ReaderPhase.LOST
        self._at_rest.set()
        self._say("lost", detail)

    def _report_rejections(self) -> None:
        now, rejected = monotonic_ms(), self._pulse.rejected
        if rejected == self._reported_rejected or now - self._reported_ms < REJECTION_REPORT_S * 1000:
            return
        self._reported_ms, self._reported_rejected = now, rejected
        found = recognise(self._pulse.strange)
        cause = "check cable and speed." if found in {None, self._settings.protocol} else advice(found)
        self._tell(f"{rejected} unreadable pieces so far; {cause}")

    def _say(self, state: str, detail: str) -> None:
        if (state, detail) == (self._state, self._detail):
            return
        self._state, self._detail = state, detail
        log.info("%s is %s%s", self.name, state, f": {detail}" if detail else "")
        if self._capture is not None:
            self._capture.tell(self.name, monotonic_ms(), state=state, detail=detail)
        self._tell(detail)

    def _tell(self, detail: str) -> None:
        self._report(ReaderHealth(self.name, self._state, detail[:1_000], self._pulse.report(monotonic_ms())))
