"""Tag URIs: what a label should say, checked in full before a printer or encoder writes it.

What does not fit is refused, never shortened: a shortened serial is another piece's tag. As a last check the content is decoded
again, and only one that says the same URI is given out.

>>> encode("urn:epc:tag:sgtin-96:3.0614141.812345.6789")
'3074257BF7194E4000001A85'
>>> encode("urn:epc:id:giai:0614141.0")
'3414257BF400000000000000'
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from server.core.epc.content import EpcError, normal_hex
from server.core.epc.decode import decode
from server.core.epc.layout import GIAI_96_PARTITIONS, SGTIN_PARTITIONS, Partition
from server.core.epc.plus_writing import LINK, encode_link
from server.core.epc.schemes import GRAI_PARTITIONS, SGLN_PARTITIONS, SSCC_PARTITIONS

_URI_CHARACTERS_MAX: Final = 200
"""Longer than any tag URI (the longest raw URI has 141 characters): a cap before the text is taken apart."""
_RAW: Final = re.compile(r"urn:epc:raw:([0-9]{1,3})\.(?:x[0-9A-F]{2}\.)?x([0-9A-F]+)", re.ASCII)
_TAG: Final = re.compile(r"urn:epc:tag:([a-z]+-[0-9]+):([0-9])\.(.+)", re.ASCII)
_IDENTITY: Final = re.compile(r"urn:epc:id:([a-z]+):(.+)", re.ASCII)
_FOR_SALE: Final = 1
"""TDS 2.3, table 10-1: filter of a trade item at the point of sale; other kinds have 0, none of their own."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one scheme is written."""

    header: int
    table: tuple[Partition, ...]
    bits: int
    tail: tuple[str, ...]
    """What follows the reference: `number`, `text`, `marked` (a 1, then digits), `two` digits, or `zeros`. The last fills up."""
    has_reference: bool = True


_LAYOUTS: Final[Mapping[str, _Layout]] = MappingProxyType(
    {
        "sgtin-96": _Layout(0x30, SGTIN_PARTITIONS, 96, ("number",)),
        "sgtin-198": _Layout(0x36, SGTIN_PARTITIONS, 198, ("text",)),
        "giai-96": _Layout(0x34, GIAI_96_PARTITIONS, 96, ("number",), has_reference=False),
        "giai-202": _Layout(0x38, GIAI_96_PARTITIONS, 202, ("text",), has_reference=False),
        "sscc-96": _Layout(0x31, SSCC_PARTITIONS, 96, ("zeros",)),
        "sgln-96": _Layout(0x32, SGLN_PARTITIONS, 96, ("number",)),
        "sgln-195": _Layout(0x39, SGLN_PARTITIONS, 195, ("text",)),
        "grai-96": _Layout(0x33, GRAI_PARTITIONS, 96, ("number",)),
        "grai-170": _Layout(0x37, GRAI_PARTITIONS, 170, ("text",)),
        "gsrn-96": _Layout(0x2D, SSCC_PARTITIONS, 96, ("zeros",)),
        "gsrnp-96": _Layout(0x2E, SSCC_PARTITIONS, 96, ("zeros",)),
        "gdti-96": _Layout(0x2C, SGLN_PARTITIONS, 96, ("number",)),
        "gdti-174": _Layout(0x3E, SGLN_PARTITIONS, 174, ("text",)),
        "sgcn-96": _Layout(0x3F, SGLN_PARTITIONS, 96, ("marked",)),
        "itip-110": _Layout(0x40, SGTIN_PARTITIONS, 110, ("two", "two", "number")),
        "itip-212": _Layout(0x41, SGTIN_PARTITIONS, 212, ("two", "two", "text")),
    }
)
"""Shortest first for each kind: a pure identity takes the first that holds it."""
_EXPECTED: Final = (
    "Expected urn:epc:tag:SCHEME:FILTER.PREFIX.REFERENCE.SERIAL (urn:epc:tag:giai-96:FILTER.PREFIX.ASSET for an asset), the same "
    "as urn:epc:id:… without size and filter, urn:epc:raw:BITS.xHEX, or https://id.gs1.org/01/GTIN/21/SERIAL for an SGTIN+."
)


def encode(uri: str, *, filter_value: int | None = None) -> str:
    """The hex to write into EPC memory, in whole 16-bit words, for a tag URI, a pure identity URI or a raw URI.

    A Digital Link of GTIN and serial gives an SGTIN+.

    `filter_value`: 0–7, used where the URI carries none; None takes 1 (item for sale) for SGTIN and 0 for the others.
    Raises `EpcError`: an unknown scheme, a field too long or too short, a serial that does not fit.
    """
    text = uri.strip()
    if len(text) > _URI_CHARACTERS_MAX:
        raise EpcError("length", f"The URI has {len(text)} characters; a tag URI has at most {_URI_CHARACTERS_MAX}.")
    if raw := _RAW.fullmatch(text):
        return _encode_raw(text, int(raw[1]), raw[2])
    if tag := _TAG.fullmatch(text):
        if tag[1] not in _LAYOUTS:
            raise EpcError("uri", f"{text!r} is of scheme {tag[1]}, which cannot be written here. {_EXPECTED}")
        return _checked(text, _write(_LAYOUTS[tag[1]], tag[3], filter_value=int(tag[2])))
    if LINK.fullmatch(text):
        return encode_link(text, filter_value=_FOR_SALE if filter_value is None else filter_value)
    if identity := _IDENTITY.fullmatch(text):
        return _encode_identity(text, identity, filter_value=filter_value)
    raise EpcError("uri", f"{text!r} is not a URI that can be written. {_EXPECTED}")


