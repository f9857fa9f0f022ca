"""Frames of a FEIG OBID reader as the reader sees them: commands in, replies out.

=================  ==================  ==================================================
standard offset    advanced offset     meaning
=================  ==================  ==================================================
-                  0                   ``02``
0 (1 byte)         1 (2, big endian)   LEN of the whole frame, checksum included
1                  3                   address: FF any reader, 0..254 the reader's own
2                  4                   command
3                  5                   status; replies only
3 or 4             5 or 6              data
last 2             last 2              CRC over all before it, low byte first
=================  ==================  ==================================================

CRC: reflected polynomial 8408, start FFFF, no final xor. The reader answers in the framing of the command, but what is
longer than 255 bytes goes out in the advanced one (FEIG manual H60301-3e-ID-B, page 17).

>>> encode_reply(0xB0, status=0x01, is_advanced=True).hex().upper()
'02000800B00119CE'
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

from simulators.commands import CommandBuffer

STX: Final = 0x02
STANDARD_BYTES_MAX: Final = 255
COMMAND_BYTES_MIN: Final = 5
"""Length, address, command, checksum."""
ADVANCED_BYTES_MIN: Final = 7
COMMAND_BYTES_MAX: Final = 1024
"""The receive buffer of the simulated reader; nothing a host needs is longer."""


def _byte_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = (register >> 1) ^ 0x8408 if register & 1 else register >> 1
        table.append(register)
    return tuple(table)


_TABLE: Final = _byte_table()


def checksum(covered: bytes) -> bytes:
    """The two CRC bytes in their order on the wire."""
    register = 0xFFFF
    for byte in covered:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register.to_bytes(2, "little")


def encode_reply(
    command: int, payload: bytes = b"", *, status: int = 0, address: int = 0, is_advanced: bool = False
) -> bytes:
    """The reply frame to `command`; a payload too long for the standard framing takes the advanced one."""
    body = bytes((address, command, status)) + payload
    return _framed(body, is_advanced=is_advanced or len(body) + 3 > STANDARD_BYTES_MAX)


def encode_command(command: int, payload: bytes = b"", *, address: int = 0xFF, is_advanced: bool = False) -> bytes:
    """The command frame a host would send; tests use it."""
    return _framed(bytes((address, command)) + payload, is_advanced=is_advanced)


def _framed(body: bytes, *, is_advanced: bool) -> bytes:
    if is_advanced:
        covered = bytes((STX,)) + (len(body) + 5).to_bytes(2, "big") + body
    else:
        covered = bytes((len(body) + 3,)) + body
    return covered + checksum(covered)


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command whose checksum was right."""

    address: int
    code: int
    payload: bytes
    is_advanced: bool
    """The framing it came in, in which the reader answers."""


class CommandReader(CommandBuffer[Command]):
    """Finds commands in the bytes a host sends; what fails its checksum is passed over in silence."""

    def _commands(self) -> Iterator[Command]:
        buffer = self._buffer
        while buffer:
            is_advanced = buffer[0] == STX
            if is_advanced and len(buffer) < 3:
                return
            size = int.from_bytes(buffer[1:3], "big") if is_advanced else buffer[0]
            if not (ADVANCED_BYTES_MIN if is_advanced else COMMAND_BYTES_MIN) <= size <= COMMAND_BYTES_MAX:
                del buffer[0]
                continue
            if len(buffer) < size:
                return
            frame = bytes(buffer[:size])
            # The reader counts bytes by LEN, so a frame that fails its checksum goes as a whole.
            del buffer[:size]
            if checksum(frame[:-2]) == frame[-2:]:
                body = frame[3 if is_advanced else 1 : -2]
                yield Command(body[0], body[1], body[2:], is_advanced)


def reply_body(frame: bytes) -> bytes:
    """Address, command, status and data of a reply of this reader."""
    return frame[3 if frame[0] == STX else 1 : -2]
