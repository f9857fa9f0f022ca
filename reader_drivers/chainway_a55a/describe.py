"""What one Chainway frame says, as names and values: the source of `baguier-agent decode`."""

from reader_drivers.chainway_a55a import orders
from reader_drivers.chainway_a55a.frames import Frame, FrameHunt
from reader_drivers.chainway_a55a.tags import TENTHS, WHOLE, TagReport, decode_report, tag_read
from reader_drivers.driver import Described, Facts, FrameDescriber


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        # A frame says by its command who sends it.
        del direction
        super().__init__(FrameHunt(), describe)


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of one frame. Raises: FrameError: it is whole, but the tag report in it is broken."""
    facts: Facts = {
        "command": f"{frame.command:02X}",
        "payload_hex": frame.payload.hex().upper(),
        "name": orders.name_of(frame.command),
    }
    if frame.is_variant:
        facts["variant"] = "C8 8C header"
    if frame.command == orders.REPORT:
        report = decode_report(frame.payload)
        return "tag_read", facts | {"tag": _tag(report, frame.payload)}, (tag_read(report),)
    if frame.command in orders.NAMES:
        return "command", facts, ()
    return "reply", facts, ()


def _tag(report: TagReport, payload: bytes) -> Facts:
    dbm = report.rssi_cdbm / 100
    facts: Facts = {
        "pc": f"{report.pc:04X}",
        "epc": report.epc.hex().upper(),
        "tail": payload[-3:].hex().upper(),
        "antenna": report.antenna,
        "rssi_raw": f"{report.rssi_raw:04X}",
        "rssi_dbm": dbm if report.is_tenths else round(dbm),
        "rssi_format": TENTHS if report.is_tenths else WHOLE,
    }
    return facts | ({"tid_hex": report.tid.hex().upper()} if report.tid else {})
