"""Order session: one order at a time, the next after its answer, again when none comes; what such protocols have in common.

| while | bytes out | then |
|---|---|---|
| an order is awaited | the order again, `sends_max` times in all, each after its patience | no answer: `lost` |
| bytes of an unfinished frame are held | none | `gap_ms` of silence: they are given up |

A protocol derives its driver from `OrderSession`: it says how an order looks on the wire and what each frame means. The
phases of a session are `driver.ReaderPhase`; the passes are closed whenever the reader is lost or refuses.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from reader_drivers.driver import Event, Framed, Output, ReaderPhase, ReaderState, WaitingHunt, joined
from reader_drivers.errors import Rejected
from reader_drivers.passes import PassTracker

F = TypeVar("F", bound=Framed)
"""A whole frame of the protocol."""
S = TypeVar("S")
"""An order of the protocol, not yet bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a session waits."""

    gap_ms: int
    """Silence inside a frame after which its beginning is given up."""
    answer_ms: int
    """Time for one answer; `OrderSession._patience_ms` may give an order more."""
    sends_max: int
    """An order is sent this often before the reader counts as lost."""


class OrderSession(ABC, Generic[F, S]):
    """The part of a `driver.Driver` that gives orders and waits for answers. All times are `now` of feed and tick, in ms."""

    def __init__(self, hunt: WaitingHunt[F], patience: Patience) -> None:
        self._hunt = hunt
        self._patience = patience
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._steps: list[S] = []
        """Orders still to give after the awaited one."""
        self._awaited: S | None = None
        """The order that waits for its answer."""
        self._sends = 0
        self._due_ms: int | None = None
        self._heard_ms = 0

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the reader."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of frames and answers, and what the protocol watches besides."""
        outputs = []
        if self._hunt.is_waiting and now - self._heard_ms >= self._patience.gap_ms:
            outputs.append(self._all(self._hunt.flush(), now))
        if self._awaited is None:
            outputs.append(self._watch(now))
        elif self._due_ms is None:
            self._wait_from(now)
        elif now >= self._due_ms:
            outputs.append(self._repeat(now))
        return joined(outputs)

    @abstractmethod
    def _accept(self, frame: F, now: int) -> Output:
        """What a whole frame means."""

    @abstractmethod
    def _encoded(self, step: S) -> bytes:
        """The order as bytes."""

    @abstractmethod
    def _name_of(self, step: S) -> str:
        """The order's name for a person."""

    def _patience_ms(self, step: S) -> int:
        """Time for the answer to this order."""
        del step
        return self._patience.answer_ms

    def _watch(self, now: int) -> Output:
        """What to do as time goes by while no answer is awaited."""
        del now
        return Output()

    def _pass_over(self, damage: Rejected) -> Output:
        """Unreadable bytes came."""
        return Output((damage,))

    def _all(self, parts: Iterable[F | Rejected], now: int) -> Output:
        return joined(
            self._pass_over(part) if isinstance(part, Rejected) else self._accept(part, now) for part in parts
        )

    def _give(self, steps: Iterable[S]) -> bytes:
        """Give these orders one after the other: the first one now, each next by `_give_next`."""
        self._steps = list(steps)
        return self._give_next()

    def _give_next(self) -> bytes:
        return self._send(self._steps.pop(0))

    def _send(self, step: S) -> bytes:
        self._awaited, self._sends, self._due_ms = step, 1, None
        return self._encoded(step)

    def _wait_from(self, now: int) -> None:
        """The answer has its whole time from `now` on."""
        if self._awaited is not None:
            self._due_ms = now + self._patience_ms(self._awaited)

    def _repeat(self, now: int) -> Output:
        assert self._awaited is not None
        if self._sends >= self._patience.sends_max:
            return self._give_up(now)
        self._sends += 1
        self._wait_from(now)
        return Output((), self._encoded(self._awaited))

    def _give_up(self, now: int) -> Output:
        """The awaited order was never answered."""
        assert self._awaited is not None
        name, tries = self._name_of(self._awaited), self._patience.sends_max
        return Output(self._lose(now, f"The reader did not answer {name} in {tries} tries. Check its cable and power."))

    def _lose(self, now: int, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (*self._passes.close(now), self._enter(ReaderPhase.LOST, detail))

    def _refuse(self, now: int, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (*self._passes.close(now), self._enter(ReaderPhase.FAULT, detail))

    def _rest(self) -> None:
        """Await nothing and give no further order."""
        self._steps, self._awaited, self._due_ms = [], None, None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)
