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
from reader_drivers.driver import Described, Facts
from reader_drivers.errors import FrameError, Rejected


class Describer:
    """Describes the packets of one direction of a capture, in order. Each packet of a long scan is described alone."""

    def __init__(self, direction: str) -> None:
        self._hunt = PacketHunt(Direction(direction))

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes of the packet, description) of each packet or rejection that `received` completes."""
        return [_described(part) for part in self._hunt.feed(received)]

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        return [_described(part) for part in self._hunt.flush()]


def _described(part: Packet | Rejected) -> tuple[bytes, Described]:
    if isinstance(part, Rejected):
        return part.raw, ("rejected", {"reason": part.reason}, ())
    try:
        return part.raw, describe(part)
    except FrameError as error:
        return part.raw, ("rejected", {"reason": str(error)}, ())


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
