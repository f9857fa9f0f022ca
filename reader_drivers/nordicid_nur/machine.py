"""The session with a NUR reader: set-up, stream, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none; stop all if the reader still streams from an earlier life | `start` → starting |
| starting | one order at a time, the next after its answer | start answered → reading; refusal → fault; silence → lost |
| reading | an acknowledgement of each notification; the start again when the stream has ended by itself or is silent | `stop` → stopping; silence → lost |
| stopping | stop all | its answer → idle (everything before it counts); silence → lost |

The answer to the settings repeats them: a reader with another region or power is never started. A notification tells what was
heard since the last; one without a tag ends the passes of all antennas, else they are told apart by repetition.
"""

from typing import ClassVar, Final

from reader_drivers.driver import Event, KeepAlive, Output, PassEnd, ReaderError, ReaderPhase, ReadPlan, Reply
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.nordicid_nur import orders
from reader_drivers.nordicid_nur.frames import Frame, FrameHunt, encode_frame
from reader_drivers.nordicid_nur.orders import START, Step
from reader_drivers.nordicid_nur.stream import DONE, Tag, decode_round, tag_read
from reader_drivers.order_session import OrderSession, Patience

PATIENCE: Final = Patience(gap_ms=300, answer_ms=1_500, sends_max=3)
QUIET_MS: Final = 5_000
"""A stream without a word for so long is started again: the answer tells whether the reader is there."""
SILENCE_ORDER_MS: Final = 1_000
"""A reader that streams unasked is told to stop again after this time."""
ACKNOWLEDGEMENT: Final = encode_frame(orders.ACKNOWLEDGE)
"""Makes the reader tell tags again that it has told; it has no answer."""


