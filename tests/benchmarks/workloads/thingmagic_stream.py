"""Bytes of a ThingMagic module that streams tags: op 22 with read count, strength, antenna, frequency, time, phase and
protocol (metadata flags 01FF less the GPIO and embedded fields of zero length kept, as modules send them).

Written from the published layout, apart from the driver: CRC-TM is computed nibble by nibble as the vendor's routine does.
"""

from collections.abc import Iterable

from tests.benchmarks.workloads.tags import Hearing

_TABLE = tuple(
    value
    for value in (
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
        0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
    )
)  # fmt: skip


def crc_tm(message: bytes) -> int:
    """CRC-TM of LEN to the last byte before the checksum. Source: readers.md, "CRC-TM"."""
    crc = 0xFFFF
    for byte in message:
        for nibble in (byte >> 4, byte & 15):
            crc = ((crc << 4) & 0xFFFF | nibble) ^ _TABLE[crc >> 12]
    return crc


def stream_frame(heard: Hearing) -> bytes:
    """One tag record: 47 bytes, laid out like the published example.

    >>> example = Hearing(epc=bytes.fromhex("000000000000000000001545"), antenna=1, rssi_dbm=-60, ms=295)
    >>> stream_frame(example)[:20].hex(" ").upper()
    'FF 28 22 00 00 10 00 1B 01 FF 01 01 C4 11 0E 16 40 00 00 01'
    """
    record = (
        bytes.fromhex("10 001B 01FF 01 01")
        + (heard.rssi_dbm & 0xFF).to_bytes(1, "big")
        + bytes([heard.antenna << 4 | heard.antenna])
        + (923_200).to_bytes(3, "big")
        + heard.ms.to_bytes(4, "big")
        + bytes.fromhex("0000 05 0000 0F 0080 3000")
        + heard.epc
        + bytes.fromhex("E94A")
    )
    body = bytes([len(record)]) + bytes.fromhex("22 0000") + record
    return b"\xff" + body + crc_tm(body).to_bytes(2, "big")


def stream(heard: Iterable[Hearing]) -> bytes:
    """All frames, one after the other."""
    return b"".join(map(stream_frame, heard))


def chunks(raw: bytes, size: int) -> list[bytes]:
    """The stream as the operating system would give it: reads of `size` bytes."""
    return [raw[at : at + size] for at in range(0, len(raw), size)]
