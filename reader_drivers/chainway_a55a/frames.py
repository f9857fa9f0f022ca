"""Frames of Chainway readers: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 2 | start | A5 5A; some firmware C8 8C |
| 2 | 2 | LEN | bytes of the whole frame, 8..2048, big-endian |
| 4 | 1 | command | an answer has the number of its order and one more |
| 5 | LEN - 8 | payload | depends on the command, all numbers big-endian |
| last 3 | 1 | check | exclusive or of LEN..payload |
| last 2 | 2 | end | 0D 0A, which may also stand inside: LEN rules |

Source: readers.md 5.3; the payloads, from a public reference of the UR4 that was made from the vendor's own libraries.

>>> encode_frame(0x8C).hex().upper()
'A55A00088C840D0A'
"""

import re
from functools import reduce
from operator import xor
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

START: Final = b"\xa5\x5a"
VARIANT: Final = b"\xc8\x8c"
END: Final = b"\r\n"
FRAME_BYTES_MIN: Final = 8
FRAME_BYTES_MAX: Final = 2_048

_BEGIN: Final = re.compile(rb"\xa5(?:\x5a|\Z)|\xc8(?:\x8c|\Z)")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose check byte and end are right."""

    command: int
    payload: bytes
    raw: bytes

    @property
    def is_variant(self) -> bool:
        """True: it starts with C8 8C."""
        return self.raw.startswith(VARIANT)


def encode_frame(command: int, payload: bytes = b"") -> bytes:
    """One order, or one answer as a reader sends it."""
    body = (len(payload) + FRAME_BYTES_MIN).to_bytes(2, "big") + bytes((command,)) + payload
    return START + body + bytes((reduce(xor, body),)) + END


class FrameHunt:
    """Frames of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(_BEGIN, _take)

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


def _take(buffer: bytes, at: int, found: list[Frame | Rejected]) -> int:
    if len(buffer) - at < FRAME_BYTES_MIN // 2:
        return at
    size = int.from_bytes(buffer[at + 2 : at + 4], "big")
    if not FRAME_BYTES_MIN <= size <= FRAME_BYTES_MAX:
        raise FrameError("length", f"the frame claims {size} bytes; {FRAME_BYTES_MIN} to {FRAME_BYTES_MAX} can be")
    raw = buffer[at : at + size]
    if len(raw) < size:
        return at
    check = reduce(xor, raw[2:-3])
    if raw[-3] != check:
        raise FrameError("crc", f"the frame ends in {raw[-3]:02X}, its bytes give {check:02X}", size=size)
    if raw[-2:] != END:
        raise FrameError("format", f"the frame ends in {raw[-2:].hex().upper()} instead of 0D0A", size=size)
    found.append(Frame(raw[4], raw[5:-3], raw))
    return at + size
