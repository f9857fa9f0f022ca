"""What one UHFReader frame says, as names and values for a person or a test: the source of `baguier-agent decode`."""

from reader_drivers.driver import Described, Fact, Facts, FrameDescriber
from reader_drivers.uhfreader_crc16 import numbers, orders
from reader_drivers.uhfreader_crc16.access import BY_MASK
from reader_drivers.uhfreader_crc16.frames import Direction, Frame, FrameHunt
from reader_drivers.uhfreader_crc16.tags import Heard, decode_list, tag_read, tags_in


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        super().__init__(FrameHunt(Direction(direction)), describe)


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of one frame.

    Raises: FrameError: the frame is whole but the list inside it is broken.
    """
    facts: Facts = {
        "address": f"{frame.address:02X}",
        "command": f"{frame.order:02X}",
        "name": numbers.NAMES.get(frame.order, "unknown"),
        "data_hex": frame.payload.hex().upper(),
    }
    if frame.status is None:
        return "command", facts | _access_facts(frame), ()
    status = frame.status
    facts |= {"status": f"{status:02X}", "status_name": numbers.STATUS_NAMES.get(status, "unknown")}
    if status == numbers.NO_TAG or (frame.order == numbers.PUSHED and status == numbers.HEARTBEAT):
        return "keep_alive", facts, ()
    if status in numbers.STATUS_MEANINGS and status not in numbers.WITH_TAGS:
        return "error", facts | _error_facts(frame), ()
    if frame.order == numbers.GET_INFORMATION:
        return "reply", facts | _information_facts(frame.payload), ()
    if status not in numbers.WITH_TAGS:
        return "reply", facts, ()
    return _listed(frame, facts)


def _listed(frame: Frame, facts: Facts) -> Described:
    heard = tags_in(frame.order, frame.payload, None)
    if frame.order == numbers.INVENTORY and frame.payload:
        profile, _ = decode_list(frame.payload, None)
        facts |= {"variant": f"{profile.name} layout"}
    if heard:
        facts |= {"antenna_mask": heard[0].antenna_mask, "tags": [_tag_facts(tag) for tag in heard]}
    return "tag_read" if heard else "reply", facts, tuple(tag_read(tag) for tag in heard)


def _access_facts(frame: Frame) -> Facts:
    """Which tag and which words an access order means."""
    payload, is_write = frame.payload, frame.order == numbers.WRITE
    named_at = 1 if is_write else 0
    if frame.order not in {numbers.READ, numbers.WRITE} or len(payload) <= named_at:
        return {}
    epc_bytes = 0 if payload[named_at] == BY_MASK[0] else payload[named_at] * 2
    at = named_at + 1 + epc_bytes
    facts: Facts = {"epc": payload[named_at + 1 : at].hex().upper() or None}
    if len(payload) < at + 3:
        return facts
    facts |= {"bank": payload[at], "word": payload[at + 1]}
    if not is_write:
        return facts | {"words": payload[at + 2]}
    return facts | {"words": payload[0], "words_hex": payload[at + 2 : at + 2 + payload[0] * 2].hex().upper()}


def _tag_facts(heard: Heard) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"epc": heard.epc.hex().upper()}
    if heard.tid:
        facts["tid"] = heard.tid.hex().upper()
    if heard.rssi_raw is not None:
        facts["rssi_raw"] = heard.rssi_raw
    return facts


def _error_facts(frame: Frame) -> Facts:
    status = frame.status or 0
    facts: Facts = {"error": numbers.STATUS_MEANINGS[status], "retryable": status in numbers.RETRYABLE}
    return facts | {"tag_error": f"{frame.payload[0]:02X}"} if frame.payload else facts


def _information_facts(payload: bytes) -> Facts:
    said = orders.decode_information(payload)
    return {
        "version": said.version,
        "reader_type": f"{said.reader_type:02X}",
        "protocols": f"{said.protocols:02X}",
        "max_freq": f"{said.band.last:02X}",
        "min_freq": f"{said.band.first:02X}",
        "band": orders.band_words(said.band),
        "power": said.power_dbm,
        "scan_time_100ms": said.scan_units,
        "variant": f"{said.profile.name} layout",
    }
