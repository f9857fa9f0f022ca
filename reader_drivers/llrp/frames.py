"""Messages and parameters of LLRP: bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 2 | version and type | 3 reserved bits, 3 bits version (1 = 1.0.1, 2 = 1.1), 10 bits type |
| 2 | 4 | length | of the whole message, 10 or more |
| 6 | 4 | number | an answer has the number of its order |
| 10 | … | body | fields of the type, then parameters |

A parameter is TLV (6 reserved bits, 10 bits type, 2 bytes length of all of it) or TV (bit 7 set, 7 bits type, a fixed size).
All numbers are big-endian; nothing has a checksum, since TCP keeps the bytes right. Source: readers.md section 6.

>>> encode_message(72, 5).hex().upper()
'04480000000A00000005'
"""

import re
from collections.abc import Iterator
from struct import Struct, pack
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

HEADER_BYTES: Final = 10
MESSAGE_BYTES_MAX: Final = 262_144
"""More than 4,000 tags in one report; a longer message is none."""
VERSIONS: Final = (1, 2)
CUSTOM: Final = 1023
"""Type of a message, and of a parameter, whose meaning is its maker's."""

NAMES: Final = {
    1: "GET_READER_CAPABILITIES",
    2: "GET_READER_CONFIG",
    3: "SET_READER_CONFIG",
    4: "CLOSE_CONNECTION_RESPONSE",
    11: "GET_READER_CAPABILITIES_RESPONSE",
    12: "GET_READER_CONFIG_RESPONSE",
    13: "SET_READER_CONFIG_RESPONSE",
    14: "CLOSE_CONNECTION",
    20: "ADD_ROSPEC",
    21: "DELETE_ROSPEC",
    22: "START_ROSPEC",
    23: "STOP_ROSPEC",
    24: "ENABLE_ROSPEC",
    25: "DISABLE_ROSPEC",
    26: "GET_ROSPECS",
    30: "ADD_ROSPEC_RESPONSE",
    31: "DELETE_ROSPEC_RESPONSE",
    32: "START_ROSPEC_RESPONSE",
    33: "STOP_ROSPEC_RESPONSE",
    34: "ENABLE_ROSPEC_RESPONSE",
    35: "DISABLE_ROSPEC_RESPONSE",
    36: "GET_ROSPECS_RESPONSE",
    40: "ADD_ACCESSSPEC",
    41: "DELETE_ACCESSSPEC",
    42: "ENABLE_ACCESSSPEC",
    43: "DISABLE_ACCESSSPEC",
    44: "GET_ACCESSSPECS",
    45: "CLIENT_REQUEST_OP",
    46: "GET_SUPPORTED_VERSION",
    47: "SET_PROTOCOL_VERSION",
    50: "ADD_ACCESSSPEC_RESPONSE",
    51: "DELETE_ACCESSSPEC_RESPONSE",
    52: "ENABLE_ACCESSSPEC_RESPONSE",
    53: "DISABLE_ACCESSSPEC_RESPONSE",
    54: "GET_ACCESSSPECS_RESPONSE",
    55: "CLIENT_REQUEST_OP_RESPONSE",
    56: "GET_SUPPORTED_VERSION_RESPONSE",
    57: "SET_PROTOCOL_VERSION_RESPONSE",
    60: "GET_REPORT",
    61: "RO_ACCESS_REPORT",
    62: "KEEPALIVE",
    63: "READER_EVENT_NOTIFICATION",
    64: "ENABLE_EVENTS_AND_REPORTS",
    72: "KEEPALIVE_ACK",
    100: "ERROR_MESSAGE",
    CUSTOM: "CUSTOM_MESSAGE",
}
"""Every type of message there is; bytes with another one are no message."""

TV_BYTES: Final = {1: 3, 2: 9, 3: 9, 4: 9, 5: 9, 6: 2, 7: 3, 8: 3, 9: 5, 10: 3, 11: 3, 12: 3, 13: 13, 14: 3, 16: 5} | {
    17: 3,
    18: 5,
    19: 3,
    20: 3,
}
"""Size of each TV parameter with its type byte; no other type can be stepped over."""

_HEAD: Final = Struct(">HII")
_WORDS: Final = {version << 10 | kind: (version, kind) for version in VERSIONS for kind in NAMES}
"""First two bytes of every message."""
_TLV: Final = Struct(">HH")
_TYPE_BYTES: Final = b"".join(re.escape(bytes((kind,))) for kind in NAMES if kind < 0x100)
_START: Final = re.compile(rb"[\x04\x08](?:[%b]|\Z)|[\x07\x0b](?:\xff|\Z)" % _TYPE_BYTES)


class Message(msgspec.Struct, frozen=True, gc=False):
    """One whole message; its parameters are not looked at yet."""

    version: int
    type: int
    number: int
    raw: bytes

    @property
    def name(self) -> str:
        """Its name in the standard."""
        return NAMES[self.type]


def encode_message(kind: int, number: int, body: bytes = b"") -> bytes:
    """One message of version 1.0.1, which every reader speaks."""
    return _HEAD.pack(1 << 10 | kind, HEADER_BYTES + len(body), number) + body


def tlv(kind: int, *parts: bytes) -> bytes:
    """One TLV parameter around its fields and the parameters in it."""
    content = b"".join(parts)
    return _TLV.pack(kind, _TLV.size + len(content)) + content


def custom(vendor: int, subtype: int, *parts: bytes) -> bytes:
    """One parameter of a maker."""
    return tlv(CUSTOM, pack(">II", vendor, subtype), *parts)


def parameters(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(type, first byte of the content, byte behind it) of each parameter in `raw[at:end]`.

    Raises: FrameError: a parameter reaches beyond `end`, or is a TV whose size nobody knows.
    """
    while at < end:
        head = 1
        if raw[at] & 0x80:
            kind = raw[at] & 0x7F
            size = TV_BYTES.get(kind, 0)
            if not size:
                raise FrameError("format", f"parameter {kind} at byte {at} has no known size")
        elif end - at < _TLV.size:
            raise FrameError("length", f"{end - at} bytes are left for a parameter at byte {at}")
        else:
            head = _TLV.size
            kind, size = _TLV.unpack_from(raw, at)
            kind &= 0x3FF
        if size < head or at + size > end:
            raise FrameError("length", f"parameter {kind} at byte {at} has {size} bytes, {end - at} are left")
        yield kind, at + head, at + size
        at += size


class MessageHunt:
    """Messages of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(_START, _take, frame_bytes_max=MESSAGE_BYTES_MAX)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished message is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Message | Rejected]:
        """Messages and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Message | Rejected]:
        """Give up on the unfinished message."""
        return self._hunt.flush()


def _take(buffer: bytes, at: int, found: list[Message | Rejected]) -> int:
    begin, there = at, len(buffer)
    while there - at >= HEADER_BYTES:
        word, size, number = _HEAD.unpack_from(buffer, at)
        end = at + size
        known = _WORDS.get(word)
        if known is None or end > there or size < HEADER_BYTES:
            break
        found.append(Message(*known, number, buffer[at:end]))
        at = end
    if at == begin and there - at >= 6:
        size = int.from_bytes(buffer[at + 2 : at + 6], "big")
        if not HEADER_BYTES <= size <= MESSAGE_BYTES_MAX:
            raise FrameError("length", f"the message claims {size} bytes; {HEADER_BYTES} to {MESSAGE_BYTES_MAX} can be")
    return at
