"""What one NUR frame says, as names and values: the source of `baguier-agent decode`."""

from reader_drivers.driver import Described, Facts, FrameDescriber
from reader_drivers.nordicid_nur import orders
from reader_drivers.nordicid_nur.frames import Frame, FrameHunt
from reader_drivers.nordicid_nur.stream import DONE, Tag, decode_round, tag_read


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        super().__init__(FrameHunt(), describe_order if direction == "host_to_reader" else describe)


def describe_order(frame: Frame) -> Described:
    """Event name and facts of a frame of the host."""
    name = orders.NAMES.get(frame.command, "unknown")
    if frame.command == orders.STREAM:
        name += "_start" if frame.body else "_stop"
    return "command", _head(frame, name), ()


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of a frame of the reader. Raises: FrameError: it is whole, but a tag in it is broken."""
    name = orders.NAMES.get(frame.command, "unknown")
    if frame.is_notification:
        return _notification(frame, name)
    status = frame.body[0] if frame.body else None
    facts = _head(frame, f"{name} response") | {"status": status}
    if status:
        return "error", facts | {"error": orders.STATUS_MEANINGS.get(status, "unknown status")}, ()
    if frame.command == orders.GET_MODE and len(frame.body) > 1:
        facts["mode"] = orders.MODES.get(frame.body[1], f"{frame.body[1]:02X}")
    return "reply", facts, ()


def _notification(frame: Frame, name: str) -> Described:
    if frame.command != orders.INVENTORY:
        return "event", _head(frame, f"{name} notification"), ()
    told = decode_round(frame)
    facts = _head(frame, f"{name}_with_embedded_read" if frame.has_embedded else name)
    facts |= {"stopped": told.is_stopped, "tags": [_shown(tag) for tag in told.tags]}
    if told.status != DONE:
        facts["status"] = told.status
    return ("tag_read" if told.tags else "keep_alive"), facts, tuple(tag_read(tag) for tag in told.tags)


def _shown(tag: Tag) -> Facts:
    facts: Facts = {
        "rssi_dbm": tag.rssi_dbm,
        "epc": tag.epc.hex().upper(),
        "antenna_id": tag.antenna,
        "freq_khz": tag.freq_khz,
    }
    return facts if tag.embedded is None else facts | {"embedded_data": tag.embedded.hex().upper()}


def _head(frame: Frame, name: str) -> Facts:
    return {
        "flags": frame.flags,
        "command": f"{frame.command:02X}",
        "body_hex": frame.body.hex().upper(),
        "name": name,
    }
