"""The R2000 session: bring-up, rounds one after the other, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none | `start` → starting |
| starting | one order at a time, the next after its answer | last order answered → reading; refusal → fault; silence → lost |
| reading | behind each end of a round the next one, and before it the antenna when it changes | `stop` → stopping; silence → lost |
| accessing | one access order at a time | its last answer → idle; silence → lost |
| stopping | none | end of the running round, then a quiet line → idle; silence without an end → lost |

The first inventory is sent behind the region read back: a reader with wrong radio rules never transmits for us. These readers
have no order that ends a round, and tell no TID with their inventories: `tid_words` has no effect. A code counts from its
second hearing on (see `belief`).
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.belief import Belief
from reader_drivers.driver import (
    EpcChange,
    Event,
    KeepAlive,
    Output,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Reply,
    joined,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.passes import PassTracker
from reader_drivers.r2000_a0 import access, orders
from reader_drivers.r2000_a0.bring_up import QUESTIONS, Step, mismatch, steps_after
from reader_drivers.r2000_a0.frames import BROADCAST, Frame, FrameHunt, encode_frame
from reader_drivers.r2000_a0.tags import Answer, Failure, RoundEnd, Tag, decode_answer, tag_read
from reader_drivers.turns import Turns

ANSWER_MS: Final = 1_000
"""Time for one answer."""
ROUND_MS: Final = 2_000
"""Time for a round, and between two of its tags. Source: readers.md section 2, "watchdog"."""
SENDS_MAX: Final = 3
"""An order is sent this often before the reader counts as lost."""
GAP_MS: Final = 250
"""Silence inside a frame after which its start is given up: a repeated packet of a network bridge takes that long, and giving
up too early loses a good frame."""
NEVER_MS: Final = 1 << 62
"""Passes end with their rounds, never by time."""
QUIET_MS: Final = 100
"""A stop waits for a line this quiet behind the end: where an end came twice, or an order was repeated to a slow reader, one
more round waits in the reader and begins at once."""
REPEAT: Final = 1
"""Inventories that the reader makes before it says that the round is over."""

_IN_ROUNDS: Final = frozenset({ReaderPhase.READING, ReaderPhase.STOPPING})


class R2000Driver:
    """One reader. Implements `driver.EpcWriter`; see there for the promises of each call."""

    protocol: ClassVar[str] = "r2000_a0"

    def __init__(self) -> None:
        self._hunt = FrameHunt()
        self._passes = PassTracker()
        self._belief = Belief()
        self._round_no = 0
        self._phase = ReaderPhase.IDLE
        self._plan: ReadPlan | None = None
        self._address = BROADCAST
        self._turns = Turns((1,))
        self._work_antenna: int | None = None
        self._steps: list[Step] = []
        self._written: set[int] = set()
        self._awaited = b""
        self._sends = 0
        self._due_ms: int | None = None
        self._heard_ms = 0
        self._is_round_silent = True
        self._is_pass_cut = False
        self._mute_antennas: set[int] = set()
        self._work: access.Work | None = None
        self._tag_answers: list[access.TagAnswer] = []

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Begin the bring-up. Raises: PlanRefused: no such power or antenna in any reader of this protocol."""
        orders.require_possible(plan)
        self._plan, self._address, self._hunt.address = plan, BROADCAST, None
        self._turns, self._work_antenna = Turns(plan.antennas), None
        self._steps, self._written, self._mute_antennas = list(QUESTIONS), set(), set()
        unproved = self._belief.close()
        return Output((*unproved, self._enter(ReaderPhase.STARTING)), self._send(self._steps.pop(0)))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the reader."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of frames, answers and rounds."""
        events: list[Event] = []
        sent = b""
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            flushed = self._all(self._hunt.flush(), now)
            events.extend(flushed.events)
            sent += flushed.sent
        events.extend(self._belief.expire(now))
        is_over = self._phase is ReaderPhase.STOPPING and not self._awaited and not self._hunt.is_waiting
        if is_over and now - self._heard_ms >= QUIET_MS:
            events.extend((*self._close(now), self._enter(ReaderPhase.IDLE)))
        if self._awaited:
            if self._due_ms is None:
                self._due_ms = now + (ROUND_MS if self._awaits(orders.SESSION_INVENTORY) else ANSWER_MS)
            elif now >= self._due_ms:
                late = self._repeat(now)
                events.extend(late.events)
                sent += late.sent
        return Output(tuple(events), sent)

    def stop(self) -> Output:
        """Ask for no further round: the running one ends by itself and counts."""
        if self._phase is ReaderPhase.READING:
            return Output((self._enter(ReaderPhase.STOPPING),))
        if self._phase is ReaderPhase.STARTING:
            # No round is running: nothing is on air.
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running pass of these antennas."""
        self._is_pass_cut |= self._turns.antenna in antennas
        return Output(self._passes.cut(antennas, now))

    def read_tid(self, epc: bytes) -> Output:
        """Ask the tags with this EPC for their TID, by every antenna of the plan."""
        assert self._plan is not None
        return self._begin_access(access.reading(epc, self._plan.antennas))

    def write_epc(self, change: EpcChange) -> Output:
        """Write to the tag with the old EPC."""
        return self._begin_access(access.writing(change))

    def _begin_access(self, work: access.Work) -> Output:
        self._work, self._tag_answers = work, []
        return Output((self._enter(ReaderPhase.ACCESSING),), self._send(next(work)))

    def _all(self, parts: Iterable[Frame | Rejected], now: int) -> Output:
        return joined(Output((part,)) if isinstance(part, Rejected) else self._accept(part, now) for part in parts)

    def _accept(self, frame: Frame, now: int) -> Output:
        if frame.order in orders.INVENTORIES:
            return self._inventoried(frame, now)
        failure = _failure(frame)
        if not self._awaits(frame.order):
            return Output((_unasked(failure, frame, now),))
        if self._phase is ReaderPhase.STARTING:
            return self._answered(failure, frame, now=now)
        if self._phase is ReaderPhase.ACCESSING:
            return self._accessed(failure, frame)
        if failure is not None:
            return self._round_failed(failure, frame, now)
        self._work_antenna = self._turns.antenna
        return self._go_on((_reply(frame),), now)

    def _accessed(self, failure: Failure | None, frame: Frame) -> Output:
        """An answer to an access order; the next order when every tag that it speaks of has answered."""
        assert self._work is not None
        if failure is None and frame.order in {orders.READ, orders.WRITE}:
            try:
                answer = access.decode_tag_answer(frame.order, frame.payload)
            except FrameError as error:
                return Output((Rejected(frame.raw, str(error)),))
            self._tag_answers.append(answer)
            if len(self._tag_answers) < answer.tags:
                self._due_ms = None
                return Output((_reply(frame),))
        outcome = access.Outcome(failure.code if failure else orders.DONE, tuple(self._tag_answers))
        self._tag_answers = []
        try:
            return Output((_reply(frame),), self._send(self._work.send(outcome)))
        except StopIteration as over:
            self._rest()
            return Output((_reply(frame), *over.value, self._enter(ReaderPhase.IDLE)))

    def _inventoried(self, frame: Frame, now: int) -> Output:
        try:
            answer = decode_answer(frame.order, frame.payload)
        except FrameError as error:
            return Output((Rejected(frame.raw, str(error)),))
        if isinstance(answer, Tag):
            return Output(self._heard(answer, frame, now))
        if not self._awaits(frame.order):
            return Output((_unasked(answer, frame, now),))
        if isinstance(answer, Failure) and answer.code not in orders.NO_TAG:
            return self._round_failed(answer, frame, now)
        self._mute_antennas.discard(self._turns.antenna)
        silent = (KeepAlive(now, frame.raw),) if self._is_round_silent else ()
        if not self._turns.advance(is_unfinished=False):
            return self._go_on(silent, now)
        # What is left of a pass after a cut is no whole inventory: it proves no silence.
        ended = self._passes.close(now) if self._is_pass_cut else self._passes.end_complete(now)
        return self._go_on((*ended, *silent), now)

    def _heard(self, tag: Tag, frame: Frame, now: int) -> tuple[Event, ...]:
        """The read, behind the pass that it ends; for a code that was heard for the first time only what came."""
        antenna = self._antenna_of(tag)
        if not tag.is_whole:
            reason = f"length: the tag announces {tag.pc_words} words of EPC and has {len(tag.epc)} bytes"
            return (Rejected(frame.raw, reason),)
        if antenna is None:
            reason = f"antenna: antenna {self._turns.antenna} was asked and {tag.antenna} answers"
            return (Rejected(frame.raw, reason),)
        self._is_round_silent, self._due_ms = False, None
        if not self._belief.hear(frame.payload[1:-1], frame.raw, round_no=self._round_no, now=now):
            return (_reply(frame),)
        has_table = self._plan is not None and orders.has_table(self._plan.region)
        read = tag_read(tag, antenna=antenna, freq_khz=tag.freq_khz if has_table else None, at_ms=now)
        ended = self._passes.hear(antenna, (tag.epc, b""), now) if self._phase in _IN_ROUNDS else ()
        return (*ended, read)

    def _antenna_of(self, tag: Tag) -> int | None:
        """The antenna that was asked; None: the report is another's. Two bits tell one of four, so 5 may call itself 1."""
        if not self._awaits(orders.SESSION_INVENTORY):
            return tag.antenna
        return None if (tag.antenna - self._turns.antenna) % 4 else self._turns.antenna

    def _round_failed(self, failure: Failure, frame: Frame, now: int) -> Output:
        """The antenna of the turn cannot be read now, or the order was wrong."""
        error = _error(failure, frame)
        if not error.is_retryable:
            refused = self._refuse(f"The reader refused {orders.NAMES[frame.order]}: {error.meaning}.")
            return Output((*self._close(now), error, *refused))
        antenna = self._turns.antenna
        told = () if antenna in self._mute_antennas else (error,)
        self._mute_antennas.add(antenna)
        self._turns.skip()
        return self._go_on((*self._passes.close(now), *told), now)

    def _go_on(self, events: tuple[Event, ...], now: int) -> Output:
        """The next round, or none when a stop was asked."""
        if self._phase is not ReaderPhase.STOPPING:
            return Output(events, self._send_round(now))
        self._rest()
        return Output((*events, *self._passes.close(now)))

    def _close(self, now: int) -> tuple[Event, ...]:
        """Reading is over."""
        return (*self._passes.close(now), *self._belief.close())

    def _send_round(self, now: int) -> bytes:
        assert self._plan is not None
        turns = self._turns
        if turns.antenna != self._work_antenna:
            return self._send((orders.SET_ANTENNA, bytes((turns.antenna - 1,))))
        if turns.is_new:
            self._passes.begin((turns.antenna,), now, pass_min_ms=NEVER_MS, pass_max_ms=NEVER_MS)
            self._is_pass_cut = False
        self._is_round_silent = True
        self._round_no += 1
        return self._send((orders.SESSION_INVENTORY, bytes((self._plan.session, turns.target, REPEAT))))

    def _answered(self, failure: Failure | None, frame: Frame, *, now: int) -> Output:
        assert self._plan is not None
        self._awaited, self._address, self._hunt.address = b"", frame.address, frame.address
        reply, plan, order = _reply(frame), self._plan, frame.order
        if failure is not None:
            error = _error(failure, frame)
            return Output((error, *self._refuse(f"The reader refused {reply.name}: {error.meaning}.")))
        if order in self._written and (wrong := mismatch(plan, order, frame.payload, raw=frame.raw)):
            return Output((wrong, *self._refuse(wrong.meaning)))
        if more := steps_after(plan, order, frame.payload):
            self._written.add(order)
            self._steps[:0] = more
        if self._steps:
            return Output((reply,), self._send(self._steps.pop(0)))
        return Output((reply, self._enter(ReaderPhase.READING)), self._send_round(now))

    def _repeat(self, now: int) -> Output:
        # A round that was asked to be the last one is not asked for again.
        if self._sends < SENDS_MAX and self._phase is not ReaderPhase.STOPPING:
            self._sends += 1
            self._round_no += 1
            self._due_ms = None
            return Output((), self._awaited)
        name = orders.NAMES[self._awaited[3]]
        self._rest()
        lost = self._enter(ReaderPhase.LOST, f"The reader did not answer {name}.")
        return Output((*self._close(now), lost))

    def _refuse(self, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.FAULT, detail),)

    def _awaits(self, order: int) -> bool:
        return self._awaited[3:4] == bytes((order,))

    def _send(self, step: Step) -> bytes:
        order, payload = step
        self._awaited = encode_frame(order, payload, address=self._address)
        self._sends, self._due_ms = 1, None
        return self._awaited

    def _rest(self) -> None:
        self._steps, self._awaited, self._due_ms = [], b"", None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def _failure(frame: Frame) -> Failure | None:
    """The error code in the answer to an order that is answered by one. None: it was carried out, or answered by a value."""
    if frame.order in orders.GETTERS or len(frame.payload) != 1 or frame.payload[0] == orders.DONE:
        return None
    return Failure(frame.payload[0])


def _unasked(answer: Answer | None, frame: Frame, now: int) -> Event:
    """An answer to an order of an earlier life, or to none: shown, not acted upon."""
    match answer:
        case Failure(code=code) if code not in orders.NO_TAG:
            return _error(answer, frame)
        case Failure() | RoundEnd(total_read=0):
            return KeepAlive(now, frame.raw)
        case _:
            return _reply(frame)


def _reply(frame: Frame) -> Reply:
    return Reply(orders.NAMES.get(frame.order, f"{frame.order:02X}"), frame.raw)


def _error(failure: Failure, frame: Frame) -> ReaderError:
    code = failure.code
    return ReaderError(f"{code:02X}", orders.meaning(code), is_retryable=code in orders.RETRYABLE, raw=frame.raw)
