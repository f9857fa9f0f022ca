"""Tag records of ThingMagic modules: metadata in flag order, then the tag's EPC memory.

Stream frame (op 22) payload:

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | option | 10 = metadata follows |
| 1 | 2 | search flags | as in the start order |
| 3 | 2 | metadata flags | which fields of the record are present |
| 5 | 1 | kind | 01 tag, 02 status, 00 end of the search |
| 6 | … | record | only when kind is 01 |

Record, each part present when its flag is set: 0001 read count (1), 0002 RSSI dBm (1, signed), 0004 antenna (1, high
nibble transmits), 0008 frequency kHz (3), 0010 ms since the last keep-alive (4), 0020 phase in degrees (2), 0040 protocol (1),
0080 embedded read: bit length (2) and its bytes, 0100 GPIO (1). Then always: bit length of PC..CRC (2), PC (2), XPC_W1 (2, when
PC bit 0200), XPC_W2 (2, when XPC_W1 bit 8000), EPC, tag CRC (2). Big-endian throughout. Source: readers.md section 1.
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError
from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX

COUNT: Final = 0x0001
RSSI: Final = 0x0002
ANTENNA: Final = 0x0004
FREQUENCY: Final = 0x0008
TIMESTAMP: Final = 0x0010
PHASE: Final = 0x0020
PROTOCOL: Final = 0x0040
EMBEDDED: Final = 0x0080
GPIO: Final = 0x0100
ALL_METADATA: Final = 0x01FF

PC_HAS_XPC: Final = 0x0200
PC_IS_UII: Final = 0x0100
XPC_HAS_SECOND: Final = 0x8000


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One tag as one antenna heard it. None: the metadata flags left the field out."""

    read_count: int | None = None
    rssi_dbm: int | None = None
    antenna: int | None = None
    """Port that transmitted, 1..16."""
    antenna_rx: int | None = None
    freq_khz: int | None = None
    timestamp_ms: int | None = None
    phase_deg: int | None = None
    tag_protocol: int | None = None
    """5 = Gen2."""
    embedded: bytes | None = None
    """Answer of the embedded read; empty when the tag did not answer it."""
    gpio: int | None = None
    pc: int
    xpc_w1: int | None = None
    xpc_w2: int | None = None
    epc: bytes
    tag_crc: int


class _Cursor:
    """Reads numbers and byte strings off a payload; running out of bytes is a broken record."""

    def __init__(self, payload: bytes, at: int) -> None:
        self.payload = payload
        self.at = at

    def take(self, size: int) -> bytes:
        part = self.payload[self.at : self.at + size]
        if len(part) < size:
            raise FrameError("length", f"a tag record needs {size} bytes at offset {self.at}, {len(part)} are left")
        self.at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def optional(self, size: int, *, present: int) -> int | None:
        return self.number(size) if present else None


def decode_record(payload: bytes, at: int, flags: int) -> tuple[Record, int]:
    """The record that starts at `at`, and the offset behind it.

    Raises: FrameError: the payload ends too early, a bit length is no whole number of bytes, or EPC or embedded read are
    longer than a tag's control word and our start order can ask for.
    """
    cursor = _Cursor(payload, at)
    read_count = cursor.optional(1, present=flags & COUNT)
    rssi = cursor.optional(1, present=flags & RSSI)
    ports = cursor.optional(1, present=flags & ANTENNA)
    freq_khz = cursor.optional(3, present=flags & FREQUENCY)
    timestamp_ms = cursor.optional(4, present=flags & TIMESTAMP)
    phase_deg = cursor.optional(2, present=flags & PHASE)
    tag_protocol = cursor.optional(1, present=flags & PROTOCOL)
    embedded = _limited(cursor.take(_whole_bytes(cursor.number(2))), TID_BYTES_MAX) if flags & EMBEDDED else None
    gpio = cursor.optional(1, present=flags & GPIO)
    memory = _Cursor(cursor.take(_whole_bytes(cursor.number(2))), 0)
    pc = memory.number(2)
    xpc_w1 = memory.optional(2, present=pc & PC_HAS_XPC)
    xpc_w2 = memory.optional(2, present=(xpc_w1 or 0) & XPC_HAS_SECOND)
    epc = _limited(memory.take(max(0, len(memory.payload) - memory.at - 2)), EPC_BYTES_MAX)
    record = Record(
        read_count=read_count,
        rssi_dbm=None if rssi is None else (rssi ^ 0x80) - 0x80,
        antenna=None if ports is None else _port(ports >> 4),
        antenna_rx=None if ports is None else _port(ports & 0x0F),
        freq_khz=freq_khz,
        timestamp_ms=timestamp_ms,
        phase_deg=phase_deg,
        tag_protocol=tag_protocol,
        embedded=embedded,
        gpio=gpio,
        pc=pc,
        xpc_w1=xpc_w1,
        xpc_w2=xpc_w2,
        epc=epc,
        tag_crc=memory.number(2),
    )
    return record, cursor.at


