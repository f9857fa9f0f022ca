"""LLRP messages as a reader writes and reads them (LLRP 1.0.1 and 1.1: header, TV and TLV parameters).

Header: 3 reserved bits, 3 bits version, 10 bits type, length of the whole message (4), message number (4), big-endian.
A parameter is TLV (6 reserved bits, 10 bits type, 16 bits length of all of it) or TV (bit 7 set, 7 bits type, fixed size).
"""

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

HEADER_BYTES: Final = 10
MESSAGE_BYTES_MAX: Final = 65_536
"""The longest order of a host (an AccessSpec that writes a whole bank) is far shorter."""

SUCCESS: Final = 0
PARAMETER_ERROR: Final = 100
FIELD_ERROR: Final = 101
UNSUPPORTED_MESSAGE: Final = 109

TAG_REPORT: Final = 240
EPC_DATA: Final = 241
READ_RESULT: Final = 349


class OrderError(ValueError):
    """An order of the host cannot be obeyed; `status` is what LLRPStatus tells."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One message of the host."""

    version: int
    type: int
    number: int
    body: bytes


class MessageReader:
    """Messages out of a stream; a length that cannot be ends the conversation, as readers close the connection then."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that `chunk` completes."""
        self._buffer += chunk
        while len(self._buffer) >= HEADER_BYTES:
            word, size, number = struct.unpack_from(">HII", self._buffer)
            if not HEADER_BYTES <= size <= MESSAGE_BYTES_MAX:
                self._buffer = b""
                return
            if len(self._buffer) < size:
                return
            yield Message(word >> 10 & 7, word & 0x3FF, number, self._buffer[HEADER_BYTES:size])
            self._buffer = self._buffer[size:]


def encode_message(version: int, kind: int, *, number: int, body: bytes = b"") -> bytes:
    """One message of the reader."""
    return struct.pack(">HII", version << 10 | kind, HEADER_BYTES + len(body), number) + body


def tlv(kind: int, *parts: bytes) -> bytes:
    """One TLV parameter around its fields and parameters."""
    content = b"".join(parts)
    return struct.pack(">HH", kind, 4 + len(content)) + content


def tv(kind: int, layout: str, value: float) -> bytes:
    """One TV parameter with one field."""
    return struct.pack(">B" + layout, 0x80 | kind, value)


def status(code: int = SUCCESS, sentence: str = "") -> bytes:
    """LLRPStatus."""
    text = sentence.encode()
    return tlv(287, struct.pack(">HH", code, len(text)), text)


def event(now_us: int, parameter: bytes) -> bytes:
    """Body of READER_EVENT_NOTIFICATION: time and one event."""
    return tlv(246, tlv(128, struct.pack(">Q", now_us)), parameter)


def parameters(body: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """(type, content) of the TLV parameters from `at` on. Raises: OrderError: a length is wrong, or a TV stands there."""
    while at < len(body):
        kind, size = struct.unpack_from(">HH", body, at) if len(body) - at >= 4 else (0, 0)
        if size < 4 or at + size > len(body) or kind >= 0x8000:
            raise OrderError(PARAMETER_ERROR, f"no parameter fits at byte {at}")
        yield kind & 0x3FF, body[at + 4 : at + size]
        at += size


def one(body: bytes, kind: int, at: int = 0) -> bytes:
    """Content of the first parameter of this type. Raises: OrderError: there is none."""
    found = optional(body, kind, at)
    if found is None:
        raise OrderError(PARAMETER_ERROR, f"parameter {kind} is missing")
    return found


def optional(body: bytes, kind: int, at: int = 0) -> bytes | None:
    """Content of the first parameter of this type, None when there is none."""
    return next((content for found, content in parameters(body, at) if found == kind), None)


def unpack(layout: str, content: bytes, at: int = 0) -> tuple[int, ...]:
    """Fields of a parameter. Raises: OrderError: it is too short."""
    try:
        return struct.unpack_from(">" + layout, content, at)
    except struct.error as error:
        raise OrderError(PARAMETER_ERROR, f"a parameter is too short: {error}") from error
