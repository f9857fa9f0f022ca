r"""Packets of Zebra's Simple Serial Interface (SSI): bytes to values and back, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | LEN | bytes of the packet without its checksum, 4..255 |
| 1 | 1 | OPCODE | what the packet is |
| 2 | 1 | SOURCE | 04 host, 00 scanner |
| 3 | 1 | STATUS | bit 0 sent again, bit 1 more packets follow, bit 3 permanent change of a parameter |
| 4 | LEN - 4 | payload | depends on OPCODE; of F3: code type (1), then the barcode |
| LEN | 2 | checksum | two's complement of the 16-bit sum of LEN..payload, big-endian |

No byte marks the start, so every byte may be one; LEN and SOURCE sort out most. Source: readers.md section 9; Zebra
72E-40451-04, "SSI message formats". In a scan of several packets each has the code type (clocklimited/motorola-ssi-scanner).

>>> encode_packet(CMD_ACK).hex().upper()
'04D00400FF28'
"""

from enum import StrEnum
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt
from reader_drivers.scan_text import scan_text

HEAD_BYTES: Final = 4
"""LEN of the shortest packet."""
CHECKSUM_BYTES: Final = 2
PAYLOAD_BYTES_MAX: Final = 0xFF - HEAD_BYTES

PARAM_SEND: Final = 0xC6
CMD_ACK: Final = 0xD0
CMD_NAK: Final = 0xD1
SCAN_ENABLE: Final = 0xE9
DECODE_DATA: Final = 0xF3

NAMES: Final = {
    0x80: "SSI_MGMT_COMMAND",
    0xA3: "REQUEST_REVISION",
    0xA4: "REPLY_REVISION",
    0xB1: "IMAGE_DATA",
    0xC6: "PARAM_SEND",
    0xC7: "PARAM_REQUEST",
    0xC8: "PARAM_DEFAULTS",
    0xD0: "CMD_ACK",
    0xD1: "CMD_NAK",
    0xD2: "FLUSH_QUEUE",
    0xE4: "START_SESSION",
    0xE5: "STOP_SESSION",
    0xE6: "BEEP",
    0xE7: "LED_ON",
    0xE8: "LED_OFF",
    0xE9: "SCAN_ENABLE",
    0xEA: "SCAN_DISABLE",
    0xEB: "SLEEP",
    0xF3: "DECODE_DATA",
    0xF6: "EVENT",
    0xF7: "IMAGER_MODE",
}
"""Names as in Zebra's guide."""

NAK_RESEND: Final = 0x01
NAK_MEANINGS: Final = {0x01: "send it again", 0x02: "bad context", 0x06: "denied"}
RETRYABLE: Final = frozenset({NAK_RESEND})

STATUS_RESENT: Final = 0x01
STATUS_MORE: Final = 0x02

CODE_TYPE_NONE: Final = 0x00
"""Not a barcode: with the text NR, the trigger was released and nothing was decoded."""
NO_READ: Final = b"NR"
_AIM_OF_TYPE: Final = {0x0A: "E4", 0x0B: "E0", 0x0F: "C1"}
"""Code types that tell the AIM identifier for certain: EAN-8, EAN-13, GS1-128. Others leave GS1 content open (Data
Matrix, QR) or change the text (UPC). Source: Motorola CS3000 reference, table B-1 "Code Type IDs"."""


class Direction(StrEnum):
    """Who sent the bytes; the source byte tells the two apart."""

    READER_TO_HOST = "reader_to_host"
    HOST_TO_READER = "host_to_reader"

    @property
    def source(self) -> int:
        """The source byte of every packet of this direction."""
        return 0x00 if self is Direction.READER_TO_HOST else 0x04


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One whole packet whose checksum holds."""

    opcode: int
    source: int
    status: int
    payload: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """What Zebra's guide calls it; the opcode in hex when it does not."""
        return NAMES.get(self.opcode, f"{self.opcode:02X}")

    @property
    def is_resent(self) -> bool:
        """The scanner got no acknowledgement for its first sending."""
        return bool(self.status & STATUS_RESENT)

    @property
    def has_more(self) -> bool:
        """Further packets belong to the same scan."""
        return bool(self.status & STATUS_MORE)

    @property
    def is_no_read(self) -> bool:
        """The scanner looked and saw no barcode."""
        return self.opcode == DECODE_DATA and self.payload == bytes((CODE_TYPE_NONE,)) + NO_READ


def checksum(body: bytes) -> int:
    """SUM2C-16 of LEN..payload: with it the 16-bit sum of the packet is 0."""
    return -sum(body) & 0xFFFF


def encode_packet(
    opcode: int, payload: bytes = b"", *, direction: Direction = Direction.HOST_TO_READER, status: int = 0
) -> bytes:
    """One packet. `payload` has at most 251 bytes (asserted: only our own code calls this)."""
    assert len(payload) <= PAYLOAD_BYTES_MAX
    body = bytes((HEAD_BYTES + len(payload), opcode, direction.source, status)) + payload
    return body + checksum(body).to_bytes(CHECKSUM_BYTES, "big")


def decode_scan(payload: bytes) -> tuple[str, str | None]:
    """(text, AIM identifier or None) in the payload of a scan: code type, then the barcode.

    Raises: FrameError: no barcode is in it.
    """
    text, aim = scan_text(payload[1:])
    if not text:
        raise FrameError("format", "the scan has a code type without a barcode")
    return text, aim or _AIM_OF_TYPE.get(payload[0])


class PacketHunt:
    """Packets of one direction out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self, direction: Direction) -> None:
        self._source = direction.source
        self._hunt = Hunt(None, self._take)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished packet is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Packet | Rejected]:
        """Packets and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Packet | Rejected]:
        """Give up on the unfinished packet."""
        return self._hunt.flush()

    def _take(self, buffer: bytes, at: int, found: list[Packet | Rejected]) -> int:
        length, held = buffer[at], len(buffer) - at
        if length < HEAD_BYTES or (held > 2 and buffer[at + 2] != self._source):
            raise FrameError("noise", "no packet starts with these bytes")
        size = length + CHECKSUM_BYTES
        if held < size:
            return at
        raw = buffer[at : at + size]
        sent, computed = int.from_bytes(raw[length:], "big"), checksum(raw[:length])
        if sent != computed:
            raise FrameError("checksum", f"the packet ends in {sent:04X}, its bytes give {computed:04X}", size=size)
        found.append(Packet(raw[1], raw[2], raw[3], raw[HEAD_BYTES:length], raw))
        return at + size
