"""Framing: the bounded hunt for frames in a stream of bytes, and the checksums it needs.

The hunt keeps one buffer. At each candidate start byte it asks the protocol to take the whole frames that stand there. A
broken frame costs one byte, then the hunt goes on inside it, because a lost byte must never swallow the good frame behind it.
"""

from binascii import crc_hqx
from collections.abc import Callable
from re import Pattern
from typing import Final, Generic, TypeVar

from reader_drivers.errors import FrameError, Rejected

REJECTED_BYTES_MAX: Final = 512
"""A longer run of rejected bytes is reported in parts of this size, so that noise for an hour cannot fill memory."""
FRAME_BYTES_MAX: Final = 8_192
"""No serial protocol here has longer frames; one that claims more is treated as broken."""

CRC_TM_START: Final = 0x1D0F
"""FFFF shifted through 16 zero bits of polynomial 1021: lets the C routine of `binascii` compute CRC-TM."""

_REFLECTED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

F = TypeVar("F")
Take = Callable[[bytes, int, list[F | Rejected]], int]
"""(buffer, index of the start byte, what was found so far) → index behind the whole frames that stand there in a row, which
are added to what was found. The same index: bytes are missing. Raises FrameError, with nothing added: the first is broken."""


def crc_tm(message: bytes) -> int:
    """CRC-TM of LEN..last payload byte (2 bytes or more), 0..65535, sent big-endian.

    The published routine shifts nibbles into the low end: `crc = ((crc << 4) | nibble) ^ T[crc >> 12]` from FFFF. That
    is the remainder of (FFFF·x^n + message), so the last 16 bits only need an exclusive or.
    Source: readers.md, "CRC-TM"; checked against every published ThingMagic frame.

    >>> f"{crc_tm(bytes.fromhex('0003')):04X}"
    '1D0C'
    """
    return crc_hqx(message[:-2], CRC_TM_START) ^ int.from_bytes(message[-2:], "big")


def crc_mcrf4xx(message: bytes) -> int:
    """CRC-MCRF4XX, 0..65535, sent little-endian: reflected polynomial 8408 from FFFF. Over a frame with its CRC it is 0.

    Reflecting bytes and result lets the C routine of `binascii` compute it. Source: readers.md, "CRC-MCRF4XX".

    >>> f"{crc_mcrf4xx(bytes.fromhex('04004C')):04X}"
    'D23A'
    """
    return int.from_bytes(crc_hqx(message.translate(_REFLECTED), 0xFFFF).to_bytes(2, "little").translate(_REFLECTED))


def crc_gen2(memory: bytes) -> int:
    """CRC-16 that a Gen2 tag sends behind PC, XPC_W1 if it has one, and EPC (CRC-GENIBUS), 0..65535.

    Source: readers.md, "CRC-GENIBUS"; checked against seven tags in public captures.

    >>> f"{crc_gen2(bytes.fromhex('3400 30751FEB705C5904E3D50D70')):04X}"
    '3A76'
    """
    return crc_hqx(memory, 0xFFFF) ^ 0xFFFF


class Hunt(Generic[F]):
    """The frames of one direction of one link, in order, whatever way the bytes were cut into chunks.

    Rejected bytes come out in order with the frames: one `Rejected` per broken frame, one per run of noise. They are
    held back until the next frame or `flush`, so that any split of the bytes gives the same results.
    """

    def __init__(
        self, start: int | Pattern[bytes] | None, take: Take[F], *, frame_bytes_max: int = FRAME_BYTES_MAX
    ) -> None:
        """`start` = first byte of every frame; None: the protocol has none, and each byte is a candidate.

        A pattern says how frames begin where one byte is not enough; it also finds a beginning cut by the buffer's end.
        """
        self._frame_bytes_max = frame_bytes_max
        self._start = start
        self._take = take
        self._buffer = b""
        self._refused = b""
        self._reason = ""
        self._claimed = 0

    @property
    def is_waiting(self) -> bool:
        """True while bytes are held that are neither a frame nor reported as rejected."""
        return bool(self._buffer or self._refused)

    def feed(self, received: bytes) -> list[F | Rejected]:
        """Frames and rejections that `received` completes. Never raises; keeps less than one frame in the buffer."""
        self._buffer += received
        return self._scan(is_end=False)

    def flush(self) -> list[F | Rejected]:
        """Give up on an unfinished frame after silence: its bytes are scanned again without the first one."""
        found = self._scan(is_end=True)
        found.extend(self._take_refused())
        return found

    def _scan(self, *, is_end: bool) -> list[F | Rejected]:
        buffer, at, found = self._buffer, 0, list[F | Rejected]()
        while at < len(buffer):
            candidate = self._candidate(buffer, at)
            if candidate != at:
                stop = len(buffer) if candidate < 0 else candidate
                found.extend(self._refuse(buffer[at:stop], "noise: no frame starts with these bytes"))
                at = stop
                continue
            before = len(found)
            try:
                behind = self._take(buffer, at, found)
                if behind == at:
                    self._require_more(len(buffer) - at, is_end=is_end)
                    break
            except FrameError as error:
                found.extend(self._refuse(buffer[at : at + 1], str(error), claimed=error.size))
                at += 1
                continue
            found[before:before] = self._take_refused()
            at = behind
        self._buffer = buffer[at:]
        return found

    def _candidate(self, buffer: bytes, at: int) -> int:
        """Where the next frame may start, `at` or behind it; -1: nowhere in the buffer."""
        if self._start is None:
            return at
        if isinstance(self._start, int):
            return buffer.find(self._start, at)
        match = self._start.search(buffer, at)
        return -1 if match is None else match.start()

    def _require_more(self, size: int, *, is_end: bool) -> None:
        """Refuse to wait for the rest of a frame that has ended, or is longer than any."""
        if is_end or size >= self._frame_bytes_max:
            # All that is left belongs to it, so that one frame cut short is one rejection.
            raise FrameError("length", f"the frame stops after {size} bytes", size=size)

    def _refuse(self, raw: bytes, reason: str, *, claimed: int = 0) -> list[F | Rejected]:
        """Add bytes to the run of refused ones. A broken frame opens a new run unless it lies inside the last one."""
        done = list[F | Rejected]()
        is_new_frame = claimed > 0 and self._claimed <= 0
        # Wake-up bytes are one-byte claims with the same reason each: one rejection tells it all.
        is_repeated = claimed == 1 and reason == self._reason
        if is_new_frame and not is_repeated:
            done = self._take_refused()
        # A run whose bytes were all reported in parts goes on under its reason.
        if not self._reason:
            self._reason, self._claimed = reason, claimed
        elif is_new_frame:
            self._claimed = claimed
        self._refused += raw
        self._claimed -= len(raw)
        while len(self._refused) >= REJECTED_BYTES_MAX:
            done.append(Rejected(self._refused[:REJECTED_BYTES_MAX], self._reason))
            self._refused = self._refused[REJECTED_BYTES_MAX:]
        return done

    def _take_refused(self) -> list[F | Rejected]:
        refused, reason = self._refused, self._reason
        self._refused, self._reason, self._claimed = b"", "", 0
        return [Rejected(refused, reason)] if refused else []
