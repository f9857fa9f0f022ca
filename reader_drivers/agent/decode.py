"""Decode: captured bytes of a protocol explained as JSON Lines, for people who look at a cable and for tests.

Every line has `event` and `hex`; bad bytes become `rejected` with a reason. Nothing in a capture makes this fail.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from reader_drivers.agent.capture import bytes_of, read_capture
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


def decode_capture(entry: ProtocolEntry, direction: str, source: BinaryIO) -> Iterator[str]:
    """JSON lines, each with `reader` and `ms`, for a capture of the agent.

    Explained are the readers that it names with this protocol; when there are none all of them, because a reader of
    another protocol than was thought is what a capture is sent for.
    """
    describers: dict[str, Describer] = {}
    at: dict[str, Any] = {}
    for line in read_capture(source):
        if "readers" in line:
            yield from _rests(describers, at)
            named = [name for name, reader in line["readers"].items() if reader.get("protocol") == entry.name]
            describers = {name: entry.describer(direction) for name in named or line["readers"]}
            continue
        said = bytes_of(line, "reader" if direction == "reader_to_host" else "host")
        if said is not None and line["reader"] in describers:
            at[line["reader"]] = {"reader": line["reader"], "ms": line["ms"]}
            yield from _lines(describers[line["reader"]].feed(said), at[line["reader"]])
    yield from _rests(describers, at)


def _rests(describers: dict[str, Describer], at: dict[str, Any]) -> Iterator[str]:
    for name, describer in describers.items():
        yield from _lines(describer.finish(), at.get(name, {}))


def _lines(found: Iterable[tuple[bytes, Described]], at: Mapping[str, Any] | None = None) -> Iterator[str]:
    for raw, (event, facts, reads) in found:
        head = {"event": event, "hex": raw.hex().upper(), **(at or {}), **_present(facts)}
        if not reads:
            yield _json(head)
        for read in reads:
            # Where a protocol has its own word for a field, as in its documents, that word stays.
            fields = {name: value for name, value in read_fields(read).items() if name not in head}
            yield _json(head | fields | {"tag": {**head.get("tag", {}), **_tag(read)}})


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
