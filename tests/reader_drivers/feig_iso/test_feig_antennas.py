"""The FEIG session with several antennas, and under a disturbed radio."""

import pytest

from reader_drivers.driver import PassEnd, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.feig_iso.frames import encode_command, encode_reply
from reader_drivers.feig_iso.machine import FeigIsoDriver
from reader_drivers.reads import TagRead
from tests.reader_drivers.feig_iso.answers import (
    INVENTORY,
    NO_TAG,
    RESET,
    RESET_DONE,
    SWITCHED,
    VERSION_ANSWER,
    A,
    B,
    next_pass,
    of,
    uids,
)


def numbered(antenna: int, *uids: str, status: int = 0, strays: tuple[int, ...] = ()) -> bytes:
    """Answer of a reader that tells antennas. Source: RF290R manual, section 8.2."""
    heard = b"".join(bytes((number, 0, 60)) + bytes(4) for number in (antenna, *strays))
    records = b"".join(b"\x10\x03\x00\x08" + bytes.fromhex(uid) + bytes((1 + len(strays),)) + heard for uid in uids)
    return encode_reply(0xB0, status, bytes((len(uids),)) + records)


@pytest.fixture
def two_antennas() -> FeigIsoDriver:
    """A driver whose first inventory, by antenna 1, is on its way; its pass began at 10."""
    driver = FeigIsoDriver()
    driver.start(ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1, 3)))
    driver.feed(VERSION_ANSWER, 0)
    driver.feed(SWITCHED, 5)
    assert driver.feed(RESET_DONE, 10).sent == encode_command(0xB0, b"\x01\x10\x01")
    return driver


def test_antennas_take_turns_with_a_pass_of_their_own(two_antennas: FeigIsoDriver) -> None:
    first = two_antennas.feed(numbered(1, A), 60)
    asked = two_antennas.feed(RESET_DONE, 70)
    part = two_antennas.feed(numbered(3, B, status=0x94), 90)
    rest = two_antennas.feed(NO_TAG, 100)

    assert (first.sent, asked.sent) == (RESET, encode_command(0xB0, b"\x01\x10\x04"))
    assert part.sent == encode_command(0xB0, b"\x01\x90\x04")
    assert of(PassEnd, first.events + part.events + rest.events) == [PassEnd(1, 1, 10, 60), PassEnd(3, 1, 70, 100)]
    assert two_antennas.feed(RESET_DONE, 110).sent == encode_command(0xB0, b"\x01\x10\x01")


def test_tag_that_two_antennas_heard_is_a_read_of_each(two_antennas: FeigIsoDriver) -> None:
    reads = of(TagRead, two_antennas.feed(numbered(1, A, strays=(3,)), 60).events)

    assert [(read.id_hex, read.antenna) for read in reads if isinstance(read, TagRead)] == [(A, 1), (A, 3)]


def test_reader_that_names_no_antennas_is_a_fault_that_says_what_to_write(two_antennas: FeigIsoDriver) -> None:
    state = two_antennas.feed(encode_reply(0xB0, 0x11), 60).events[-1]

    assert isinstance(state, ReaderState)
    assert (state.phase, "antennas = [1]" in state.detail) == (ReaderPhase.FAULT, True)


def test_cut_of_the_other_antenna_leaves_the_running_pass(two_antennas: FeigIsoDriver) -> None:
    assert two_antennas.end_passes((3,), 20).events == ()
    assert of(PassEnd, two_antennas.feed(numbered(1, A), 60).events) == [PassEnd(1, 1, 10, 60)]


@pytest.mark.parametrize("status", [0x83, 0x84, 0x93])
def test_tags_of_a_disturbed_inventory_count_and_prove_no_silence(reading: FeigIsoDriver, status: int) -> None:
    raw = encode_reply(0xB0, status, b"\x01\x03\x00" + bytes.fromhex(A))

    events = reading.feed(raw, 60).events
    next_pass(reading, 300)
    empty = reading.feed(encode_reply(0xB0, status), 320).events

    assert uids(events) == [A]
    assert of(PassEnd, events) == [PassEnd(1, 1, 10, 60)]
    assert [event.error_code for event in events if isinstance(event, ReaderError)] == [f"{status:02X}"]
    assert of(PassEnd, empty) == []


def test_field_that_is_reset_under_a_radio_warning_is_reset(reading: FeigIsoDriver) -> None:
    reading.feed(NO_TAG, 40)

    assert reading.feed(encode_reply(0x69, 0x84), 50).sent == INVENTORY


def test_radio_warning_is_said_once_and_nothing_waits_for_its_end(reading: FeigIsoDriver) -> None:
    raw = encode_reply(0xB0, 0x84, b"\x01\x03\x00" + bytes.fromhex(A))

    first = reading.feed(raw, 60)
    next_pass(reading, 70)
    second = reading.feed(raw, 90)

    assert (first.sent, second.sent) == (RESET, RESET)
    assert (len(of(ReaderError, first.events)), len(of(ReaderError, second.events))) == (1, 0)
