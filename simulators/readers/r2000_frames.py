r"""Frames of an R2000 reader as the reader sees them: commands in, replies and tag reports out.

======  ====  ======================================================================
offset  size  meaning
======  ====  ======================================================================
0       1     ``A0``
1       1     LEN: bytes after this one, so whole frame = LEN + 2
2       1     address: 01 from the factory; a command to FF is for every reader
3       1     command
4       ..    parameters or answer
last    1     check: two's complement of the sum of all bytes before it
======  ====  ======================================================================

>>> encode_reply(0x74, b"\x10").hex().upper()
'A004017410D7'
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

from simulators.commands import CommandBuffer

START: Final = 0xA0
LEN_MIN: Final = 3
ANSWER_BYTES_MAX: Final = 0xFF - LEN_MIN
FACTORY_ADDRESS: Final = 0x01
BROADCAST: Final = 0xFF


def check(covered: bytes) -> int:
    """Two's complement of the sum: a whole good frame adds up to 0."""
    return -sum(covered) & 0xFF


def encode_reply(command: int, answer: bytes = b"", *, address: int = FACTORY_ADDRESS) -> bytes:
    """A reply or report. Raises: ValueError: the answer is longer than a frame carries."""
    if len(answer) > ANSWER_BYTES_MAX:
        raise ValueError(f"An answer of {len(answer)} bytes does not fit; a frame carries at most {ANSWER_BYTES_MAX}.")
    covered = bytes((START, len(answer) + LEN_MIN, address, command)) + answer
    return covered + bytes((check(covered),))


encode_command = encode_reply
"""The frame a host would send has the same shape; the simulator's own tests use it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command whose check byte was right."""

    address: int
    command: int
    parameters: bytes


class CommandReader(CommandBuffer[Command]):
    """Finds commands in the bytes a host sends; what fails its check is passed over in silence."""

    def _commands(self) -> Iterator[Command]:
        buffer = self._buffer
        while len(buffer) >= 2:
            if buffer[0] != START or buffer[1] < LEN_MIN:
                del buffer[0]
                continue
            end = buffer[1] + 2
            if len(buffer) < end:
                return
            frame = bytes(buffer[:end])
            del buffer[:end]
            if sum(frame) & 0xFF == 0:
                yield Command(frame[2], frame[3], frame[4:-1])
