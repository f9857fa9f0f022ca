"""Framing: the bounded hunt for frames in a stream of bytes, and the checksums it needs.

The hunt keeps one buffer. At each candidate start byte it asks the protocol to measure a frame. A broken frame costs one
byte, then the hunt goes on inside it, because a lost byte must never swallow the good frame behind it.
"""

from binascii import crc_hqx
from collections.abc import Callable
from typing import Final

from reader_drivers.errors import FrameError, Rejected

REJECTED_BYTES_MAX: Final = 512
"""A longer run of rejected bytes is reported in parts of this size, so that noise for an hour cannot fill memory."""
FRAME_BYTES_MAX: Final = 8_192
"""No protocol here has longer frames; a measure that asks for more is treated as broken."""

CRC_TM_START: Final = 0x1D0F
"""FFFF shifted through 16 zero bits of polynomial 1021: lets the C routine of `binascii` compute CRC-TM."""

Measure = Callable[[bytes, int], int | None]
"""(buffer, index of the start byte) → whole frame's length in bytes, None while bytes are missing; raises FrameError."""


def crc_tm(message: bytes) -> int:
    """CRC-TM of LEN..last payload byte (2 bytes or more), 0..65535, sent big-endian.

    The published routine shifts nibbles into the low end: `crc = ((crc << 4) | nibble) ^ T[crc >> 12]` from FFFF. That
    is the remainder of (FFFF·x^n + message), so the last 16 bits only need an exclusive or.
    Source: readers.md, "CRC-TM"; checked against every published ThingMagic frame.

    >>> f"{crc_tm(bytes.fromhex('0003')):04X}"
    '1D0C'
    """
    return crc_hqx(message[:-2], CRC_TM_START) ^ int.from_bytes(message[-2:], "big")


class Hunt:
    """The frames of one direction of one link, in order, whatever way the bytes were cut into chunks.

    Rejected bytes come out in order with the frames: one `Rejected` per broken frame, one per run of noise. They are
    held back until the next frame or `flush`, so that any split of the bytes gives the same results.
    """

    def __init__(self, start: int, measure: Measure) -> None:
        self._start = start
        self._measure = measure
        self._buffer = b""
        self._refused = b""
        self._reason = ""
        self._claimed = 0

    @property
    def is_waiting(self) -> bool:
        """True while bytes are held that are neither a frame nor reported as rejected."""
        return bool(self._buffer or self._refused)

    def feed(self, received: bytes) -> list[bytes | Rejected]:
        """Frames and rejections that `received` completes. Never raises; keeps less than one frame in the buffer."""
        self._buffer += received
        return self._scan(is_end=False)

    def flush(self) -> list[bytes | Rejected]:
        """Give up on an unfinished frame after silence: its bytes are scanned again without the first one."""
        found = self._scan(is_end=True)
        found.extend(self._take_refused())
        return found

    def _scan(self, *, is_end: bool) -> list[bytes | Rejected]:
        buffer, at, found = self._buffer, 0, list[bytes | Rejected]()
        while at < len(buffer):
            candidate = buffer.find(self._start, at)
            if candidate != at:
                stop = len(buffer) if candidate < 0 else candidate
                found.extend(self._refuse(buffer[at:stop], "noise: no frame starts with these bytes"))
                at = stop
                continue
            try:
                size = self._measured(buffer, at, is_end=is_end)
            except FrameError as error:
                found.extend(self._refuse(buffer[at : at + 1], str(error), claimed=error.size))
                at += 1
                continue
            if size is None:
                break
            found.extend(self._take_refused())
            found.append(buffer[at : at + size])
            at += size
        self._buffer = buffer[at:]
        return found

    def _measured(self, buffer: bytes, at: int, *, is_end: bool) -> int | None:
        size = self._measure(buffer, at)
        if size is None and (is_end or len(buffer) - at >= FRAME_BYTES_MAX):
            raise FrameError("length", f"the frame stops after {len(buffer) - at} bytes")
        return size

    def _refuse(self, raw: bytes, reason: str, *, claimed: int = 0) -> list[bytes | Rejected]:
        """Add bytes to the run of refused ones. A broken frame opens a new run unless it lies inside the last one."""
        done = list[bytes | Rejected]()
        is_new_frame = claimed > 0 and self._claimed <= 0
        # Wake-up bytes are one-byte claims with the same reason each: one rejection tells it all.
        is_repeated = claimed == 1 and reason == self._reason
        if self._refused and is_new_frame and not is_repeated:
            done = self._take_refused()
        if not self._refused:
            self._reason, self._claimed = reason, claimed
        elif is_new_frame:
            self._claimed = claimed
        self._refused += raw
        self._claimed -= len(raw)
        while len(self._refused) >= REJECTED_BYTES_MAX:
            done.append(Rejected(self._refused[:REJECTED_BYTES_MAX], self._reason))
            self._refused = self._refused[REJECTED_BYTES_MAX:]
        return done

    def _take_refused(self) -> list[bytes | Rejected]:
        if not self._refused:
            return []
        rejected = Rejected(self._refused, self._reason)
        self._refused, self._reason, self._claimed = b"", "", 0
        return [rejected]
