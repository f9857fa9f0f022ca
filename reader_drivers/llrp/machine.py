"""The LLRP session: bring-up, reading, stop and drain, as a state machine without wires.

| phase | messages out | leaves by |
|---|---|---|
| idle | KEEPALIVE_ACK; DELETE_ROSPEC if the reader still reports from an earlier life | `start` → starting |
| starting | one order at a time, the next after its answer | START_ROSPEC answered → reading; refusal → fault; silence → lost |
| reading | KEEPALIVE_ACK | `stop` → stopping; ROSpec ended by the reader → fault; silence over `SILENCE_MS` → lost |
| stopping | STOP_ROSPEC | its answer → idle (every report before it counts); silence → lost |

Capabilities come first: a reader whose radio rules are not the plan's, or whose weakest power is above it, is told nothing else.
"""

from collections.abc import Iterable
from typing import ClassVar, Final, NamedTuple

from reader_drivers.driver import (
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
from reader_drivers.llrp import events, orders
from reader_drivers.llrp.capabilities import Capabilities, parse_capabilities
from reader_drivers.llrp.frames import CUSTOM, NAMES, Message, MessageHunt, encode_message
from reader_drivers.llrp.tags import RO_ACCESS_REPORT, ReportDecoder
from reader_drivers.passes import PassTracker
from reader_drivers.reads import TagRead

ANSWER_MS: Final = 5_000
"""Time for one answer: some readers restart their radio when they are configured."""
SILENCE_MS: Final = 7_000
"""More than three keep-alives that did not come = link lost."""
GAP_MS: Final = 3_000
"""Silence inside a message after which its start is given up: longer than TCP needs to send a lost segment again."""
SILENCE_ORDER_MS: Final = 1_000
"""A reader that goes on reporting unasked is told again after this time."""


class _Awaited(NamedTuple):
    kind: int
    number: int


class LlrpDriver:
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "llrp"

    def __init__(self) -> None:
        self._hunt = MessageHunt()
        self._decoder = ReportDecoder()
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._plan: ReadPlan | None = None
        self._orders: list[tuple[int, bytes]] = []
        self._awaited: _Awaited | None = None
        self._due_ms: int | None = None
        self._number = 0
        self._heard_ms = 0
        self._silenced_ms: int | None = None
        self._is_kept_alive = False

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Ask for the capabilities; what follows depends on them. An unfinished message of an earlier link is given up."""
        left = [part for part in self._hunt.flush() if isinstance(part, Rejected)]
        self._plan, self._orders, self._is_kept_alive = plan, [], False
        # Requested: everything.
        return Output((*left, self._enter(ReaderPhase.STARTING)), self._ask(orders.GET_CAPABILITIES, b"\0"))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the reader."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of messages, answers, passes and of the link."""
        outputs = []
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            outputs.append(self._all(self._hunt.flush(), now))
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            outputs.append(Output(self._passes.expire(now)))
        if self._awaited is not None:
            if self._due_ms is None:
                self._due_ms = now + ANSWER_MS
            elif now >= self._due_ms:
                name = NAMES[self._awaited.kind]
                outputs.append(self._lose(now, f"The reader did not answer {name} in {ANSWER_MS // 1000} s."))
        elif self._is_kept_alive and now - self._heard_ms > SILENCE_MS:
            outputs.append(self._lose(now, f"The reader has been silent for {now - self._heard_ms} ms."))
        return joined(outputs)

    def stop(self) -> Output:
        """Ask the reader to stop. While starting, nothing is on air yet and the session is idle at once."""
        starts = self._awaited is not None and self._awaited.kind == orders.START_ROSPEC
        if self._phase is ReaderPhase.READING or starts:
            return Output((self._enter(ReaderPhase.STOPPING),), self._ask(orders.STOP_ROSPEC, orders.OURS))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes of these antennas."""
        return Output(self._passes.cut(antennas, now))

    def _all(self, parts: Iterable[Message | Rejected], now: int) -> Output:
        return joined(Output((part,)) if isinstance(part, Rejected) else self._accept(part, now) for part in parts)

    def _accept(self, message: Message, now: int) -> Output:
        try:
            return self._understand(message, now)
        except FrameError as error:
            return Output((Rejected(message.raw, str(error)),))

    def _understand(self, message: Message, now: int) -> Output:
        if message.type == RO_ACCESS_REPORT:
            return self._report(self._decoder.reads(message, now), now)
        if message.type == orders.KEEP_ALIVE:
            return Output((KeepAlive(now, message.raw),), encode_message(orders.KEEP_ALIVE_ACK, message.number))
        if message.type == orders.NOTIFICATION:
            return joined(self._notice(notice, message, now) for notice in events.notices(message))
        awaited = self._awaited
        if awaited is not None and message.number == awaited.number and message.type in _answers_to(awaited.kind):
            return self._answered(message, awaited.kind, now)
        # An answer to an order of an earlier life, or the same answer twice: shown, not acted upon.
        return Output((Reply(message.name, message.raw),))

    def _report(self, reads: list[TagRead], now: int) -> Output:
        if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output(tuple(reads), self._silence_stray_reports(now))
        found: list[Event] = []
        for read in reads:
            tag = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or ""))
            found += self._passes.hear(read.antenna or 0, tag, now)
            found.append(read)
        return Output(tuple(found))

    def _silence_stray_reports(self, now: int) -> bytes:
        """A reader that reports at rest reads for an earlier life of the agent, or by somebody's preset: end that."""
        is_told = self._silenced_ms is not None and now - self._silenced_ms < SILENCE_ORDER_MS
        if self._phase is ReaderPhase.STARTING or is_told:
            return b""
        self._silenced_ms = now
        return self._encode(orders.DELETE_ROSPEC, orders.ALL)

    def _notice(self, notice: events.Notice, message: Message, now: int) -> Output:
        raw = message.raw
        match notice:
            case events.Notice(events.ATTEMPT, (1 | 2 | 3 as status,)):
                held = "Another program holds this reader" if status != 3 else "The reader refused the connection"
                detail = (
                    f"{held}. LLRP serves one program at a time: end the other one; the agent tries again by itself."
                )
                self._rest()
                error = ReaderError(f"connection_{status}", detail, is_retryable=True, raw=raw)
                return Output((error, self._enter(ReaderPhase.FAULT, detail)))
            case events.Notice(events.ATTEMPT, (4,)):
                meaning = "another program tried to connect to this reader"
                return Output((ReaderError("connection_4", meaning, is_retryable=True, raw=raw),))
            case events.Notice(events.ANTENNA, (kind, antenna)):
                meaning = f"antenna {antenna} is {'connected' if kind else 'disconnected: look at its cable'}"
                return Output((ReaderError("antenna", meaning, is_retryable=True, raw=raw),))
            case events.Notice(events.BUFFER_OVERFLOW):
                meaning = "the reader lost reports: the network or this computer is too slow"
                return Output((ReaderError("overflow", meaning, is_retryable=True, raw=raw),))
            case events.Notice(events.EXCEPTION, _, text):
                return Output((ReaderError("exception", text or "no words", is_retryable=True, raw=raw),))
            case events.Notice(events.CLOSE):
                return self._lose(now, "The reader ended the connection.")
            case events.Notice(events.ROSPEC, (1 | 2, orders.ROSPEC, _)) if self._phase is ReaderPhase.READING:
                self._rest()
                detail = "The reader ended reading by itself; it is started again."
                return Output((*self._passes.close(now), self._enter(ReaderPhase.FAULT, detail)))
        return Output((Reply(events.NAMES[notice.kind], raw),))

    def _answered(self, message: Message, kind: int, now: int) -> Output:
        code, words = orders.status_of(message) or (0, "")
        reply = Reply(message.name, message.raw)
        if kind == orders.STOP_ROSPEC:
            # Refused = it was not reading any more.
            self._rest()
            return Output((*self._passes.close(now), reply, self._enter(ReaderPhase.IDLE)))
        if code and kind not in orders.DELETES:
            told = orders.STATUS_NAMES.get(code, f"status {code}")
            meaning = f"{NAMES[kind]} refused, {told}{f': {words}' if words else ''}"
            error = ReaderError(f"{code}", meaning, is_retryable=False, raw=message.raw)
            return Output((error, *self._refuse(f"The reader does not do what the plan asks: {meaning}.")))
        if kind == orders.GET_CAPABILITIES:
            return joined((Output((reply,)), self._plan_with(parse_capabilities(message))))
        self._is_kept_alive = self._is_kept_alive or kind == orders.SET_CONFIG
        if not self._orders:
            return Output((reply, *self._begin_reading(now)))
        return Output((reply,), self._ask(*self._orders.pop(0)))

    def _plan_with(self, found: Capabilities) -> Output:
        assert self._plan is not None
        plan = self._plan
        objection = found.objection(plan.region)
        if objection is not None:
            detail = f"{objection} It stays silent. Check the region in agent.toml and on the reader's own page."
            error = ReaderError("region_mismatch", detail, is_retryable=False)
            return Output((error, *self._refuse(detail)))
        if max(plan.antennas) > found.antennas:
            detail = f"The reader has antennas 1 to {found.antennas}; agent.toml names {list(plan.antennas)}."
            return Output(self._refuse(detail))
        if found.power_index(plan.power_cdbm) is None:
            weakest = min(found.powers_cdbm.values(), default=0) / 100
            detail = (
                f"The reader transmits with {weakest:g} dBm at least; raise power_dbm in agent.toml or use another."
            )
            return Output(self._refuse(detail))
        self._decoder.channels_khz = dict(enumerate(found.channels_khz, start=1))
        self._orders = orders.bring_up(plan, found)
        return Output((), self._ask(*self._orders.pop(0)))

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        self._rest()
        plan = self._plan
        self._passes.begin(plan.antennas, now, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return (self._enter(ReaderPhase.READING),)

    def _lose(self, now: int, detail: str) -> Output:
        self._rest()
        self._is_kept_alive = False
        return Output((*self._passes.close(now), self._enter(ReaderPhase.LOST, detail)))

    def _refuse(self, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.FAULT, detail),)

    def _ask(self, kind: int, body: bytes) -> bytes:
        sent = self._encode(kind, body)
        self._awaited, self._due_ms = _Awaited(kind, self._number), None
        return sent

    def _encode(self, kind: int, body: bytes) -> bytes:
        self._number += 1
        return encode_message(kind, self._number, body)

    def _rest(self) -> None:
        self._orders, self._awaited, self._due_ms = [], None, None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def _answers_to(kind: int) -> tuple[int, int]:
    """Types of the answer to an order, and of a refusal by a reader that does not know the order at all."""
    return (kind if kind == CUSTOM else kind + orders.ANSWER_STEP), orders.ERROR
