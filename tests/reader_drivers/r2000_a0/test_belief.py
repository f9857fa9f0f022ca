"""What the check byte of an R2000 frame lets through, and what a second hearing makes of it."""

import contextlib
import dataclasses
import random

import pytest

from reader_drivers.belief import BELIEF_MS, CODES_MAX, Belief
from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.r2000_a0.frames import Frame, FrameHunt
from reader_drivers.r2000_a0.machine import QUIET_MS, R2000Driver
from reader_drivers.r2000_a0.orders import INVENTORIES
from reader_drivers.r2000_a0.tags import Tag, decode_answer
from reader_drivers.reads import TagRead
from tests.reader_drivers.r2000_a0.obedient_reader import EU, Reader, bring_up, end, of, tag

ONE = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))


@pytest.fixture
def reading() -> R2000Driver:
    driver = R2000Driver()
    bring_up(driver, Reader(), ONE)
    return driver


def with_turned_bits(frame: bytes, chance: random.Random) -> bytes:
    turned = bytearray(frame)
    for bit in chance.sample(range(8 * len(frame)), 2):
        turned[bit // 8] ^= 1 << bit % 8
    return bytes(turned)


def told_by(frame: bytes) -> str | None:
    """The code that passes check byte, length and control word."""
    for part in FrameHunt().feed(frame):
        if isinstance(part, Frame) and part.order in INVENTORIES:
            with contextlib.suppress(FrameError):
                answer = decode_answer(part.order, part.payload)
                if isinstance(answer, Tag) and answer.is_whole:
                    return answer.epc.hex().upper()
    return None


def test_two_turned_bits_pass_every_check_of_a_frame_and_tell_a_code_of_no_tag() -> None:
    chance = random.Random(5)
    codes = [chance.randbytes(12).hex().upper() for _ in range(2_000)]

    false = [told for code in codes if (told := told_by(with_turned_bits(tag(code), chance))) not in {None, code}]

    assert len(false) > 20, "were this 0, the second hearing would not be needed"


def test_no_damaged_code_of_20_000_tags_is_believed_and_every_code_told_twice_is() -> None:
    chance, belief = random.Random(6), Belief()
    codes = [chance.randbytes(12).hex().upper() for _ in range(20_000)]
    believed, intact = set[str](), dict[str, int]()

    for round_no in range(3):
        for code in codes:
            is_damaged = chance.random() < 0.02
            frame = with_turned_bits(tag(code), chance) if is_damaged else tag(code)
            told = told_by(frame)
            intact[code] = intact.get(code, 0) + (not is_damaged)
            # A frame that the cable repeats is heard twice in one round.
            for _ in range(2 if told and chance.random() < 0.05 else 1):
                if told and belief.hear(bytes.fromhex(told), frame, round_no=round_no, now=1_000 * round_no):
                    believed.add(told)

    assert believed <= set(codes)
    assert {code for code, times in intact.items() if times >= 2} <= believed
    assert len(belief.close()) > 40


def test_no_more_codes_are_kept_than_the_limit_and_the_oldest_goes_first() -> None:
    belief = Belief()
    for number in range(CODES_MAX + 2):
        belief.hear(number.to_bytes(4, "big"), b"frame", round_no=number, now=0)

    assert len(belief.expire(0)) == 2
    assert not belief.hear(bytes(4), b"frame", round_no=0, now=0)
    assert belief.hear((CODES_MAX + 1).to_bytes(4, "big"), b"frame", round_no=0, now=BELIEF_MS)


def test_code_heard_once_is_told_when_its_time_is_over() -> None:
    belief = Belief()
    belief.hear(b"\x30\x34", b"frame", round_no=1, now=0)

    assert belief.expire(BELIEF_MS) == ()
    (told,) = belief.expire(BELIEF_MS + 1)
    assert isinstance(told, Rejected)
    assert told.raw == b"frame"
    assert belief.close() == ()


def test_code_counts_from_its_second_round_on_and_is_told_if_it_never_does(reading: R2000Driver) -> None:
    # Repeated on its way, a damaged frame is still one hearing.
    damaged = tag("AA22")
    first = reading.feed(tag("AA11") + damaged + damaged + end(2), 10)
    second = reading.feed(tag("AA11") + end(1), 20)
    reading.stop()
    stopped = reading.feed(tag("AA11") + end(1), 30)

    assert of(TagRead, first.events) == []
    assert len(of(TagRead, second.events)) == len(of(TagRead, stopped.events)) == 1
    (rejected,) = of(Rejected, reading.tick(30 + QUIET_MS).events)
    assert isinstance(rejected, Rejected)
    assert (rejected.raw, rejected.reason.split(":")[0]) == (damaged, "unconfirmed")


def test_code_that_was_silent_for_long_has_to_be_confirmed_again(reading: R2000Driver) -> None:
    for _ in range(2):
        reading.feed(tag("AA11") + end(1), 0)

    late = [reading.feed(tag("AA11") + end(1), BELIEF_MS + 1 + now) for now in (0, BELIEF_MS)]

    assert [len(of(TagRead, output.events)) for output in late] == [0, 1]
    assert of(Rejected, reading.tick(3 * BELIEF_MS).events) == []


def test_restart_believes_nobody(reading: R2000Driver) -> None:
    reading.feed(tag("AA11") + end(1) + tag("AA11"), 10)
    reading.stop()
    reading.feed(end(1), 20)
    bring_up(reading, Reader(region=EU), ONE)

    assert of(TagRead, reading.feed(tag("AA11"), 30).events) == []


def test_report_of_an_antenna_that_was_not_asked_is_rejected(reading: R2000Driver) -> None:
    (event,) = reading.feed(tag("AA11", antenna=3), 10).events

    assert isinstance(event, Rejected)
    assert event.reason.startswith("antenna:")


def test_antenna_beyond_the_fourth_may_call_itself_by_two_bits() -> None:
    driver = R2000Driver()
    bring_up(driver, Reader(), dataclasses.replace(ONE, antennas=(5,)))

    output = driver.feed(tag("AA11", antenna=5) + end(1) + tag("AA11", antenna=1), 10)

    assert [read.antenna for read in of(TagRead, output.events) if isinstance(read, TagRead)] == [5]
