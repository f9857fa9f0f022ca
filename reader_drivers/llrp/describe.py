"""What one LLRP message says, as names and values for a person or a test: the source of `baguier-agent decode`."""

from typing import Final

from reader_drivers.driver import Described, Facts, FrameDescriber
from reader_drivers.llrp import events, orders
from reader_drivers.llrp.frames import CUSTOM, HEADER_BYTES, Message, MessageHunt
from reader_drivers.llrp.tags import RO_ACCESS_REPORT, Fields, tag_read, walk_reports

_ABOUT_ROSPEC: Final = range(20, 26)
_VENDOR_BYTES: Final = 4


class Describer(FrameDescriber[Message]):
    """Describes the messages of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        # A message says by its type who sends it.
        del direction
        super().__init__(MessageHunt(), describe)


def describe(message: Message) -> Described:
    """Event name, facts and reads of one message. Raises: FrameError: it is whole but a parameter in it is broken."""
    facts: Facts = {
        "version": message.version,
        "type": message.type,
        "name": message.name,
        "message_id": message.number,
    }
    body = message.raw[HEADER_BYTES:]
    if message.type == RO_ACCESS_REPORT:
        reports = walk_reports(message)
        reads = tuple(tag_read(fields) for fields in reports)
        return "tag_read" if reads else "reply", facts | {"tags": [_shown(fields) for fields in reports]}, reads
    if message.type == CUSTOM and len(body) > _VENDOR_BYTES:
        facts |= {"vendor": int.from_bytes(body[:_VENDOR_BYTES], "big"), "subtype": body[_VENDOR_BYTES]}
    if message.type in _ABOUT_ROSPEC and len(body) == len(orders.ALL):
        facts["rospec_id"] = int.from_bytes(body, "big")
    if message.type == orders.NOTIFICATION:
        return "event", facts | {"events": [_event(notice) for notice in events.notices(message)]}, ()
    if message.type == orders.KEEP_ALIVE:
        return "keep_alive", facts, ()
    status = orders.status_of(message)
    if status is None:
        return "command", facts, ()
    facts |= {"status_code": status[0], "error_text": status[1]}
    if status[0]:
        return "error", facts | {"error": orders.STATUS_NAMES.get(status[0], "unknown status")}, ()
    return "reply", facts, ()


def _shown(fields: Fields) -> Facts:
    """Bytes as hex, makers' parameters by name."""
    told = ((name, value) for name, value in fields.items() if value is not None)
    shown: Facts = {name: value.hex().upper() if isinstance(value, bytes) else value for name, value in told}
    if "custom" in fields:
        shown["custom"] = [
            {"vendor": vendor, "subtype": subtype, "data": own.hex().upper()}
            for vendor, subtype, own in fields["custom"]
        ]
    return shown


def _event(notice: events.Notice) -> Facts:
    facts: Facts = {"event": events.NAMES[notice.kind], "fields": list(notice.fields)}
    return facts | {"text": notice.text} if notice.text else facts
