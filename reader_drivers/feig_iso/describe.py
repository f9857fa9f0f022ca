"""What one FEIG frame says, as names and values for a person or a test: the source of `baguier-agent decode feig_iso`."""

from reader_drivers.driver import Described, Fact, Facts, FrameDescriber
from reader_drivers.feig_iso import orders
from reader_drivers.feig_iso.frames import Direction, Frame, FrameHunt
from reader_drivers.feig_iso.tags import Tag, decode_inventory, tag_read


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        super().__init__(FrameHunt(Direction(direction)), describe)


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of one frame. Every whole frame has some."""
    facts: Facts = {
        "framing": "advanced" if frame.is_advanced else "standard",
        "address": f"{frame.address:02X}",
        "command": f"{frame.command:02X}",
        "name": orders.NAMES.get(frame.command, "unknown"),
        "data_hex": frame.payload.hex().upper(),
    }
    if frame.status is None:
        return "command", facts, ()
    facts |= {"status": f"{frame.status:02X}", "status_name": orders.meaning(frame.status)}
    if frame.status == orders.NO_TRANSPONDER:
        return "keep_alive", facts, ()
    if frame.status not in {orders.DONE, orders.MORE_DATA}:
        refusal: Facts = {"error": orders.meaning(frame.status), "retryable": frame.status not in orders.FINAL}
        return "error", facts | refusal, ()
    if frame.command != orders.HOST_COMMAND:
        return "reply", facts, ()
    tags, reason = decode_inventory(frame.payload)
    # An answer does not say which host command it answers; only one without a rest is surely an inventory.
    if not tags or reason:
        return "reply", facts, ()
    return "tag_read", facts | {"tags": [_tag_facts(tag) for tag in tags]}, tuple(tag_read(tag) for tag in tags)


def _tag_facts(tag: Tag) -> dict[str, Fact]:
    code = tag.code.hex().upper()
    if tag.dsfid is None:
        return {"type": tag.kind, "uid": code}
    return {"type": tag.kind, "dsfid": f"{tag.dsfid:02X}", "uid": code}
