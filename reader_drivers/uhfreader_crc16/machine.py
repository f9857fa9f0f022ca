"""The UHFReader session: bring-up, rounds one after the other, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none; the order to be quiet if the reader pushes tags by itself | `start` → starting |
| starting | one order at a time, the next after its answer | last order answered → reading; refusal → fault; silence → lost |
| reading | an inventory behind each end of a round | `stop` → stopping; silence → lost; a wrong order → fault |
| accessing | one access order at a time | its last answer → idle; silence → lost |
| stopping | none | end of the running round → idle; silence → lost |

The first inventory is sent behind the region read back: a reader with wrong radio rules never transmits for us.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

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
from reader_drivers.errors import FrameError, PlanRefused, Rejected
from reader_drivers.passes import PassTracker
from reader_drivers.turns import Target, Turns
from reader_drivers.uhfreader_crc16 import access, numbers, orders
from reader_drivers.uhfreader_crc16.bring_up import Step, mismatch, scan_ms, steps_for
from reader_drivers.uhfreader_crc16.frames import BROADCAST, Direction, Frame, FrameHunt, encode_command
from reader_drivers.uhfreader_crc16.tags import pushing_kind, tag_read, tags_in

ANSWER_MS: Final = 1_000
"""Time for one answer; for the answer to an inventory, beyond its scan time (the manual names 75 ms)."""
SCAN_UNLIMITED_MS: Final = 10_000
"""Time for a round of a reader that was told to scan as long as it takes."""
SENDS_MAX: Final = 3
"""An order is sent this often before the reader counts as lost."""
GAP_MS: Final = 250
"""Silence inside a frame after which its start is given up. The manual says 15 ms; a repeated packet of a network bridge or a
busy computer takes more than ten times that, and giving up too early loses a good frame."""
NEVER_MS: Final = 1 << 62
"""Passes end with their rounds, never by time."""

_IN_ROUNDS: Final = frozenset({ReaderPhase.READING, ReaderPhase.STOPPING})


class UhfReaderDriver:
    """One reader. Implements `driver.EpcWriter`; see there for the promises of each call."""

    protocol: ClassVar[str] = "uhfreader_crc16"

    def __init__(self) -> None:
        self._hunt = FrameHunt(Direction.READER_TO_HOST)
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._plan: ReadPlan | None = None
        self._profile: orders.Profile | None = None
        self._address = BROADCAST
        self._turns = Turns((1,))
        self._steps: list[Step] = []
        self._awaited = b""
        self._sends = 0
        self._due_ms: int | None = None
        self._heard_ms = 0
        self._scan_ms = 0
        self._is_informed = False
        self._is_round_silent = True
        self._is_pass_cut = False
        self._mute_antennas: set[int] = set()
        self._work: access.Work | None = None

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Begin the bring-up. Raises: PlanRefused: no band, no such power or antenna in any reader of this protocol."""
        orders.require_possible(plan)
        self._plan, self._is_informed, self._address = plan, False, BROADCAST
        self._steps, self._mute_antennas, self._hunt.address = [], set(), None
        return Output((self._enter(ReaderPhase.STARTING),), self._send((numbers.GET_INFORMATION, b"")))

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
        if self._awaited:
            if self._due_ms is None:
                self._due_ms = now + ANSWER_MS + (self._scan_ms if self._awaits_round() else 0)
            elif now >= self._due_ms:
                late = self._repeat(now)
                events.extend(late.events)
                sent += late.sent
        return Output(tuple(events), sent)

    def stop(self) -> Output:
        """Ask for no further round: the running one ends within its scan time and counts."""
        if self._phase is ReaderPhase.READING:
            return Output((self._enter(ReaderPhase.STOPPING),))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running pass of these antennas."""
        self._is_pass_cut |= self._turns.antenna in antennas
        return Output(self._passes.cut(antennas, now))

    def read_tid(self, epc: bytes) -> Output:
        """Ask the tag with this EPC for its TID: only Impinj's chips tell it in the inventory of a 288."""
        assert self._plan is not None
        assert self._profile is not None
        return self._begin_access(access.reading(epc, self._plan.antennas, self._profile))

    def write_epc(self, change: EpcChange) -> Output:
        """Write to the tag that was looked at."""
        assert self._profile is not None
        return self._begin_access(access.writing(change, self._profile))

    def _begin_access(self, work: access.Work) -> Output:
        self._work = work
        begun = Output((self._enter(ReaderPhase.ACCESSING),))
        return joined((begun, self._go_on_with(None)))

    def _go_on_with(self, outcome: access.Outcome | None) -> Output:
        """The next order of the access, or what came of it."""
        assert self._work is not None
        try:
            return Output((), self._send(next(self._work) if outcome is None else self._work.send(outcome)))
        except StopIteration as over:
            self._rest()
            return Output((*over.value, self._enter(ReaderPhase.IDLE)))

    def _all(self, parts: Iterable[Frame | Rejected], now: int) -> Output:
        return joined(Output((part,)) if isinstance(part, Rejected) else self._accept(part, now) for part in parts)

    def _accept(self, frame: Frame, now: int) -> Output:
        # An order that the reader does not know is answered under number 00.
        is_answer = bool(self._awaited) and frame.order in {self._awaited[2], numbers.NONE}
        if frame.order == numbers.INVENTORY or (is_answer and self._awaits_round()):
            events = self._reads(frame, now)
            over = self._round_answered(frame, now)
            return Output((*events, *over.events), over.sent)
        if frame.order == numbers.PUSHED:
            # Heartbeats are the newer kind's.
            kind = pushing_kind(frame.payload) if frame.status == numbers.DONE else orders.UHFREADER288
            return Output(self._reads(frame, now) or (KeepAlive(now, frame.raw),), self._quieten(self._profile or kind))
        if is_answer:
            return self._answered(frame, now)
        # An answer to an order of an earlier life, or to none: shown, not acted upon.
        return Output(self._reads(frame, now) or (_unasked(frame, now),))

    def _reads(self, frame: Frame, now: int) -> tuple[Event, ...]:
        """Every tag of the frame, each behind the pass that it ends."""
        if frame.status not in numbers.WITH_TAGS:
            return ()
        events: list[Event] = []
        try:
            heard = tags_in(frame.order, frame.payload, self._profile)
        except FrameError as error:
            return (Rejected(frame.raw, str(error)),)
        for tag in heard:
            read = tag_read(tag, antenna=self._turns.antenna, at_ms=now)
            if self._phase in _IN_ROUNDS:
                events.extend(self._passes.hear(read.antenna or 0, (tag.epc, tag.tid), now))
            events.append(read)
        self._is_round_silent &= not heard
        return tuple(events)

    def _round_answered(self, frame: Frame, now: int) -> Output:
        status = frame.status
        if status in {numbers.MORE, numbers.STATISTICS}:
            self._due_ms = None
            return Output()
        if not self._awaits_round():
            return Output(() if status in numbers.WITH_TAGS and frame.payload else (_unasked(frame, now),))
        if status in numbers.WRONG_ORDER:
            events = self._refuse(f"The reader refused the inventory: {_meaning(frame)}.")
            return Output((*self._passes.close(now), _error(frame), *events))
        ended = self._round_over(frame, now)
        if self._phase is ReaderPhase.STOPPING:
            self._rest()
            return Output((*ended, *self._passes.close(now), self._enter(ReaderPhase.IDLE)))
        return Output(ended, self._send_round(now))

    def _round_over(self, frame: Frame, now: int) -> tuple[Event, ...]:
        """Whose turn is next, and the pass that ended with this round."""
        antenna = self._turns.antenna
        if frame.status not in numbers.ROUND_ENDS:
            self._turns.skip()
            is_news = antenna not in self._mute_antennas
            self._mute_antennas.add(antenna)
            return (*self._passes.close(now), *((_error(frame),) if is_news else ()))
        self._mute_antennas.discard(antenna)
        silent = (KeepAlive(now, frame.raw),) if self._is_round_silent else ()
        is_unfinished = frame.status in numbers.UNFINISHED and not silent and self._profile is orders.UHFREADER288
        if not self._turns.advance(is_unfinished=is_unfinished):
            return silent
        # What is left of a pass after a cut is no whole inventory: it proves no silence.
        ended = self._passes.close(now) if self._is_pass_cut else self._passes.end_complete(now)
        return (*ended, *silent)

    def _send_round(self, now: int) -> bytes:
        assert self._plan is not None
        assert self._profile is not None
        plan, turns = self._plan, self._turns
        if turns.is_new:
            self._passes.begin((turns.antenna,), now, pass_min_ms=NEVER_MS, pass_max_ms=NEVER_MS)
            self._is_pass_cut = False
        self._is_round_silent = True
        payload = orders.inventory_payload(self._profile, plan, antenna=turns.antenna, target=turns.target)
        return self._send((numbers.INVENTORY, payload))

    def _quieten(self, kind: orders.Profile) -> bytes:
        """A reader that pushes tags transmits without being asked. While starting, its mode is asked for and set anyway."""
        if self._awaited or self._phase not in {ReaderPhase.IDLE, ReaderPhase.FAULT}:
            return b""
        return self._send((kind.set_mode, kind.answer_mode))

    def _answered(self, frame: Frame, now: int) -> Output:
        order, self._awaited = self._awaited[2], b""
        reply = Reply(numbers.NAMES[order], frame.raw)
        if self._phase is ReaderPhase.ACCESSING:
            outcome = access.Outcome(frame.status or 0, frame.payload)
            return joined((Output((reply,)), self._go_on_with(outcome)))
        if self._phase is not ReaderPhase.STARTING:
            return Output((reply,))
        profile = self._profile
        if profile is not None and order == profile.get_mode:
            # Refused: readers that have no other mode do not know the question.
            if frame.status == numbers.DONE and frame.payload[profile.mode_at : profile.mode_at + 1] != b"\x00":
                self._steps.insert(0, (profile.set_mode, profile.answer_mode))
        elif frame.status != numbers.DONE:
            return Output((_error(frame), *self._refuse(f"The reader refused {reply.name}: {_meaning(frame)}.")))
        elif order == numbers.GET_INFORMATION and (refusal := self._informed(frame)):
            return Output(refusal)
        if self._steps:
            return Output((reply,), self._send(self._steps.pop(0)))
        return self._begin_reading(reply, now)

    def _informed(self, frame: Frame) -> tuple[Event, ...]:
        """Take in what the reader says of itself; the events are not empty when it must stay silent."""
        assert self._plan is not None
        try:
            said = orders.decode_information(frame.payload)
            if self._is_informed:
                wrong = mismatch(self._plan, said, frame.raw)
                return () if wrong is None else (wrong, *self._refuse(wrong.meaning))
            self._steps = steps_for(self._plan, said)
        except FrameError as error:
            detail = "The reader's information is too short; this may be another protocol than uhfreader_crc16."
            return (Rejected(frame.raw, str(error)), *self._refuse(detail))
        except PlanRefused as error:
            return self._refuse(str(error))
        self._is_informed, self._profile, self._address = True, said.profile, frame.address
        self._hunt.address = frame.address
        self._scan_ms = scan_ms(self._plan, said) or SCAN_UNLIMITED_MS
        return ()

    def _begin_reading(self, reply: Reply, now: int) -> Output:
        assert self._plan is not None
        has_targets = self._profile is orders.UHFREADER288
        self._turns = Turns(self._plan.antennas, (Target.A, Target.B) if has_targets else (Target.A,))
        return Output((reply, self._enter(ReaderPhase.READING)), self._send_round(now))

    def _repeat(self, now: int) -> Output:
        # A round that was asked to be the last one is not asked for again.
        if self._sends < SENDS_MAX and self._phase is not ReaderPhase.STOPPING:
            self._sends += 1
            self._due_ms = None
            return Output((), self._awaited)
        name = numbers.NAMES[self._awaited[2]]
        self._rest()
        lost = self._enter(ReaderPhase.LOST, f"The reader did not answer {name}.")
        return Output((*self._passes.close(now), lost))

    def _refuse(self, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.FAULT, detail),)

    def _awaits_round(self) -> bool:
        return self._awaited[2:3] == bytes((numbers.INVENTORY,))

    def _send(self, step: Step) -> bytes:
        order, payload = step
        self._awaited = encode_command(order, payload, address=self._address)
        self._sends, self._due_ms = 1, None
        return self._awaited

    def _rest(self) -> None:
        self._steps, self._awaited, self._due_ms = [], b"", None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def _unasked(frame: Frame, now: int) -> Event:
    if frame.status in {numbers.NO_TAG, numbers.HEARTBEAT}:
        return KeepAlive(now, frame.raw)
    if frame.status in numbers.STATUS_MEANINGS and frame.status not in numbers.WITH_TAGS:
        return _error(frame)
    return Reply(numbers.NAMES.get(frame.order, f"{frame.order:02X}"), frame.raw)


def _meaning(frame: Frame) -> str:
    return numbers.STATUS_MEANINGS.get(frame.status or 0, f"status {frame.status or 0:02X}")


def _error(frame: Frame) -> ReaderError:
    status = frame.status or 0
    return ReaderError(f"{status:02X}", _meaning(frame), is_retryable=status in numbers.RETRYABLE, raw=frame.raw)
