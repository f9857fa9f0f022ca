"""Frames of a UHFReader18 or UHFReader288 as the reader sees them: commands in, replies out.

======  ====  ==========================================================================
offset  size  meaning
======  ====  ==========================================================================
0       1     LEN: bytes after this one, so whole frame = LEN + 1
1       1     address; a command to FF is for every reader
2       1     command
3       1     status; replies only
3 or 4        parameters or answer
last    2     CRC over LEN..answer, low byte first: poly 8408 reflected, start FFFF, no xor
======  ====  ==========================================================================

There is no start byte: a reader that waits longer than 15 ms for the next byte begins anew with it (manual of the
UHFReader288MP V1.15, chapter 2).

>>> encode_reply(0x40, 0x00).hex().upper()
'05004000102B'
"""

import dataclasses
from collections.abc import Iterator
from typing import ClassVar, Final

from simulators.commands import CommandBuffer

LEN_MIN: Final = 4
LEN_MAX: Final = 255
ANSWER_BYTES_MAX: Final = LEN_MAX - 5
BYTE_GAP_S: Final = 0.015
BROADCAST: Final = 0xFF


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = register >> 1 ^ 0x8408 if register & 1 else register >> 1
        table.append(register)
    return tuple(table)


_TABLE: Final = _table()


def checksum(covered: bytes) -> int:
    """CRC-16/MCRF4XX; over a whole good frame it is 0."""
    register = 0xFFFF
    for byte in covered:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def _closed(covered: bytes) -> bytes:
    return covered + checksum(covered).to_bytes(2, "little")


def encode_reply(command: int, status: int, answer: bytes = b"", *, address: int = 0) -> bytes:
    """The reply to `command`. Raises: ValueError: the answer is longer than a frame carries."""
    if len(answer) > ANSWER_BYTES_MAX:
        raise ValueError(f"An answer of {len(answer)} bytes does not fit; a frame carries at most {ANSWER_BYTES_MAX}.")
    return _closed(bytes((len(answer) + 5, address, command, status)) + answer)


def encode_command(command: int, parameters: bytes = b"", *, address: int = 0) -> bytes:
    """The frame a host would send; the simulator's own tests use it."""
    return _closed(bytes((len(parameters) + 4, address, command)) + parameters)


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One whole command."""

    address: int
    command: int
    parameters: bytes
    is_intact: bool
    """False: its CRC was wrong; the reader answers that it did not understand."""


class CommandReader(CommandBuffer[Command]):
    """Cuts the bytes of a host into commands by their length byte alone, as the firmware does."""

    gap_s: ClassVar[float] = BYTE_GAP_S

    def _commands(self) -> Iterator[Command]:
        while self._buffer:
            end = self._buffer[0] + 1
            if end <= LEN_MIN:
                del self._buffer[0]
                continue
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            yield Command(frame[1], frame[2], frame[3:-2], checksum(frame) == 0)
