"""Schemes: the other contents that GS1 defined before TDS 2.0, read by one table: trays, documents, places, alphanumeric serials.

All start as in `server.core.epc.layout`: header, filter, partition, company prefix, reference; then a tail of the scheme's own.
Source: GS1 EPC Tag Data Standard 2.3, sections 14.5 and 14.6; escapes of 7-bit text, table A-1.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from server.core.epc.content import EpcError, TagContent, escaped
from server.core.epc.layout import SGTIN_PARTITIONS, Partition, Scheme, check_digit

_TEXT_CHARACTERS: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*")
"""Character set 82 (GS1 General Specifications, figure 7.11-1)."""
_GIAI_CHARACTERS_MAX: Final = 30
"""Company prefix and asset reference together (GS1 General Specifications, AI 8004)."""


def without_trailing_bits(digits: str, bits: int) -> int:
    """The first `bits` of a content as a number. Raises `EpcError` if any bit after them is set."""
    total = 4 * len(digits)
    content = int(digits, 16)
    if content & ((1 << (total - bits)) - 1):
        raise EpcError(
            "trailing_bits",
            f"{digits} has bits set after the {bits} of its scheme; they must be zero. The label was mis-encoded: write it again.",
        )
    return content >> (total - bits)


def partition_at(row: int, table: tuple[Partition, ...]) -> Partition:
    """The row of a partition table. Raises `EpcError` for row 7, which no table has."""
    if row == 7:
        raise EpcError(
            "partition", "partition 7 was given; partitions are 0 to 6. The label was mis-encoded: write it again."
        )
    return table[row]


def in_range(number: int, width: int, name: str) -> str:
    """The number as exactly `width` digits. `name`: what it is called in the sentence of a refusal.

    >>> in_range(7, 3, "item reference"), in_range(0, 0, "item reference")
    ('007', '')
    """
    text = str(number).zfill(width) if number or width else ""
    if len(text) > width:
        raise EpcError(
            "range", f"{name} {number} has more than {width} digits. The label was mis-encoded: write it again."
        )
    return text


class _Fields:
    """The bits of one content, taken from the front."""

    def __init__(self, content: int, bits: int) -> None:
        self._content, self._left = content, bits

    def take(self, bits: int) -> int:
        self._left -= bits
        return self._content >> self._left & ((1 << bits) - 1)

    def take_rest(self) -> int:
        return self.take(self._left)

    def take_text(self) -> str:
        """The rest as 7-bit characters, ended by zeros. Text after a zero would let two tags decode to one identity."""
        count, spare = divmod(self._left, 7)
        codes = [self.take(7) for _ in range(count)]
        text = "".join(map(chr, codes)).rstrip("\0")
        if self.take(spare) or not text or not _TEXT_CHARACTERS.fullmatch(text):
            raise EpcError("text", "its text is empty or holds characters that GS1 text cannot have.")
        return text


@dataclass(frozen=True, slots=True)
class _Body:
    """What a scheme says after its filter: the fields of its URI, and its application identifiers."""

    fields: tuple[str, ...]
    ais: tuple[tuple[str, str], ...]


def _table(reference_bits: tuple[int, ...], digits: int) -> tuple[Partition, ...]:
    """A partition table: prefixes as for SGTIN, and references that fill up to `digits` with them."""
    return tuple(
        Partition(row.prefix_bits, row.prefix_digits, bits, digits - row.prefix_digits)
        for row, bits in zip(SGTIN_PARTITIONS, reference_bits, strict=True)
    )


SSCC_PARTITIONS: Final = _table((18, 21, 24, 28, 31, 34, 38), 17)
GRAI_PARTITIONS: Final = _table((4, 7, 10, 14, 17, 20, 24), 12)
SGLN_PARTITIONS: Final = _table((1, 4, 7, 11, 14, 17, 21), 12)
"""SGLN, GDTI and SGCN share it (TDS 2.3, tables 14-5, 14-17 and 14-21)."""
_NO_REFERENCE: Final = _table((0, 0, 0, 0, 0, 0, 0), 12)


def _prefix_and_reference(fields: _Fields, table: tuple[Partition, ...]) -> tuple[str, str]:
    row = partition_at(fields.take(3), table)
    prefix = in_range(fields.take(row.prefix_bits), row.prefix_digits, "company prefix")
    return prefix, in_range(fields.take(row.reference_bits), row.reference_digits, "reference")


def _sscc(fields: _Fields) -> _Body:
    prefix, reference = _prefix_and_reference(fields, SSCC_PARTITIONS)
    _reserved(fields)
    return _Body((prefix, reference), (("00", _led(prefix, reference)),))


def _gsrn(ai: str) -> Callable[[_Fields], _Body]:
    def body(fields: _Fields) -> _Body:
        prefix, reference = _prefix_and_reference(fields, SSCC_PARTITIONS)
        _reserved(fields)
        return _Body((prefix, reference), ((ai, prefix + reference + check_digit(prefix + reference)),))

    return body


def _sgln(*, is_text: bool) -> Callable[[_Fields], _Body]:
    def body(fields: _Fields) -> _Body:
        prefix, reference = _prefix_and_reference(fields, SGLN_PARTITIONS)
        extension = fields.take_text() if is_text else str(fields.take_rest())
        place = ("414", prefix + reference + check_digit(prefix + reference))
        # Extension 0 stands for the place itself, without a part of it (TDS 2.3, section 6.3.3).
        return _Body((prefix, reference, extension), (place,) if extension == "0" else (place, ("254", extension)))

    return body


def _reserved(fields: _Fields) -> None:
    if fields.take_rest():
        raise EpcError("reserved", "bits that must be zero are set. The label was mis-encoded: write it again.")


def _keyed(ai: str, table: tuple[Partition, ...], *, is_text: bool, lead: str = "") -> Callable[[_Fields], _Body]:
    """Schemes whose one application identifier is `lead`, prefix, reference, check digit and serial in a row."""

    def body(fields: _Fields) -> _Body:
        prefix, reference = _prefix_and_reference(fields, table)
        serial = fields.take_text() if is_text else str(fields.take_rest())
        key = lead + prefix + reference + check_digit(prefix + reference)
        return _Body((prefix, reference, serial), ((ai, key + serial),))

    return body


def _sgtin_198(fields: _Fields) -> _Body:
    prefix, reference = _prefix_and_reference(fields, SGTIN_PARTITIONS)
    serial = fields.take_text()
    return _Body((prefix, reference, serial), (("01", _led(prefix, reference)), ("21", serial)))


def _itip(*, is_text: bool) -> Callable[[_Fields], _Body]:
    def body(fields: _Fields) -> _Body:
        prefix, reference = _prefix_and_reference(fields, SGTIN_PARTITIONS)
        part, total = (in_range(fields.take(7), 2, name) for name in ("piece number", "total of pieces"))
        serial = fields.take_text() if is_text else str(fields.take_rest())
        key = _led(prefix, reference) + part + total
        return _Body((prefix, reference, part, total, serial), (("8006", key), ("21", serial)))

    return body


def _sgcn(fields: _Fields) -> _Body:
    prefix, reference = _prefix_and_reference(fields, SGLN_PARTITIONS)
    marked = str(fields.take_rest())
    # A leading 1 keeps the zeros that follow it (TDS 2.3, section 14.5.4).
    if len(marked) < 2 or marked[0] != "1":
        raise EpcError(
            "serial", "its serial lacks the leading 1 that keeps zeros. The label was mis-encoded: write it again."
        )
    serial = marked[1:]
    key = prefix + reference + check_digit(prefix + reference)
    return _Body((prefix, reference, serial), (("255", key + serial),))


def _giai_202(fields: _Fields) -> _Body:
    row = partition_at(fields.take(3), _NO_REFERENCE)
    prefix = in_range(fields.take(row.prefix_bits), row.prefix_digits, "company prefix")
    asset = fields.take_text()
    if len(prefix + asset) > _GIAI_CHARACTERS_MAX:
        raise EpcError("range", f"prefix and asset reference have more than {_GIAI_CHARACTERS_MAX} characters.")
    return _Body((prefix, asset), (("8004", prefix + asset),))


def _led(prefix: str, reference: str) -> str:
    """A GTIN or SSCC: the reference's first digit leads, then prefix, rest of the reference, check digit."""
    number = f"{reference[0]}{prefix}{reference[1:]}"
    return number + check_digit(number)


