"""Decode: captured bytes of a protocol explained as JSON Lines, for people who look at a cable and for tests.

Every line has `event` and `hex`; bad bytes become `rejected` with a reason. Nothing in a capture makes this fail.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

import msgspec

from reader_drivers.agent.protocols import ProtocolEntry
from reader_drivers.driver import Described, Describer, Facts
from reader_drivers.reads import TagRead

CHUNK_BYTES: Final = 65_536

_AS_HEX: Final = {"pc": 4, "xpc_w1": 4, "tag_crc": 4}
"""Words that documents print in hex: name → digits, for the `tag` object."""


def decode_bytes(entry: ProtocolEntry, direction: str, source: BinaryIO) -> Iterator[str]:
    """JSON lines for one capture of raw bytes, as they are read."""
    describer = entry.describer(direction)
    while chunk := source.read(CHUNK_BYTES):
        yield from _lines(describer.feed(chunk))
    yield from _lines(describer.finish())


def decode_hex_lines(entry: ProtocolEntry, direction: str, lines: Iterable[str]) -> Iterator[str]:
    """JSON lines for hex text, one capture a line; spaces between digits are allowed, empty lines skipped.

    A line that is no hex becomes `rejected` with reason `hex: …` and its text in place of bytes.
    """
    for line in lines:
        digits = "".join(line.split())
        if not digits:
            continue
        try:
            capture = bytes.fromhex(digits)
        except ValueError:
            yield _json(
                {"event": "rejected", "hex": digits, "reason": "hex: the line has characters that are no hex digits"}
            )
            continue
        describer: Describer = entry.describer(direction)
        yield from _lines(describer.feed(capture))
        yield from _lines(describer.finish())


def _lines(found: Iterable[tuple[bytes, Described]]) -> Iterator[str]:
    for raw, (event, facts, reads) in found:
        head = {"event": event, "hex": raw.hex().upper(), **_present(facts)}
        if not reads:
            yield _json(head)
        for read in reads:
            yield _json(head | read_fields(read) | {"tag": {**head.get("tag", {}), **_tag(read)}})


def read_fields(read: TagRead) -> dict[str, Any]:
    """The fields of a read that are known, under their names in `TagRead`."""
    fields = msgspec.to_builtins(read)
    return {name: value for name, value in fields.items() if value is not None and name != "raw"}


def _tag(read: TagRead) -> dict[str, Any]:
    """The same read in the words of the test vectors: EPC, PC and CRC in hex."""
    fields = read_fields(read)
    names = ("rssi_dbm", "antenna", "freq_khz", "phase_deg", "tid_hex")
    tag: dict[str, Any] = {name: fields[name] for name in names if name in fields}
    words = {name: f"{fields[name]:0{digits}X}" for name, digits in _AS_HEX.items() if name in fields}
    return {"epc": read.id_hex, **words, **tag}


def _present(facts: Facts) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(", ", ": "))
