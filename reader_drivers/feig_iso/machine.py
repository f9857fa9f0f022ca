"""The session with a FEIG HF reader: the host asks for every inventory, one order at a time.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none | `start` → starting |
| starting | asks for the software version | its answer → reading; refusal → fault; silence → lost |
| reading | field on, then over and over: field reset, inventory, "more" while the answer has a rest | `stop` → stopping; final refusal → fault; silence → lost |
| stopping | field off, once the running order is answered | its answer → idle; silence → lost |

A pass reaches from a field reset to the last answer of its inventory: the reader tells each tag to be quiet once it was
heard, so only the reset makes all of them answer again. A pass with a lost or damaged answer, or under a radio warning,
proves no silence and is cut. With antennas other than [1] the inventories name theirs, one antenna after the other.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import (
    Event,
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Reply,
)
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.feig_iso import orders
from reader_drivers.feig_iso.frames import Direction, Frame, FrameHunt
from reader_drivers.feig_iso.tags import decode_inventory, tag_reads
from reader_drivers.framing import REJECTED_BYTES_MAX
from reader_drivers.passes import PassTracker

ONE_OUTPUT: Final[tuple[int, ...]] = (1,)
"""The antennas of a plan for a reader with one output, whose inventories name none."""
ANSWER_MS: Final = 1_000
"""Time for the answer to an order that asks no tag."""
INVENTORY_MS: Final = 3_000
"""Time for an inventory: anticollision takes about 30 ms a tag, and a pad holds 50."""
DAMAGED_MS: Final = 100
"""Time that is left for an answer when a damaged one was seen: most likely it was the one we wait for."""
SENDS_MAX: Final = 3
"""So many orders in a row without an answer mean that the reader is lost."""
GAP_MS: Final = 500
"""Silence inside a frame after which its start is given up. A network reader's lost packet comes 200 ms later and more, and
nothing else is said meanwhile: the reader only answers."""
ERROR_PAUSE_MS: Final = 200
"""Pause after an error: a jammed field answers at once, and five tries a second tell when it is over."""
PARTS_MAX: Final = 64
"""Parts of one inventory: 1,600 tags in standard frames. A reader that goes on for ever is asked anew."""
ENDLESS_MS: Final = 2**53
"""Passes end by the answers of the reader, not by the clock."""
OWN_POWER: Final = "An HF reader works with the power of its own settings; region and power_dbm have no effect on it."
_GOING_ON: Final = frozenset({orders.DONE, orders.NO_TRANSPONDER, orders.RF_WARNING, orders.MORE_DATA})
"""Statuses of an inventory after which nothing is waited for."""


class FeigIsoDriver:
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "feig_iso"

    def __init__(self) -> None:
        self._hunt = FrameHunt(Direction.READER_TO_HOST)
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._awaited = b""
        self._due_ms: int | None = None
        self._resume_ms: int | None = None
        self._sends = 0
        self._parts = 0
        self._is_pass_cut = False
        self._last_error = orders.DONE
        self._heard_ms = 0
        self._antennas = ONE_OUTPUT
        self._turn = 0

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Begin the bring-up. Raises: PlanRefused: the plan names an antenna beyond 8."""
        if max(plan.antennas) > orders.ANTENNAS_MAX:
            raise PlanRefused(
                f"The antennas are {list(plan.antennas)}; a FEIG HF reader has at most {orders.ANTENNAS_MAX}, and most "
                "have one: write antennas = [1]."
            )
        self._antennas, self._turn = plan.antennas, 0
        self._sends, self._resume_ms, self._last_error = 0, None, orders.DONE
        self._hunt.address = None
        return Output((self._enter(ReaderPhase.STARTING, OWN_POWER),), self._send(orders.ASK_VERSION))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the reader."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of frames and answers, and the end of a pause."""
        events: list[Event] = []
        sent = b""
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            flushed = self._all(self._hunt.flush(), now)
            events.extend(flushed.events)
            sent += flushed.sent
        if self._resume_ms is not None and now >= self._resume_ms:
            sent += self._send(orders.RESET_FIELD)
        if self._awaited and self._due_ms is None:
            is_inventory = self._awaited[2] == orders.HOST_COMMAND
            self._due_ms = now + (INVENTORY_MS if is_inventory else ANSWER_MS)
        elif self._awaited and self._due_ms is not None and now >= max(self._due_ms, self._heard_ms + GAP_MS):
            late = self._late(now)
            events.extend(late.events)
            sent += late.sent
        return Output(tuple(events), sent)

    def stop(self) -> Output:
        """Ask the reader to stop. The running order is answered first, and what it heard counts."""
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        if self._phase is not ReaderPhase.READING:
            return Output()
        state = self._enter(ReaderPhase.STOPPING)
        return Output((state,), b"" if self._awaited else self._send(orders.FIELD_OFF))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running pass: its inventory is not gone on with, since tags that were heard would stay quiet in the rest."""
        if self._antenna not in antennas:
            return Output()
        self._is_pass_cut = True
        return Output(self._passes.cut((self._antenna,), now))

    @property
    def _antenna(self) -> int:
        """Whose turn it is."""
        return self._antennas[self._turn]

    def _inventory(self, *, is_more: bool = False) -> bytes:
        return orders.encode_inventory(self._named, is_more=is_more)

    @property
    def _named(self) -> int | None:
        """The antenna that inventories name; None: the reader has one output."""
        return None if self._antennas == ONE_OUTPUT else self._antenna

    def _next_turn(self) -> bytes:
        self._turn = (self._turn + 1) % len(self._antennas)
        return orders.RESET_FIELD

    def _all(self, parts: Iterable[Frame | Rejected], now: int) -> Output:
        events: list[Event] = []
        sent = b""
        for part in parts:
            if isinstance(part, Rejected):
                self._expect_damage(part, now)
                events.append(part)
                continue
            output = self._accept(part, now)
            events.extend(output.events)
            sent += output.sent
        return Output(tuple(events), sent)

    def _expect_damage(self, rejected: Rejected, now: int) -> None:
        is_answer = rejected.reason.startswith(("crc", "length"))
        if not is_answer or not self._awaited or self._phase is ReaderPhase.STARTING:
            return
        self._due_ms = now + DAMAGED_MS
        # It speaks, if badly: only silence is a loss.
        self._sends = 0

    def _accept(self, frame: Frame, now: int) -> Output:
        is_awaited = bool(self._awaited) and frame.command == self._awaited[2]
        if not is_awaited:
            return Output(self._shown(frame, now))
        self._sends = 0
        order, self._awaited, self._due_ms = self._awaited, b"", None
        if self._phase is ReaderPhase.STARTING:
            return self._answered_version(frame)
        if order == orders.FIELD_OFF:
            return self._stopped(frame, now)
        events, follow_up = self._continue(order, frame, now)
        if self._phase is ReaderPhase.STOPPING:
            return Output((*events, *self._passes.close(now)), self._send(orders.FIELD_OFF))
        if self._phase is ReaderPhase.FAULT:
            return Output(events, orders.FIELD_OFF)
        return Output(events, self._send(follow_up) if follow_up else b"")

    def _shown(self, frame: Frame, now: int) -> tuple[Event, ...]:
        """An answer that nobody waits for: its tags were heard all the same."""
        if frame.command == orders.HOST_COMMAND and frame.status in orders.WITH_TAGS and frame.payload:
            return self._heard(frame, now)
        if frame.status == orders.NO_TRANSPONDER:
            return (KeepAlive(now, frame.raw),)
        if frame.status != orders.DONE:
            return (_error(frame),)
        return (_reply(frame),)

    def _answered_version(self, frame: Frame) -> Output:
        if frame.status != orders.DONE:
            return self._refuse(frame)
        self._is_pass_cut = False
        self._hunt.address = frame.address
        return Output((_reply(frame), self._enter(ReaderPhase.READING)), self._send(orders.FIELD_ON))

    def _continue(self, order: bytes, frame: Frame, now: int) -> tuple[tuple[Event, ...], bytes]:
        """What an answer while reading tells, and the order that follows it; none: there is a pause, or a fault."""
        if order == orders.FIELD_ON:
            # Some readers have no such order: their field is on anyway.
            return (_reply(frame),), orders.RESET_FIELD
        if order == orders.RESET_FIELD and frame.status in {orders.DONE, orders.RF_WARNING}:
            self._passes.begin((self._antenna,), now, pass_min_ms=ENDLESS_MS, pass_max_ms=ENDLESS_MS)
            self._parts, self._is_pass_cut = 0, False
            return (), self._inventory()
        # Also what a disturbed radio heard was heard.
        heard = self._heard(frame, now) if frame.status in orders.WITH_TAGS and frame.payload else ()
        if order == orders.RESET_FIELD or frame.status not in _GOING_ON:
            return (*heard, *self._failed(frame, now)), b""
        is_news, self._last_error = frame.status != self._last_error, frame.status or 0
        if frame.status == orders.NO_TRANSPONDER:
            return (*self._end_pass(now), KeepAlive(now, frame.raw)), self._next_turn()
        self._parts += 1
        if frame.status == orders.RF_WARNING:
            warning = (_error(frame),) if is_news else ()
            return (*heard, *warning, *self._passes.close(now)), self._next_turn()
        if frame.status == orders.DONE:
            return (*heard, *self._end_pass(now)), self._next_turn()
        if self._is_pass_cut or self._parts >= PARTS_MAX:
            return (*heard, *self._passes.close(now)), self._next_turn()
        return heard, self._inventory(is_more=True)

    def _heard(self, frame: Frame, now: int) -> tuple[Event, ...]:
        tags, reason = decode_inventory(frame.payload, has_antennas=self._named is not None)
        reads = tuple(read for tag in tags for read in tag_reads(tag, antenna=self._antenna, at_ms=now))
        for tag in tags:
            self._passes.hear(self._antenna, (tag.code, b""), now)
        return (*reads, Rejected(frame.raw[:REJECTED_BYTES_MAX], reason)) if reason else reads

    def _end_pass(self, now: int) -> tuple[PassEnd, ...]:
        return self._passes.close(now) if self._is_pass_cut else self._passes.end_complete(now)

    def _failed(self, frame: Frame, now: int) -> tuple[Event, ...]:
        """An error answer while reading: said once, however often it comes in a row."""
        ended = self._passes.close(now)
        is_unnamed = self._named is not None and frame.status in orders.NO_SUCH_MODE
        if frame.status in orders.FINAL or is_unnamed:
            return (*ended, *self._refuse(frame).events)
        self._resume_ms = now + ERROR_PAUSE_MS
        is_news, self._last_error = frame.status != self._last_error, frame.status or 0
        return (*ended, _error(frame)) if is_news else ended

    def _refuse(self, frame: Frame) -> Output:
        advice = "Set it to ISO host mode, with scan mode and buffered read mode off"
        if self._named is not None:
            advice += "; if it has one antenna output, write antennas = [1]"
        detail = f"The reader refused {orders.NAMES[frame.command]}: {orders.meaning(frame.status or 0)}. {advice}."
        self._rest()
        return Output((_error(frame), self._enter(ReaderPhase.FAULT, detail)))

    def _stopped(self, frame: Frame, now: int) -> Output:
        ended = self._passes.close(now)
        self._rest()
        is_off = frame.status == orders.DONE
        detail = "" if is_off else "The reader keeps its field on: it does not know how to switch it off."
        return Output((*ended, _reply(frame), self._enter(ReaderPhase.IDLE, detail)))

    def _late(self, now: int) -> Output:
        """An order was not answered in its time."""
        ended = self._passes.close(now)
        if self._sends >= SENDS_MAX:
            name = orders.NAMES[self._awaited[2]]
            self._rest()
            detail = f"The reader did not answer {name} in {SENDS_MAX} tries. Check power, cable, speed and parity."
            return Output((*ended, self._enter(ReaderPhase.LOST, detail)))
        if self._phase is ReaderPhase.STARTING:
            return Output(ended, self._send(orders.ASK_VERSION))
        # The lost answer may have held tags that are quiet now, so the inventory begins anew.
        again = orders.FIELD_OFF if self._phase is ReaderPhase.STOPPING else orders.RESET_FIELD
        return Output(ended, self._send(again))

    def _send(self, order: bytes) -> bytes:
        self._awaited, self._due_ms, self._resume_ms = order, None, None
        self._sends += 1
        return order

    def _rest(self) -> None:
        self._awaited, self._due_ms, self._resume_ms, self._sends = b"", None, None, 0

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def _reply(frame: Frame) -> Reply:
    return Reply(orders.NAMES.get(frame.command, f"{frame.command:02X}"), frame.raw)


def _error(frame: Frame) -> ReaderError:
    status = frame.status or 0
    return ReaderError(
        f"{status:02X}", orders.meaning(status, frame.payload), is_retryable=status not in orders.FINAL, raw=frame.raw
    )
