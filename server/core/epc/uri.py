"""Tag URIs: what a label should say, checked in full before a printer or encoder writes it.

A serial that does not fit is refused, never shortened: a shortened serial is another piece's tag.

>>> encode("urn:epc:tag:sgtin-96:3.0614141.812345.6789")
'3074257BF7194E4000001A85'
>>> encode("urn:epc:id:giai:0614141.0")
'3414257BF400000000000000'
"""

import re
from typing import Final

from server.core.epc.content import EpcError, normal_hex
from server.core.epc.layout import GIAI_96_PARTITIONS, SGTIN_PARTITIONS, SGTIN_SERIAL_BITS, Partition

_DEFAULT_FILTERS: Final = {"sgtin": 1, "giai": 0}
"""TDS 2.3, tables 10-1 and 10-6: 1 is an item for sale; assets have no filter of their own."""
_URI_CHARACTERS_MAX: Final = 200
"""Longer than any tag URI (the longest raw URI has 141 characters): a cap before the text is taken apart."""
_RAW: Final = re.compile(r"urn:epc:raw:([0-9]{1,3})\.(?:x[0-9A-F]{2}\.)?x([0-9A-F]+)", re.ASCII)
_TAG: Final = re.compile(r"urn:epc:tag:(sgtin|giai)-96:([0-9])\.([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_IDENTITY: Final = re.compile(r"urn:epc:id:(sgtin|giai):([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", re.ASCII)


def encode(uri: str, *, filter_value: int | None = None) -> str:
    """The hex to write into EPC memory for a tag URI, a pure identity URI or a raw URI.

    `filter_value`: 0–7, used where the URI carries none; None takes 1 (item for sale) for SGTIN and 0 for GIAI.
    Raises `EpcError`: another scheme, a field too long or too short, a serial that does not fit or starts with a zero.
    """
    text = uri.strip()
    if len(text) > _URI_CHARACTERS_MAX:
        raise EpcError("length", f"The URI has {len(text)} characters; a tag URI has at most {_URI_CHARACTERS_MAX}.")
    if raw := _RAW.fullmatch(text):
        return _encode_raw(text, int(raw[1]), raw[2])
    if tag := _TAG.fullmatch(text):
        scheme, given_filter, prefix, reference, serial = tag.groups()
        chosen = int(given_filter)
    elif identity := _IDENTITY.fullmatch(text):
        scheme, prefix, reference, serial = identity.groups()
        chosen = _DEFAULT_FILTERS[scheme] if filter_value is None else filter_value
    else:
        raise EpcError("uri", f"{text!r} is not a URI that can be written. {_EXPECTED}")
    if not 0 <= chosen <= 7:
        raise EpcError("filter", f"Filter {chosen} in {text!r} is not one of 0 to 7; a piece for sale has 1.")
    if scheme == "sgtin":
        if serial is None:
            raise EpcError("uri", f"{text!r} has no serial. {_EXPECTED}")
        return _encode_sgtin_96(chosen, prefix, reference, serial=serial)
    if serial is not None:
        raise EpcError("uri", f"{text!r} has more fields than a GIAI. {_EXPECTED}")
    return _encode_giai_96(chosen, prefix, reference)


_EXPECTED: Final = (
    "Expected urn:epc:tag:sgtin-96:FILTER.PREFIX.REFERENCE.SERIAL or urn:epc:tag:giai-96:FILTER.PREFIX.ASSET with numeric "
    "fields, the same as urn:epc:id:… without filter, or urn:epc:raw:BITS.xHEX."
)


def _encode_raw(text: str, bits: int, digits: str) -> str:
    if bits != 4 * len(digits):
        raise EpcError("length", f"{text!r} announces {bits} bits and holds {4 * len(digits)}. Correct one of the two.")
    return normal_hex(digits)


def _encode_sgtin_96(filter_value: int, prefix: str, reference: str, *, serial: str) -> str:
    row, partition = _row_for(prefix, SGTIN_PARTITIONS)
    if len(reference) != partition.reference_digits:
        raise EpcError(
            "reference",
            f"Item reference {reference!r} has {len(reference)} digits; with a prefix of {len(prefix)} it has exactly "
            f"{partition.reference_digits}, indicator digit first.",
        )
    head = _head(0x30, filter_value, row=row)
    head = head << partition.prefix_bits | int(prefix)
    head = head << partition.reference_bits | int(reference)
    return f"{head << SGTIN_SERIAL_BITS | _number(serial, SGTIN_SERIAL_BITS, 'Serial'):024X}"


def _encode_giai_96(filter_value: int, prefix: str, asset: str) -> str:
    row, partition = _row_for(prefix, GIAI_96_PARTITIONS)
    head = _head(0x34, filter_value, row=row) << partition.prefix_bits | int(prefix)
    return f"{head << partition.reference_bits | _number(asset, partition.reference_bits, 'Asset reference'):024X}"


def _row_for(prefix: str, table: tuple[Partition, ...]) -> tuple[int, Partition]:
    for row, partition in enumerate(table):
        if len(prefix) == partition.prefix_digits:
            return row, partition
    raise EpcError("prefix", f"Company prefix {prefix!r} has {len(prefix)} digits; GS1 company prefixes have 6 to 12.")


def _head(header: int, filter_value: int, *, row: int) -> int:
    return (header << 3 | filter_value) << 3 | row


def _number(text: str, bits: int, name: str) -> int:
    if text != "0" and text.startswith("0"):
        raise EpcError(
            "serial", f"{name} {text!r} starts with a zero, which 96 bits cannot keep. Give it without leading zeros."
        )
    number = int(text)
    if number >= 1 << bits:
        raise EpcError("serial", f"{name} {text} does not fit: the largest is {(1 << bits) - 1}. Choose a smaller one.")
    return number
