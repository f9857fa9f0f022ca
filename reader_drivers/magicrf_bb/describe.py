"""What one MagicRF frame says, as names and values: the source of `baguier-agent decode magicrf_bb`."""

from collections.abc import Callable
from typing import Final

from reader_drivers.driver import Described, Facts, FrameDescriber
from reader_drivers.magicrf_bb import orders
from reader_drivers.magicrf_bb.frames import AA, Frame, FrameHunt, Kind
from reader_drivers.magicrf_bb.tags import decode_tag, tag_read
from reader_drivers.reads import TagRead

DIRECTIONS: Final = ("reader_to_host", "host_to_reader")


class Describer(FrameDescriber[Frame]):
    """Describes the frames of a capture, in order; TYPE tells their direction."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        super().__init__(FrameHunt(), describe)


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of one frame. Raises: FrameError: the frame is whole but the tag inside it is broken."""
    facts: Facts = {
        "frame_type": {Kind.ORDER: "command", Kind.ANSWER: "response", Kind.NOTIFICATION: "notification"}[frame.kind],
        "command": f"{frame.command:02X}",
        "name": orders.NAMES.get(frame.command, "unknown"),
        "param_hex": frame.parameter.hex().upper(),
        "variant": "R200 AA..DD" if frame.start == AA else None,
    }
    if frame.kind is Kind.NOTIFICATION and frame.command in orders.POLLS:
        read = tag_read(decode_tag(frame.parameter), frame.raw)
        return "tag_read", facts | {"tag": _tag_facts(read)}, (read,)
    if frame.kind is Kind.ORDER:
        return "command", facts | _explained(_ORDERS, frame), ()
    if frame.command == orders.REFUSED and frame.parameter:
        code = frame.parameter[0]
        facts |= {"error": orders.error_name(code), "error_code": f"{code:02X}"}
        return ("keep_alive" if code == orders.NO_TAG else "error"), facts, ()
    return "reply", facts | _explained(_ANSWERS, frame), ()


def _tag_facts(read: TagRead) -> Facts:
    return {
        "rssi_dbm": int(read.rssi_dbm or 0),
        "pc": f"{read.pc or 0:04X}",
        "epc": read.id_hex,
        "tag_crc": f"{read.tag_crc or 0:04X}",
    }


def _explained(table: dict[int, Callable[[bytes], Facts]], frame: Frame) -> Facts:
    explain = table.get(frame.command)
    return explain(frame.parameter) if explain else {}


def _text(parameter: bytes) -> Facts:
    return {"text": parameter[1:].decode("ascii", "replace")} if len(parameter) > 1 else {}


def _rounds(parameter: bytes) -> Facts:
    return {"rounds": int.from_bytes(parameter[1:], "big")} if len(parameter) == 3 else {}


def _power(parameter: bytes) -> Facts:
    return {"power_cdbm": int.from_bytes(parameter, "big")} if len(parameter) == 2 else {}


def _region(parameter: bytes) -> Facts:
    return {"region": orders.REGION_NAMES.get(parameter[0], f"{parameter[0]:02X}")} if len(parameter) == 1 else {}


def _channel(parameter: bytes) -> Facts:
    return {"channel": parameter[0]} if len(parameter) == 1 else {}


def _baud(parameter: bytes) -> Facts:
    return {"baud": int.from_bytes(parameter, "big") * 100} if len(parameter) == 2 else {}


def _query(parameter: bytes) -> Facts:
    if len(parameter) != 2:
        return {}
    word = int.from_bytes(parameter, "big")
    return {"session": word >> 8 & 3, "target": "B" if word >> 7 & 1 else "A", "q": word >> 3 & 0xF}


_ORDERS: Final[dict[int, Callable[[bytes], Facts]]] = {
    0x07: _region,
    0x0E: _query,
    0x11: _baud,
    0x27: _rounds,
    0xAB: _channel,
    0xB6: _power,
}
_ANSWERS: Final[dict[int, Callable[[bytes], Facts]]] = {
    0x03: _text,
    0x08: _region,
    0x0D: _query,
    0xAA: _channel,
    0xB7: _power,
}
