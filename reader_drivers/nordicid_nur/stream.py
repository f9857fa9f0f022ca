"""Inventory notifications of NUR readers (command 82): what one round over the antennas heard.

Behind the status: stopped(1), rounds(1), collisions(2), Q(1), then for each tag a length byte and

| size | name | meaning |
|---|---|---|
| 1 | RSSI | signed, whole dBm |
| 1 | scaled RSSI | 0..100 |
| 2 | time | ms since the stream began |
| 4 | frequency | kHz |
| 1 | data length | only with embedded reads |
| 2 | PC | |
| 1 | channel | |
| 1 | antenna | from 0 on |
| … | EPC, then the embedded read | |

All little-endian. Source: readers.md 5.4.
"""

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - the class has a name in lower case.
from typing import Final

from reader_drivers.errors import FrameError
from reader_drivers.nordicid_nur.frames import Frame
from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX, TagRead

DONE: Final = 0x00
NO_TAG: Final = 0x20
PC_IS_UII: Final = 0x0100

_HEAD: Final = Struct("<BBHB")
_SIGNAL: Final = Struct("<bBHI")
_MEMORY: Final = Struct("<HBB")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a notification."""

    rssi_dbm: int
    time_ms: int
    freq_khz: int
    pc: int
    antenna: int
    """From 0 on, as the reader counts."""
    epc: bytes
    embedded: bytes | None
    """None: the inventory reads no memory; empty: this tag did not answer the read."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one notification says."""

    status: int
    is_stopped: bool
    """True: the reader has ended the stream; it goes on when it is started again."""
    tags: tuple[Tag, ...]


def decode_round(frame: Frame) -> Round:
    """The notification in a frame 82. Raises: FrameError: it ends too early, or a tag's lengths do not fit."""
    body = frame.body
    if not body:
        raise FrameError("length", "a notification has no status")
    if body[0] != DONE:
        return Round(body[0], len(body) > 1 and bool(body[1]), ())
    try:
        stopped, *_ = _HEAD.unpack_from(body, 1)
    except StructError as error:
        raise FrameError("length", f"a notification is too short: {error}") from error
    tags, at = [], 1 + _HEAD.size
    while at < len(body) and body[at]:
        end = at + 1 + body[at]
        if end > len(body):
            raise FrameError("length", f"a tag of {body[at]} bytes stands in the last {len(body) - at - 1}")
        tags.append(_tag(body[at + 1 : end], has_embedded=frame.has_embedded))
        at = end
    return Round(DONE, bool(stopped), tuple(tags))


def _tag(record: bytes, *, has_embedded: bool) -> Tag:
    try:
        rssi, _, time_ms, freq_khz = _SIGNAL.unpack_from(record)
        at = _SIGNAL.size + has_embedded
        size = record[_SIGNAL.size] if has_embedded else 0
        pc, _, antenna = _MEMORY.unpack_from(record, at)
    except (StructError, IndexError) as error:
        raise FrameError("length", f"a tag of {len(record)} bytes is too short: {error}") from error
    memory = record[at + _MEMORY.size :]
    if size > len(memory) or size > TID_BYTES_MAX or len(memory) - size > EPC_BYTES_MAX:
        raise FrameError("length", f"{len(memory)} bytes are no EPC with {size} bytes of memory")
    epc, embedded = memory[: len(memory) - size], memory[len(memory) - size :]
    return Tag(rssi, time_ms, freq_khz, pc, antenna, epc, embedded if has_embedded else None)


def tag_read(tag: Tag, at_ms: int | None = None) -> TagRead:
    """The tag as the common read. The embedded read of our orders is the TID."""
    return TagRead(
        id_hex=tag.epc.hex().upper(),
        id_bits=len(tag.epc) * 8,
        id_kind="uii" if tag.pc & PC_IS_UII else "epc",
        pc=tag.pc,
        tid_hex=tag.embedded.hex().upper() if tag.embedded else None,
        antenna=tag.antenna + 1,
        rssi_dbm=tag.rssi_dbm,
        rssi_sum_cdbm=tag.rssi_dbm * 100,
        freq_khz=tag.freq_khz,
        reader_ms=tag.time_ms,
        at_ms=at_ms,
    )
