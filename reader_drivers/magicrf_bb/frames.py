"""Frames of MagicRF M100 and QM100 modules and of R200 firmware: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | start | BB; AA with R200 firmware |
| 1 | 1 | TYPE | 00 order, 01 answer, 02 notification of a tag |
| 2 | 1 | CMD | order number; FF in an answer = refused, or no tag |
| 3 | 2 | PL | bytes of the parameter, big-endian |
| 5 | PL | parameter | depends on CMD, all numbers big-endian |
| last 2 | 1 | SUM8 | sum of TYPE..parameter modulo 256 |
| last | 1 | end | 7E; DD with AA. It may stand inside too, so PL decides |

Source: readers.md section 3, vectors bb-002 to bb-051; M5Stack Unit RFID-UHF protocol document.

>>> encode_order(0x28, b"").hex().upper()
'BB00280000287E'
"""

import re
from enum import IntEnum
from struct import Struct
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

PARAMETER_BYTES_MAX: Final = 256
"""The longest answers are reads of 32 words behind PC and EPC, and scans of all channels: both below 150."""
BB: Final = 0xBB
AA: Final = 0xAA
ENDS: Final = {BB: 0x7E, AA: 0xDD}
"""First byte → last byte."""

_START: Final = re.compile(b"[\xbb\xaa]")
_HEAD: Final = Struct(">xBBH")
_AROUND_BYTES: Final = 7
"""Everything but the parameter."""


class Kind(IntEnum):
    """What a frame is."""

    ORDER = 0
    ANSWER = 1
    NOTIFICATION = 2


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose sum holds."""

    start: int
    """BB or AA."""
    kind: Kind
    command: int
    parameter: bytes
    raw: bytes


def encode_order(command: int, parameter: bytes, *, start: int = BB) -> bytes:
    """One order to the module. `parameter` has at most 256 bytes (asserted: only our own code calls this)."""
    return _encoded(start, Kind.ORDER, (command, parameter))


def encode_answer(command: int, parameter: bytes, *, start: int = BB) -> bytes:
    """One answer as a module sends it; for tests and captures."""
    return _encoded(start, Kind.ANSWER, (command, parameter))


def encode_notification(parameter: bytes, *, start: int = BB) -> bytes:
    """One tag as a module tells it; for tests and captures."""
    return _encoded(start, Kind.NOTIFICATION, (0x22, parameter))


class FrameHunt:
    """Frames of both framings out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(_START, _take)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished frame is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Frame | Rejected]:
        """Frames and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Frame | Rejected]:
        """Give up on the unfinished frame."""
        return self._hunt.flush()


def _encoded(start: int, kind: Kind, content: tuple[int, bytes]) -> bytes:
    command, parameter = content
    assert len(parameter) <= PARAMETER_BYTES_MAX
    body = bytes((kind, command)) + len(parameter).to_bytes(2, "big") + parameter
    return bytes((start,)) + body + bytes((sum(body) & 0xFF, ENDS[start]))


def _take(buffer: bytes, at: int, found: list[Frame | Rejected]) -> int:
    if len(buffer) - at < _AROUND_BYTES:
        return at
    kind, command, length = _HEAD.unpack_from(buffer, at)
    if kind > Kind.NOTIFICATION:
        raise FrameError("format", f"no frame has the type {kind:02X}")
    if length > PARAMETER_BYTES_MAX:
        raise FrameError("length", f"the frame announces {length} bytes, at most {PARAMETER_BYTES_MAX} exist")
    end: int = at + length + _AROUND_BYTES
    if end > len(buffer):
        return at
    computed = sum(buffer[at + 1 : end - 2]) & 0xFF
    if computed != buffer[end - 2]:
        reason = f"the frame ends in sum {buffer[end - 2]:02X}, its bytes give {computed:02X}"
        raise FrameError("checksum", reason, size=end - at)
    if buffer[end - 1] != ENDS[buffer[at]]:
        raise FrameError("format", f"the frame ends in {buffer[end - 1]:02X} instead of its end byte", size=end - at)
    found.append(Frame(buffer[at], Kind(kind), command, buffer[at + 5 : end - 2], buffer[at:end]))
    return end
