"""The usual way to read a serial module: one byte at a time through a state machine, table CRC in Python, a dictionary out.

Such code is what drivers copied from vendors' examples look like; it is correct, and its cost is what the driver is
measured against.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

START = 0xFF
_POLYNOMIAL = 0x1021


def _entry(value: int) -> int:
    crc = value << 8
    for _ in range(8):
        crc = (crc << 1) ^ _POLYNOMIAL if crc & 0x8000 else crc << 1
    return crc & 0xFFFF


TABLE = tuple(_entry(value) for value in range(256))


class State(Enum):
    """What the next byte is."""

    START = auto()
    LENGTH = auto()
    BODY = auto()
    CHECKSUM_HIGH = auto()
    CHECKSUM_LOW = auto()


class ByteMachine:
    """Takes bytes one by one and gives a dictionary for each tag record whose checksum is right."""

    def __init__(self) -> None:
        self.state = State.START
        self.length = 0
        self.body = bytearray()
        self.crc = 0
        self.checksum = 0

    def feed(self, received: bytes) -> Iterator[dict[str, Any]]:
        """Records that end in `received`. CRC-TM: a byte enters at the low end, the table undoes what leaves at the high."""
        for byte in received:
            if self.state is State.BODY:
                self.body.append(byte)
                self.crc = ((self.crc << 8) & 0xFFFF | byte) ^ TABLE[self.crc >> 8]
                if len(self.body) == self.length:
                    self.state = State.CHECKSUM_HIGH
            elif self.state is State.START:
                if byte == START:
                    self.state = State.LENGTH
            elif self.state is State.LENGTH:
                self.length = byte + 3
                self.body.clear()
                self.crc = (0xFF00 | byte) ^ TABLE[0xFF]
                self.state = State.BODY
            elif self.state is State.CHECKSUM_HIGH:
                self.checksum = byte << 8
                self.state = State.CHECKSUM_LOW
            else:
                self.state = State.START
                if self.crc == self.checksum | byte and self.body[0] == 0x22:
                    yield parse_record(bytes(self.body))


def parse_record(body: bytes) -> dict[str, Any]:
    """A record with metadata flags 01FF and a 96-bit EPC, field by field."""
    strength = body[10] - 256 if body[10] > 127 else body[10]
    return {
        "count": body[9],
        "rssi_dbm": strength,
        "antenna": body[11] >> 4,
        "freq_khz": int.from_bytes(body[12:15], "big"),
        "reader_ms": int.from_bytes(body[15:19], "big"),
        "phase_deg": int.from_bytes(body[19:21], "big"),
        "pc": int.from_bytes(body[27:29], "big"),
        "id_hex": body[29:41].hex().upper(),
        "tag_crc": int.from_bytes(body[41:43], "big"),
    }
