"""What the lines of one TSL block say, as names and values: the source of `baguier-agent decode tsl_ascii2`.

Lines are put together as a person reads them: from the order's echo to OK or ER; switch lines that come on their own until
another line follows.
"""

from collections.abc import Iterable
from typing import Final

from reader_drivers.driver import Described, Facts
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import FRAME_BYTES_MAX
from reader_drivers.reads import TagRead
from reader_drivers.tsl_ascii2 import orders
from reader_drivers.tsl_ascii2.frames import BLOCK_ENDS, Line, LineHunt, Order, OrderHunt
from reader_drivers.tsl_ascii2.tags import HEADERS, TagLines

DIRECTIONS: Final = ("reader_to_host", "host_to_reader")

_FACT_NAMES: Final = {
    "CS": "echo",
    "BC": "barcode",
    "BR": "barcode",
    "ME": "message",
    "PR": "params_text",
    "US": "serial",
    "UF": "firmware",
    "UB": "bootloader",
    "MF": "manufacturer",
    "PV": "protocol_version",
    "RS": "radio_serial",
    "RF": "radio_firmware",
    "RB": "radio_bootloader",
    "AS": "antenna_serial",
    "BA": "bluetooth",
    "AC": "antenna_check",
    "CH": "charge_status",
    "SR": "region",
    "DA": "date",
    "TM": "time",
}
_BLOCK_BYTES_MAX: Final = 64 * FRAME_BYTES_MAX
"""More than a round of 2,000 tags; a block that never ends is given up there."""


class Describer:
    """Describes the blocks or orders of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        self._lines = LineHunt() if direction == DIRECTIONS[0] else None
        self._orders = OrderHunt()
        self._block: list[Line] = []
        self._block_bytes = 0

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes, description) of each block, order or rejection that `received` completes."""
        if self._lines is None:
            return [_order(part) for part in self._orders.feed(received)]
        return self._blocks(self._lines.feed(received))

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture: a block without its end is no answer."""
        if self._lines is None:
            return [_order(part) for part in self._orders.flush()]
        found = self._blocks(self._lines.flush())
        return found + self._cut("length: the capture ends before OK or ER")

    def _blocks(self, parts: Iterable[Line | Rejected]) -> list[tuple[bytes, Described]]:
        found: list[tuple[bytes, Described]] = []
        for part in parts:
            if isinstance(part, Rejected):
                found += [*self._cut("format: unreadable bytes follow before OK or ER"), _rejection(part)]
                continue
            if part.header == "CS" or (self._is_switch() and part.header != "SW"):
                found += self._cut("format: another block begins before OK or ER")
            self._block.append(part)
            self._block_bytes += len(part.raw)
            if part.header in BLOCK_ENDS:
                found += self._closed()
            elif self._block_bytes > _BLOCK_BYTES_MAX:
                found += self._cut(f"length: the block has more than {_BLOCK_BYTES_MAX} bytes")
        return found

    def _is_switch(self) -> bool:
        return bool(self._block) and all(line.header == "SW" for line in self._block)

    def _closed(self) -> list[tuple[bytes, Described]]:
        block, self._block, self._block_bytes = self._block, [], 0
        return [(b"".join(line.raw for line in block), describe(block))]

    def _cut(self, reason: str) -> list[tuple[bytes, Described]]:
        """Give up the lines held so far; switch lines are complete without an end."""
        if not self._block:
            return []
        if self._is_switch():
            return self._closed()
        block, self._block, self._block_bytes = self._block, [], 0
        return [_rejection(Rejected(b"".join(line.raw for line in block), reason))]


def describe(block: list[Line]) -> Described:
    """Event name, facts and reads of one block. Tags are listed as they were told; reads are those without damage."""
    facts = _plain_facts(block)
    groups = _tag_groups(block)
    reads, reasons = _sound_reads(groups)
    if groups:
        facts["tags"] = [_tag_facts(group) for group in groups]
    if reasons:
        facts |= {"tags_damaged": len(reasons), "reason": reasons[0]}
    if reads or reasons:
        return ("tag_read" if reads else "rejected"), facts, reads
    if "error" in facts:
        return ("keep_alive" if facts["error"] in orders.NOTHING_FOUND else "error"), facts, ()
    if "barcode" in facts:
        return "barcode", facts | {"text": facts["barcode"]}, ()
    return ("state" if "switch" in facts else "reply"), facts, ()


def _plain_facts(block: list[Line]) -> Facts:
    facts: Facts = {}
    for line in block:
        if line.header in _FACT_NAMES:
            facts.setdefault(_FACT_NAMES[line.header], line.value)
    battery = next((line.value.rstrip("% ") for line in block if line.header == "BP"), None)
    if battery is not None:
        facts["battery_percent"] = int(battery) if battery.isdecimal() else battery
    switches = [line.value for line in block if line.header == "SW"]
    if switches:
        facts["switch"] = switches
    last = block[-1]
    if last.header == "ER":
        error = int(last.value)
        facts |= {"error": error, "error_name": orders.ERROR_MEANINGS.get(error, "unknown error")}
    elif last.header == "OK":
        facts["status"] = "OK"
    return facts


def _tag_groups(block: list[Line]) -> list[TagLines]:
    groups: list[TagLines] = []
    for line in block:
        if line.header not in HEADERS:
            continue
        if not groups or groups[-1].ends_before(line):
            groups.append(TagLines())
        groups[-1].add(line)
    return [group for group in groups if group.is_told]


def _sound_reads(groups: list[TagLines]) -> tuple[tuple[TagRead, ...], list[str]]:
    """Reads of the undamaged tags, and why the others are none."""
    reads, reasons = [], []
    for group in groups:
        try:
            reads.append(group.read())
        except FrameError as error:
            reasons.append(str(error))
    return tuple(reads), reasons


def _tag_facts(group: TagLines) -> Facts:
    names = {"EP": "epc", "PC": "pc", "CR": "tag_crc", "TD": "tid_hex"}
    tag: Facts = {name: group.values[header].upper() for header, name in names.items() if header in group.values}
    return tag | ({"rssi_dbm": int(group.values["RI"])} if "RI" in group.values else {})


def _order(part: Order | Rejected) -> tuple[bytes, Described]:
    if isinstance(part, Rejected):
        return _rejection(part)
    params: Facts = dict(orders.parse_params(part.text[3:]))
    facts: Facts = {"command": part.word, "name": orders.NAMES.get(part.word, "unknown"), "text": part.text}
    return part.raw, ("command", facts | ({"params": params} if params else {}), ())


def _rejection(part: Rejected) -> tuple[bytes, Described]:
    return part.raw, ("rejected", {"reason": part.reason}, ())
