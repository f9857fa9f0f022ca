"""Frames of a ThingMagic module as the module sees them: commands in, replies out.

======  ====  =======================================================================
offset  size  meaning
======  ====  =======================================================================
0       1     ``FF``
1       1     LEN: bytes of data only, at most 250
2       1     opcode
3       2     status, big endian; replies only
3 or 5  LEN   data
last    2     checksum over LEN..data, big endian: nibbles shifted in low, poly 1021, start FFFF
======  ====  =======================================================================

>>> encode_reply(0x93).hex().upper()
'FF00930000371A'
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

from simulators.commands import CommandBuffer

START: Final = 0xFF
DATA_BYTES_MAX: Final = 250


def _nibble_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for nibble in range(16):
        register = nibble << 12
        for _ in range(4):
            register = ((register << 1) ^ polynomial if register & 0x8000 else register << 1) & 0xFFFF
        table.append(register)
    return tuple(table)


_TABLE: Final = _nibble_table(0x1021)


def _byte_table() -> tuple[int, ...]:
    # Two nibble steps of the low-shifting register are one byte step: the high byte picks what both fold in.
    table = []
    for high in range(256):
        register = high << 8
        for _ in range(2):
            register = ((register << 4) & 0xFFFF) ^ _TABLE[register >> 12]
        table.append(register)
    return tuple(table)


_BYTE_TABLE: Final = _byte_table()


def checksum(covered: bytes) -> int:
    """The module's 16-bit checksum over LEN..data; not CCITT-FALSE, because message bits enter at the low end."""
    register = 0xFFFF
    for byte in covered:
        register = (((register << 8) & 0xFFFF) | byte) ^ _BYTE_TABLE[register >> 8]
    return register


def encode_reply(opcode: int, payload: bytes = b"", *, status: int = 0) -> bytes:
    """The reply frame of `opcode`; a status other than 0 says why the command was not obeyed.

    Raises: ValueError: `payload` is longer than a frame can carry.
    """
    if len(payload) > DATA_BYTES_MAX:
        raise ValueError(f"A reply of {len(payload)} bytes does not fit; a frame carries at most {DATA_BYTES_MAX}.")
    covered = bytes((len(payload), opcode, status >> 8, status & 0xFF)) + payload
    return b"\xff" + covered + checksum(covered).to_bytes(2, "big")


def encode_command(opcode: int, payload: bytes = b"") -> bytes:
    """The command frame a host would send; the simulator's own tools and tests use it."""
    covered = bytes((len(payload), opcode)) + payload
    return b"\xff" + covered + checksum(covered).to_bytes(2, "big")


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command whose checksum was right."""

    opcode: int
    payload: bytes
    """The data bytes, 0 to 250."""


class CommandReader(CommandBuffer[Command]):
    """Finds commands in the bytes a host sends; what fails its checksum is passed over in silence."""

    def _commands(self) -> Iterator[Command]:
        buffer = self._buffer
        while len(buffer) >= 2:
            # A second FF after the first is a wake-up byte: no command is 255 long.
            if buffer[0] != START or buffer[1] > DATA_BYTES_MAX:
                del buffer[0]
                continue
            end = buffer[1] + 5
            if len(buffer) < end:
                return
            if checksum(bytes(buffer[1 : end - 2])) == int.from_bytes(buffer[end - 2 : end], "big"):
                yield Command(buffer[2], bytes(buffer[3 : end - 2]))
            # A module counts bytes by LEN, so a frame that fails its checksum goes as a whole.
            del buffer[:end]