def _filtered(read: Callable[[_Fields], _Body]) -> Callable[[str, Scheme], TagContent]:
    """A decoder of a whole content, made from the reader of what follows header and filter."""

    def decoder(digits: str, scheme: Scheme) -> TagContent:
        fields = _Fields(without_trailing_bits(digits, scheme.bits), scheme.bits)
        fields.take(8)
        filter_value = fields.take(3)
        try:
            body = read(fields)
        except EpcError as error:
            raise EpcError(error.reason, f"{digits} ({scheme.name}): {error.sentence}") from error
        identity = ".".join(map(escaped, body.fields))
        return TagContent(
            digits,
            scheme.name,
            f"urn:epc:tag:{scheme.name}:{filter_value}.{identity}",
            f"urn:epc:id:{scheme.name.partition('-')[0]}:{identity}",
            body.ais,
            filter_value,
        )

    return decoder


def _decode_gid_96(digits: str, scheme: Scheme) -> TagContent:
    fields = _Fields(without_trailing_bits(digits, scheme.bits), scheme.bits)
    fields.take(8)
    identity = f"{fields.take(28)}.{fields.take(24)}.{fields.take(36)}"
    return TagContent(digits, scheme.name, f"urn:epc:tag:gid-96:{identity}", f"urn:epc:id:gid:{identity}")


DECODERS: Final[Mapping[int, Callable[[str, Scheme], TagContent]]] = MappingProxyType(
    {
        0x2C: _filtered(_keyed("253", SGLN_PARTITIONS, is_text=False)),
        0x2D: _filtered(_gsrn("8018")),
        0x2E: _filtered(_gsrn("8017")),
        0x31: _filtered(_sscc),
        0x32: _filtered(_sgln(is_text=False)),
        0x33: _filtered(_keyed("8003", GRAI_PARTITIONS, is_text=False, lead="0")),
        0x35: _decode_gid_96,
        0x36: _filtered(_sgtin_198),
        0x37: _filtered(_keyed("8003", GRAI_PARTITIONS, is_text=True, lead="0")),
        0x38: _filtered(_giai_202),
        0x39: _filtered(_sgln(is_text=True)),
        0x3E: _filtered(_keyed("253", SGLN_PARTITIONS, is_text=True)),
        0x3F: _filtered(_sgcn),
        0x40: _filtered(_itip(is_text=False)),
        0x41: _filtered(_itip(is_text=True)),
    }
)
"""Header → decoder. Schemes without one keep their raw URI and their name."""
