"""Access orders of the R2000 driver: what is sent, and what each answer makes of it. The answers' layout is that of pyImpinj 1.3."""

from binascii import crc_hqx

import pytest

from reader_drivers.driver import (
    EpcChange,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
    TidRead,
    WriteAnswer,
    WriteRefusal,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.r2000_a0.access import decode_tag_answer
from reader_drivers.r2000_a0.describe import Describer
from reader_drivers.r2000_a0.frames import encode_frame
from reader_drivers.r2000_a0.machine import ANSWER_MS, R2000Driver
from tests.reader_drivers.r2000_a0.obedient_reader import EU, Reader, bring_up, end, failed, of, orders_in

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2))
OLD, NEW = bytes.fromhex("3034257BF7194E4000001A85"), bytes.fromhex("30340001")
TID = bytes.fromhex("E28011602000000000000001")
CHANGE = EpcChange(epc=NEW, old_epc=OLD, tid=TID, antenna=2, access_password=bytes.fromhex("12345678"))
DONE = b"\x10"


def answer(order: int, result: bytes, *, epc: bytes = OLD, tags: int = 1) -> bytes:
    """The frame of one tag: its words and their length for a read, a code for a write."""
    memory = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
    words = result + bytes((len(result),)) if order == 0x81 else result
    length = len(memory) + 2 + (len(result) if order == 0x81 else 0)
    crc = (crc_hqx(memory, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
    return encode_frame(
        order, tags.to_bytes(2, "big") + bytes((length,)) + memory + crc + words + b"\x04\x01", address=1
    )


@pytest.fixture
def at_rest() -> R2000Driver:
    driver = R2000Driver()
    bring_up(driver, Reader(region=EU, power=b"\x14"), PLAN)
    driver.stop()
    driver.feed(end(), 0)
    driver.tick(1_000)
    assert driver.phase is ReaderPhase.IDLE
    return driver


def test_tid_is_asked_of_the_tag_with_that_epc_by_each_antenna(at_rest: R2000Driver) -> None:
    asked, output = [], at_rest.read_tid(OLD)
    while at_rest.phase is ReaderPhase.ACCESSING:
        ((order, payload),) = orders_in(output.sent)
        asked.append((order, payload))
        received = answer(0x81, TID) if order == "81" else encode_frame(int(order, 16), DONE, address=1)
        output = at_rest.feed(received, 2_000)

    read = ("81", "02000600000000")
    assert asked == [
        ("85", f"000C{OLD.hex().upper()}"), ("74", "00"), *[read] * 6, ("74", "01"), *[read] * 6, ("85", "01"),
    ]  # fmt: skip
    assert output.events[1:] == (TidRead(OLD, TID), ReaderState(ReaderPhase.IDLE))


def test_two_tags_with_one_epc_are_both_told(at_rest: R2000Driver) -> None:
    other = TID[:-1] + b"\x02"
    output = at_rest.read_tid(OLD)
    while at_rest.phase is ReaderPhase.ACCESSING:
        ((order, _),) = orders_in(output.sent)
        both = answer(0x81, TID, tags=2) + answer(0x81, other, tags=2)
        output = at_rest.feed(both if order == "81" else encode_frame(int(order, 16), DONE, address=1), 2_000)

    assert of(TidRead, output.events) == [TidRead(OLD, TID), TidRead(OLD, other)]


def test_chip_with_a_short_tid_is_asked_for_less(at_rest: R2000Driver) -> None:
    at_rest.read_tid(OLD)
    at_rest.feed(encode_frame(0x85, DONE, address=1), 2_000)
    at_rest.feed(encode_frame(0x74, DONE, address=1), 2_000)

    assert orders_in(at_rest.feed(failed(0x32, 0x81), 2_000).sent) == [("81", "02000400000000")]


def test_write_selects_the_tag_and_gives_the_epc_its_length(at_rest: R2000Driver) -> None:
    answers = (encode_frame(0x85, DONE, address=1), encode_frame(0x74, DONE, address=1), answer(0x82, DONE))
    sent = [orders_in(at_rest.write_epc(CHANGE).sent)]
    sent += [orders_in(at_rest.feed(received, 2_000).sent) for received in answers]
    over = at_rest.feed(encode_frame(0x85, DONE, address=1), 2_000)

    assert sent == [
        [("85", f"000C{OLD.hex().upper()}")], [("74", "01")], [("82", "12345678 01 01 03 1000 30340001".replace(" ", ""))],
        [("85", "01")],
    ]  # fmt: skip
    assert over.events[1:] == (WriteAnswer(None), ReaderState(ReaderPhase.IDLE))


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (0x33, WriteRefusal.WEAK_FIELD),
        (0x36, WriteRefusal.NO_TAG),
        (0x40, WriteRefusal.LOCKED),
        (0x41, WriteRefusal.READER_REFUSED),
    ],
)
def test_refused_write_says_why_and_lets_every_tag_answer_again(
    at_rest: R2000Driver, code: int, refusal: WriteRefusal
) -> None:
    output = at_rest.write_epc(CHANGE)
    while at_rest.phase is ReaderPhase.ACCESSING:
        ((order, payload),) = orders_in(output.sent)
        output = at_rest.feed(encode_frame(int(order, 16), bytes((code if order == "82" else 0x10,)), address=1), 2_000)

    assert (order, payload) == ("85", "01")
    (told,) = [event for event in output.events if isinstance(event, WriteAnswer)]
    assert told.refusal is refusal
    assert told.detail.startswith(f"The reader says {code:02X}")


def test_damaged_answer_is_rejected_and_the_order_given_again(at_rest: R2000Driver) -> None:
    at_rest.read_tid(OLD)
    at_rest.feed(encode_frame(0x85, DONE, address=1), 2_000)
    at_rest.feed(encode_frame(0x74, DONE, address=1), 2_000)
    # Two turned bits that the check byte does not see.
    frame = bytearray(answer(0x81, TID))
    frame[10] ^= 1
    frame[11] ^= 1
    damaged = bytes(frame) if sum(frame) & 0xFF == 0 else bytes(frame[:-1]) + bytes((-sum(frame[:-1]) & 0xFF,))

    output = at_rest.feed(damaged, 2_000)
    at_rest.tick(2_000)

    assert [type(event) for event in output.events] == [Rejected]
    assert orders_in(at_rest.tick(2_000 + ANSWER_MS).sent) == [("81", "02000600000000")]


@pytest.mark.parametrize("payload", ["", "0001", "0001100030", "0001103000" + "30" * 12])
def test_answer_that_does_not_fit_its_lengths_is_refused(payload: str) -> None:
    with pytest.raises(FrameError):
        decode_tag_answer(0x81, bytes.fromhex(payload))


def test_access_is_shown_in_a_capture() -> None:
    told = Describer("reader_to_host").feed(answer(0x81, TID) + answer(0x82, DONE) + answer(0x82, b"")[:-1])
    asked = Describer("host_to_reader").feed(
        encode_frame(0x82, bytes.fromhex("12345678 01 01 02 1000 3034"), address=1)
    )

    assert [facts["epc"] for _, (_, facts, _) in told[:2]] == [OLD.hex().upper()] * 2
    assert told[0][1][1]["words_hex"] == TID.hex().upper()
    assert told[1][1][1]["error_code"] == "10"
    facts = asked[0][1][1]
    assert (facts["bank"], facts["word"], facts["words"], facts["words_hex"]) == (1, 1, 2, "10003034")
