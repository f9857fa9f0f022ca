"""Packets of the Simple Serial Interface as a scanner sees them.

======  ====  =========================================================
offset  size  meaning
======  ====  =========================================================
0       1     LEN: this byte to the end of the data, checksum not counted
1       1     opcode
2       1     source: ``04`` host, ``00`` scanner
3       1     status: bit 0 sent again, bit 1 more of it follows, bit 3 keep
4       n     data
last    2     two's complement of the 16-bit sum of all before, big endian
======  ====  =========================================================

>>> encode_packet(0xD0).hex().upper()
'04D00000FF2C'
"""

import dataclasses
from collections.abc import Iterator
from typing import Final

HOST, SCANNER = 0x04, 0x00
AGAIN, CONTINUED = 0x01, 0x02
HEADER_BYTES: Final = 4
DATA_BYTES_MAX: Final = 255 - HEADER_BYTES
HOST_GAP_S: Final = 0.2
"""Host character time-out: a command whose bytes pause longer is thrown away (parameter EF, 200 ms by default)."""


def checksum(covered: bytes) -> bytes:
    """The two checksum bytes."""
    return (-sum(covered) & 0xFFFF).to_bytes(2, "big")


def encode_packet(opcode: int, payload: bytes = b"", *, source: int = SCANNER, status: int = 0) -> bytes:
    """One packet with its checksum."""
    covered = bytes((HEADER_BYTES + len(payload), opcode, source, status)) + payload
    return covered + checksum(covered)


@dataclasses.dataclass(frozen=True, slots=True)
class Packet:
    """One packet from the host."""

    opcode: int
    payload: bytes
    is_sound: bool
    """False: its checksum is wrong."""


class PacketReader:
    """Cuts the bytes of a host into packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._last_at_s = 0.0

    def feed(self, chunk: bytes, now_s: float) -> list[Packet]:
        """The packets completed by `chunk`, which arrived at `now_s` (monotonic seconds), broken ones included."""
        if now_s - self._last_at_s > HOST_GAP_S:
            self._buffer.clear()
        self._last_at_s = now_s
        self._buffer += chunk
        return list(self._packets())

    def _packets(self) -> Iterator[Packet]:
        buffer = self._buffer
        while buffer:
            # 00 wakes a sleeping scanner, and to one that is awake it is nothing.
            if buffer[0] < HEADER_BYTES:
                del buffer[0]
                continue
            end = buffer[0] + 2
            if len(buffer) < end:
                return
            packet = bytes(buffer[:end])
            del buffer[:end]
            is_sound = checksum(packet[:-2]) == packet[-2:] and packet[2] == HOST
            yield Packet(packet[1], packet[HEADER_BYTES:-2], is_sound)
