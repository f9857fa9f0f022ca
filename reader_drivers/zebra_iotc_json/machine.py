"""The Zebra session: listening to a reader that is started by its own trigger or mode, as a state machine without wires.

| phase | sent | leaves by |
|---|---|---|
| idle | nothing, ever | `start` → reading |
| reading | nothing | `stop` → idle |

Region, power and antennas are set on the reader, and its trigger or its own mode makes it transmit. Reads outside of a round are
not counted. There is no end frame, so passes are told apart by repetition; a gap in `eventNum` is a loss that is told.
"""

from typing import ClassVar

from reader_drivers.driver import Event, Output, ReaderError, ReaderPhase, ReaderState, ReadPlan, Reply, joined
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.json_lines import Blank, Line, LineHunt
from reader_drivers.passes import PassTracker
from reader_drivers.zebra_iotc_json.messages import Heard, message_of


class ZebraDriver:
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "zebra_iotc_json"

    def __init__(self) -> None:
        self._hunt = LineHunt()
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._event_number: int | None = None

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Listen from now on. A message that an earlier link has cut is given up."""
        left = [part for part in self._hunt.flush() if isinstance(part, Rejected)]
        self._event_number = None
        # No antenna is known before it is heard, so no pass runs yet.
        self._passes.begin((), 0, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return Output((*left, self._enter(ReaderPhase.READING)))

    def feed(self, received: bytes, now: int) -> Output:
        """Messages from the link."""
        return joined(self._accept(part, now) for part in self._hunt.feed(received))

    def tick(self, now: int) -> Output:
        """Ends of passes."""
        return Output(self._passes.expire(now)) if self._phase is ReaderPhase.READING else Output()

    def stop(self) -> Output:
        """Count no more. The reader itself goes on as its trigger says."""
        if self._phase is not ReaderPhase.READING:
            return Output()
        return Output((self._enter(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes; a sled names no antenna, so all of them when none is asked for."""
        return Output(self._passes.cut(antennas, now) if antennas else self._passes.close(now))

    def _accept(self, line: Line | Blank | Rejected, now: int) -> Output:
        if isinstance(line, Rejected):
            return Output((line,))
        if isinstance(line, Blank):
            return Output()
        try:
            told = message_of(line.value, now)
        except FrameError as error:
            return Output((Rejected(line.raw, str(error)),))
        events: list[Event] = [*told.scans]
        for heard in told.tags:
            events += self._hear(heard, now)
        return Output(tuple(events) or (Reply(told.name or "message", line.raw),))

    def _hear(self, heard: Heard, now: int) -> list[Event]:
        read = heard.read
        if self._phase is not ReaderPhase.READING:
            return [read]
        tag = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or ""))
        return [*self._loss(heard.event_number), *self._passes.hear(read.antenna or 0, tag, now), read]

    def _loss(self, number: int | None) -> list[Event]:
        last, self._event_number = self._event_number, number
        if number is None or last is None or number <= last + 1:
            return []
        meaning = f"{number - last - 1} messages of the reader did not arrive; look at the network and the broker"
        return [ReaderError("loss", meaning, is_retryable=True)]

    def _enter(self, phase: ReaderPhase) -> ReaderState:
        self._phase = phase
        return ReaderState(phase)
