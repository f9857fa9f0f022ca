"""Frames of R2000 readers: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | start | A0 |
| 1 | 1 | LEN | bytes after this one: 3 + payload |
| 2 | 1 | ADDR | reader's address, 01 unless somebody changed it; FF from the host = whoever hears it |
| 3 | 1 | CMD | order number |
| 4 | … | payload | depends on CMD, all numbers big-endian |
| last | 1 | CHECK | makes the sum of all bytes of the frame 0 modulo 256 |

The check is weak: one changed byte is always seen, several are missed once in 256. So the order must be known and the length
one that it can have, and the payload is checked as well where it says its own length. Source: readers.md section 2, vectors a0-003 to a0-041.

>>> encode_frame(0x74, bytes(1), address=1).hex().upper()
'A004017400E7'
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt
from reader_drivers.r2000_a0.orders import FAST_SWITCH_INVENTORY, INVENTORIES, LONG, NAMES

START: Final = 0xA0
BROADCAST: Final = 0xFF
LEN_MIN: Final = 3
PAYLOAD_BYTES_MAX: Final = 252
SHORT_LEN_MAX: Final = LEN_MIN + 66
"""LEN of the report of a tag with the longest EPC; only tag memory needs more."""

AROUND_EPC_BYTES: Final = 4
REPORT_BYTES_MIN: Final = 6
END_BYTES: Final = 7
FAST_END_BYTES: Final = 8
"""End of 8A, unless the control word makes it a tag with an EPC of 4 bytes; see `tags`."""


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
        self.address: int | None = None
        """Address of the one reader on the line, once it is known: then nothing passes that this reader cannot have sent.

        None: a capture, of which whatever closes with its check is shown.
        """
        self._hunt = Hunt[Frame](START, self._take)

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

    def _take(self, buffer: bytes, at: int, found: list[Frame | Rejected]) -> int:
        raw = buffer[at : at + 2 + buffer[at + 1]] if at + 1 < len(buffer) else b""
        if not raw:
            return at
        if not _is_plausible(raw) or (self.address is not None and raw[2:3] not in {b"", bytes((self.address,))}):
            raise FrameError("noise", "no frame starts with these bytes")
        size = raw[1] + 2
        if len(raw) < size:
            return at
        if sum(raw) & 0xFF:
            computed = -sum(raw[:-1]) & 0xFF
            raise FrameError("checksum", f"the frame ends in {raw[-1]:02X}, its bytes give {computed:02X}", size=size)
        if self.address is not None and not _is_as_long_as_it_says(raw[3], raw[4:-1]):
            # A damaged length that reaches into good frames closes once in 256 times: refused here, it swallows none.
            raise FrameError("length", "the tag announces another length of its EPC than the frame has", size=size)
        found.append(Frame(raw[2], raw[3], raw[4:-1], raw))
        return at + size


def _is_as_long_as_it_says(order: int, payload: bytes) -> bool:
    """False: a tag report whose control word has another length. Ends and errors say none."""
    size = len(payload)
    is_report = order in INVENTORIES and size >= REPORT_BYTES_MIN and size != END_BYTES
    if not is_report or (order == FAST_SWITCH_INVENTORY and size == FAST_END_BYTES):
        return True
    return (payload[1] >> 3) * 2 == size - AROUND_EPC_BYTES


def _is_plausible(begun: bytes) -> bool:
    """False: no frame begins so, whatever follows. Else one A0 in 256 inside a damaged frame would swallow good ones."""
    if len(begun) < 4:
        return begun[1] >= LEN_MIN
    return begun[1] >= LEN_MIN and begun[3] in NAMES and (begun[1] <= SHORT_LEN_MAX or begun[3] in LONG)
