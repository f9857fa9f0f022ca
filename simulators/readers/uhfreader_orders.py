"""Parameters of the commands that speak to tags, as a UHFReader18 or UHFReader288 takes them apart.

==  ======================================================================================================
01  Reader288: Q, session, [mask bank, first bit (2), bits, mask], [TID word, TID words], [target, antenna,
    scan time]; Reader18: nothing, or TID word and TID words
02  EPC words, EPC, bank, word, words, password (4), [mask bank, first bit (2), bits, mask]
03  words, EPC words, EPC, bank, word, data, password (4), [mask as in 02]
04  EPC words, password (4), EPC
==  ======================================================================================================

EPC words FF in 02 and 03: no EPC but a mask at the end. Manual of the UHFReader288MP V1.15, chapter 8.2.
"""

import dataclasses
from typing import Final

from simulators import gen2
from simulators.tags import Tag

EPC_WORDS_MAX: Final = 15
BY_MASK: Final = 0xFF
READ_WORDS_MAX: Final = 120
WRITE_WORDS_MAX: Final = 32
WRITE_EPC_WORDS_MAX: Final = 31
ANTENNA_FIRST: Final = 0x80
WRONG_LENGTH: Final = 0xFD
WRONG_PARAMETER: Final = 0xFF
WRONG_PASSWORD: Final = 0x05
TAG_ERROR: Final = 0xFC


class Refused(Exception):
    """A command is answered by a status and nothing else."""

    def __init__(self, status: int, answer: bytes = b"") -> None:
        super().__init__(f"status {status:02X}")
        self.status = status
        self.answer = answer


@dataclasses.dataclass(frozen=True, slots=True)
class Mask:
    """Which tags are meant: those with these bits at this place of a bank."""

    bank: int
    first_bit: int
    bits: int
    pattern: bytes

    def means(self, tag: Tag) -> bool:
        """True: the tag has the bits there."""
        memory = gen2.bank_of(tag, self.bank)
        if self.first_bit + self.bits > len(memory) * 8:
            return False
        found = int.from_bytes(memory, "big") >> (len(memory) * 8 - self.first_bit - self.bits)
        wanted = int.from_bytes(self.pattern, "big") >> (len(self.pattern) * 8 - self.bits)
        return found & ((1 << self.bits) - 1) == wanted


EVERY_TAG: Final = Mask(gen2.BANK_EPC, 0, 0, b"")


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """One round as a Reader288 is asked for it."""

    q: int = 4
    has_statistics: bool = False
    has_fast_tid: bool = False
    mask: Mask = EVERY_TAG
    tid_words: tuple[int, int] | None = None
    """First word and words of the TID to tell instead of the EPC; None: tell the EPC."""
    antenna: int | None = None
    """1-based; None: all that are switched on."""
    scan_100ms: int | None = None


