"""Writing to a tag through a simulated module: which words a write command changes.

==  ==================================================================================
op  data
==  ==================================================================================
23  timeout (2), option 00, 00, EPC: rewrites the EPC and its length
24  timeout (2), option 00, word address (4), bank, words: the EPC from word 2 on only
==  ==================================================================================

Selection and passwords (other options) are not simulated; a module writes to whichever tag answers first.
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


def written_epc(tag: Tag, payload: bytes) -> Tag:
    """`tag` after op 23. Raises: PlanError: no EPC (0100), an option (0105) or too long an EPC (0423)."""
    epc = payload[4:]
    if len(epc) < 2 or len(epc) % 2:
        raise PlanError(0x0100, "an EPC is whole 16-bit words")
    if payload[2:4] != b"\x00\x00":
        raise PlanError(0x0105, "only unselected writes are simulated")
    if len(epc) > EPC_BYTES_MAX:
        raise PlanError(MEMORY_OVERRUN, "the tag has no room for this EPC")
    return dataclasses.replace(tag, epc=epc)


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
