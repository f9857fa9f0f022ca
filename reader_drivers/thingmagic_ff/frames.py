"""Frames of ThingMagic / JADAK M5e, M6e, M7E and Silion modules: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | start | FF |
| 1 | 1 | LEN | bytes of the payload, 0..250 |
| 2 | 1 | OP | order number |
| 3 | 2 | STATUS | only from the reader, big-endian; 0000 = done |
| 3 or 5 | LEN | payload | depends on OP, all numbers big-endian |
| last 2 | 2 | CRC | CRC-TM over LEN..payload, big-endian |

Source: readers.md section 1, vectors tm-003 to tm-067.

>>> encode_command(0x03, b"").hex().upper()
'FF00031D0C'
"""

from binascii import crc_hqx
from enum import StrEnum
from struct import Struct
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import CRC_TM_START, Hunt, crc_tm

START: Final = 0xFF
PAYLOAD_BYTES_MAX: Final = 250
"""LEN of the longest frame. FF as LEN is thus never valid, and wake-up bytes FF FF FF are no frame."""
STATUS_DONE: Final = 0x0000
STATUS_NO_TAG: Final = 0x0400


_HEAD: Final = Struct(">BBH")
"""LEN, OP, and STATUS or what stands in its place: even the shortest order has two bytes of checksum there."""
_TAIL: Final = Struct(">HH")
"""The last two bytes before the checksum, and the checksum. The shortest frame has both: LEN, OP, CRC."""


class Direction(StrEnum):
    """Who sent the bytes; frames of the two directions differ by the status field."""

    READER_TO_HOST = "reader_to_host"
    HOST_TO_READER = "host_to_reader"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose checksum holds."""

    op: int
    status: int | None
    """None: the frame came from the host."""
    payload: bytes
    raw: bytes


def encode_command(op: int, payload: bytes) -> bytes:
    """One order to the reader. `payload` has at most 250 bytes (asserted: only our own code calls this)."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    return _closed(bytes((len(payload), op)) + payload)


def encode_reply(op: int, status: int, payload: bytes) -> bytes:
    """One answer as a reader sends it; for tests and captures."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    return _closed(bytes((len(payload), op)) + status.to_bytes(2, "big") + payload)


def _closed(body: bytes) -> bytes:
    return bytes((START,)) + body + crc_tm(body).to_bytes(2, "big")


class FrameHunt:
    """Frames of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self, direction: Direction) -> None:
        self._has_status = direction is Direction.READER_TO_HOST
        self._head = 5 if self._has_status else 3
        self._hunt = Hunt(START, self._take)

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
        """The frames in a row at `at`; one loop with nothing called but C, since this runs for every frame of a stream."""
        has_status, head = self._has_status, self._head
        begin, last_end = at, len(buffer) - 2 - head
        while at <= last_end and buffer[at] == START:
            length, op, status = _HEAD.unpack_from(buffer, at + 1)
            end = at + length + head + 2
            if length > PAYLOAD_BYTES_MAX or end > len(buffer):
                break
            last, sent = _TAIL.unpack_from(buffer, end - 4)
            # crc_tm spelled out.
            if crc_hqx(buffer[at + 1 : end - 4], CRC_TM_START) ^ last != sent:
                break
            found.append(Frame(op, status if has_status else None, buffer[at + head : end - 2], buffer[at:end]))
            at = end
        if at == begin:
            _require_unfinished(buffer[at:], head=head)
        return at


def _require_unfinished(raw: bytes, *, head: int) -> None:
    """Refuse bytes that begin no frame, whatever follows. Raises: FrameError."""
    if len(raw) < 2:
        return
    size = head + raw[1] + 2
    if raw[1] > PAYLOAD_BYTES_MAX:
        raise FrameError("length", f"the frame announces {raw[1]} payload bytes, at most {PAYLOAD_BYTES_MAX} exist")
    if len(raw) >= size:
        sent, computed = int.from_bytes(raw[size - 2 : size], "big"), crc_tm(raw[1 : size - 2])
        raise FrameError("crc", f"the frame ends in {sent:04X}, its bytes give {computed:04X}", size=size)
