"""EPC encoding of the simulated tags: GIAI-96 and SGTIN-96 of the GS1 Tag Data Standard 2.3, section 14.

Written here once more, apart from the product's codec, so that both must read the standard the same way.

>>> encode_giai96("9521141", 5678, filter_value=3).hex().upper()
'3476451FD40000000000162E'
>>> encode_sgtin96("0614141", indicator=8, item="12345", serial=6789).hex().upper()
'3034257BF7194E4000001A85'
"""

from typing import Final

HEADER_GIAI96: Final = 0x34
HEADER_SGTIN96: Final = 0x30
FILTER_ALL_OTHERS: Final = 0
FILTER_POS_ITEM: Final = 1

_PREFIX_BITS: Final = {12: 40, 11: 37, 10: 34, 9: 30, 8: 27, 7: 24, 6: 20}
"""Bits of the company prefix by its digits; the partition value is 12 less the digits."""
_SGTIN_PREFIX_AND_ITEM_BITS: Final = 44
_GIAI_PREFIX_AND_ASSET_BITS: Final = 82
_SGTIN_SERIAL_BITS: Final = 38
_PREFIX_AND_ITEM_DIGITS: Final = 13


def encode_giai96(prefix: str, asset: int, *, filter_value: int = FILTER_ALL_OTHERS) -> bytes:
    """The 12 bytes of a GIAI-96: a company's own number for one thing.

    `prefix` has 6 to 12 digits. Raises: ValueError: a part does not fit its bits.
    """
    asset_bits = _GIAI_PREFIX_AND_ASSET_BITS - _prefix_bits(prefix)
    fields = (
        (HEADER_GIAI96, 8), (filter_value, 3), (12 - len(prefix), 3),
        (int(prefix), _prefix_bits(prefix)), (asset, asset_bits),
    )  # fmt: skip
    return _pack(fields)


def encode_sgtin96(
    prefix: str, *, indicator: int, item: str, serial: int, filter_value: int = FILTER_POS_ITEM
) -> bytes:
    """The 12 bytes of an SGTIN-96: a trade item number and a numeric serial.

    `item` has 12 digits less those of `prefix`. Raises: ValueError: a part does not fit its bits or digits.
    """
    if len(prefix) + len(item) + 1 != _PREFIX_AND_ITEM_DIGITS or not 0 <= indicator <= 9:
        raise ValueError(f"Prefix {prefix} and item {item} must have 12 digits together and an indicator of 0 to 9.")
    fields = (
        (HEADER_SGTIN96, 8), (filter_value, 3), (12 - len(prefix), 3), (int(prefix), _prefix_bits(prefix)),
        (int(f"{indicator}{item}"), _SGTIN_PREFIX_AND_ITEM_BITS - _prefix_bits(prefix)), (serial, _SGTIN_SERIAL_BITS),
    )  # fmt: skip
    return _pack(fields)


def encode_tid(serial: int) -> bytes:
    """The 12 bytes of a chip identity with a 48-bit serial: class E2, extended, maker 001, model 160, XTID 2000."""
    return bytes.fromhex("E28011602000") + serial.to_bytes(6, "big")


def _prefix_bits(prefix: str) -> int:
    if len(prefix) not in _PREFIX_BITS or not (prefix.isascii() and prefix.isdigit()):
        raise ValueError(f"Company prefix {prefix!r} must have 6 to 12 digits.")
    return _PREFIX_BITS[len(prefix)]


def _pack(fields: tuple[tuple[int, int], ...]) -> bytes:
    number = 0
    for value, bits in fields:
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{value} does not fit {bits} bits. Choose a smaller number; nothing is cut off.")
        number = number << bits | value
    return number.to_bytes(12, "big")