def parse_inventory(parameters: bytes) -> Inventory:
    """The round asked for by 01. Raises: Refused: bytes do not add up (FD) or a value is out of its range (FF)."""
    if len(parameters) < 2:
        raise Refused(WRONG_LENGTH)
    flags, session, rest = parameters[0], parameters[1], parameters[2:]
    if flags & 0x1F > 15 or session not in {0, 1, 2, 3, 0xFF}:
        raise Refused(WRONG_PARAMETER)
    inventory = Inventory(flags & 0x0F, bool(flags & 0x80), bool(flags & 0x20))
    mask_bytes = 4 + -(-rest[3] // 8) if len(rest) >= 4 else 0
    # A mask, a TID place and the three of target, antenna and time may each be missing; only one way adds up.
    if mask_bytes and len(rest) - mask_bytes in {0, 2, 3, 5}:
        inventory = dataclasses.replace(inventory, mask=_parse_mask(rest[:mask_bytes]))
        rest = rest[mask_bytes:]
    if len(rest) in {2, 5}:
        if rest[1] > 15:
            raise Refused(WRONG_PARAMETER)
        inventory = dataclasses.replace(inventory, tid_words=(rest[0], rest[1]))
        rest = rest[2:]
    if not rest:
        return inventory
    if len(rest) != 3:
        raise Refused(WRONG_LENGTH)
    target, antenna, scan_100ms = rest
    if target > 1 or not ANTENNA_FIRST <= antenna < ANTENNA_FIRST + 4:
        raise Refused(WRONG_PARAMETER)
    return dataclasses.replace(inventory, antenna=antenna - ANTENNA_FIRST + 1, scan_100ms=scan_100ms)


def _parse_mask(octets: bytes) -> Mask:
    if len(octets) < 4 or len(octets) != 4 + -(-octets[3] // 8):
        raise Refused(WRONG_LENGTH)
    if not 1 <= octets[0] <= 3:
        raise Refused(WRONG_PARAMETER)
    return Mask(octets[0], int.from_bytes(octets[1:3], "big"), octets[3], octets[4:])


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """A read or write of one tag's memory."""

    mask: Mask
    bank: int
    word: int
    words: int
    password: bytes
    content: bytes = b""
    """What to write; empty for a read."""


def parse_access(parameters: bytes, *, is_write: bool) -> Access:
    """The access asked for by 02 or 03. Raises: Refused."""
    rest = parameters
    written_words = 0
    if is_write:
        written_words, rest = (rest[0], rest[1:]) if rest else (0, b"")
        if not 1 <= written_words <= WRITE_WORDS_MAX:
            raise Refused(WRONG_PARAMETER)
    if not rest or (rest[0] > EPC_WORDS_MAX and rest[0] != BY_MASK):
        raise Refused(WRONG_PARAMETER)
    epc_bytes = 0 if rest[0] == BY_MASK else rest[0] * 2
    mask = Mask(gen2.BANK_EPC, gen2.EPC_FIRST_WORD * 16, epc_bytes * 8, rest[1 : 1 + epc_bytes])
    is_masked, rest = rest[0] == BY_MASK, rest[1 + epc_bytes :]
    place_bytes = 2 if is_write else 3
    fixed = place_bytes + written_words * 2 + 4
    if len(rest) < fixed or bool(len(rest) - fixed) != is_masked:
        raise Refused(WRONG_LENGTH)
    bank, word = rest[0], rest[1]
    words = written_words if is_write else rest[2]
    if bank > 3 or not 1 <= words <= READ_WORDS_MAX:
        raise Refused(WRONG_PARAMETER)
    content, password = rest[place_bytes : fixed - 4], rest[fixed - 4 : fixed]
    return Access(_parse_mask(rest[fixed:]) if is_masked else mask, bank, word, words, password, content)


def parse_epc_write(parameters: bytes) -> Access:
    """The write of 04: control word and EPC. Raises: Refused: the length byte and the EPC disagree, or it is too long."""
    if len(parameters) < 5:
        raise Refused(WRONG_LENGTH)
    words, password, epc = parameters[0], parameters[1:5], parameters[5:]
    if words > WRITE_EPC_WORDS_MAX or not epc or len(epc) != words * 2:
        raise Refused(WRONG_PARAMETER)
    content = (words << 11).to_bytes(2, "big") + epc
    return Access(EVERY_TAG, gen2.BANK_EPC, 1, words + 1, password, content)


def read_words(tag: Tag, access: Access) -> bytes:
    """The words of a tag that a read asks for. Raises: Refused: the tag has no memory there (FC 03)."""
    try:
        return gen2.read_words(tag, access.bank, first=access.word, words=access.words)
    except gen2.TagError as error:
        raise Refused(TAG_ERROR, bytes((error.code,))) from error


def written(tag: Tag, access: Access) -> Tag:
    """The tag after a write to its EPC bank. Raises: Refused: no memory there, locked (FC), or another password (05)."""
    try:
        return gen2.with_words(tag, access.content, bank=access.bank, first=access.word, password=access.password)
    except gen2.PasswordError as error:
        raise Refused(WRONG_PASSWORD) from error
    except gen2.TagError as error:
        raise Refused(TAG_ERROR, bytes((error.code,))) from error
