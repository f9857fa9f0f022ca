"""Frames of FEIG OBID readers: bytes to values and back, nothing else.

| standard | advanced | size | name | meaning |
|---|---|---|---|---|
| – | 0 | 1 | STX | 02: the frame is an advanced one, for more than 255 bytes |
| 0 | 1 | 1 or 2 | LEN | bytes of the whole frame, big-endian |
| 1 | 3 | 1 | ADR | address on the bus; FF = whoever hears it |
| 2 | 4 | 1 | CMD | order number |
| 3 | 5 | 1 | STATUS | only from the reader; 00 = done |
| 4 | 6 | … | payload | depends on CMD |
| last | last | 2 | CRC | CRC-MCRF4XX over everything before it, little-endian |

No standard frame has 2 bytes, so 02 always begins an advanced one. A reader answers a standard order with a standard frame
unless the answer is longer. Source: readers.md section 8; FEIG H60301-3e-ID-B, sections 2.1 and 2.2.

>>> encode_command(0x65).hex().upper()
'05FF65E5CB'
"""

from enum import StrEnum
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import FRAME_BYTES_MAX, Hunt, crc_mcrf4xx

STX: Final = 0x02
ANY_ADDRESS: Final = 0xFF
CRC_BYTES: Final = 2
STANDARD_BYTES_MAX: Final = 255


class Direction(StrEnum):
    """Who sent the bytes; frames of the two directions differ by the status field."""

    READER_TO_HOST = "reader_to_host"
    HOST_TO_READER = "host_to_reader"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose checksum holds."""

    is_advanced: bool
    address: int
    command: int
    status: int | None
    """None: the frame came from the host."""
    payload: bytes
    raw: bytes


def encode_command(command: int, payload: bytes = b"") -> bytes:
    """One order to whatever reader is on the link, as a standard frame."""
    return _closed(bytes((ANY_ADDRESS, command)) + payload, is_advanced=False)


def encode_reply(command: int, status: int, payload: bytes = b"", *, is_advanced: bool = False) -> bytes:
    """One answer as a reader sends it; for tests and captures."""
    return _closed(bytes((0, command, status)) + payload, is_advanced=is_advanced)


def _closed(body: bytes, *, is_advanced: bool) -> bytes:
    size = len(body) + CRC_BYTES + (3 if is_advanced else 1)
    assert size <= (FRAME_BYTES_MAX if is_advanced else STANDARD_BYTES_MAX)
    head = bytes((STX,)) + size.to_bytes(2, "big") if is_advanced else bytes((size,))
    return head + body + crc_mcrf4xx(head + body).to_bytes(CRC_BYTES, "little")


class FrameHunt:
    """Frames of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self, direction: Direction) -> None:
        self.address: int | None = None
        """Only frames with this address are frames; None: all. In the rest of a damaged frame one start in 300 passes for a
        frame by chance, and it takes the beginning of the next good one with it."""
        self._has_status = direction is Direction.READER_TO_HOST
        self._hunt = Hunt(None, self._take)

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
        is_advanced = buffer[at] == STX
        head = 3 if is_advanced else 1
        if len(buffer) < at + head:
            return at
        size = int.from_bytes(buffer[at + 1 : at + 3], "big") if is_advanced else buffer[at]
        fixed = head + 2 + self._has_status
        is_foreign = self.address is not None and buffer[at + head : at + head + 1] not in {b"", bytes((self.address,))}
        if is_foreign or not fixed + CRC_BYTES <= size <= FRAME_BYTES_MAX:
            raise FrameError("noise", "no frame starts with these bytes")
        if len(buffer) < at + size:
            return at
        raw = buffer[at : at + size]
        sent, computed = int.from_bytes(raw[-CRC_BYTES:], "little"), crc_mcrf4xx(raw[:-CRC_BYTES])
        if sent != computed:
            raise FrameError("crc", f"the frame ends in {sent:04X}, its bytes give {computed:04X}", size=size)
        status = raw[fixed - 1] if self._has_status else None
        found.append(Frame(is_advanced, raw[head], raw[head + 1], status, raw[fixed:-CRC_BYTES], raw))
        return at + size
