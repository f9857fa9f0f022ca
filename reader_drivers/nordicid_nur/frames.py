"""Frames of Nordic ID NUR readers: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | start | A5 |
| 1 | 2 | LEN | bytes behind the header, with the checksum; 3 or more, little-endian |
| 3 | 2 | flags | bit 0 notification, bit 1 embedded reads, bit 2 an acknowledgement is asked for, high nibble a sequence |
| 5 | 1 | header check | FF, exclusive or of the five bytes before |
| 6 | 1 | command | an answer has that of its order |
| 7 | LEN - 3 | body | of an answer or notification: status, then its content |
| last 2 | 2 | CRC | CRC-CCITT-FALSE over command and body, little-endian |

Source: readers.md 5.4, vectors nur-003 to nur-021.

>>> encode_frame(0x02).hex().upper()
'A5030000005902B2C1'
"""

from binascii import crc_hqx
from functools import reduce
from operator import xor
from struct import Struct
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

START: Final = 0xA5
HEADER_BYTES: Final = 6
BEHIND_MIN: Final = 3
BEHIND_MAX: Final = 2_048
"""More than any answer: a notification holds 200 tags at most, in parts of less than 1 kB."""
NOTIFICATION, EMBEDDED = 0x0001, 0x0002
CRC_START: Final = 0xFFFF

_HEADER: Final = Struct("<BHH")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose checks hold."""

    flags: int
    command: int
    body: bytes
    raw: bytes

    @property
    def is_notification(self) -> bool:
        """True: nobody asked for it."""
        return bool(self.flags & NOTIFICATION)

    @property
    def has_embedded(self) -> bool:
        """True: its tags come with what was read from their memory."""
        return bool(self.flags & EMBEDDED)


def encode_frame(command: int, body: bytes = b"", *, flags: int = 0) -> bytes:
    """One order; or one answer as a reader sends it."""
    content = bytes((command,)) + body
    header = _HEADER.pack(START, len(content) + 2, flags)
    return header + bytes((reduce(xor, header, 0xFF),)) + content + crc_hqx(content, CRC_START).to_bytes(2, "little")


class FrameHunt:
    """Frames of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(START, _take)

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
    if len(buffer) - at < HEADER_BYTES:
        return at
    behind: int
    _, behind, flags = _HEADER.unpack_from(buffer, at)
    check = reduce(xor, buffer[at : at + HEADER_BYTES - 1], 0xFF)
    if buffer[at + 5] != check:
        raise FrameError("crc", f"the header ends in {buffer[at + 5]:02X}, its bytes give {check:02X}")
    if not BEHIND_MIN <= behind <= BEHIND_MAX:
        raise FrameError("length", f"the frame claims {behind} bytes; {BEHIND_MIN} to {BEHIND_MAX} can be")
    size = HEADER_BYTES + behind
    raw = buffer[at : at + size]
    if len(raw) < size:
        return at
    sent, computed = int.from_bytes(raw[-2:], "little"), crc_hqx(raw[HEADER_BYTES:-2], CRC_START)
    if sent != computed:
        raise FrameError("crc", f"the frame ends in {sent:04X}, its bytes give {computed:04X}", size=size)
    found.append(Frame(flags, raw[6], raw[7:-2], raw))
    return at + size
