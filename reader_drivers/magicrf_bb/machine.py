"""The session with a MagicRF module: set-up, polling by turns, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none; the stop order if the module still polls from an earlier life | `start` → starting |
| starting | one order at a time, the next after its answer | poll order sent → reading; refusal → fault; silence → lost |
| reading | stop, query and poll at the end of each turn; poll again after a second of silence | `stop` → stopping; silence → lost |
| accessing | query, select, read or write, one order at a time | the last answer → idle; silence → lost |
| stopping | stop | its answer → idle (everything before it counts); silence → lost |

The module polls on and on and never says that an inventory is over. A **turn** asks the tags in one state of the session flag;
it ends when a tag is heard again after `pass_min_ms`, when `QUIET_POLLS` polls in a row heard none, or after `pass_max_ms`. A
pass is a turn for state A and one for state B; in session 0, where tags forget their state, each turn is a pass.
Tags are told without antenna and TID: there is one antenna, and a TID needs an order for each tag.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from reader_drivers.belief import Belief
from reader_drivers.driver import (
    EpcChange,
    Event,
    KeepAlive,
    Output,
    ReaderError,
    ReaderPhase,
    ReadPlan,
    Reply,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.magicrf_bb import orders
from reader_drivers.magicrf_bb.access import Access, EpcWrite, TidSearch
from reader_drivers.magicrf_bb.frames import AA, BB, Frame, FrameHunt, Kind, encode_order
from reader_drivers.magicrf_bb.orders import POLL, STOP, Step, Target
from reader_drivers.magicrf_bb.tags import decode_tag, tag_read
from reader_drivers.order_session import OrderSession, Patience

ANTENNA: Final = 1
"""A module has one."""
ANSWER_MS: Final = 1_000
"""A module that wakes up loads its firmware first."""
SENDS_MAX: Final = 4
"""Twice in each framing, for the first order wakes the module."""
REPOLL_MS: Final = 1_000
"""Silence while polling after which the order is given again: it ends without a word after its last round."""
REPOLLS_MAX: Final = 3
QUIET_POLLS: Final = 3
"""Polls without a tag that end a turn. One is not enough: a poll in which all tags collide says the same."""
GAP_MS: Final = 200
"""Busy computers and radio bridges bring the rest of a frame 100 ms late; one cut short holds up what follows it no longer than this."""
PATIENCE: Final = Patience(gap_ms=GAP_MS, answer_ms=ANSWER_MS, sends_max=SENDS_MAX)
ENDLESS_MS: Final = 2**53
"""Turns end the passes here."""


@dataclass(slots=True)
class _Turn:
    from_ms: int
    first_heard: dict[bytes, int] = field(default_factory=dict)
    quiet_polls: int = 0
    has_polled: bool = False


class MagicRfDriver(OrderSession[Frame, Step]):
    """One module. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "magicrf_bb"

    def __init__(self) -> None:
        super().__init__(FrameHunt(), PATIENCE)
        self._plan: ReadPlan | None = None
        self._access: Access | None = None
        self._start = BB
        self._is_start_known = False
        self._silent_from_ms = 0
        self._repolls = 0
        self._target = Target.A
        self._turn = _Turn(0)
        self._belief = Belief()
        """Of tags that no CRC proves."""
        self._is_whole = True
        """False: the running pass was cut, so that its end proves no silence."""

    def start(self, plan: ReadPlan) -> Output:
        """Begin the set-up. Raises: PlanRefused: the module has no code for the region, or the antennas are not just 1."""
        steps = orders.bring_up(plan)
        self._plan = plan
        self._target = Target.A
        self._belief = Belief()
        return Output((self._enter(ReaderPhase.STARTING),), self._give(steps))

    def stop(self) -> Output:
        """Ask the module to stop. While starting, nothing is on air yet and the session is idle at once."""
        if self._phase is ReaderPhase.READING:
            return Output((self._enter(ReaderPhase.STOPPING),), self._send(STOP))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running pass, if the module's antenna is among them."""
        self._is_whole = self._is_whole and ANTENNA not in antennas
        return Output(self._passes.cut(antennas, now))

    def read_tid(self, epc: bytes) -> Output:
        """Ask the tags with this EPC for their TID: inventories do not tell it."""
        assert self._plan is not None
        return self._begin_access(TidSearch(epc, self._plan.tid_words))

    def write_epc(self, change: EpcChange) -> Output:
        """Write to the tag with this TID, after a look with the plan that holds."""
        return self._begin_access(EpcWrite(change))

    def _begin_access(self, access: Access) -> Output:
        self._access = access
        return Output((self._enter(ReaderPhase.ACCESSING),), self._give(access.first()))

    def _accept(self, frame: Frame, now: int) -> Output:
        if frame.kind is Kind.ORDER:
            # The module's own echo or another host on the line; no answer to us.
            return Output((Reply("order_seen", frame.raw),))
        self._start, self._is_start_known = frame.start, True
        self._silent_from_ms, self._repolls = now, 0
        if frame.kind is Kind.NOTIFICATION and frame.command in orders.POLLS:
            return self._report(frame, now)
        is_answer = self._awaited is not None and frame.command in _answers_to(self._awaited)
        if frame.command == orders.REFUSED and frame.parameter:
            if self._phase is ReaderPhase.ACCESSING and frame.parameter[0] != orders.NO_TAG:
                return self._accessed(frame)
            return self._refused(frame, now)
        if is_answer:
            return self._accessed(frame) if self._phase is ReaderPhase.ACCESSING else self._answered(frame, now)
        # An answer to an order of an earlier life, or to none: shown, not acted upon.
        return Output((_reply(frame),))

    def _report(self, frame: Frame, now: int) -> Output:
        try:
            report = decode_tag(frame.parameter)
        except FrameError as error:
            return Output((Rejected(frame.raw, str(error)),))
        read = tag_read(report, antenna=ANTENNA, at_ms=now)
        if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output((read,), self._silence_stray_polls())
        # A module that goes on telling tags has not heard the stop; it is not lost.
        self._sends = min(self._sends, 1)
        if not report.is_proven and not self._belief.hear(report.epc, frame.raw, round_no=self._turn.from_ms, now=now):
            return Output()
        assert self._plan is not None
        tag = report.epc
        first = self._turn.first_heard.get(tag)
        is_again = first is not None and now - first >= self._plan.pass_min_ms
        over = self._end_turn(now) if is_again else Output()
        self._turn.first_heard.setdefault(tag, now)
        self._turn.quiet_polls, self._turn.has_polled = 0, True
        self._passes.hear(ANTENNA, (tag, b""), now)
        return Output((*over.events, read), over.sent)

    def _refused(self, frame: Frame, now: int) -> Output:
        code = frame.parameter[0]
        if code == orders.NO_TAG:
            return self._heard_nothing(frame, now)
        shown = ReaderError(
            f"{code:02X}", orders.error_meaning(code), is_retryable=code in orders.RETRYABLE, raw=frame.raw
        )
        step = self._awaited
        # Polls fail with other codes than orders, and may do so until the stop is answered.
        is_refusal = code == orders.COMMAND_ERROR or (self._phase is ReaderPhase.STARTING and step is not STOP)
        if step is None or not is_refusal or self._phase not in {ReaderPhase.STARTING, ReaderPhase.READING}:
            return Output((shown,))
        name = orders.NAMES[step.command]
        if not step.loss:
            detail = f"The module refused {name}: {orders.error_meaning(code)}."
            return Output((shown, *self._refuse(now, detail)))
        meaning = f"{name}: {orders.error_meaning(code)}; {step.loss}"
        error = ReaderError(f"{code:02X}", meaning, is_retryable=False, raw=frame.raw)
        return self._turned(error, now) if self._phase is ReaderPhase.READING else self._go_on(error, now)

    def _heard_nothing(self, frame: Frame, now: int) -> Output:
        alive = KeepAlive(now, frame.raw)
        if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output((alive,), self._silence_stray_polls())
        self._turn.quiet_polls += 1
        self._turn.has_polled = True
        over = self._end_turn(now) if self._turn.quiet_polls >= QUIET_POLLS else Output()
        return Output((*over.events, alive), over.sent)

    def _end_turn(self, now: int) -> Output:
        """The turn is over. With states to change the pass ends when polling has stopped: tags on the way belong to it."""
        if self._awaited is not None:
            return Output()
        assert self._plan is not None
        if not self._plan.session:
            self._turn = _Turn(now)
            return Output(self._end_pass(now))
        other = Target.A if self._target is Target.B else Target.B
        return Output((), self._give([STOP, orders.query(self._plan.session, other), POLL]))

    def _end_pass(self, now: int) -> tuple[Event, ...]:
        ended = self._passes.end_complete(now) if self._is_whole else self._passes.cut((ANTENNA,), now)
        self._is_whole = True
        return (*ended, *self._belief.expire(now))

    def _answered(self, frame: Frame, now: int) -> Output:
        assert self._awaited is not None
        if self._phase is ReaderPhase.READING:
            return self._turned(_reply(frame), now)
        if self._phase is ReaderPhase.STOPPING:
            self._rest()
            return Output((*self._passes.close(now), *self._belief.close(), self._enter(ReaderPhase.IDLE)))
        if self._phase is ReaderPhase.STARTING and (mismatch := self._mismatch(frame)) is not None:
            return Output((mismatch, *self._refuse(now, mismatch.meaning)))
        return self._go_on(_reply(frame), now)

    def _accessed(self, frame: Frame) -> Output:
        assert self._awaited is not None
        assert self._access is not None
        if self._steps and frame.command != orders.REFUSED:
            return Output((_reply(frame),), self._give_next())
        if self._steps:
            self._access.refuse(f"{orders.NAMES[self._awaited.command]}: {orders.error_meaning(frame.parameter[0])}.")
        elif steps := self._access.follow(frame):
            return Output((_reply(frame),), self._give(steps))
        self._rest()
        return Output((_reply(frame), *self._access.events(), self._enter(ReaderPhase.IDLE)))

    def _turned(self, shown: Event, now: int) -> Output:
        """An order between two turns is done: when polling has stopped, the other target's turn comes."""
        ended: tuple[Event, ...] = ()
        if self._awaited is STOP:
            ended = self._end_pass(now) if self._target is Target.B else ()
            self._target = Target.A if self._target is Target.B else Target.B
        output = self._go_on(shown, now)
        return Output((*ended, *output.events), output.sent)

    def _go_on(self, shown: Event, now: int) -> Output:
        """Give the next order; the last one, which polls, has no answer to wait for."""
        events: tuple[Event, ...] = (shown,)
        if not self._steps:
            self._rest()
            return Output(events)
        sent = self._give_next()
        if self._awaited is POLL:
            self._rest()
            self._turn = _Turn(now)
            if self._phase is ReaderPhase.STARTING:
                self._is_whole = True
                self._passes.begin((ANTENNA,), now, pass_min_ms=ENDLESS_MS, pass_max_ms=ENDLESS_MS)
                events = (*events, self._enter(ReaderPhase.READING))
        return Output(events, sent)

    def _mismatch(self, frame: Frame) -> ReaderError | None:
        """What the module says that it was set to, against the plan. None: it fits, or the answer says nothing of it."""
        assert self._plan is not None
        match frame.command:
            case orders.GET_REGION:
                wanted = orders.region_code(self._plan.region)
                if frame.parameter == bytes((wanted,)):
                    return None
                found = orders.REGION_NAMES.get(int.from_bytes(frame.parameter, "big"), frame.parameter.hex() or "none")
                word, meaning = "region_mismatch", f"region {found} instead of {orders.REGION_NAMES[wanted]}"
                advice = "Check the region in agent.toml and the module's model."
            case orders.GET_POWER:
                found_cdbm = int.from_bytes(frame.parameter, "big")
                if found_cdbm == self._plan.power_cdbm:
                    return None
                word, meaning = "power_mismatch", f"{found_cdbm} cdBm instead of {self._plan.power_cdbm}"
                advice = "Write a power_dbm in agent.toml that the module has."
            case orders.GET_INFO:
                return None
            case _ if frame.parameter in {b"", b"\x00"}:
                return None
            case _:
                word, meaning = "not_done", f"{frame.parameter.hex()} to {orders.NAMES[frame.command]}"
                advice = "Unplug it, plug it in again and try once more."
        return ReaderError(
            word, f"The module answers {meaning}; it stays silent. {advice}", is_retryable=False, raw=frame.raw
        )

    def _silence_stray_polls(self) -> bytes:
        """A module that polls outside reading was started by an earlier life of the agent, or not stopped: stop it."""
        return b"" if self._awaited is not None else self._send(STOP)

    def _watch(self, now: int) -> Output:
        """Ends of turns by time, and polling that has ended without a word."""
        if self._phase is not ReaderPhase.READING:
            return Output()
        assert self._plan is not None
        if now - self._silent_from_ms >= REPOLL_MS * (self._repolls + 1):
            if self._repolls >= REPOLLS_MAX:
                detail = f"The module has been silent for {now - self._silent_from_ms} ms."
                return Output(self._lose(now, detail))
            self._repolls += 1
            return Output((), self._encoded(POLL))
        # Time alone ends no turn: a module that has not polled in it has proved nothing.
        if self._turn.has_polled and now - self._turn.from_ms >= self._plan.pass_max_ms:
            return self._end_turn(now)
        return Output()

    def _repeat(self, now: int) -> Output:
        if not self._is_start_known:
            self._start = AA if self._start == BB else BB
        return super()._repeat(now)

    def _give_up(self, now: int) -> Output:
        if self._phase in {ReaderPhase.IDLE, ReaderPhase.FAULT, ReaderPhase.LOST}:
            # Only stray polls were to be stopped, and they have ended by themselves.
            self._rest()
            return Output()
        return super()._give_up(now)

    def _lose(self, now: int, detail: str) -> tuple[Event, ...]:
        self._is_start_known = False
        return super()._lose(now, detail)

    def _encoded(self, step: Step) -> bytes:
        return encode_order(step.command, step.parameter, start=self._start)

    def _name_of(self, step: Step) -> str:
        return orders.NAMES[step.command]


def _answers_to(step: Step) -> frozenset[int]:
    """Numbers under which the answer may come: published documents answer the select mode as the select parameters."""
    also = {orders.SET_SELECT} if step.command == orders.SELECT_MODE else set()
    return frozenset({step.command, *also})


def _reply(frame: Frame) -> Reply:
    return Reply(orders.NAMES.get(frame.command, f"{frame.command:02X}"), frame.raw)
