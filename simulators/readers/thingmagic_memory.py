"""Writing to a tag through a simulated module: which tag a write command means, and which words it changes.

==  ==================================================================================
op  data
==  ==================================================================================
23  timeout (2), option, [selection], EPC: rewrites the EPC and its length; option 00 is followed by one more 00
24  timeout (2), option 00, word address (4), bank, words: the EPC from word 2 on only
==  ==================================================================================

Options of op 23: 00 none, a module writes to whichever tag answers first; 01 by EPC: password (4), bits (1), EPC; 02 by
TID: password (4), first bit (4), bits (1), TID; 05 password (4) alone. With 20 added the bit length has two bytes.
Layouts from published captures of the vendor's reader program.
"""

import dataclasses
from typing import Final

from simulators.readers.thingmagic_records import PlanError
from simulators.tags import Tag

EPC_BYTES_MAX: Final = 62
EPC_FIRST_WORD: Final = 2
"""Words 0 and 1 of the EPC bank are the stored CRC and the protocol control word."""
BANK_EPC: Final = 1
MEMORY_OVERRUN: Final = 0x0423
MEMORY_LOCKED: Final = 0x0424
SELECT_NONE, SELECT_EPC, SELECT_TID, PASSWORD_ONLY = 0x00, 0x01, 0x02, 0x05
LONG_LENGTH: Final = 0x20


@dataclasses.dataclass(frozen=True, slots=True)
class EpcWrite:
    """One op 23 command."""

    epc: bytes
    password: bytes = bytes(4)
    bank: int = SELECT_NONE
    """Which memory the selection looks at: SELECT_EPC, SELECT_TID, or SELECT_NONE: every tag is meant."""
    first_byte: int = 0
    mask: bytes = b""

    def means(self, tag: Tag) -> bool:
        """True: the selection matches this tag."""
        memory = {SELECT_EPC: tag.epc, SELECT_TID: tag.tid}.get(self.bank, b"")
        return memory[self.first_byte : self.first_byte + len(self.mask)] == self.mask


def parse_epc_write(payload: bytes) -> EpcWrite:
    """The command in the data of op 23. Raises: PlanError: too short (0100), or an option that is not simulated (0105)."""
    if len(payload) < 4:
        raise PlanError(0x0100, "op 23 needs a timeout and an option")
    option, rest = payload[2] & ~LONG_LENGTH, payload[3:]
    if option == SELECT_NONE:
        if rest[0]:
            raise PlanError(0x0105, "the byte behind option 00 is not 00")
        return EpcWrite(_whole_words(rest[1:]))
    if option not in {SELECT_EPC, SELECT_TID, PASSWORD_ONLY}:
        raise PlanError(0x0105, "this selection is not simulated")
    password, rest = rest[:4], rest[4:]
    if option == PASSWORD_ONLY:
        return EpcWrite(_whole_words(rest), password)
    first_bit = 0
    if option == SELECT_TID:
        first_bit, rest = int.from_bytes(rest[:4], "big"), rest[4:]
    length_bytes = 2 if payload[2] & LONG_LENGTH else 1
    bits, rest = int.from_bytes(rest[:length_bytes], "big"), rest[length_bytes:]
    if bits % 8 or first_bit % 8:
        raise PlanError(0x0105, "only selections by whole bytes are simulated")
    mask, epc = rest[: bits // 8], rest[bits // 8 :]
    return EpcWrite(_whole_words(epc), password, option, first_bit // 8, mask)


def _whole_words(epc: bytes) -> bytes:
    if len(epc) < 2 or len(epc) % 2:
        raise PlanError(0x0100, "an EPC is whole 16-bit words")
    return epc


def written_epc(tag: Tag, order: EpcWrite) -> Tag:
    """`tag` after op 23. Raises: PlanError: too long an EPC (0423), or locked and the password is another (0424)."""
    if len(order.epc) > EPC_BYTES_MAX:
        raise PlanError(MEMORY_OVERRUN, "the tag has no room for this EPC")
    if tag.access_password and tag.access_password != order.password:
        raise PlanError(MEMORY_LOCKED, "the tag is locked")
    return dataclasses.replace(tag, epc=order.epc)


def written_words(tag: Tag, payload: bytes) -> Tag:
    """`tag` after op 24. Raises: PlanError: no words (0100), an option (0105), a place without memory (0423, 0424)."""
    words = payload[8:]
    if len(words) < 2 or len(words) % 2:
        raise PlanError(0x0100, "data are whole 16-bit words")
    if payload[2] != 0:
        raise PlanError(0x0105, "only unselected writes are simulated")
    if payload[7] != BANK_EPC:
        raise PlanError(MEMORY_LOCKED, "only the EPC bank can be written")
    first = (int.from_bytes(payload[3:7], "big") - EPC_FIRST_WORD) * 2
    if first < 0 or first + len(words) > len(tag.epc):
        raise PlanError(MEMORY_OVERRUN, "the words lie outside the EPC")
    return dataclasses.replace(tag, epc=tag.epc[:first] + words + tag.epc[first + len(words) :])
