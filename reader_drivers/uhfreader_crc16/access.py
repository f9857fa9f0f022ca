"""Access: the orders by which a UHFReader reads the TID of one tag or writes its EPC, one after the other.

| order | payload |
|---|---|
| 02 | EPC words, EPC, bank, word, words, password (4), [mask] |
| 03 | words, EPC words, EPC, bank, word, data, password (4), [mask] |
| 3F | antennas as bits, bit 7: not beyond the power switch; readers of the 288 kind |
| mask | bank, first bit (2), bits (1), bits; in place of an EPC, whose words are FF then; readers of the 288 kind |

A 288 writes to the tag with this TID and no other. An 18 knows no mask: it writes to the tag with the old EPC, and order 04
would write to whichever tag answers. Word 1 of the EPC bank is the control word: written with the EPC, it gives it its length.
Source: CF-MU804 manual V1.15, chapters 6 and 8.2; readers.md section 4.
"""

from collections.abc import Generator
from typing import Final, NamedTuple, TypeAlias

from reader_drivers.driver import EpcChange, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.tid_asking import TidAsking
from reader_drivers.uhfreader_crc16 import numbers
from reader_drivers.uhfreader_crc16.bring_up import Step
from reader_drivers.uhfreader_crc16.orders import UHFREADER288, Profile

BANK_EPC: Final = 1
BANK_TID: Final = 2
CONTROL_WORD: Final = 1
EPC_FIRST_BIT: Final = 0x20
EPC_WORDS_MAX: Final = 15
"""Longest EPC by which an order can name a tag."""
BY_MASK: Final = b"\xff"
MASK_BYTES_MAX: Final = 31
"""The length of a mask is one byte of bits."""
NOT_KEPT: Final = 0x80
WRITES_MAX: Final = 5
"""A tag that does not answer is tried this often: one inventory in ten misses a tag that lies well."""
NO_MEMORY: Final = 0x03
_TAG_REFUSALS: Final = {
    NO_MEMORY: WriteRefusal.TOO_LONG,
    0x04: WriteRefusal.LOCKED,
    0x0B: WriteRefusal.WEAK_FIELD,
}
"""The tag's own code behind status FC."""
_REFUSALS: Final = {
    numbers.WRONG_PASSWORD: WriteRefusal.LOCKED,
    numbers.POOR_LINK: WriteRefusal.WEAK_FIELD,
    numbers.NO_TAG: WriteRefusal.NO_TAG,
}


class Outcome(NamedTuple):
    """The answer to one order."""

    status: int
    payload: bytes

    @property
    def tag_code(self) -> int | None:
        """Why the tag refused; None: it did not."""
        return self.payload[0] if self.status == numbers.TAG_ERROR and self.payload else None


Work: TypeAlias = Generator[Step, Outcome, tuple[TidRead | WriteAnswer, ...]]
"""Gives the orders one by one, takes the outcome of each, and returns what came of them."""


def reading(epc: bytes, antennas: tuple[int, ...], profile: Profile) -> Work:
    """Ask the tag with this EPC for its TID."""
    asking = TidAsking(epc)
    if profile is UHFREADER288:
        yield _choose(antennas)
    named, mask = (_by_epc(epc), b"") if _is_short(epc) else (BY_MASK, _mask(BANK_EPC, EPC_FIRST_BIT, epc))
    while asking.goes_on:
        place = bytes((BANK_TID, 0, asking.words))
        outcome = yield numbers.READ, named + place + bytes(4) + mask
        if outcome.tag_code == NO_MEMORY:
            asking.shorten()
        else:
            asking.hear(*((outcome.payload,) if outcome.status == numbers.DONE and outcome.payload else ()))
    return asking.answers()


def writing(change: EpcChange, profile: Profile) -> Work:
    """Write the tag that was looked at: the 288 knows it by its TID, the 18 by its old EPC."""
    words = len(change.epc) // 2
    named, mask = _by_epc(change.old_epc), b""
    if profile is UHFREADER288:
        named, mask = BY_MASK, _mask(BANK_TID, 0, change.tid)
        yield _choose((change.antenna,))
    elif not _is_short(change.old_epc):
        detail = f"It can name a tag by an EPC of at most {EPC_WORDS_MAX} words."
        return (WriteAnswer(WriteRefusal.READER_REFUSED, detail),)
    content = (words << 11).to_bytes(2, "big") + change.epc
    order = bytes((words + 1,)) + named + bytes((BANK_EPC, CONTROL_WORD)) + content + change.access_password + mask
    outcome = Outcome(numbers.NO_TAG, b"")
    for _ in range(WRITES_MAX):
        outcome = yield numbers.WRITE, order
        if outcome.status not in {numbers.NO_TAG, numbers.POOR_LINK}:
            break
    return (_answer(outcome),)


def _choose(antennas: tuple[int, ...]) -> Step:
    return numbers.SET_ANTENNAS, bytes((NOT_KEPT | sum(1 << antenna - 1 for antenna in antennas),))


def _is_short(epc: bytes) -> bool:
    return len(epc) <= EPC_WORDS_MAX * 2


def _by_epc(epc: bytes) -> bytes:
    return bytes((len(epc) // 2,)) + epc


def _mask(bank: int, first_bit: int, content: bytes) -> bytes:
    content = content[:MASK_BYTES_MAX]
    return bytes((bank,)) + first_bit.to_bytes(2, "big") + bytes((len(content) * 8,)) + content


def _answer(outcome: Outcome) -> WriteAnswer:
    if outcome.status == numbers.DONE:
        return WriteAnswer(None)
    detail = f"The reader says {outcome.status:02X}: {numbers.STATUS_MEANINGS.get(outcome.status, 'unknown status')}"
    if outcome.tag_code is not None:
        refusal = _TAG_REFUSALS.get(outcome.tag_code, WriteRefusal.NOT_WRITTEN)
        return WriteAnswer(refusal, f"{detail} {outcome.tag_code:02X}.")
    return WriteAnswer(_REFUSALS.get(outcome.status, WriteRefusal.READER_REFUSED), f"{detail}.")
