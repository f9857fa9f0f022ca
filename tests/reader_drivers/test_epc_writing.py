"""Writing an EPC, on every driver that can: the driver and its simulated reader back to back, on a clock of ours."""

import json
from dataclasses import dataclass, field

import pytest

from reader_drivers.driver import (
    Event,
    Output,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
    TidRead,
    WriteAnswer,
    WriteRefusal,
    joined,
)
from reader_drivers.epc_writing import SENTENCES, EpcOrder, EpcRefused, EpcWriting, EpcWritten, OrderRefused
from reader_drivers.reads import TagRead
from simulators.serving import SimulatedReader
from tests.reader_drivers.conformance import WRITERS, Writer

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,), session=1)
STEP_MS = 10
LIMIT_MS = 60_000
OLD, NEW = bytes.fromhex("3034 257BF7194E40 00001A85".replace(" ", "")), bytes.fromhex("3476451FD400000000001630")
TID, OTHER_TID = bytes.fromhex("E28011602000000000000001"), bytes.fromhex("E28011602000000000000002")
PASSWORD = bytes.fromhex("12345678")
each_writer = pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: str(writer.name))


def tag(tid: bytes | None, *, epc: bytes = OLD, password: bytes = b"") -> dict[str, object]:
    line: dict[str, object] = {"antenna": 1, "epc": epc.hex(), "access_password": password.hex()}
    return line | ({} if tid is None else {"tid": tid.hex()})


def lay(reader: SimulatedReader, *tags: dict[str, object]) -> None:
    reader.load("".join(json.dumps(one) + "\n" for one in tags))


@dataclass
class Bench:
    """A driver wired to a simulated reader; `cut_at_ms` is when the cable is pulled."""

    writing: EpcWriting
    reader: SimulatedReader
    cut_at_ms: int = LIMIT_MS
    now: int = 0
    events: list[Event] = field(default_factory=list)

    def run(self) -> EpcWritten | EpcRefused:
        output = self.writing.begin()
        while self.writing.outcome is None and self.now < LIMIT_MS:
            output = self.turn(output)
        self.events.extend(output.events)
        assert self.writing.outcome is not None, "the order never ended"
        return self.writing.outcome

    def is_in(self, *phases: ReaderPhase) -> bool:
        return self.writing.phase in phases

    def turn(self, output: Output) -> Output:
        self.events.extend(output.events)
        self.now += STEP_MS
        if self.now >= self.cut_at_ms:
            return self.writing.tick(self.now)
        frames = self.reader.feed(output.sent, self.now / 1_000) + self.reader.due(self.now / 1_000)
        fed = self.writing.feed(b"".join(frames), self.now)
        ticked = self.writing.tick(self.now)
        return Output(fed.events + ticked.events, fed.sent + ticked.sent)


def write(writer: Writer, order: EpcOrder, *tags: dict[str, object]) -> tuple[EpcWritten | EpcRefused, set[str]]:
    """How it ended, and what an inventory hears afterwards as EPC/TID."""
    reader = writer.reader()
    lay(reader, *tags)
    outcome = Bench(EpcWriting(writer.driver(), PLAN, order), reader).run()
    return outcome, heard(writer, reader)


def heard(writer: Writer, reader: SimulatedReader) -> set[str]:
    # An order that names a tag which is not there looks at all of them and writes none.
    bench = Bench(EpcWriting(writer.driver(), PLAN, EpcOrder(epc=NEW, tid=b"\xff" * 12)), reader)
    bench.run()
    reads = [event for event in bench.events if isinstance(event, TagRead)]
    asked = [event for event in bench.events if isinstance(event, TidRead)]
    named = {f"{read.id_hex}/{read.tid_hex}" for read in reads if read.tid_hex}
    named |= {shown(read.epc, read.tid) for read in asked if read.tid}
    return named or {read.id_hex for read in reads}


def shown(epc: bytes, tid: bytes) -> str:
    return f"{epc.hex().upper()}/{tid.hex().upper()}"


@each_writer
def test_only_tag_gets_the_epc_and_tells_it_with_its_tid(writer: Writer) -> None:
    outcome, after = write(writer, EpcOrder(epc=NEW, tid=TID), tag(TID))

    assert outcome == EpcWritten(NEW, TID)
    assert after == {shown(NEW, TID)}


@each_writer
def test_epc_of_another_length_is_written_with_its_length(writer: Writer) -> None:
    outcome, after = write(writer, EpcOrder(epc=NEW[:8]), tag(TID))

    assert outcome == EpcWritten(NEW[:8], TID)
    assert after == {shown(NEW[:8], TID)}


@each_writer
def test_tag_that_has_the_epc_already_is_not_written_again(writer: Writer) -> None:
    outcome, _ = write(writer, EpcOrder(epc=OLD, tid=TID), tag(TID, password=PASSWORD))

    assert outcome == EpcWritten(OLD, TID)


