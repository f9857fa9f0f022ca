"""Tag content: what an EPC memory bank holds, read without trusting it.

A content that breaks its scheme's rules is refused with a reason, for two different tags must never decode to one identity.
A content of no known scheme is a raw identifier, never an error: most labels sold today leave the factory unencoded.

>>> decode("3074257BF7194E4000001A85").uri
'urn:epc:tag:sgtin-96:3.0614141.812345.6789'
>>> decode("e280 1160 6000 0204 97cb 0065").uri
'urn:epc:raw:96.xE28011606000020497CB0065'
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from server.core.epc.layout import (
    EPC_HEX_DIGITS_MAX,
    GIAI_96_PARTITIONS,
    SCHEMES,
    SGTIN_PARTITIONS,
    SGTIN_SERIAL_BITS,
    Partition,
    check_digit,
)
from server.core.errors import Malformed

DIGITAL_LINK_ROOT: Final = "https://id.gs1.org"
"""The canonical resolver (GS1 Digital Link URI syntax 1.4, section 4.11)."""
_SEPARATORS: Final = str.maketrans("", "", " \t-:_.")
"""What people and tools put between bytes. Zeros are never dropped: stripping them can merge two tags."""
_PLAIN_HEX: Final = re.compile(r"[0-9A-F]{1,1000}")
_TOGGLE: Final = 0x0100
"""Bit 17h of the PC word: the content is an ISO UII with its AFI in the low byte (Gen2 v3, 6.3.2.1.2.2)."""
_TRADE_ITEM_MASK: Final = (1 << 47) - 1
"""Partition, prefix and reference of an SGTIN-96: 3 + 44 bits."""
_SERIAL_MASK: Final = (1 << SGTIN_SERIAL_BITS) - 1


class EpcError(Malformed):
    """A tag content or tag URI that its scheme forbids. `reason` is one word, such as `length`, `hex` or `range`."""

    code: ClassVar[str] = "epc"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TagContent:
    """What one tag says."""

    hex: str
    """Upper case, exactly as long as the memory given."""
    scheme: str
    """`sgtin-96`, …; `raw` for no known scheme, `raw_afi` for an ISO UII."""
    uri: str
    """The EPC tag URI, or the raw URI where the scheme has none or is not taken apart here."""
    epc_uri: str | None = None
    """The pure identity, without filter. None: a raw content."""
    ais: tuple[tuple[str, str], ...] = ()
    """GS1 application identifiers and their values, in the order in which a barcode would carry them."""
    filter_value: int | None = None
    """0–7 (SGTIN: 1 = item for sale). None: the content has no filter."""

    @property
    def identity(self) -> str:
        """The key of a tag: two contents that differ only in control information have the same one."""
        return self.epc_uri or self.uri

    @property
    def digital_link(self) -> str | None:
        """The canonical GS1 Digital Link, or None for a raw content."""
        if not self.ais:
            return None
        return DIGITAL_LINK_ROOT + "".join(f"/{ai}/{text}" for ai, text in self.ais)


def normal_hex(text: str) -> str:
    """Upper-case hex without separators or `0x`. Raises `EpcError` for nothing, for other characters, for too much."""
    digits = text if _PLAIN_HEX.fullmatch(text) else text.strip().upper().translate(_SEPARATORS).removeprefix("0X")
    if not digits:
        raise EpcError(
            "length", "The tag content is empty; expected hexadecimal digits, such as 3074257BF7194E4000001A85."
        )
    if len(digits) > EPC_HEX_DIGITS_MAX:
        raise EpcError(
            "length",
            f"The tag content has {len(digits)} hex digits; an EPC has at most {EPC_HEX_DIGITS_MAX} (496 bits).",
        )
    if not _PLAIN_HEX.fullmatch(digits):
        strange = next(character for character in digits if character not in "0123456789ABCDEF")
        raise EpcError(
            "hex",
            f"{text.strip()[:40]!r} is not hexadecimal: it holds {strange!r}. Give the EPC memory as digits 0-9 and A-F.",
        )
    return digits


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
    content = _first_96_bits(digits)
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
    partition = _partition(bits >> 44, SGTIN_PARTITIONS)
    prefix_number = bits >> partition.reference_bits & ((1 << partition.prefix_bits) - 1)
    prefix = _in_range(prefix_number, partition.prefix_digits, "company prefix")
    reference_number = bits & ((1 << partition.reference_bits) - 1)
    reference = _in_range(reference_number, partition.reference_digits, "item reference")
    gtin = f"{reference[0]}{prefix}{reference[1:]}"
    return f"{prefix}.{reference}", gtin + check_digit(gtin)


def _decode_giai_96(digits: str) -> TagContent:
    content = _first_96_bits(digits)
    try:
        partition = _partition(content >> 82 & 7, GIAI_96_PARTITIONS)
        prefix_number = content >> partition.reference_bits & ((1 << partition.prefix_bits) - 1)
        prefix = _in_range(prefix_number, partition.prefix_digits, "company prefix")
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


def _first_96_bits(digits: str) -> int:
    if digits[24:].strip("0"):
        raise EpcError(
            "trailing_bits",
            f"{digits} has bits set after the 96 of its scheme; they must be zero. The label was mis-encoded: write it again.",
        )
    return int(digits[:24], 16)


def _partition(row: int, table: tuple[Partition, ...]) -> Partition:
    if row == 7:
        raise EpcError(
            "partition", "partition 7 was given; partitions are 0 to 6. The label was mis-encoded: write it again."
        )
    return table[row]


def _in_range(number: int, width: int, name: str) -> str:
    """The number as exactly `width` digits. `name`: what it is called in the sentence of a refusal."""
    text = str(number).zfill(width)
    if len(text) > width:
        raise EpcError(
            "range", f"{name} {number} has more than {width} digits. The label was mis-encoded: write it again."
        )
    return text
