"""Decoding: from the hex of EPC memory to what it means. SGTIN-96 and GIAI-96, the tags of a shop, have a short way.

>>> decode("3074257BF7194E4000001A85").uri
'urn:epc:tag:sgtin-96:3.0614141.812345.6789'
>>> decode("e280 1160 6000 0204 97cb 0065").uri
'urn:epc:raw:96.xE28011606000020497CB0065'
"""

from functools import lru_cache
from typing import Final

from server.core.epc.content import EpcError, TagContent, normal_hex
from server.core.epc.layout import GIAI_96_PARTITIONS, SCHEMES, SGTIN_PARTITIONS, SGTIN_SERIAL_BITS, check_digit
from server.core.epc.plus_schemes import decode_plus
from server.core.epc.schemes import DECODERS, in_range, partition_at, without_trailing_bits

_TOGGLE: Final = 0x0100
"""Bit 17h of the PC word: the content is an ISO UII with its AFI in the low byte (Gen2 v3, 6.3.2.1.2.2)."""
_TRADE_ITEM_MASK: Final = (1 << 47) - 1
"""Partition, prefix and reference of an SGTIN-96: 3 + 44 bits."""
_SERIAL_MASK: Final = (1 << SGTIN_SERIAL_BITS) - 1


def decode(text: str, *, pc: int | None = None) -> TagContent:
    """Take the hex of an EPC memory bank apart, from its header on (neither StoredCRC nor PC before it).

    `pc`: the tag's PC word where the reader gave it; its toggle bit says that the content is no EPC at all.
    Raises `EpcError`: not hex; too short for its header; header 00 (never programmed); a field outside its range.
    """
    digits = normal_hex(text)
    bits = 4 * len(digits)
    if pc is not None and pc & _TOGGLE:
        return TagContent(digits, "raw_afi", f"urn:epc:raw:{bits}.x{pc & 0xFF:02X}.x{digits}")
    if len(digits) < 2:
        raise EpcError("length", f"{digits!r} is one hex digit; an EPC header alone has two.")
    header = int(digits[:2], 16)
    if header == 0:
        raise EpcError(
            "header", f"{digits} starts with header 00: the tag was never programmed. Encode it, then read it again."
        )
    scheme = SCHEMES.get(header)
    if scheme is None:
        return TagContent(digits, "raw", f"urn:epc:raw:{bits}.x{digits}")
    if bits < scheme.bits:
        raise EpcError(
            "length",
            f"{digits} has {bits} bits, and header {header:02X} ({scheme.name}) needs {scheme.bits}. Read the tag again.",
        )
    if header == 0x30:
        return _decode_sgtin_96(digits)
    if header == 0x34:
        return _decode_giai_96(digits)
    if scheme.name.endswith("+"):
        return decode_plus(digits, scheme)
    if decoder := DECODERS.get(header):
        return decoder(digits, scheme)
    return TagContent(digits, scheme.name, f"urn:epc:raw:{bits}.x{digits}")


def gtin_and_serial(epc: bytes) -> tuple[str, int] | None:
    """GTIN-14 and serial of EPC memory as bytes, or None where it holds no sound SGTIN-96: the short way for a hot path.

    Agrees with `decode`, and costs an integer shift and a look-up for each further piece of a model.

    >>> gtin_and_serial(bytes.fromhex("3074257BF7194E4000001A85"))
    ('80614141123458', 6789)
    """
    if len(epc) < 12 or epc[0] != 0x30 or any(epc[12:]):
        return None
    content = int.from_bytes(epc[:12])
    try:
        return _trade_item(content >> SGTIN_SERIAL_BITS & _TRADE_ITEM_MASK)[1], content & _SERIAL_MASK
    except EpcError:
        return None


@lru_cache(maxsize=65_536)
def identity_of(text: str) -> str:
    """The key under which reads of one tag meet: the pure identity where the content is sound, the raw hex otherwise.

    Unlike `decode` it refuses no content, for a mis-encoded label still hangs on a jewel. Raises `EpcError` for what is not
    hex. The cache holds the tags of the largest shop planned for (65,536), so that each is taken apart once.

    >>> identity_of("3034257BF7194E4000001A85") == identity_of("3074257BF7194E4000001A85")
    True
    """
    try:
        return decode(text).identity
    except EpcError:
        digits = normal_hex(text)
        return f"urn:epc:raw:{4 * len(digits)}.x{digits}"


def _decode_sgtin_96(digits: str) -> TagContent:
    content = without_trailing_bits(digits, 96)
    try:
        item, gtin = _trade_item(content >> SGTIN_SERIAL_BITS & _TRADE_ITEM_MASK)
    except EpcError as error:
        raise EpcError(error.reason, f"{digits}: {error.sentence}") from error
    serial = content & _SERIAL_MASK
    filter_value = content >> 85 & 7
    return TagContent(
        digits,
        "sgtin-96",
        f"urn:epc:tag:sgtin-96:{filter_value}.{item}.{serial}",
        f"urn:epc:id:sgtin:{item}.{serial}",
        (("01", gtin), ("21", str(serial))),
        filter_value,
    )


@lru_cache(maxsize=16_384)
def _trade_item(bits: int) -> tuple[str, str]:
    """`PREFIX.REFERENCE` and GTIN-14 of partition, prefix and reference: pieces of one model share them, so each is made once."""
    partition = partition_at(bits >> 44, SGTIN_PARTITIONS)
    prefix_number = bits >> partition.reference_bits & ((1 << partition.prefix_bits) - 1)
    prefix = in_range(prefix_number, partition.prefix_digits, "company prefix")
    reference_number = bits & ((1 << partition.reference_bits) - 1)
    reference = in_range(reference_number, partition.reference_digits, "item reference")
    gtin = f"{reference[0]}{prefix}{reference[1:]}"
    return f"{prefix}.{reference}", gtin + check_digit(gtin)


def _decode_giai_96(digits: str) -> TagContent:
    content = without_trailing_bits(digits, 96)
    try:
        partition = partition_at(content >> 82 & 7, GIAI_96_PARTITIONS)
        prefix_number = content >> partition.reference_bits & ((1 << partition.prefix_bits) - 1)
        prefix = in_range(prefix_number, partition.prefix_digits, "company prefix")
    except EpcError as error:
        raise EpcError(error.reason, f"{digits}: {error.sentence}") from error
    asset = content & ((1 << partition.reference_bits) - 1)
    filter_value = content >> 85 & 7
    return TagContent(
        digits,
        "giai-96",
        f"urn:epc:tag:giai-96:{filter_value}.{prefix}.{asset}",
        f"urn:epc:id:giai:{prefix}.{asset}",
        (("8004", f"{prefix}{asset}"),),
        filter_value,
    )
