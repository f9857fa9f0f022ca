"""What one SSI packet says, as names and values for a person or a test: the source of `baguier-agent decode barcode_ssi`."""

from reader_drivers.barcode_ssi.frames import (
    CMD_NAK,
    DECODE_DATA,
    NAK_MEANINGS,
    RETRYABLE,
    Direction,
    Packet,
    PacketHunt,
    decode_scan,
)
from reader_drivers.driver import Described, Facts, FrameDescriber


class Describer(FrameDescriber[Packet]):
    """Describes the packets of one direction of a capture, in order. Each packet of a long scan is described alone."""

    def __init__(self, direction: str) -> None:
        super().__init__(PacketHunt(Direction(direction)), describe)


def describe(packet: Packet) -> Described:
    """Event name and facts of one packet. Raises: FrameError: a whole packet says that it has a scan and has none."""
    is_command = packet.source == Direction.HOST_TO_READER.source
    facts: Facts = {
        "opcode": f"{packet.opcode:02X}",
        "name": packet.name,
        "source": "host" if is_command else "decoder",
        "status_bits": f"{packet.status:02X}",
        "data_hex": packet.payload.hex().upper(),
    }
    if is_command:
        return "command", facts, ()
    if packet.opcode == CMD_NAK and packet.payload:
        cause = packet.payload[0]
        meaning = NAK_MEANINGS.get(cause, f"cause {cause:02X}")
        return "error", facts | {"error": meaning, "retryable": cause in RETRYABLE}, ()
    if packet.is_no_read:
        return "keep_alive", facts, ()
    if packet.opcode != DECODE_DATA:
        return "reply", facts, ()
    text, aim = decode_scan(packet.payload)
    scan: Facts = {"ssi_code_type": f"{packet.payload[0]:02X}", "text": text, "aim": aim, "more": packet.has_more}
    return "barcode", facts | scan, ()
