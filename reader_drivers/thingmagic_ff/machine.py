"""The ThingMagic session: bring-up, continuous reading, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none; STOP if the module still streams from an earlier life | `start` → starting |
| starting | one order at a time, the next after status 0000 | last order answered → reading; refusal → fault; silence → lost |
| reading | none | `stop` → stopping; silence over `SILENCE_MS` → lost |
| stopping | STOP | the stop answer → idle (everything before it counts); silence → lost |
| accessing | write power, antenna, write | its answer, or a refusal → idle; silence → lost |

The start order is the last one, behind the region read back: a module with wrong radio rules never transmits.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import (
    EpcChange,
    Event,
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Reply,
    Temperature,
    TidRead,
    WriteAnswer,
    WriteRefusal,
    joined,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.passes import PassTracker
from reader_drivers.reads import TagRead
from reader_drivers.thingmagic_ff import orders
from reader_drivers.thingmagic_ff.frames import STATUS_DONE, STATUS_NO_TAG, Direction, Frame, FrameHunt, encode_command
from reader_drivers.thingmagic_ff.records import decode_buffer
from reader_drivers.thingmagic_ff.stream_reads import stream_read, tag_read

ANSWER_MS: Final = 1_000
"""Time for one answer; booting the firmware is the slowest with about 650 ms."""
SENDS_MAX: Final = 3
"""An order is sent this often before the reader counts as lost."""
SILENCE_MS: Final = 2_000
"""While reading, the module speaks at least once per search (250 ms); more than three cycles of silence = link lost."""
GAP_MS: Final = 50
"""Silence inside a frame after which its start is given up: five times the longest pause seen from USB adapters."""
WAKE: Final = b"\xff" * 4
"""Sent before a repeated order: a sleeping module eats the first bytes it hears."""

_FIRST_ORDERS: Final = (encode_command(orders.GET_PROGRAM, b""), encode_command(orders.VERSION, b""))
_BOOT: Final = encode_command(orders.BOOT_FIRMWARE, b"")


class ThingmagicDriver:
    """One module. Implements `driver.EpcWriter`; see there for the promises of each call."""

    protocol: ClassVar[str] = "thingmagic_ff"

    def __init__(self) -> None:
        self._hunt = FrameHunt(Direction.READER_TO_HOST)
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._plan: ReadPlan | None = None
        self._orders: list[bytes] = []
        self._awaited = b""
        self._is_stop_tried = False
        self._sends = 0
        self._due_ms: int | None = None
        self._heard_ms = 0

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Begin the bring-up. Raises: PlanRefused: the module has no code for the plan's region."""
        self._orders = _bring_up(plan)
        self._plan = plan
        self._is_stop_tried = False
        return Output((self._enter(ReaderPhase.STARTING),), self._send_next())

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the module."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of frames, answers, passes and of the link."""
        events: list[Event] = []
        sent = b""
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            flushed = self._all(self._hunt.flush(), now)
            events.extend(flushed.events)
            sent += flushed.sent
        if self._awaited:
            if self._due_ms is None:
                self._due_ms = now + ANSWER_MS
            elif now >= self._due_ms:
                late = self._repeat(now)
                events.extend(late.events)
                sent += late.sent
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            events.extend(self._passes.expire(now))
        if self._phase is ReaderPhase.READING and now - self._heard_ms > SILENCE_MS:
            events.extend(self._lose(now, f"The reader has been silent for {now - self._heard_ms} ms."))
        return Output(tuple(events), sent)

    def stop(self) -> Output:
        """Ask the module to stop. While starting, nothing is on air yet and the session is idle at once."""
        if self._phase is ReaderPhase.READING or self._awaits_start():
            return Output((self._enter(ReaderPhase.STOPPING),), self._send(orders.STOP))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes of these antennas."""
        return Output(self._passes.cut(antennas, now))

    def read_tid(self, epc: bytes) -> Output:
        """Nothing to ask: the reads of our start order bring the TID."""
        return Output((TidRead(epc, None), self._enter(ReaderPhase.IDLE)))

    def write_epc(self, change: EpcChange) -> Output:
        """Write to the tag with this TID, after a look with the plan that holds."""
        assert self._plan is not None
        self._orders = list(orders.write_orders(change, self._plan))
        return Output((self._enter(ReaderPhase.ACCESSING),), self._send_next())

    def _all(self, parts: Iterable[Frame | Rejected], now: int) -> Output:
        return joined(Output((part,)) if isinstance(part, Rejected) else self._accept(part, now) for part in parts)

    def _accept(self, frame: Frame, now: int) -> Output:
        if frame.op == orders.READ_MULTIPLE and frame.status in {STATUS_DONE, STATUS_NO_TAG}:
            if not self._awaits_start():
                events = self._report(frame, now)
                return Output(events, self._silence_stray_stream())
            began = self._begin_reading(now)
            return Output((*began, *self._report(frame, now)))
        if _is_stop_answer(frame):
            return self._stopped(now)
        if self._awaited and frame.op == self._awaited[2]:
            if self._phase is ReaderPhase.STARTING:
                return self._answered(frame, now)
            if self._phase is ReaderPhase.ACCESSING:
                return self._accessed(frame)
        if frame.status != STATUS_DONE:
            return Output((_error(frame),))
        if frame.op == orders.GET_BUFFER:
            return Output(self._buffer(frame, now))
        # An answer to an order of an earlier life, or to none: shown, not acted upon.
        return Output((Reply(orders.NAMES.get(frame.op, f"{frame.op:02X}"), frame.raw),))

    def _report(self, frame: Frame, now: int) -> tuple[Event, ...]:
        if frame.status == STATUS_NO_TAG:
            return (*self._passes.end_complete(now), KeepAlive(now, frame.raw))
        try:
            read = stream_read(frame.payload, now)
        except FrameError as error:
            return (Rejected(frame.raw, str(error)),)
        return (Reply("stream_status", frame.raw),) if read is None else self._heard(read, now)

    def _buffer(self, frame: Frame, now: int) -> tuple[Event, ...]:
        try:
            records = decode_buffer(frame.payload)
        except FrameError as error:
            return (Rejected(frame.raw, str(error)),)
        return tuple(event for record in records for event in self._heard(tag_read(record, at_ms=now), now))

    def _heard(self, read: TagRead, now: int) -> tuple[Event, ...]:
        tag = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or ""))
        ended: tuple[PassEnd, ...] = self._passes.hear(read.antenna or 0, tag, now)
        return (*ended, read)

    def _silence_stray_stream(self) -> bytes:
        """A module that streams outside reading was started by an earlier life of the agent: stop it, then begin anew."""
        is_expected = self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING, ReaderPhase.ACCESSING}
        if is_expected or self._awaited == orders.STOP:
            return b""
        if self._phase is ReaderPhase.STARTING and self._plan is not None:
            self._orders = _bring_up(self._plan)
        return self._send(orders.STOP)

    def _answered(self, frame: Frame, now: int) -> Output:
        reply = Reply(orders.NAMES.get(frame.op, f"{frame.op:02X}"), frame.raw)
        if frame.status != STATUS_DONE and frame.op == orders.GET_PROGRAM and not self._is_stop_tried:
            # A module that streams since an earlier life of the agent refuses every order but the stop.
            assert self._plan is not None
            self._is_stop_tried = True
            self._orders = _bring_up(self._plan)
            return Output((_error(frame),), self._send(orders.STOP))
        if frame.status != STATUS_DONE and frame.op not in orders.OPTIONAL:
            return Output((_error(frame), *self._refuse(f"The reader refused {reply.name}: {_meaning(frame)}.")))
        if frame.op == orders.GET_REGION and (mismatch := self._region_mismatch(frame)):
            return Output((mismatch, *self._refuse(mismatch.meaning)))
        if frame.op == orders.GET_PROGRAM and frame.payload and frame.payload[-1] & 3 == orders.PROGRAM_BOOT_LOADER:
            self._orders.insert(0, _BOOT)
        told: tuple[Event, ...] = (reply,)
        if frame.op == orders.GET_TEMPERATURE and frame.status == STATUS_DONE and len(frame.payload) == 1:
            told = (reply, Temperature(int.from_bytes(frame.payload, signed=True)))
        if not self._orders:
            return Output((*told, *self._begin_reading(now)))
        return Output(told, self._send_next())

    def _accessed(self, frame: Frame) -> Output:
        status = frame.status or 0
        reply = Reply(orders.NAMES[frame.op], frame.raw)
        if status == STATUS_DONE and self._orders:
            return Output((reply,), self._send_next())
        refusal = orders.WRITE_REFUSALS.get(status, WriteRefusal.READER_REFUSED)
        detail = f"The reader says {status:04X}: {_meaning(frame)}."
        answer = WriteAnswer(None) if status == STATUS_DONE else WriteAnswer(refusal, detail)
        self._rest()
        return Output((reply, answer, self._enter(ReaderPhase.IDLE)))

    def _region_mismatch(self, frame: Frame) -> ReaderError | None:
        assert self._plan is not None
        wanted = orders.region_code(self._plan.region)
        if frame.payload and frame.payload[-1] == wanted:
            return None
        found = orders.REGION_NAMES.get(frame.payload[-1], "unknown") if frame.payload else "none"
        meaning = (
            f"The reader reports region {found} instead of {orders.REGION_NAMES[wanted]}; "
            "it stays silent. Check the region in agent.toml and the reader's model."
        )
        return ReaderError("region_mismatch", meaning, is_retryable=False, raw=frame.raw)

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        self._rest()
        self._heard_ms = now
        plan = self._plan
        ended = self._passes.close(now)
        self._passes.begin(plan.antennas, now, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return (*ended, self._enter(ReaderPhase.READING))

    def _stopped(self, now: int) -> Output:
        ended = self._passes.close(now)
        if self._phase is ReaderPhase.STARTING and self._orders:
            return Output((*ended, Reply("stopped")), self._send_next())
        self._rest()
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output((*ended, self._enter(ReaderPhase.IDLE)))
        return Output((*ended, Reply("stopped")))

    def _repeat(self, now: int) -> Output:
        if self._sends < SENDS_MAX:
            self._sends += 1
            self._due_ms = now + ANSWER_MS
            return Output((), WAKE + self._awaited)
        name = orders.NAMES.get(self._awaited[2], "order")
        return Output(self._lose(now, f"The reader did not answer {name} in {SENDS_MAX} tries."))

    def _lose(self, now: int, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (*self._passes.close(now), self._enter(ReaderPhase.LOST, detail))

    def _refuse(self, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.FAULT, detail),)

    def _awaits_start(self) -> bool:
        """The start order is on its way: from here on the module may transmit."""
        return self._phase is ReaderPhase.STARTING and not self._orders and bool(self._awaited)

    def _send_next(self) -> bytes:
        return self._send(self._orders.pop(0))

    def _send(self, order: bytes) -> bytes:
        self._awaited, self._sends, self._due_ms = order, 1, None
        return order

    def _rest(self) -> None:
        self._orders, self._awaited, self._due_ms = [], b"", None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def _bring_up(plan: ReadPlan) -> list[bytes]:
    """Every order of the bring-up. Raises: PlanRefused: the module has no code for the plan's region."""
    return [*_FIRST_ORDERS, *orders.settings_orders(plan), orders.start_order(plan)]


def _is_stop_answer(frame: Frame) -> bool:
    if frame.op != orders.MULTI_PROTOCOL or frame.status != STATUS_DONE:
        return False
    # Modules answer with the action alone; some firmware repeats the time-out before it.
    return frame.payload[:1] == bytes((orders.ACTION_STOP,)) or frame.payload[:3] == bytes((0, 0, orders.ACTION_STOP))


def _meaning(frame: Frame) -> str:
    return orders.STATUS_MEANINGS.get(frame.status or 0, f"status {frame.status or 0:04X}")


def _error(frame: Frame) -> ReaderError:
    status = frame.status or 0
    return ReaderError(f"{status:04X}", _meaning(frame), is_retryable=status in orders.RETRYABLE, raw=frame.raw)
