"""Memory of the tags on a simulated FEIG reader, and the host commands that address one of them.

A command is order, mode, then by the mode's lowest bits a UID, then for reads and writes the blocks. With EXT_ADR (20) a
bank byte and two bytes of block number stand in place of one.
"""

import dataclasses
from typing import Final

from simulators.readers.feig_status import (
    COLLISION,
    ISO15693_ERROR,
    ISO_BLOCK_UNAVAILABLE,
    LENGTH_ERROR,
    NO_TRANSPONDER,
    PARAMETER_RANGE,
    UNKNOWN_COMMAND,
    Refusal,
)

ORDERS: Final = {0x02: "stay quiet", 0x23: "read", 0x24: "write", 0x25: "select", 0x26: "reset to ready"}
BLOCKS: Final = 28
BLOCK_BYTES: Final = 4
"""28 blocks of 4 bytes: an ICODE SLIX, the chip most HF jewellery labels carry."""
EXT_ADR: Final = 0x20
ANYBODY, ADDRESSED, SELECTED = 0, 1, 2


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """One order to one tag."""

    order: int
    addressing: int
    uid: bytes
    """Empty unless addressed."""
    rest: bytes
    """Block number, count and what is written."""


def parse_access(request: bytes) -> Access:
    """The order in the data of a host command. Raises: Refusal."""
    order, mode = request[0], request[1]
    if order not in ORDERS:
        raise Refusal(UNKNOWN_COMMAND)
    addressing = mode & 0x07
    if addressing not in {ANYBODY, ADDRESSED, SELECTED}:
        raise Refusal(PARAMETER_RANGE)
    rest = request[2:]
    uid = b""
    if addressing == ADDRESSED:
        uid, rest = rest[:8], rest[8:]
    if addressing == ADDRESSED and len(uid) < 8:
        raise Refusal(LENGTH_ERROR)
    if mode & EXT_ADR:
        # Bank 0 and a high byte 0 are all that these tags have.
        if rest[:1] != b"\x00" or rest[1:2] != b"\x00":
            raise Refusal(ISO15693_ERROR, bytes((ISO_BLOCK_UNAVAILABLE,)))
        rest = rest[2:]
    return Access(order, addressing, uid, rest)


class TagMemory:
    """Blocks of every tag that was ever written or read, zero at first, and which tag is selected."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, bytearray] = {}
        self._selected = b""

    def addressed(self, access: Access, in_field: set[bytes]) -> bytes:
        """UID of the tag that obeys. Raises: Refusal: none does, or several would."""
        if access.addressing == ANYBODY:
            if len(in_field) > 1:
                raise Refusal(COLLISION)
            if not in_field:
                raise Refusal(NO_TRANSPONDER)
            return next(iter(in_field))
        uid = access.uid if access.addressing == ADDRESSED else self._selected
        if uid not in in_field:
            raise Refusal(NO_TRANSPONDER)
        return uid

    def obey(self, access: Access, uid: bytes) -> bytes:
        """The data of the reply of this tag. Raises: Refusal."""
        if access.order == 0x25:
            self._selected = uid
            return b""
        if len(access.rest) < 2:
            raise Refusal(LENGTH_ERROR)
        first, count = access.rest[0], access.rest[1]
        if count == 0 or first + count > BLOCKS:
            raise Refusal(ISO15693_ERROR, bytes((ISO_BLOCK_UNAVAILABLE,)))
        blocks = self._blocks.setdefault(uid, bytearray(BLOCKS * BLOCK_BYTES))
        at = slice(first * BLOCK_BYTES, (first + count) * BLOCK_BYTES)
        if access.order == 0x24:
            if access.rest[2:3] != bytes((BLOCK_BYTES,)) or len(access.rest) != 3 + count * BLOCK_BYTES:
                raise Refusal(LENGTH_ERROR)
            blocks[at] = access.rest[3:]
            return b""
        if len(access.rest) != 2:
            raise Refusal(LENGTH_ERROR)
        read = bytes(blocks[at])
        parts = (read[n : n + BLOCK_BYTES] for n in range(0, len(read), BLOCK_BYTES))
        # A security status goes before each block; it is 00 unless asked for, and no block here is locked.
        return bytes((count, BLOCK_BYTES)) + b"".join(b"\x00" + part for part in parts)
