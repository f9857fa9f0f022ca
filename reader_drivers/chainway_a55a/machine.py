"""The session with a Chainway reader: set-up, continuous reading, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none; the stop order if the reader still streams from an earlier life | `start` → starting |
| starting | one order at a time, the next after its answer | start order sent → reading; refusal → fault; silence → lost |
| reading | a zero byte every few seconds; after a long silence stop and start, so that a dead link is noticed | `stop` → stopping; silence → lost |
| stopping | stop | its answer → idle (everything before it counts); silence → lost |

Region and power are read back: a reader with others is never started. It says nothing between tags and has no end frame, so
passes are told apart by repetition.
"""

from typing import ClassVar, Final

from reader_drivers.chainway_a55a import orders
from reader_drivers.chainway_a55a.frames import Frame, FrameHunt, encode_frame
from reader_drivers.chainway_a55a.orders import Step
from reader_drivers.chainway_a55a.tags import decode_report, tag_read
from reader_drivers.driver import Event, Output, ReaderError, ReaderPhase, ReadPlan, Reply
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.order_session import OrderSession, Patience

PATIENCE: Final = Patience(gap_ms=300, answer_ms=2_000, sends_max=3)
"""The vendor's own libraries wait two seconds; a lost packet of a network reader comes 200 ms later."""
KEEP_ALIVE_MS: Final = 5_000
QUIET_MS: Final = 15_000
"""Three keep-alives long without a tag: an empty tray, or a dead link. Only an answer tells."""
SILENCE_ORDER_MS: Final = 1_000
"""A reader that streams unasked is told to stop again after this time."""
GEN2_BYTES: Final = 4


class ChainwayDriver(OrderSession[Frame, Step]):
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "chainway_a55a"

    def __init__(self) -> None:
        super().__init__(FrameHunt(), PATIENCE)
        self._plan: ReadPlan | None = None
        self._told_ms = 0
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
        if self._phase is ReaderPhase.READING:
            return Output((self._enter(ReaderPhase.STOPPING),), self._send(Step(orders.STOP)))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes of these antennas."""
        return Output(self._passes.cut(antennas, now))

    def _encoded(self, step: Step) -> bytes:
        return encode_frame(step.command, step.payload)

    def _name_of(self, step: Step) -> str:
        return step.name

    def _watch(self, now: int) -> Output:
        if self._phase is not ReaderPhase.READING:
            return Output()
        if now - self._heard_ms >= QUIET_MS:
            return Output((), self._send(Step(orders.STOP)))
        if now - self._told_ms >= KEEP_ALIVE_MS:
            self._told_ms = now
            return Output((), orders.KEEP_ALIVE)
        return Output()

    def _accept(self, frame: Frame, now: int) -> Output:
        if frame.command == orders.REPORT:
            return self._report(frame, now)
        reply = Reply(orders.name_of(frame.command), frame.raw)
        if self._awaited is None or frame.command != self._awaited.command + 1:
            # An answer to an order of an earlier life, or the same answer twice: shown, not acted upon.
            return Output((reply,))
        step, self._awaited, self._due_ms = self._awaited, None, None
        if step.command == orders.STOP and self._phase is not ReaderPhase.STARTING:
            return self._stopped(reply, now)
        objection = self._objection(step, frame)
        if objection is not None:
            return Output((reply, *objection, *self._refuse(now, objection[0].meaning)))
        if step.command == orders.GET_GEN2:
            assert self._plan is not None
            return Output((reply,), self._send(orders.gen2(frame.payload, self._plan.session)))
        if step.command == orders.SET_GEN2:
            return Output((reply, *self._begin_reading(now)), encode_frame(orders.START, b"\0\0"))
        return Output((reply,), self._give_next())

    def _report(self, frame: Frame, now: int) -> Output:
        only = self._plan.antennas[0] if self._plan is not None and len(self._plan.antennas) == 1 else None
        try:
            read = tag_read(decode_report(frame.payload), antenna=only, at_ms=now)
        except FrameError as error:
            return Output((Rejected(frame.raw, str(error)),))
        if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            return Output((read,), self._silence_stray_stream(now))
        tag = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or ""))
        return Output((*self._passes.hear(read.antenna or 0, tag, now), read))

    def _silence_stray_stream(self, now: int) -> bytes:
        is_told = self._silenced_ms is not None and now - self._silenced_ms < SILENCE_ORDER_MS
        if self._phase is ReaderPhase.STARTING or is_told:
            return b""
        self._silenced_ms = now
        return encode_frame(orders.STOP)

    def _stopped(self, reply: Reply, now: int) -> Output:
        if self._phase is ReaderPhase.READING:
            # It was only asked whether it is there.
            return Output((reply,), encode_frame(orders.START, b"\0\0"))
        if self._phase is not ReaderPhase.STOPPING:
            return Output((reply,))
        self._rest()
        return Output((*self._passes.close(now), reply, self._enter(ReaderPhase.IDLE)))

    def _objection(self, step: Step, frame: Frame) -> tuple[ReaderError] | None:
        """What forbids to go on after this answer; None: nothing."""
        assert self._plan is not None
        payload, region = frame.payload, orders.REGION_CODES[self._plan.region]
        match step.command:
            case orders.GET_REGION if payload[-1:] != bytes((region,)):
                told = orders.REGION_NAMES.get(payload[-1], "unknown") if payload else "none"
                code, meaning = (
                    "region_mismatch",
                    f"The reader reports the region {told} instead of {self._plan.region}",
                )
            case orders.GET_POWER if not self._has_power(payload):
                code, meaning = "power_mismatch", f"The reader does not take {self._plan.power_cdbm / 100:g} dBm"
            case orders.GET_GEN2 if len(payload) != GEN2_BYTES:
                code, meaning = "gen2", "The reader does not tell its Gen2 settings"
            case orders.STOP | orders.VERSION | orders.GET_REGION | orders.GET_POWER | orders.GET_GEN2:
                return None
            case _ if payload != orders.DONE:
                code, meaning = payload.hex().upper() or "none", f"The reader refused {step.name}"
            case _:
                return None
        advice = f"{meaning}; it stays silent. Check region, power and antennas in agent.toml and the reader's model."
        return (ReaderError(code, advice, is_retryable=False, raw=frame.raw),)

    def _has_power(self, payload: bytes) -> bool:
        """The reader tells, behind one byte, antenna, read power and write power of each antenna."""
        assert self._plan is not None
        told = {payload[at]: int.from_bytes(payload[at + 1 : at + 3], "big") for at in range(1, len(payload) - 4, 5)}
        return all(told.get(antenna) == self._plan.power_cdbm for antenna in self._plan.antennas)

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        self._rest()
        self._told_ms = self._heard_ms = now
        plan = self._plan
        self._passes.begin(plan.antennas, now, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return (self._enter(ReaderPhase.READING),)
