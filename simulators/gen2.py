"""Gen2 tags as any reader meets them on the air: which answer a query, and what their memory banks hold and take.

Source: EPC Gen2 air interface (UHF RFID V2.0), 6.3.2. Tags forget their flags between two orders: persistence is not modelled.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Final

from simulators.tags import Tag

BANK_RESERVED, BANK_EPC, BANK_TID, BANK_USER = range(4)
EPC_FIRST_WORD: Final = 2
"""Words 0 and 1 of the EPC bank are the stored CRC and the protocol control word."""
EPC_CAPACITY_BYTES: Final = 16
"""Room for an EPC in the chips that shops use most; a tag that was made with a longer one has room for that."""
FLAG_SELECTED: Final = 4
"""Target of a select that means the SL flag; 0 to 3 mean the inventoried flag of that session."""
QUERY_ALL, QUERY_NOT_SELECTED, QUERY_SELECTED = 0, 2, 3

_POLYNOMIAL: Final = 0x1021


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        register = byte << 8
        for _ in range(8):
            register = ((register << 1) ^ _POLYNOMIAL if register & 0x8000 else register << 1) & 0xFFFF
        rows.append(register)
    return tuple(rows)


_TABLE: Final = _table()


def gen2_checksum(words: bytes) -> int:
    """The CRC a tag sends after PC and EPC (CRC-16/GENIBUS: poly 1021, start and final xor FFFF).

    >>> f"{gen2_checksum(bytes.fromhex('3400 30751FEB705C5904E3D50D70')):04X}"
    '3A76'
    """
    register = 0xFFFF
    for byte in words:
        register = ((register << 8) & 0xFFFF) ^ _TABLE[register >> 8 ^ byte]
    return register ^ 0xFFFF


def protocol_control(tag: Tag) -> bytes:
    """The PC word of a tag: it says the length of the EPC in words and nothing else."""
    return (len(tag.epc) // 2 << 11).to_bytes(2, "big")


class TagError(ValueError):
    """A tag or its reader refuses an access; `code` is the Gen2 error code."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


OVERRUN: Final = 0x03
LOCKED: Final = 0x04


class PasswordError(ValueError):
    """The access password is not the tag's: the tag answers nothing more."""


_ACTIONS: Final[tuple[Callable[[bool, bool], bool], ...]] = (
    lambda matches, _: matches,
    lambda matches, before: before or matches,
    lambda matches, before: before and matches,
    lambda matches, before: before != matches,
    lambda matches, _: not matches,
    lambda matches, before: before and not matches,
    lambda matches, before: before or not matches,
    lambda matches, before: before if matches else not before,
)
"""(tag matches, flag before) → flag after; True = inventoried A, or SL asserted. Gen2 table 6.29."""


@dataclasses.dataclass(frozen=True, slots=True)
class Select:
    """One Select command."""

    target: int
    """0 to 3: the inventoried flag of that session; `FLAG_SELECTED`: the SL flag."""
    action: int
    """0 to 7."""
    bank: int
    pointer: int
    """First bit of the mask in the bank."""
    length: int
    """Bits of the mask; 0 matches every tag."""
    mask: bytes
    """Left-aligned."""

    def matches(self, tag: Tag) -> bool:
        """True: the tag has these bits there."""
        bits = "".join(f"{byte:08b}" for byte in bank_of(tag, self.bank))
        wanted = "".join(f"{byte:08b}" for byte in self.mask)[: self.length]
        return bits[self.pointer : self.pointer + self.length] == wanted

    def flag_of(self, tag: Tag, *, before: bool) -> bool:
        """The target flag of the tag after this select."""
        return _ACTIONS[self.action](self.matches(tag), before)


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """Which tags an inventory asks."""

    session: int = 0
    wants_a: bool = True
    """False: tags whose inventoried flag is B."""
    selected: int = QUERY_ALL
    """`QUERY_ALL`, `QUERY_SELECTED` or `QUERY_NOT_SELECTED`."""


def answering(tags: Iterable[Tag], query: Query, select: Select | None) -> list[Tag]:
    """The tags that answer the query after the select, if one was sent."""
    found = []
    for tag in tags:
        inventoried, is_selected = True, False
        if select is not None and select.target == FLAG_SELECTED:
            is_selected = select.flag_of(tag, before=False)
        elif select is not None and select.target == query.session:
            inventoried = select.flag_of(tag, before=True)
        is_meant = query.selected not in {QUERY_SELECTED, QUERY_NOT_SELECTED} or is_selected == (
            query.selected == QUERY_SELECTED
        )
        # A tag at rest is in state A; a host that asks for B after it has asked for A finds those it has heard.
        if is_meant and (select is None or select.target != query.session or inventoried == query.wants_a):
            found.append(tag)
    return found


def bank_of(tag: Tag, bank: int) -> bytes:
    """The content of one memory bank. User and reserved memory are not simulated: they are empty."""
    match bank:
        case 1:
            return gen2_checksum(protocol_control(tag) + tag.epc).to_bytes(2, "big") + protocol_control(tag) + tag.epc
        case 2:
            return tag.tid
        case _:
            return b""


def read_words(tag: Tag, bank: int, *, first: int, words: int) -> bytes:
    """`words` words of a bank from word `first` on. Raises: TagError: memory overrun."""
    memory = bank_of(tag, bank)
    found = memory[first * 2 : (first + words) * 2]
    if len(found) < words * 2 or not words:
        raise TagError(OVERRUN, "the bank has not that many words")
    return found


def with_words(tag: Tag, words: bytes, *, bank: int, first: int, password: bytes) -> Tag:
    """The tag after words were written to a bank from word `first` on; only the EPC bank takes any.

    Raises: PasswordError: a password was given and is not the tag's. TagError: overrun, or locked and none was given.
    """
    is_given = any(password)
    if is_given and password != (tag.access_password or bytes(4)):
        raise PasswordError("the access password is another one")
    if bank != BANK_EPC or (tag.access_password and not is_given):
        raise TagError(LOCKED, "the bank is locked")
    capacity = max(EPC_CAPACITY_BYTES, len(tag.epc))
    memory = bytearray(bank_of(tag, BANK_EPC).ljust(EPC_FIRST_WORD * 2 + capacity, b"\0"))
    if first < 1 or first * 2 + len(words) > len(memory):
        raise TagError(OVERRUN, "the words lie outside the EPC bank")
    memory[first * 2 : first * 2 + len(words)] = words
    length = (memory[2] >> 3) * 2
    if length > capacity:
        raise TagError(OVERRUN, "the protocol control word claims more than there is")
    return dataclasses.replace(tag, epc=bytes(memory[4 : 4 + length]))
