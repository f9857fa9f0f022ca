"""What one message of Zebra's IoT connector says, as names and values: the source of `baguier-agent decode`."""

from reader_drivers.driver import Described, Facts, FrameDescriber
from reader_drivers.json_lines import Blank, Line, LineHunt
from reader_drivers.zebra_iotc_json.messages import message_of


class Describer(FrameDescriber[Line | Blank]):
    """Describes the messages of a capture, one a line, in order."""

    def __init__(self, direction: str) -> None:
        # Readers alone speak.
        del direction
        super().__init__(LineHunt(), describe)


def describe(line: Line | Blank) -> Described:
    """Event name, facts and reads of one message. Raises: FrameError: it is none."""
    if isinstance(line, Blank):
        return "keep_alive", {}, ()
    told = message_of(line.value)
    facts: Facts = {"type": told.name or None}
    if len(told.tags) == 1:
        facts |= told.tags[0].facts
    elif told.tags:
        facts["tags"] = [heard.facts for heard in told.tags]
    if told.scans:
        facts["barcodes"] = [scan.text for scan in told.scans]
    if told.tags:
        return "tag_read", facts, tuple(heard.read for heard in told.tags)
    return ("barcode" if told.scans else "reply"), facts, ()
