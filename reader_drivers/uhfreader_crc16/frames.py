"""Frames of UHFReader18 and UHFReader288 readers: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | LEN | bytes after this one: 4 + payload from the host, 5 + payload from the reader |
| 1 | 1 | ADR | reader's address, 00 unless somebody changed it; FF from the host = whoever hears it |
| 2 | 1 | CMD | order number |
| 3 | 1 | STATUS | only from the reader |
| 3 or 4 | … | payload | depends on CMD |
| last 2 | 2 | CRC | CRC-MCRF4XX over LEN..payload, little-endian |

There is no start byte: each byte may be a LEN, and only known numbers, the reader's own address and the checksum tell. Noise
that looks like a long frame is given up after a pause of the line. Source: readers.md section 4, vectors uhf-001 to uhf-043.

>>> encode_command(0x4C, b"", address=0).hex().upper()
'04004C3AD2'
"""

from enum import StrEnum
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt, crc_mcrf4xx
from reader_drivers.uhfreader_crc16.numbers import ILLEGAL, NAMES, NONE, STATUS_NAMES

BROADCAST: Final = 0xFF
PAYLOAD_BYTES_MAX: Final = 250
"""LEN is one byte; this leaves room for ADR, CMD, STATUS and CRC."""
COMMAND_LEN_MIN: Final = 4
REPLY_LEN_MIN: Final = 5

_NONE: Final = bytes((NONE,))
_ILLEGAL: Final = bytes((ILLEGAL,))


class Direction(StrEnum):
    """Who sent the bytes; frames of the two directions differ by the status."""

    READER_TO_HOST = "reader_to_host"
    HOST_TO_READER = "host_to_reader"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One whole frame whose checksum holds."""

    address: int
    order: int
    status: int | None
    """None: the frame came from the host."""
    payload: bytes
    raw: bytes


def encode_command(order: int, payload: bytes, *, address: int) -> bytes:
    """One order to the reader. `payload` has at most 250 bytes (asserted: only our own code calls this)."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    return _closed(bytes((COMMAND_LEN_MIN + len(payload), address, order)) + payload)


def encode_reply(order: int, status: int, payload: bytes, *, address: int = 0) -> bytes:
    """One answer as a reader sends it; for tests and captures."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    return _closed(bytes((REPLY_LEN_MIN + len(payload), address, order, status)) + payload)


def _closed(body: bytes) -> bytes:
    return body + crc_mcrf4xx(body).to_bytes(2, "little")


class FrameHunt:
    """Frames of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self, direction: Direction) -> None:
        self.address: int | None = None
        """Address of the one reader on the line, once it is known: a frame of another is noise. None: any."""
        self._has_status = direction is Direction.READER_TO_HOST
        self._len_min = REPLY_LEN_MIN if self._has_status else COMMAND_LEN_MIN
        self._hunt = Hunt[Frame](None, self._take)

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
        raw = buffer[at : at + buffer[at] + 1]
        if not self._is_plausible(raw):
            raise FrameError("noise", "no frame starts with these bytes")
        size = raw[0] + 1
        if len(raw) < size:
            return at
        if crc_mcrf4xx(raw) != 0:
            sent, computed = int.from_bytes(raw[-2:], "little"), crc_mcrf4xx(raw[:-2])
            raise FrameError("crc", f"the frame ends in {sent:04X}, its bytes give {computed:04X}", size=size)
        status = raw[3] if self._has_status else None
        found.append(Frame(raw[1], raw[2], status, raw[self._len_min - 1 : -2], raw))
        return at + size

    def _is_plausible(self, begun: bytes) -> bool:
        """False: no frame begins so, whatever follows. Else one false length in 65,536 would swallow good frames."""
        order, status = begun[2:3], begun[3:4]
        if begun[0] < self._len_min or (self.address is not None and begun[1:2] not in {b"", bytes((self.address,))}):
            return False
        if not self._has_status:
            return not order or order[0] in NAMES
        if order == _NONE:
            return begun[0] == REPLY_LEN_MIN and status in {b"", _ILLEGAL}
        return not order or (order[0] in NAMES and (not status or status[0] in STATUS_NAMES))
