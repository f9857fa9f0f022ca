r"""Frames of a MagicRF M100 or R200 module as the module sees them: commands in, responses and notifications out.

======  ====  ==================================================================
offset  size  meaning
======  ====  ==================================================================
0       1     ``BB``, on R200 firmware ``AA``
1       1     type: 00 command, 01 response, 02 notification
2       1     command
3       2     PL: bytes of parameters, big endian
5       PL    parameters
last-1  1     sum of type..parameters, low byte
last    1     ``7E``, on R200 firmware ``DD``; either may occur inside, so PL rules
======  ====  ==================================================================

>>> encode_frame(FRAMINGS["BB"], RESPONSE, 0x28, parameters=b"\x00").hex().upper()
'BB01280001002A7E'
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

from simulators.commands import CommandBuffer

FRAMINGS: Final = {"BB": (0xBB, 0x7E), "AA": (0xAA, 0xDD)}
"""First and last byte by the name of the framing."""
COMMAND, RESPONSE, NOTIFICATION = 0x00, 0x01, 0x02
PARAMETER_BYTES_MAX: Final = 512
"""No command is longer than a write of 32 words; a larger length is noise."""
_FIXED_BYTES: Final = 7


def encode_frame(framing: tuple[int, int], kind: int, command: int, *, parameters: bytes = b"") -> bytes:
    """One frame in either framing."""
    covered = bytes((kind, command)) + len(parameters).to_bytes(2, "big") + parameters
    return bytes((framing[0],)) + covered + bytes((sum(covered) & 0xFF, framing[1]))


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command whose sum was right."""

    code: int
    parameters: bytes


class CommandReader(CommandBuffer[Command]):
    """Finds commands in the bytes a host sends; what fails its sum is passed over in silence."""

    def __init__(self, framing: tuple[int, int]) -> None:
        super().__init__()
        self._first, self._last = framing

    def _commands(self) -> Iterator[Command]:
        buffer = self._buffer
        while len(buffer) >= _FIXED_BYTES - 2:
            length = int.from_bytes(buffer[3:5], "big")
            if buffer[0] != self._first or buffer[1] != COMMAND or length > PARAMETER_BYTES_MAX:
                del buffer[0]
                continue
            end = length + _FIXED_BYTES
            if len(buffer) < end:
                return
            if buffer[end - 1] != self._last or sum(buffer[1 : end - 2]) & 0xFF != buffer[end - 2]:
                del buffer[0]
                continue
            yield Command(buffer[2], bytes(buffer[5 : end - 2]))
            del buffer[:end]
