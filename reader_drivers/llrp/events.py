"""What an LLRP reader tells unasked: READER_EVENT_NOTIFICATION as names and numbers.

| parameter | fields | meaning |
|---|---|---|
| 249 ROSpecEvent | kind(1) ROSpec(4) preempting(4) | 0 begun, 1 ended, 2 preempted |
| 250 ReportBufferLevelWarning | percent(1) | the host takes reports too slowly |
| 251 ReportBufferOverflow | | reports are lost |
| 252 ReaderException | text length(2) text … | the reader's own words |
| 255 AntennaEvent | kind(1) antenna(2) | 0 disconnected, 1 connected |
| 256 ConnectionAttempt | status(2) | 0 yours, 1 and 2 somebody else holds the reader, 3 refused, 4 another one tried |
| 257 ConnectionClose | | the reader ends the connection |
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from reader_drivers.errors import FrameError
from reader_drivers.llrp.frames import HEADER_BYTES, Message, parameters

EVENT: Final = 246
ROSPEC, BUFFER_WARNING, BUFFER_OVERFLOW, EXCEPTION = 249, 250, 251, 252
ANTENNA, ATTEMPT, CLOSE = 255, 256, 257

NAMES: Final = {
    247: "hopping",
    248: "gpi",
    ROSPEC: "rospec",
    BUFFER_WARNING: "report_buffer_warning",
    BUFFER_OVERFLOW: "report_buffer_overflow",
    EXCEPTION: "reader_exception",
    253: "rf_survey",
    254: "aispec",
    ANTENNA: "antenna",
    ATTEMPT: "connection_attempt",
    CLOSE: "connection_close",
}
_LAYOUTS: Final = {
    ROSPEC: Struct(">BII"),
    BUFFER_WARNING: Struct(">B"),
    ANTENNA: Struct(">BH"),
    ATTEMPT: Struct(">H"),
}
_TEXT_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of a notification."""

    kind: int
    """Type of its parameter; the constants of this module."""
    fields: tuple[int, ...] = ()
    """As in the table above; empty for kinds whose fields nobody here needs."""
    text: str = ""
    """The reader's own words of an exception."""


def notices(message: Message) -> list[Notice]:
    """The events in a READER_EVENT_NOTIFICATION, in order. Raises: FrameError: one of them is broken."""
    raw = message.raw
    return [
        _notice(kind, raw[begin:stop])
        for around, at, end in parameters(raw, HEADER_BYTES, len(raw))
        if around == EVENT
        for kind, begin, stop in parameters(raw, at, end)
        if kind in NAMES
    ]


def _notice(kind: int, content: bytes) -> Notice:
    if kind == EXCEPTION:
        size = int.from_bytes(content[:_TEXT_BYTES], "big")
        return Notice(kind, (), content[_TEXT_BYTES : _TEXT_BYTES + size].decode("utf-8", "replace"))
    layout = _LAYOUTS.get(kind)
    if layout is None:
        return Notice(kind)
    if len(content) < layout.size:
        raise FrameError("length", f"the event {NAMES[kind]} has {len(content)} bytes, {layout.size} are needed")
    return Notice(kind, layout.unpack_from(content))