def _encode_raw(text: str, bits: int, digits: str) -> str:
    if bits != 4 * len(digits):
        raise EpcError("length", f"{text!r} announces {bits} bits and holds {4 * len(digits)}. Correct one of the two.")
    return normal_hex(digits)


def _encode_identity(text: str, identity: re.Match[str], *, filter_value: int | None) -> str:
    kind = identity[1]
    chosen = (_FOR_SALE if kind == "sgtin" else 0) if filter_value is None else filter_value
    refusal = EpcError("uri", f"{text!r} is of kind {kind}, which cannot be written here. {_EXPECTED}")
    for name, layout in _LAYOUTS.items():
        if name.partition("-")[0] == kind:
            try:
                return _checked(text, _write(layout, identity[2], filter_value=chosen))
            except EpcError as error:
                refusal = error
    raise refusal


def _checked(text: str, digits: str) -> str:
    content = decode(digits)
    if text not in (content.uri, content.epc_uri):
        raise EpcError("uri", f"{text!r} would be read back as {content.uri!r}. Write it in that form. {_EXPECTED}")
    return digits


def _write(layout: _Layout, fields_text: str, *, filter_value: int) -> str:
    if not 0 <= filter_value <= 7:
        raise EpcError("filter", f"Filter {filter_value} is not one of 0 to 7; a piece for sale has 1.")
    count = 1 + layout.has_reference + len(layout.tail) - layout.tail.count("zeros")
    # The last field may be text with points of its own.
    fields = fields_text.split(".", count - 1)
    if len(fields) < count:
        raise EpcError("uri", f"{fields_text!r} has {len(fields)} fields of {count}. {_EXPECTED}")
    prefix, *others = fields
    row, partition = _row_for(prefix, layout.table)
    number, used = ((layout.header << 3 | filter_value) << 3 | row) << partition.prefix_bits | int(prefix), 14
    used += partition.prefix_bits
    if layout.has_reference:
        number = number << partition.reference_bits | _reference(others.pop(0), partition, prefix=prefix)
        used += partition.reference_bits
    for kind in layout.tail:
        width = 7 if kind == "two" else layout.bits - used
        number = number << width | (0 if kind == "zeros" else _field(kind, others.pop(0), width=width))
        used += width
    words = -(-layout.bits // 16)
    return f"{number << (16 * words - layout.bits):0{4 * words}X}"


def _row_for(prefix: str, table: tuple[Partition, ...]) -> tuple[int, Partition]:
    for row, partition in enumerate(table):
        if len(prefix) == partition.prefix_digits and _is_number(prefix):
            return row, partition
    raise EpcError("prefix", f"Company prefix {prefix!r} is not one; GS1 company prefixes have 6 to 12 digits.")


def _reference(text: str, partition: Partition, *, prefix: str) -> int:
    if len(text) != partition.reference_digits or not (_is_number(text) or not text):
        raise EpcError(
            "reference",
            f"Reference {text!r} is not one; with a prefix of {len(prefix)} digits it has exactly {partition.reference_digits}, "
            "for a trade item the indicator digit first.",
        )
    return int(text or "0")


def _field(kind: str, text: str, *, width: int) -> int:
    match kind:
        case "text":
            return _text(text, width)
        case "marked":
            return _number(f"1{text}", width)
        case "two":
            if len(text) != 2 or not _is_number(text):
                raise EpcError("reference", f"{text!r} was given; expected two digits, such as 01.")
            return int(text)
        case _:
            return _number(text, width)


def _number(text: str, bits: int) -> int:
    if not _is_number(text):
        raise EpcError(
            "serial", f"Serial {text!r} is not numeric, and this scheme holds numbers only. Choose a longer scheme."
        )
    if text != "0" and text.startswith("0"):
        raise EpcError(
            "serial", f"Serial {text!r} starts with a zero, which numbers cannot keep. Choose a longer scheme."
        )
    number = int(text)
    if number >= 1 << bits:
        raise EpcError("serial", f"Serial {text} does not fit: the largest is {(1 << bits) - 1}. Choose a smaller one.")
    return number


def _text(text: str, bits: int) -> int:
    plain = re.sub(r"%([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), text)
    room = bits // 7
    if not plain.isascii() or not 1 <= len(plain) <= room:
        raise EpcError(
            "serial", f"Serial {text!r} has {len(plain)} characters; there is room for 1 to {room} of plain ASCII."
        )
    number = 0
    for character in plain:
        number = number << 7 | ord(character)
    return number << (bits - 7 * len(plain))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