class NurDriver(OrderSession[Frame, Step]):
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "nordicid_nur"

    def __init__(self) -> None:
        super().__init__(FrameHunt(), PATIENCE)
        self._plan: ReadPlan | None = None
        self._silenced_ms: int | None = None

    def start(self, plan: ReadPlan) -> Output:
        """Begin the bring-up. Raises: PlanRefused: see `orders.bring_up`."""
        steps = orders.bring_up(plan)
        self._plan = plan
        return Output((self._enter(ReaderPhase.STARTING),), self._give(steps))

    def tick(self, now: int) -> Output:
        """Time-outs, and ends of passes."""
        output = super().tick(now)
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output((*output.events, *self._passes.expire(now)), output.sent)
        return output

    def stop(self) -> Output:
        """Ask the reader to stop. Before the start order nothing is on air, and the session is idle at once."""
        if self._phase is ReaderPhase.READING or self._awaited == START:
            self._steps = []
            return Output((self._enter(ReaderPhase.STOPPING),), self._send(Step(orders.STOP_ALL)))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes of these antennas."""
        return Output(self._passes.cut(antennas, now))

    def _encoded(self, step: Step) -> bytes:
        return encode_frame(step.command, step.body)

    def _name_of(self, step: Step) -> str:
        return orders.NAMES[step.command]

    def _watch(self, now: int) -> Output:
        if self._phase is ReaderPhase.READING and now - self._heard_ms >= QUIET_MS:
            return Output((), self._send(START))
        return Output()

    def _accept(self, frame: Frame, now: int) -> Output:
        try:
            if frame.is_notification:
                return self._notified(frame, now)
            return self._answered(frame, now)
        except FrameError as error:
            return Output((Rejected(frame.raw, str(error)),))

    def _notified(self, frame: Frame, now: int) -> Output:
        if frame.command != orders.INVENTORY:
            return Output((Reply(orders.NAMES.get(frame.command, f"{frame.command:02X}"), frame.raw),))
        told = decode_round(frame)
        if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            reads = tuple(tag_read(tag, now) for tag in told.tags)
            return Output(reads or (KeepAlive(now, frame.raw),), self._silence_stray_stream(now))
        if not told.tags:
            ended: tuple[PassEnd, ...] = self._passes.end_complete(now)
            events: tuple[Event, ...] = (*ended, KeepAlive(now, frame.raw))
        else:
            events = tuple(event for tag in told.tags for event in self._hear(tag, now))
        is_over = told.is_stopped and self._phase is ReaderPhase.READING and self._awaited is None
        return Output(events, ACKNOWLEDGEMENT + (self._send(START) if is_over else b""))

    def _hear(self, tag: Tag, now: int) -> tuple[Event, ...]:
        read = tag_read(tag, now)
        return (*self._passes.hear(tag.antenna + 1, (tag.epc, tag.embedded or b""), now), read)

    def _silence_stray_stream(self, now: int) -> bytes:
        is_told = self._silenced_ms is not None and now - self._silenced_ms < SILENCE_ORDER_MS
        if self._phase is ReaderPhase.STARTING or is_told:
            return b""
        self._silenced_ms = now
        return encode_frame(orders.STOP_ALL)

    def _answered(self, frame: Frame, now: int) -> Output:
        reply = Reply(orders.NAMES.get(frame.command, f"{frame.command:02X}"), frame.raw)
        if self._awaited is None or frame.command != self._awaited.command:
            # An answer to an order of an earlier life, or the same answer twice: shown, not acted upon.
            return Output((reply,))
        step, self._awaited, self._due_ms = self._awaited, None, None
        if self._phase is ReaderPhase.STOPPING:
            self._rest()
            return Output((*self._passes.close(now), reply, self._enter(ReaderPhase.IDLE)))
        if self._phase is not ReaderPhase.STARTING:
            return Output((reply,))
        objection = self._objection(step, frame)
        if objection is not None:
            return Output((reply, objection, *self._refuse(now, objection.meaning)))
        if step.command == orders.CAPABILITIES:
            return self._settle(frame, reply, now)
        if step == START:
            return Output((reply, *self._begin_reading(now)))
        return Output((reply,), self._give_next())

    def _settle(self, frame: Frame, reply: Reply, now: int) -> Output:
        assert self._plan is not None
        try:
            powers = orders.decode_powers(frame.body[1:])
        except FrameError as error:
            return Output(
                (reply, *self._refuse(now, f"The reader does not tell its powers ({error}); it stays silent."))
            )
        power_step = powers.step_of(self._plan.power_cdbm)
        if power_step is None:
            weakest = powers.strongest_dbm - (powers.steps - 1) * powers.step_db
            detail = f"The reader transmits with {weakest} dBm at least; raise power_dbm in agent.toml or use another."
            return Output((reply, *self._refuse(now, detail)))
        return Output((reply,), self._give(orders.settings(self._plan, power_step)))

    def _objection(self, step: Step, frame: Frame) -> ReaderError | None:
        """What forbids to go on after this answer; None: nothing."""
        status, content = (frame.body[0], frame.body[1:]) if frame.body else (DONE, b"")
        advice = "it stays silent. Check region, power and antennas in agent.toml and the reader's model."
        if status != DONE and step.command != orders.STOP_ALL:
            told = orders.STATUS_MEANINGS.get(status, f"status {status:02X}")
            meaning = f"The reader refused {self._name_of(step)} ({told}); {advice}"
            return ReaderError(f"{status:02X}", meaning, is_retryable=False, raw=frame.raw)
        if step.command == orders.GET_MODE and content[:1] != b"A":
            meaning = "The reader is in its boot loader; load its application with the maker's program."
            return ReaderError("boot_loader", meaning, is_retryable=False, raw=frame.raw)
        if step.command == orders.SETUP and content != step.body:
            meaning = f"The reader repeats other settings than it was given; {advice}"
            return ReaderError("settings_mismatch", meaning, is_retryable=False, raw=frame.raw)
        return None

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        self._rest()
        self._heard_ms = now
        plan = self._plan
        self._passes.begin(plan.antennas, now, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return (self._enter(ReaderPhase.READING),)
