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
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import CRC_TM_START, Hunt, crc_tm

START: Final = 0xFF
PAYLOAD_BYTES_MAX: Final = 250
"""LEN of the longest frame. FF as LEN is thus never valid, and wake-up bytes FF FF FF are no frame."""
STATUS_DONE: Final = 0x0000
STATUS_NO_TAG: Final = 0x0400


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
        self._around = 7 if self._has_status else 5
        self._hunt = Hunt(START, self._measure)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished frame is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Frame | Rejected]:
        """Frames and rejections completed by `received`."""
        if not self._has_status:
            return [self._parsed(part) for part in self._hunt.feed(received)]
        return [
            Frame(part[2], part[3] << 8 | part[4], part[5:-2], part) if type(part) is bytes else self._parsed(part)
            for part in self._hunt.feed(received)
        ]

    def flush(self) -> list[Frame | Rejected]:
        """Give up on the unfinished frame."""
        return [self._parsed(part) for part in self._hunt.flush()]

    def _measure(self, buffer: bytes, at: int) -> int | None:
        if len(buffer) < at + 2:
            return None
        length = buffer[at + 1]
        if length > PAYLOAD_BYTES_MAX:
            raise FrameError("length", f"the frame announces {length} payload bytes, at most {PAYLOAD_BYTES_MAX} exist")
        size = length + self._around
        end = at + size
        if len(buffer) < end:
            return None
        if size < 7:
            sent, computed = int.from_bytes(buffer[end - 2 : end], "big"), crc_tm(buffer[at + 1 : end - 2])
        else:
            # crc_tm spelled out: this runs for every frame of the hot path.
            tail = int.from_bytes(buffer[end - 4 : end], "big")
            sent, computed = tail & 0xFFFF, crc_hqx(buffer[at + 1 : end - 4], CRC_TM_START) ^ tail >> 16
        if sent != computed:
            raise FrameError("crc", f"the frame ends in {sent:04X}, its bytes give {computed:04X}", size=size)
        return size

    def _parsed(self, part: bytes | Rejected) -> Frame | Rejected:
        if isinstance(part, Rejected):
            return part
        if self._has_status:
            return Frame(part[2], int.from_bytes(part[3:5], "big"), part[5:-2], part)
        return Frame(part[2], None, part[3:-2], part)
