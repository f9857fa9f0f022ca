"""Access orders of the UHFReader driver, written out by hand after the manual, and what each answer makes of them."""

import dataclasses

import pytest

from reader_drivers.driver import (
    EpcChange,
    Event,
    Output,
    ReaderPhase,
    ReadPlan,
    Region,
    TidRead,
    WriteAnswer,
    WriteRefusal,
)
from reader_drivers.uhfreader_crc16.describe import Describer
from reader_drivers.uhfreader_crc16.frames import Direction, Frame, FrameHunt, encode_command
from reader_drivers.uhfreader_crc16.machine import UhfReaderDriver
from tests.reader_drivers.uhfreader_crc16.obedient_reader import ROUND, Reader, bring_up, of, reply

OLD, NEW = bytes.fromhex("3034257BF7194E4000001A85"), bytes.fromhex("30340001")
TID = bytes.fromhex("E28011602000000000000001")
CHANGE = EpcChange(epc=NEW, old_epc=OLD, tid=TID, antenna=2, access_password=bytes.fromhex("12345678"))
NAMED = f"06{OLD.hex().upper()}"
"""Words and EPC of the tag that is meant."""


def at_rest(kind: str, antennas: tuple[int, ...]) -> UhfReaderDriver:
    driver = UhfReaderDriver()
    bring_up(driver, Reader(kind), ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=antennas))
    driver.stop()
    driver.feed(reply(ROUND, 0xFB, b""), 0)
    assert driver.phase is ReaderPhase.IDLE
    return driver


@pytest.fixture
def newer() -> UhfReaderDriver:
    return at_rest("0C", (1, 2))


@pytest.fixture
def older() -> UhfReaderDriver:
    return at_rest("09", (1,))


def played(driver: UhfReaderDriver, output: Output, *answers: tuple[int, bytes]) -> tuple[list[str], list[Event]]:
    """Orders and events until the access is over; orders to the tag get these answers, the last one over and over."""
    orders, events, left = list[str](), list(output.events), list(answers)
    while output.sent:
        (order,) = [part for part in FrameHunt(Direction.HOST_TO_READER).feed(output.sent) if isinstance(part, Frame)]
        orders.append(f"{order.order:02X} {order.payload.hex().upper()}")
        status, payload = (left.pop(0) if len(left) > 1 else left[0]) if order.order in {0x02, 0x03} else (0, b"")
        output = driver.feed(reply(order.order, status, payload), 10)
        events += output.events
    assert driver.phase is ReaderPhase.IDLE
    return orders, events


def test_tid_is_asked_of_the_tag_with_that_epc_on_the_antennas_of_the_plan(newer: UhfReaderDriver) -> None:
    orders, events = played(newer, newer.read_tid(OLD), (0xFB, b""), (0, TID))

    assert orders == ["3F 83", *[f"02 {NAMED}02000600000000"] * 6]
    assert of(TidRead, events) == [TidRead(OLD, TID)]


def test_two_tags_with_one_epc_are_both_told(older: UhfReaderDriver) -> None:
    other = TID[:-1] + b"\x02"

    _, events = played(older, older.read_tid(OLD), (0, TID), (0, other), (0, TID))

    assert of(TidRead, events) == [TidRead(OLD, TID), TidRead(OLD, other)]


def test_chip_with_a_short_tid_is_asked_for_less_and_one_without_has_none(older: UhfReaderDriver) -> None:
    orders, events = played(older, older.read_tid(OLD), (0xFC, b"\x03"))

    assert [order[-10:-8] for order in orders] == ["06", "04", "02"]
    assert of(TidRead, events) == [TidRead(OLD, None)]


def test_long_epc_is_named_by_a_mask_where_the_reader_has_one(newer: UhfReaderDriver, older: UhfReaderDriver) -> None:
    epc = bytes(range(32))

    orders, _ = played(newer, newer.read_tid(epc), (0, TID))
    _, events = played(older, older.write_epc(dataclasses.replace(CHANGE, old_epc=epc)), (0, b""))

    assert orders[1] == f"02 FF02000600000000010020F8{epc[:31].hex().upper()}"
    (refused,) = [event for event in events if isinstance(event, WriteAnswer)]
    assert refused.refusal is WriteRefusal.READER_REFUSED


def test_newer_kind_writes_to_the_tag_with_that_tid_and_gives_the_epc_its_length(newer: UhfReaderDriver) -> None:
    orders, events = played(newer, newer.write_epc(CHANGE), (0, b""))

    assert orders == ["3F 82", f"03 03FF01011000303400011234567802000060{TID.hex().upper()}"]
    assert of(WriteAnswer, events) == [WriteAnswer(None)]


def test_older_kind_writes_to_the_tag_with_the_old_epc(older: UhfReaderDriver) -> None:
    orders, _ = played(older, older.write_epc(CHANGE), (0xFB, b""), (0, b""))

    assert orders == [f"03 03{NAMED}" + "0101" + "1000" + "30340001" + "12345678"] * 2


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ((0x05, b""), WriteRefusal.LOCKED),
        ((0xFA, b""), WriteRefusal.WEAK_FIELD),
        ((0xFB, b""), WriteRefusal.NO_TAG),
        ((0xFC, b"\x03"), WriteRefusal.TOO_LONG),
        ((0xFC, b"\x04"), WriteRefusal.LOCKED),
        ((0xFC, b"\x0b"), WriteRefusal.WEAK_FIELD),
        ((0xFC, b"\x0f"), WriteRefusal.NOT_WRITTEN),
        ((0xFF, b""), WriteRefusal.READER_REFUSED),
    ],
)
def test_refused_write_says_why(older: UhfReaderDriver, answer: tuple[int, bytes], refusal: WriteRefusal) -> None:
    _, events = played(older, older.write_epc(CHANGE), answer)

    (told,) = [event for event in events if isinstance(event, WriteAnswer)]
    assert told.refusal is refusal
    assert told.detail.startswith(f"The reader says {answer[0]:02X}")


def test_access_orders_are_shown_in_a_capture() -> None:
    read = encode_command(0x02, bytes.fromhex(f"{NAMED}02000600000000"), address=0)
    write = encode_command(0x03, bytes.fromhex("02FF0101 0800 3034 12345678"), address=0)

    told = Describer("host_to_reader").feed(read + write + encode_command(0x02, b"", address=0))
    (_, (_, reads, _)), (_, (_, writes, _)), (_, (_, empty, _)) = told

    assert (reads["epc"], reads["bank"], reads["word"], reads["words"]) == (OLD.hex().upper(), 2, 0, 6)
    assert (writes["epc"], writes["words"], writes["words_hex"]) == (None, 2, "08003034")
    assert "epc" not in empty