def encode_record(record: Record, flags: int) -> bytes:
    """The record as a module sends it under `flags`; fields that are None count as 0."""
    ports = ((record.antenna or 0) & 0x0F) << 4 | ((record.antenna_rx or 0) & 0x0F)
    fields = (
        (COUNT, record.read_count, 1),
        (RSSI, (record.rssi_dbm or 0) & 0xFF, 1),
        (ANTENNA, ports, 1),
        (FREQUENCY, record.freq_khz, 3),
        (TIMESTAMP, record.timestamp_ms, 4),
        (PHASE, record.phase_deg, 2),
        (PROTOCOL, record.tag_protocol, 1),
    )
    parts = [(number or 0).to_bytes(size, "big") for flag, number, size in fields if flags & flag]
    if flags & EMBEDDED:
        parts.append(_counted(record.embedded or b""))
    if flags & GPIO:
        parts.append(bytes((record.gpio or 0,)))
    words = [record.pc, record.xpc_w1, record.xpc_w2]
    memory = b"".join(word.to_bytes(2, "big") for word in words if word is not None)
    parts.append(_counted(memory + record.epc + record.tag_crc.to_bytes(2, "big")))
    return b"".join(parts)


def _counted(content: bytes) -> bytes:
    return (len(content) * 8).to_bytes(2, "big") + content


def _whole_bytes(bits: int) -> int:
    if bits % 8:
        raise FrameError("length", f"a field of a tag record has {bits} bits, which is no whole number of bytes")
    return bits // 8


def _limited(content: bytes, bytes_max: int) -> bytes:
    if len(content) > bytes_max:
        raise FrameError("length", f"a field of a tag record has {len(content)} bytes, at most {bytes_max} can be")
    return content


def _port(nibble: int) -> int:
    # A nibble cannot hold 16; modules with 16 logical ports send the last one as 0.
    return nibble or 16


class StreamReport(msgspec.Struct, frozen=True, gc=False):
    """Payload of an op 22 frame while the module streams."""

    option: int
    search_flags: int
    metadata_flags: int
    kind: int
    """1 tag, 2 status, 0 end of the search."""
    record: Record | None
    """None: the report is no tag."""


def decode_stream_report(payload: bytes) -> StreamReport:
    """The report in the payload of an op 22 frame with status 0000. Raises: FrameError: it is too short or broken."""
    head = _Cursor(payload, 0)
    option, search_flags, metadata_flags, kind = head.number(1), head.number(2), head.number(2), head.number(1)
    record = None
    if kind == 1:
        record, _ = decode_record(payload, head.at, metadata_flags)
    return StreamReport(option, search_flags, metadata_flags, kind, record)


def encode_stream_report(report: StreamReport) -> bytes:
    """The payload of an op 22 frame; inverse of `decode_stream_report`."""
    head = bytes((report.option,)) + report.search_flags.to_bytes(2, "big") + report.metadata_flags.to_bytes(2, "big")
    record = b"" if report.record is None else encode_record(report.record, report.metadata_flags)
    return head + bytes((report.kind,)) + record


def decode_buffer(payload: bytes) -> tuple[Record, ...]:
    """Records of an op 29 answer: metadata flags (2), option (1), number of records (1), then the records.

    Raises: FrameError: fewer or more bytes than the records need.
    """
    head = _Cursor(payload, 0)
    flags, _, number = head.number(2), head.number(1), head.number(1)
    records, at = [], head.at
    for _ in range(number):
        record, at = decode_record(payload, at, flags)
        records.append(record)
    if at != len(payload):
        raise FrameError("length", f"{len(payload) - at} bytes are left behind the last of {number} records")
    return tuple(records)
