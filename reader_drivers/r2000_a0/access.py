"""Access: the orders by which an R2000 reader reads the TID of one tag or writes its EPC, one after the other.

| order | payload |
|---|---|
| 81 | bank, word, words, password (4) |
| 82 | password (4), bank, word, words, data |
| 85 | 00, length, EPC: access orders reach only tags with this EPC; 01: every tag |
| answer to 81, 82 | tags answering (2), length, PC (2), EPC, tag CRC (2), then data and their length, or a code; frequency and antenna, count |

An answer holds the tag's own checksum, so a damaged one is told apart although the frame has one check byte. Word 1 of the EPC
bank is the control word: written with the EPC, it gives it its length. Source: readers.md section 2; pyImpinj 1.3.
"""

from binascii import crc_hqx
from collections.abc import Generator
from typing import Final, NamedTuple, TypeAlias

from reader_drivers.driver import EpcChange, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.errors import FrameError
from reader_drivers.r2000_a0 import orders
from reader_drivers.r2000_a0.bring_up import Step
from reader_drivers.tid_asking import TidAsking

BANK_EPC: Final = 1
BANK_TID: Final = 2
CONTROL_WORD: Final = 1
WRITES_MAX: Final = 5
"""A tag that does not answer is tried this often: one inventory in ten misses a tag that lies well."""
READ_FAILED: Final = 0x32
EVERY_TAG: Final = b"\x01"

REFUSALS: Final = {
    0x33: WriteRefusal.WEAK_FIELD,
    0x36: WriteRefusal.NO_TAG,
    0x37: WriteRefusal.WEAK_FIELD,
    0x40: WriteRefusal.LOCKED,
    0x42: WriteRefusal.TOO_LONG,
    0x50: WriteRefusal.WEAK_FIELD,
}
"""What an error code says about the tag that was to be written."""


class TagAnswer(NamedTuple):
    """What one tag said to an access order."""

    tags: int
    """Tags that answer the order, each by a frame of its own."""
    epc: bytes
    result: bytes
    """The words read, or one code for a write."""


class Outcome(NamedTuple):
    """The answers to one order."""

    code: int
    """`orders.DONE`, or why it was not obeyed."""
    tags: tuple[TagAnswer, ...] = ()


Work: TypeAlias = Generator[Step, Outcome, tuple[TidRead | WriteAnswer, ...]]
"""Gives the orders one by one, takes the outcome of each, and returns what came of them."""


def decode_tag_answer(order: int, payload: bytes) -> TagAnswer:
    """One tag's answer to 81 or 82. Raises: FrameError: lengths do not fit, or the tag's checksum does not."""
    epc_bytes = (payload[3] >> 3) * 2 if len(payload) > 3 else 0
    memory, rest = payload[3 : 5 + epc_bytes], payload[5 + epc_bytes : -2]
    is_read = order == orders.READ
    result = rest[2:-1] if is_read else rest[2:]
    if len(rest) < 3 or (is_read and rest[-1] != len(result)) or (not is_read and len(result) != 1):
        raise FrameError("length", f"an access answer of {len(payload)} bytes does not fit its own lengths")
    if crc_hqx(memory, 0xFFFF) ^ 0xFFFF != int.from_bytes(rest[:2], "big"):
        raise FrameError("crc", "the tag's own checksum does not fit its EPC")
    return TagAnswer(int.from_bytes(payload[:2], "big"), memory[2:], result)


def reading(epc: bytes, antennas: tuple[int, ...]) -> Work:
    """Ask the tags with this EPC for their TID, antenna by antenna."""
    asking = TidAsking(epc)
    yield _match(epc)
    for antenna in antennas:
        yield orders.SET_ANTENNA, bytes((antenna - 1,))
        asking.again()
        while asking.goes_on:
            outcome = yield orders.READ, bytes((BANK_TID, 0, asking.words)) + bytes(4)
            if outcome.code == READ_FAILED:
                asking.shorten()
            else:
                asking.hear(*(tag.result for tag in outcome.tags if tag.epc == epc))
    yield orders.SET_MATCH, EVERY_TAG
    return asking.answers()


def writing(change: EpcChange) -> Work:
    """Write the tag with the old EPC; that no other has it was looked at before."""
    words = len(change.epc) // 2
    content = (words << 11).to_bytes(2, "big") + change.epc
    place = change.access_password + bytes((BANK_EPC, CONTROL_WORD, words + 1))
    yield _match(change.old_epc)
    yield orders.SET_ANTENNA, bytes((change.antenna - 1,))
    outcome = Outcome(orders.DONE)
    for _ in range(WRITES_MAX):
        outcome = yield orders.WRITE, place + content
        if outcome.code not in orders.NO_TAG:
            break
    yield orders.SET_MATCH, EVERY_TAG
    codes = [outcome.code, *(tag.result[0] for tag in outcome.tags)]
    return (_answer(next((code for code in codes if code != orders.DONE), orders.DONE)),)


def _match(epc: bytes) -> Step:
    return orders.SET_MATCH, bytes((0, len(epc))) + epc


def _answer(code: int) -> WriteAnswer:
    if code == orders.DONE:
        return WriteAnswer(None)
    return WriteAnswer(
        REFUSALS.get(code, WriteRefusal.READER_REFUSED), f"The reader says {code:02X}: {orders.meaning(code)}."
    )
