"""The order session with a protocol of one letter an order, each answered by the same letter and a full stop."""

from dataclasses import dataclass

import pytest

from reader_drivers.driver import Output, PassEnd, ReaderPhase, ReaderState, Reply
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt
from reader_drivers.order_session import OrderSession, Patience

PATIENCE = Patience(gap_ms=50, answer_ms=1_000, sends_max=3)
SLOW = "s"


@dataclass(frozen=True)
class Answer:
    raw: bytes


def take(buffer: bytes, at: int, found: list[Answer | Rejected]) -> int:
    if len(buffer) - at < 2:
        return at
    if buffer[at + 1 : at + 2] != b".":
        raise FrameError("format", "no full stop", size=2)
    found.append(Answer(buffer[at : at + 2]))
    return at + 2


class LetterSession(OrderSession[Answer, str]):
    def __init__(self) -> None:
        super().__init__(Hunt(None, take), PATIENCE)
        self._passes.begin((1,), 0, pass_min_ms=10_000, pass_max_ms=10_000)

    def order(self, letters: str) -> Output:
        return Output((self._enter(ReaderPhase.STARTING),), self._give(letters))

    def _accept(self, frame: Answer, now: int) -> Output:
        self._passes.hear(1, (frame.raw, b""), now)
        reply = Reply(frame.raw.decode(), frame.raw)
        if self._steps:
            return Output((reply,), self._give_next())
        self._rest()
        return Output((reply, self._enter(ReaderPhase.IDLE)))

    def _encoded(self, step: str) -> bytes:
        return step.encode()

    def _name_of(self, step: str) -> str:
        return step

    def _patience_ms(self, step: str) -> int:
        return 5_000 if step == SLOW else super()._patience_ms(step)

    def _watch(self, now: int) -> Output:
        return Output((Reply(f"watched at {now}"),))


@pytest.fixture
def session() -> LetterSession:
    return LetterSession()


def test_next_order_is_given_after_the_answer_to_the_one_before(session: LetterSession) -> None:
    assert session.order("ab").sent == b"a"
    assert session.feed(b"a.", 10).sent == b"b"

    output = session.feed(b"b.", 20)

    assert (output.sent, output.events[-1]) == (b"", ReaderState(ReaderPhase.IDLE))


def test_order_without_answer_is_given_again_and_then_the_reader_is_lost(session: LetterSession) -> None:
    session.order("a")
    session.feed(b"x.", 0)
    session.order("a")

    outputs = {now: session.tick(now) for now in range(0, 3_001, 500)}

    assert [now for now, output in outputs.items() if output.sent] == [1_000, 2_000]
    assert outputs[3_000].events == (
        PassEnd(1, 1, 0, 3_000),
        ReaderState(ReaderPhase.LOST, "The reader did not answer a in 3 tries. Check its cable and power."),
    )
    assert session.tick(4_000).events == (Reply("watched at 4000"),)


def test_order_that_takes_long_has_its_own_time(session: LetterSession) -> None:
    session.order(SLOW)
    session.tick(0)

    assert session.tick(4_999).sent == b""
    assert session.tick(5_000).sent == b"s"


def test_answer_in_time_leaves_the_next_order_its_whole_time(session: LetterSession) -> None:
    session.order("ab")
    session.tick(0)
    session.feed(b"a.", 900)
    session.tick(900)

    assert session.tick(1_000).sent == b""
    assert session.tick(1_900).sent == b"b"


def test_frame_that_stops_in_the_middle_is_given_up_after_silence(session: LetterSession) -> None:
    session.order("a")
    session.feed(b"a", 1_000)

    assert session.tick(1_049).events == ()
    assert [event.raw for event in session.tick(1_050).events if isinstance(event, Rejected)] == [b"a"]
