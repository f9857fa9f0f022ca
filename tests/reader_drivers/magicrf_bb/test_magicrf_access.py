"""Reading a TID and writing an EPC through a MagicRF module, against answers written out by hand."""

import pytest

from reader_drivers.driver import EpcChange, Output, ReaderPhase, ReaderState, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.magicrf_bb.access import TRIES
from reader_drivers.magicrf_bb.frames import encode_answer
from reader_drivers.magicrf_bb.machine import ANSWER_MS, SENDS_MAX, MagicRfDriver
from tests.reader_drivers.magicrf_bb.module import DONE, STOPPED, bring_up, of, orders

EPC, OTHER_EPC = "30751FEB705C5904E3D50D70", "E280689400005018F22958C0"
TID, OTHER_TID = "E28011602000000000000001", "E28011602000000000000002"
QUERY = ("0E", "1030")
# Published: BB 00 0C 0013 01 00000020 60 00 30751FEB705C5904E3D50D70 AD 7E.
SELECT_EPC = ("0C", f"01000000206000{EPC}")
SELECT_TID = ("0C", f"02000000006000{TID}")
OTHERS_THAN_TID = ("0C", f"12000000006000{TID}")
READ = ("39", "00000000" + "02" + "0000" + "0006")
READ_MISSED, WRITE_MISSED = encode_answer(0xFF, b"\x09"), encode_answer(0xFF, b"\x10")


@pytest.fixture
def resting() -> MagicRfDriver:
    driver = MagicRfDriver()
    bring_up(driver)
    driver.stop()
    driver.feed(STOPPED, 10)
    return driver


def read(epc: str, tid: str) -> bytes:
    return encode_answer(0x39, bytes.fromhex(f"0E 3000 {epc} {tid}"))


def written(driver: MagicRfDriver, epc: str, *answers: bytes, password: str = "00000000") -> tuple[list[str], Output]:
    """The write orders, and what comes of the last answer."""
    change = EpcChange(
        epc=bytes.fromhex(epc),
        old_epc=bytes.fromhex(EPC),
        tid=bytes.fromhex(TID),
        antenna=1,
        access_password=bytes.fromhex(password),
    )
    assert orders(driver.write_epc(change)) == [QUERY]
    assert orders(driver.feed(encode_answer(0x0E, DONE), 20)) == [SELECT_TID]
    output = driver.feed(encode_answer(0x0C, DONE), 30)
    sent = orders(output)
    for answer in answers:
        output = driver.feed(answer, 40)
        sent += orders(output)
    return [parameter for number, parameter in sent if number == "49"], output


def asked(driver: MagicRfDriver) -> Output:
    """The question for a TID, up to its first read."""
    assert orders(driver.read_tid(bytes.fromhex(EPC))) == [QUERY]
    assert orders(driver.feed(encode_answer(0x0E, DONE), 20)) == [SELECT_EPC]
    return driver.feed(encode_answer(0x0C, DONE), 30)


def test_tag_is_asked_for_its_tid_and_then_whether_another_has_its_epc(resting: MagicRfDriver) -> None:
    assert orders(asked(resting)) == [READ]
    assert orders(resting.feed(read(EPC, TID), 40)) == [OTHERS_THAN_TID]
    assert orders(resting.feed(encode_answer(0x0C, DONE), 50)) == [READ]
    for _ in range(TRIES - 1):
        assert orders(resting.feed(READ_MISSED, 60)) == [READ]

    output = resting.feed(READ_MISSED, 70)

    assert output.events[-2:] == (TidRead(bytes.fromhex(EPC), bytes.fromhex(TID)), ReaderState(ReaderPhase.IDLE))


def test_two_tags_with_one_epc_are_both_told(resting: MagicRfDriver) -> None:
    asked(resting)
    resting.feed(read(EPC, TID), 40)
    resting.feed(encode_answer(0x0C, DONE), 50)
    resting.feed(read(OTHER_EPC, OTHER_TID), 60)

    output = resting.feed(read(EPC, OTHER_TID), 70)

    assert of(TidRead, output.events) == [TidRead(bytes.fromhex(EPC), bytes.fromhex(tid)) for tid in (TID, OTHER_TID)]


def test_tag_that_does_not_tell_its_tid_is_said_to_have_none(resting: MagicRfDriver) -> None:
    asked(resting)

    outputs = [resting.feed(READ_MISSED, 40 + n) for n in range(TRIES)]

    assert of(TidRead, outputs[-1].events) == [TidRead(bytes.fromhex(EPC), None)]


def test_epc_of_the_same_length_leaves_the_protocol_control_word_alone(resting: MagicRfDriver) -> None:
    sent, output = written(resting, OTHER_EPC, encode_answer(0x49, bytes.fromhex(f"0E 3000 {EPC} 00")))

    assert sent == [f"00000000{'01'}{'0002'}{'0006'}{OTHER_EPC}"]
    assert output.events[-2:] == (WriteAnswer(None), ReaderState(ReaderPhase.IDLE))


def test_epc_of_another_length_is_written_with_its_protocol_control_word(resting: MagicRfDriver) -> None:
    sent, _ = written(resting, "3034" * 8, password="12345678")

    assert sent == [f"12345678{'01'}{'0001'}{'0009'}4000{'3034' * 8}"]


def test_write_is_tried_again_while_no_tag_answers_it(resting: MagicRfDriver) -> None:
    sent, output = written(resting, OTHER_EPC, *[WRITE_MISSED] * TRIES)

    assert len(sent) == TRIES
    assert [event.refusal for event in output.events if isinstance(event, WriteAnswer)] == [WriteRefusal.NO_TAG]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("16", WriteRefusal.LOCKED),
        ("B3", WriteRefusal.TOO_LONG),
        ("B4", WriteRefusal.LOCKED),
        ("BB", WriteRefusal.WEAK_FIELD),
        ("17", WriteRefusal.READER_REFUSED),
    ],
)
def test_refused_write_says_why(resting: MagicRfDriver, code: str, refusal: WriteRefusal) -> None:
    _, output = written(resting, OTHER_EPC, encode_answer(0xFF, bytes.fromhex(f"{code} 0E 3000 {EPC}")))

    answers = [event for event in output.events if isinstance(event, WriteAnswer)]
    assert [answer.refusal for answer in answers] == [refusal]
    assert answers[0].detail.startswith(f"The module says {code}: ")


def test_refused_select_writes_nothing(resting: MagicRfDriver) -> None:
    resting.write_epc(EpcChange(epc=b"\x30\x34", old_epc=b"\x30\x34", tid=bytes.fromhex(TID), antenna=1))
    resting.feed(encode_answer(0x0E, DONE), 20)

    output = resting.feed(encode_answer(0xFF, b"\x17"), 30)

    assert output.sent == b""
    assert [event.refusal for event in output.events if isinstance(event, WriteAnswer)] == [WriteRefusal.READER_REFUSED]


def test_module_gone_during_an_access_is_lost(resting: MagicRfDriver) -> None:
    asked(resting)

    events = [e for now in range(0, SENDS_MAX * ANSWER_MS + 1, 100) for e in resting.tick(now).events]

    assert [e.phase for e in events if isinstance(e, ReaderState)] == [ReaderPhase.LOST]
