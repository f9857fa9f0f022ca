"""Layouts: which header means which scheme, and how wide each field is.

| offset | bits | field     | meaning                                                                     |
|--------|------|-----------|-----------------------------------------------------------------------------|
| 0      | 8    | header    | scheme, see `SCHEMES`                                                       |
| 8      | 3    | filter    | kind of packaging; control information, never part of the identity          |
| 11     | 3    | partition | row of the scheme's table: 0 = 12-digit company prefix … 6 = 6-digit; 7 no  |
| 14     | M    | prefix    | GS1 company prefix, below 10^L                                              |
| 14+M   | N    | reference | item reference (indicator digit first) or asset reference, below 10^K       |
| 14+M+N | rest | serial    | SGTIN-96 only, 38 bits                                                      |

Source: GS1 EPC Tag Data Standard 2.3, sections 14.2 (headers), 14.6.1 (SGTIN), 14.6.5 (GIAI).

>>> SCHEMES[0x30].name, SGTIN_PARTITIONS[5]
('sgtin-96', Partition(prefix_bits=24, prefix_digits=7, reference_bits=20, reference_digits=6))
"""

from dataclasses import dataclass
from typing import Final

EPC_HEX_DIGITS_MAX: Final = 124
"""31 words of 16 bits: the longest EPC the length field of a Gen2 PC word can announce."""
SGTIN_SERIAL_BITS: Final = 38
"""TDS 2.3, table 14-5: SGTIN-96 serials are below 274,877,906,944."""


@dataclass(frozen=True, slots=True)
class Partition:
    """How one row of a partition table splits prefix and reference."""

    prefix_bits: int
    prefix_digits: int
    reference_bits: int
    reference_digits: int
    """Exact number of digits for an item reference; the largest number for an asset reference."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a header byte announces."""

    name: str
    bits: int
    """Bits the scheme fills; for schemes of variable length, the fewest in which the fixed fields fit."""


SGTIN_PARTITIONS: Final = (
    Partition(40, 12, 4, 1),
    Partition(37, 11, 7, 2),
    Partition(34, 10, 10, 3),
    Partition(30, 9, 14, 4),
    Partition(27, 8, 17, 5),
    Partition(24, 7, 20, 6),
    Partition(20, 6, 24, 7),
)
"""TDS 2.3, table 14-2."""
GIAI_96_PARTITIONS: Final = (
    Partition(40, 12, 42, 13),
    Partition(37, 11, 45, 14),
    Partition(34, 10, 48, 15),
    Partition(30, 9, 52, 16),
    Partition(27, 8, 55, 17),
    Partition(24, 7, 58, 18),
    Partition(20, 6, 62, 19),
)
"""TDS 2.3, table 14-11."""

SCHEMES: Final = {
    0x2C: Scheme("gdti-96", 96),
    0x2D: Scheme("gsrn-96", 96),
    0x2E: Scheme("gsrnp-96", 96),
    0x2F: Scheme("usdod-96", 96),
    0x30: Scheme("sgtin-96", 96),
    0x31: Scheme("sscc-96", 96),
    0x32: Scheme("sgln-96", 96),
    0x33: Scheme("grai-96", 96),
    0x34: Scheme("giai-96", 96),
    0x35: Scheme("gid-96", 96),
    0x36: Scheme("sgtin-198", 198),
    0x37: Scheme("grai-170", 170),
    0x38: Scheme("giai-202", 202),
    0x39: Scheme("sgln-195", 195),
    0x3B: Scheme("adi-var", 8),
    0x3C: Scheme("cpi-96", 96),
    0x3D: Scheme("cpi-var", 8),
    0x3E: Scheme("gdti-174", 174),
    0x3F: Scheme("sgcn-96", 96),
    0x40: Scheme("itip-110", 110),
    0x41: Scheme("itip-212", 212),
    0xE6: Scheme("CPI++", 12),
    0xE7: Scheme("GSRN++", 12),
    0xE8: Scheme("GSRNP++", 12),
    0xE9: Scheme("SGLN++", 12),
    0xEA: Scheme("GDTI++", 12),
    0xEB: Scheme("GRAI++", 12),
    0xEC: Scheme("SGCN++", 12),
    0xED: Scheme("ITIP++", 12),
    0xEE: Scheme("GIAI++", 12),
    0xEF: Scheme("SSCC++", 12),
    0xF0: Scheme("CPI+", 12),
    0xF1: Scheme("GRAI+", 12),
    0xF2: Scheme("SGLN+", 12),
    0xF3: Scheme("ITIP+", 12),
    0xF4: Scheme("GSRN+", 12),
    0xF5: Scheme("GSRNP+", 12),
    0xF6: Scheme("GDTI+", 12),
    0xF7: Scheme("SGTIN+", 12),
    0xF8: Scheme("SGCN+", 12),
    0xF9: Scheme("SSCC+", 12),
    0xFA: Scheme("GIAI+", 12),
    0xFB: Scheme("DSGTIN+", 12),
    0xFC: Scheme("DSGTIN++", 12),
    0xFD: Scheme("SGTIN++", 12),
}
"""TDS 2.3, table 14-1. Header E2 is reserved for ever: it starts a factory TID, so such a tag was never encoded."""


def check_digit(digits: str) -> str:
    """The GS1 check digit of a number without it, weights 3 and 1 from the right (GS1 General Specifications 7.9.1).

    >>> check_digit("8061414112345")
    '8'
    """
    return str(-_weighted(digits, 1) % 10)


def is_checked(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it.

    >>> is_checked("80614141123458"), is_checked("80614141123459")
    (True, False)
    """
    return _weighted(digits, 2) % 10 == 0


def _weighted(digits: str, heavy_from: int) -> int:
    """Sum of the digits, every other one three times, the first such one `heavy_from` places from the right."""
    codes = digits.encode("ascii")
    heavy = codes[-heavy_from::-2]
    # Sums over bytes run in C; 48 is the code of "0".
    return sum(codes) + 2 * sum(heavy) - 48 * (len(codes) + 2 * len(heavy))
