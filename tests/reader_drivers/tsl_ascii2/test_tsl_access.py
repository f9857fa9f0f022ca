"""Reading a TID and writing an EPC through a TSL sled, against answers written out by hand."""

import pytest

from reader_drivers.driver import EpcChange, Output, ReaderPhase, ReaderState, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.tsl_ascii2.access import TRIES
from reader_drivers.tsl_ascii2.machine import INVENTORY_MS, SENDS_MAX, TslDriver
from tests.reader_drivers.tsl_ascii2.sled import CHAIN, EMPTY, RING, block, bring_up, sent

EPC, OTHER_EPC = "30751FEB705C5904E3D50D70", "E280689400005018F22958C0"
TID, OTHER_TID = "E28011602000000000000001", "E28011602000000000000002"
ASK = (
    ".rd -x -db tid -do 0000 -dl 06 -e on -c on -o 20 -ql all -qs s0 -qt a "
    f"-io off -sb epc -so 0020 -sl 60 -sd {EPC} -sa 0 -st s0"
)
BY_TID = f"-e on -c on -o 20 -ql all -qs s0 -qt a -io off -sb tid -so 0000 -sl 60 -sd {TID} -sa 0 -st s0"
NOBODY = "ER: 005"


@pytest.fixture
def resting() -> TslDriver:
    driver = TslDriver()
    bring_up(driver)
    driver.stop()
    driver.feed(EMPTY, 10)
    return driver


def asked(driver: TslDriver, *answers: bytes) -> Output:
    """The question for a TID; each answer is given once, the last one for all tries that are left."""
    output = driver.read_tid(bytes.fromhex(EPC))
    for n in range(TRIES):
        assert sent(output) == [ASK]
        output = driver.feed(answers[min(n, len(answers) - 1)], 20 + n)
    return output


def written(driver: TslDriver, epc: str, *answers: bytes, password: str = "00000000") -> tuple[list[str], Output]:
    """The orders of one write, and what comes of the last answer."""
    change = EpcChange(
        epc=bytes.fromhex(epc),
        old_epc=bytes.fromhex(EPC),
        tid=bytes.fromhex(TID),
        antenna=1,
        access_password=bytes.fromhex(password),
    )
    output = driver.write_epc(change)
    orders = sent(output)
    for answer in answers:
        output = driver.feed(answer, 20)
        orders += sent(output)
    return orders, output


def tids(output: Output) -> list[str | None]:
    return [read.tid.hex().upper() if read.tid else None for read in output.events if isinstance(read, TidRead)]


def test_tid_counts_when_two_answers_told_it_alike(resting: TslDriver) -> None:
    right, damaged = (block(ASK, *[RING, f"RD: {tid}\r\n"] * 2) for tid in (TID, "F" + TID[1:]))

    output = asked(resting, right, damaged, block(ASK, end=NOBODY), right, block(ASK, end=NOBODY))

    assert tids(output) == [TID]
    assert output.events[-1] == ReaderState(ReaderPhase.IDLE)


def test_two_tags_with_one_epc_are_both_told(resting: TslDriver) -> None:
    assert tids(asked(resting, block(ASK, RING, f"RD: {TID}\r\n", RING, f"RD: {OTHER_TID}\r\n"))) == [TID, OTHER_TID]


@pytest.mark.parametrize(
    "lines",
    [
        (CHAIN, f"RD: {TID}\r\n"),
        (RING.replace("EP: 3", "EP: 4"), f"RD: {TID}\r\n"),
        (f"RD: {TID}\r\n",),
        (RING, "RD: E2801160\r\n"),
        (RING, "RD: E28x\r\n"),
        (RING, "EB: 003\r\n"),
    ],
)
def test_words_that_are_not_the_tags_whole_tid_are_none(resting: TslDriver, lines: tuple[str, ...]) -> None:
    assert tids(asked(resting, block(ASK, *lines))) == [None]


def test_epc_of_the_same_length_leaves_the_protocol_control_word_alone(resting: TslDriver) -> None:
    orders, output = written(resting, OTHER_EPC, block(".wr", RING, "WW: 6\r\n"))

    assert orders == [f".wr -x -db epc -do 0002 -dl 06 -da {OTHER_EPC} -ap 00000000 {BY_TID}"]
    assert output.events[-2:] == (WriteAnswer(None), ReaderState(ReaderPhase.IDLE))


def test_epc_of_another_length_is_written_with_its_protocol_control_word(resting: TslDriver) -> None:
    orders, _ = written(resting, "3034" * 8, password="12345678")

    assert orders == [f".wr -x -db epc -do 0001 -dl 09 -da 4000{'3034' * 8} -ap 12345678 {BY_TID}"]


def test_write_is_tried_again_while_no_tag_answers_it(resting: TslDriver) -> None:
    orders, output = written(resting, OTHER_EPC, *[block(".wr", end=NOBODY)] * TRIES)

    assert len(orders) == TRIES
    assert [event.refusal for event in output.events if isinstance(event, WriteAnswer)] == [WriteRefusal.NO_TAG]


@pytest.mark.parametrize(
    ("lines", "end", "refusal"),
    [
        ((RING, "EA: 004\r\n"), "OK:", WriteRefusal.LOCKED),
        ((RING, "EB: 004\r\n"), "OK:", WriteRefusal.LOCKED),
        ((RING, "EB: 003\r\n"), "OK:", WriteRefusal.TOO_LONG),
        ((RING, "EB: 011\r\n"), "OK:", WriteRefusal.WEAK_FIELD),
        ((RING, "EB: 015\r\n"), "OK:", WriteRefusal.NOT_WRITTEN),
        ((RING, "WW: 3\r\n"), "OK:", WriteRefusal.NOT_WRITTEN),
        ((), "ER: 002", WriteRefusal.READER_REFUSED),
    ],
)
def test_refused_write_says_why(resting: TslDriver, lines: tuple[str, ...], end: str, refusal: WriteRefusal) -> None:
    _, output = written(resting, OTHER_EPC, block(".wr", *lines, end=end))

    answers = [event for event in output.events if isinstance(event, WriteAnswer)]
    assert [answer.refusal for answer in answers] == [refusal]
    assert answers[0].detail.startswith("The sled says ")


def test_sled_gone_during_an_access_is_lost(resting: TslDriver) -> None:
    resting.read_tid(bytes.fromhex(EPC))

    events = [e for now in range(0, SENDS_MAX * INVENTORY_MS + 1, 100) for e in resting.tick(now).events]

    assert [e.phase for e in events if isinstance(e, ReaderState)] == [ReaderPhase.LOST]
