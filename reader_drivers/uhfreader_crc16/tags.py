"""Tag lists of UHFReader answers.

| order | payload |
|---|---|
| 01, 0F of the 18 | number of tags (1), then for each: length (1), EPC |
| 01, 0F of the 288 | antennas as bits (1), number of tags (1), then for each: length (1), EPC [TID], strength (1) |
| EE of the 18 | EPC, nothing else: an even number of bytes |
| EE of the 288 | antennas as bits (1), length (1), EPC, strength (1): an odd number of bytes |
| 72 | number of tags (1), then for each: antennas as bits (1), length (1), EPC [TID], strength (1), count (1) |

Length bit 7: the last 12 bytes are the TID. Bit 6 without it: phase and frequency follow, which we never ask for and no
source measures. Strength is a raw byte whose scale differs by model, so it becomes no dBm. Source: readers.md section 4; EE of
the 18: public captures such as 1100EE00E2000020401302162510BBECB1B1.
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError
from reader_drivers.reads import EPC_BYTES_MAX, TagRead
from reader_drivers.uhfreader_crc16 import numbers
from reader_drivers.uhfreader_crc16.orders import UHFREADER18, UHFREADER288, Profile

TID_BYTES: Final = 12
LENGTH_HAS_TID: Final = 0x80
LENGTH_HAS_PHASE: Final = 0x40


class Heard(msgspec.Struct, frozen=True, gc=False):
    """One tag of a list."""

    epc: bytes
    tid: bytes = b""
    """Empty: not asked, or not an Impinj tag."""
    rssi_raw: int | None = None
    antenna_mask: int | None = None
    """Bit n = antenna n + 1. None: the reader has one antenna."""
    count: int = 1


class _Cursor:
    """Reads numbers and tags off a payload; running out of bytes is a broken list."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._payload[self._at : self._at + size]
        if len(part) < size:
            raise FrameError("length", f"a tag list needs {size} bytes at offset {self._at}, {len(part)} are left")
        self._at += size
        return part

    def number(self) -> int:
        return self.take(1)[0]

    def code(self) -> tuple[bytes, bytes]:
        """EPC and TID behind their length."""
        length = self.number()
        has_tid = bool(length & LENGTH_HAS_TID)
        if length & LENGTH_HAS_PHASE and not has_tid:
            raise FrameError("format", "the tag has phase and frequency, which nobody asked for")
        content = self.take(length & ~LENGTH_HAS_TID)
        if has_tid and len(content) < TID_BYTES:
            raise FrameError("length", f"a tag with TID has {len(content)} bytes, {TID_BYTES} are the TID alone")
        split = len(content) - TID_BYTES if has_tid else len(content)
        if split > EPC_BYTES_MAX:
            raise FrameError("length", f"an EPC has {split} bytes, at most {EPC_BYTES_MAX} can be")
        return content[:split], content[split:]

    def require_end(self) -> None:
        left = len(self._payload) - self._at
        if left:
            raise FrameError("length", f"{left} bytes are left behind the last tag")


def decode_list_18(payload: bytes) -> tuple[Heard, ...]:
    """Tags of an inventory answer of the 18; none for an empty payload. Raises: FrameError: lengths do not fit."""
    cursor = _Cursor(payload)
    heard = tuple(Heard(*cursor.code()) for _ in range(cursor.number())) if payload else ()
    cursor.require_end()
    return heard


def decode_list_288(payload: bytes) -> tuple[Heard, ...]:
    """Tags of an inventory answer of the 288; none for an empty payload. Raises: FrameError: lengths do not fit."""
    cursor = _Cursor(payload)
    heard: tuple[Heard, ...] = ()
    if payload:
        mask, number = cursor.number(), cursor.number()
        heard = tuple(Heard(*cursor.code(), cursor.number(), mask) for _ in range(number))
    cursor.require_end()
    return heard


def pushing_kind(payload: bytes) -> Profile:
    """The kind of reader that sends such real-time frames: EPCs have whole words, so the number of bytes tells."""
    return UHFREADER288 if len(payload) % 2 else UHFREADER18


def decode_pushed(payload: bytes) -> tuple[Heard, ...]:
    """The tag of a real-time frame. Raises: FrameError: lengths do not fit."""
    cursor = _Cursor(payload)
    if pushing_kind(payload) is UHFREADER18:
        heard = Heard(cursor.take(min(len(payload), EPC_BYTES_MAX)))
        cursor.require_end()
        return (heard,) if heard.epc else ()
    mask = cursor.number()
    heard = Heard(*cursor.code(), cursor.number(), mask)
    cursor.require_end()
    return (heard,)


def decode_buffer(payload: bytes) -> tuple[Heard, ...]:
    """Tags of a buffer answer. Raises: FrameError: lengths do not fit."""
    cursor = _Cursor(payload)
    heard = []
    for _ in range(cursor.number() if payload else 0):
        mask, code = cursor.number(), cursor.code()
        heard.append(Heard(*code, cursor.number(), mask, cursor.number()))
    cursor.require_end()
    return tuple(heard)


def decode_list(payload: bytes, profile: Profile | None) -> tuple[Profile, tuple[Heard, ...]]:
    """Tags of an inventory answer and the kind of reader that lists them so; `profile` None: the kind whose lengths fit.

    Raises: FrameError: lengths do not fit.
    """
    if profile is not UHFREADER18:
        try:
            return UHFREADER288, decode_list_288(payload)
        except FrameError:
            if profile is UHFREADER288:
                raise
    return UHFREADER18, decode_list_18(payload)


def tags_in(order: int, payload: bytes, profile: Profile | None) -> tuple[Heard, ...]:
    """Tags in the answer to this order; none when it lists none. Raises: FrameError: lengths do not fit."""
    if order in {numbers.INVENTORY, numbers.SINGLE_INVENTORY}:
        return decode_list(payload, profile)[1]
    if order == numbers.PUSHED:
        return decode_pushed(payload)
    return decode_buffer(payload) if order == numbers.GET_BUFFER else ()


def antenna_of(mask: int | None) -> int | None:
    """The antenna whose bit is set alone, 1-based; None: several or none, or the reader does not tell."""
    return mask.bit_length() if mask and not mask & (mask - 1) else None


def tag_read(heard: Heard, *, antenna: int | None = None, at_ms: int | None = None) -> TagRead:
    """The common read. `antenna` = the one that was asked, for readers that do not tell."""
    return TagRead(
        id_hex=heard.epc.hex().upper(),
        id_bits=len(heard.epc) * 8,
        tid_hex=heard.tid.hex().upper() or None,
        antenna=antenna_of(heard.antenna_mask) or antenna,
        count=heard.count or 1,
        at_ms=at_ms,
    )
