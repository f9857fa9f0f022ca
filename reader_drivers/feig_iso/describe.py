"""What one FEIG frame says, as names and values for a person or a test: the source of `baguier-agent decode feig_iso`."""

from reader_drivers.driver import Described, Fact, Facts, FrameDescriber
from reader_drivers.feig_iso import orders
from reader_drivers.feig_iso.frames import Direction, Frame, FrameHunt
from reader_drivers.feig_iso.tags import Tag, decode_inventory, tag_reads


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
    tags = _tags(frame)
    if tags:
        reads = tuple(read for tag in tags for read in tag_reads(tag))
        return "tag_read", facts | {"tags": [_tag_facts(tag) for tag in tags]}, reads
    if frame.status in {orders.DONE, orders.MORE_DATA}:
        return "reply", facts, ()
    words = orders.meaning(frame.status, frame.payload)
    return "error", facts | {"error": words, "retryable": frame.status not in orders.FINAL}, ()


def _tags(frame: Frame) -> tuple[Tag, ...]:
    """The tags of an answer. It does not say which order it answers; only one without a rest is surely an inventory."""
    if frame.command != orders.HOST_COMMAND or frame.status not in orders.WITH_TAGS:
        return ()
    for has_antennas in (False, True):
        tags, reason = decode_inventory(frame.payload, has_antennas=has_antennas)
        if not reason:
            return tags
    return ()


def _tag_facts(tag: Tag) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"type": tag.kind, "uid": tag.code.hex().upper()}
    if tag.dsfid is not None:
        facts["dsfid"] = f"{tag.dsfid:02X}"
    if tag.antennas:
        facts["antennas"] = tag.antennas
    return facts
