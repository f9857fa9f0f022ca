"""Reads of ThingMagic records: the common read that a record becomes, and the hot path from a stream frame to it.

Nearly every frame of a stream is a tag report with all metadata, as our start order asks for. Its payload is unpacked in one
step by the layout of its length; everything else goes field by field through `records` and gives the same reads.
"""

from functools import lru_cache
from struct import Struct
from typing import Final

from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX, TagRead
from reader_drivers.thingmagic_ff.records import PC_HAS_XPC, PC_IS_UII, Record, decode_stream_report

_USUAL_HEAD: Final = bytes.fromhex("01FF 01")
"""All metadata, and a tag."""
_FIXED_BYTES: Final = 28
"""Of a payload with all metadata: everything but the embedded read and the EPC."""
_AROUND_EPC_BITS: Final = 32
"""PC and CRC are counted with the EPC."""


def tag_read(record: Record, raw: bytes = b"", at_ms: int | None = None) -> TagRead:
    """The record as the common read. The embedded read of our start order is the TID."""
    count = record.read_count or 1
    return TagRead(
        id_hex=record.epc.hex().upper(),
        id_bits=len(record.epc) * 8,
        id_kind="uii" if record.pc & PC_IS_UII else "epc",
        pc=record.pc,
        xpc_w1=record.xpc_w1,
        tag_crc=record.tag_crc,
        tid_hex=record.embedded.hex().upper() if record.embedded else None,
        antenna=record.antenna,
        rssi_dbm=record.rssi_dbm,
        rssi_sum_cdbm=None if record.rssi_dbm is None else record.rssi_dbm * 100 * count,
        freq_khz=record.freq_khz,
        phase_deg=record.phase_deg,
        count=count,
        reader_ms=record.timestamp_ms,
        at_ms=at_ms,
        raw=raw,
    )


def stream_read(payload: bytes, at_ms: int | None = None) -> TagRead | None:
    """The read in the payload of an op 22 frame with status 0000. None: the report is no tag.

    Raises: FrameError: the payload is too short or broken.
    """
    size = len(payload)
    is_usual = size >= _FIXED_BYTES and payload[3:6] == _USUAL_HEAD
    layout = _usual_layout(size, payload[19] << 8 | payload[20]) if is_usual else None
    if layout is not None:
        count, rssi, ports, freq_high, freq_low, ms, phase, tid, bits, pc, epc, crc = layout.unpack(payload)
        if bits == len(epc) * 8 + _AROUND_EPC_BITS and not pc & PC_HAS_XPC:
            id_hex, id_kind, tid_hex = _identity(epc, pc, tid)
            count = count or 1
            return TagRead(
                id_hex=id_hex,
                id_bits=bits - _AROUND_EPC_BITS,
                id_kind=id_kind,
                pc=pc,
                tag_crc=crc,
                tid_hex=tid_hex,
                antenna=ports >> 4 or 16,
                rssi_dbm=rssi,
                rssi_sum_cdbm=rssi * 100 * count,
                freq_khz=freq_high << 16 | freq_low,
                phase_deg=phase,
                count=count,
                reader_ms=ms,
                at_ms=at_ms,
            )
    record = decode_stream_report(payload).record
    return None if record is None else tag_read(record, at_ms=at_ms)


@lru_cache(maxsize=4_096)
def _identity(epc: bytes, pc: int, tid: bytes) -> tuple[str, str, str | None]:
    """Code, kind and TID as text. The tags of a tray are heard over and over: 95 of 100 reads find theirs here."""
    return epc.hex().upper(), "uii" if pc & PC_IS_UII else "epc", tid.hex().upper() if tid else None


@lru_cache(maxsize=64)
def _usual_layout(size: int, tid_bits: int) -> Struct | None:
    """How to unpack a payload with all metadata; few lengths are met, one for each kind of tag. None: no tag has them."""
    tid_bytes, odd_bits = divmod(tid_bits, 8)
    epc_bytes = size - _FIXED_BYTES - tid_bytes
    if odd_bits or tid_bytes > TID_BYTES_MAX or not 0 <= epc_bytes <= EPC_BYTES_MAX:
        return None
    return Struct(f">6xBbBBHIHx2x{tid_bytes}sxHH{epc_bytes}sH")
