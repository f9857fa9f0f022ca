"""Frames of R2000 readers: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | start | A0 |
| 1 | 1 | LEN | bytes after this one: 3 + payload |
| 2 | 1 | ADDR | reader's address, 01 unless somebody changed it; FF from the host = whoever hears it |
| 3 | 1 | CMD | order number |
| 4 | … | payload | depends on CMD, all numbers big-endian |
| last | 1 | CHECK | makes the sum of all bytes of the frame 0 modulo 256 |

The check is weak: one changed byte is always seen, several are missed once in 256. So the payload is checked as well where
it says its own length. Source: readers.md section 2, vectors a0-003 to a0-041.

>>> encode_frame(0x74, bytes(1), address=1).hex().upper()
'A004017400E7'
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

START: Final = 0xA0
BROADCAST: Final = 0xFF
LEN_MIN: Final = 3
PAYLOAD_BYTES_MAX: Final = 252


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose check holds. Orders and answers look the same; the direction of the link tells them apart."""

    address: int
    order: int
    payload: bytes
    raw: bytes


def encode_frame(order: int, payload: bytes, *, address: int) -> bytes:
    """One order or answer. `payload` has at most 252 bytes (asserted: only our own code calls this)."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    body = bytes((START, LEN_MIN + len(payload), address, order)) + payload
    return body + bytes((-sum(body) & 0xFF,))


class FrameHunt:
    """Frames out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt[Frame](START, _take)

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
    head = buffer[at : at + 2]
    if len(head) < 2:
        return at
    size = head[1] + 2
    if head[1] < LEN_MIN:
        raise FrameError("length", f"the frame announces {head[1]} bytes, {LEN_MIN} are the least")
    raw = buffer[at : at + size]
    if len(raw) < size:
        return at
    if sum(raw) & 0xFF:
        computed = -sum(raw[:-1]) & 0xFF
        raise FrameError("checksum", f"the frame ends in {raw[-1]:02X}, its bytes give {computed:02X}", size=size)
    found.append(Frame(raw[2], raw[3], raw[4:-1], raw))
    return at + size