@each_writer
@pytest.mark.parametrize(
    ("reason", "lying"),
    [
        (WriteRefusal.NO_TAG, ()),
        (WriteRefusal.SEVERAL_TAGS, (tag(TID), tag(OTHER_TID, epc=NEW))),
        (WriteRefusal.SEVERAL_TAGS, (tag(TID), tag(OTHER_TID))),
        (WriteRefusal.OTHER_TID, (tag(OTHER_TID),)),
        (WriteRefusal.NO_TID, (tag(None),)),
        (WriteRefusal.LOCKED, (tag(TID, password=PASSWORD),)),
    ],
)
def test_refused_order_says_why_and_what_to_do_and_writes_nothing(
    writer: Writer, reason: WriteRefusal, lying: tuple[dict[str, object], ...]
) -> None:
    outcome, after = write(writer, EpcOrder(epc=NEW + b"\x00\x01", tid=TID), *lying)

    assert isinstance(outcome, EpcRefused)
    assert outcome.reason is reason
    assert outcome.sentence.startswith(SENTENCES[reason])
    assert not any(NEW.hex().upper() + "0001" in line for line in after)


@each_writer
def test_locked_tag_is_written_with_its_password(writer: Writer) -> None:
    outcome, after = write(writer, EpcOrder(epc=NEW, access_password=PASSWORD), tag(TID, password=PASSWORD))

    assert outcome == EpcWritten(NEW, TID)
    assert after == {shown(NEW, TID)}


@each_writer
@pytest.mark.parametrize(("cut_at_ms", "reason"), [(20, WriteRefusal.TIMEOUT), (1_500, WriteRefusal.UNVERIFIED)])
def test_reader_that_falls_silent_ends_the_order(writer: Writer, cut_at_ms: int, reason: WriteRefusal) -> None:
    reader = writer.reader()
    lay(reader, tag(TID))
    bench = Bench(EpcWriting(writer.driver(), PLAN, EpcOrder(epc=NEW)), reader, cut_at_ms=cut_at_ms)

    outcome = bench.run()

    assert isinstance(outcome, EpcRefused)
    assert outcome.reason is reason


@each_writer
def test_tag_taken_away_after_the_write_is_called_unverified(writer: Writer) -> None:
    reader = writer.reader()
    lay(reader, tag(TID))
    bench = Bench(EpcWriting(writer.driver(), PLAN, EpcOrder(epc=NEW)), reader)
    output = bench.writing.begin()

    while not any(isinstance(event, WriteAnswer) for event in bench.events):
        output = bench.turn(output)
    lay(reader)
    while bench.writing.outcome is None:
        output = bench.turn(output)

    assert isinstance(bench.writing.outcome, EpcRefused)
    assert bench.writing.outcome.reason is WriteRefusal.UNVERIFIED


@each_writer
def test_order_that_is_given_up_stops_the_reader_and_writes_nothing(writer: Writer) -> None:
    reader = writer.reader()
    lay(reader, tag(TID))
    bench = Bench(EpcWriting(writer.driver(), PLAN, EpcOrder(epc=NEW)), reader)
    output = bench.writing.begin()
    while not bench.is_in(ReaderPhase.READING):
        output = bench.turn(output)

    output = joined((output, bench.writing.give_up()))
    while not bench.is_in(ReaderPhase.IDLE, ReaderPhase.LOST):
        output = bench.turn(output)

    assert isinstance(bench.writing.outcome, EpcRefused)
    assert bench.is_in(ReaderPhase.IDLE)
    assert not any("3476451FD4" in line for line in heard(writer, reader))


@each_writer
def test_driver_is_free_for_counting_after_an_order(writer: Writer) -> None:
    reader = writer.reader()
    lay(reader, tag(TID))
    driver = writer.driver()
    Bench(EpcWriting(driver, PLAN, EpcOrder(epc=NEW)), reader).run()

    started = driver.start(PLAN)

    assert ReaderState(ReaderPhase.STARTING) in started.events


@pytest.mark.parametrize(
    ("epc", "tid", "password"),
    [
        (b"", None, PASSWORD),
        (b"\x30", None, PASSWORD),
        (b"0" * 64, None, PASSWORD),
        (NEW, b"", PASSWORD),
        (NEW, TID, b"1"),
    ],
)
def test_impossible_order_is_refused_before_any_reader_is_asked(epc: bytes, tid: bytes | None, password: bytes) -> None:
    with pytest.raises(OrderRefused, match="give"):
        EpcOrder(epc=epc, tid=tid, access_password=password)


def test_every_refusal_has_its_sentence() -> None:
    assert set(SENTENCES) == set(WriteRefusal)
