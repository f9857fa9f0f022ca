"""EPC memory banks and TIDs: what a chip holds around its EPC.

| word | bank 01 (EPC) | bank 10 (TID) |
|---|---|---|
| 0 | StoredCRC over PC and EPC | class `E2`, then X, S, F and the first 5 bits of the designer |
| 1 | PC: length in words (5 bits), UMI, XI, toggle, attributes or AFI (8 bits) | last 4 bits of the designer (9 in all), model (12 bits) |
| 2… | EPC, as many words as PC says | with X: XTID header, then the serial number |

Source: Gen2 v3, section 6.3.2.1; GS1 EPC Tag Data Standard 2.3, section 16; readers.md 11.1.
"""

from binascii import crc_hqx
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from server.core.epc.content import EpcError, normal_hex

_CRC_START = _CRC_TURNED = 0xFFFF
"""CRC-16/Genibus: polynomial 1021 from FFFF, all bits turned at the end."""
_TID_CLASS: Final = 0xE2
DESIGNERS: Final = MappingProxyType({0x001: "Impinj", 0x003: "Alien", 0x006: "NXP"})
"""Designers of the chips on jewellers' labels, by mask designer id (GS1's list)."""


@dataclass(frozen=True, slots=True)
class EpcBank:
    """The EPC memory bank from its first word on."""

    stored_crc: int
    pc: int
    epc: str
    """Hex, exactly as many words as the PC word says."""

    @property
    def words(self) -> int:
        """Length of the EPC in words of 16 bits."""
        return self.pc >> 11

    @property
    def has_user_memory(self) -> bool:
        """The chip says that its user memory is written."""
        return bool(self.pc >> 10 & 1)

    @property
    def has_extension(self) -> bool:
        """XI: an XPC word goes with the EPC."""
        return bool(self.pc >> 9 & 1)

    @property
    def is_uii(self) -> bool:
        """Toggle: the content is an ISO UII, and the low byte of the PC is its AFI."""
        return bool(self.pc >> 8 & 1)


@dataclass(frozen=True, slots=True)
class TidContent:
    """What a chip was given when it was made; nobody can change it."""

    hex: str
    has_xtid: bool
    has_security: bool
    has_file: bool
    designer_id: int
    model: int
    xtid_header: int | None
    """None: the chip has none, and what follows is the designer's own."""
    serial_bits: int | None
    serial: str | None
    """Hex. None: no XTID, or fewer words were read than the serial has."""

    @property
    def designer(self) -> str | None:
        """Who designed the chip; None: not one of `DESIGNERS`."""
        return DESIGNERS.get(self.designer_id)

    @property
    def stid_uri(self) -> str | None:
        """The serialised TID URI. None: no serial was read."""
        if self.serial is None:
            return None
        flags = self.has_xtid << 11 | self.has_security << 10 | self.has_file << 9
        return f"urn:epc:stid:x{flags | self.designer_id:03X}.x{self.model:03X}.x{self.serial}"


def parse_bank(text: str) -> EpcBank:
    """The EPC bank in hex, StoredCRC first; words behind the EPC are ignored, for banks are longer than what is in them.

    Raises EpcError: `length`: fewer words than the PC says. `crc`: the stored CRC is another one, so it was misread.

    >>> parse_bank("3A76340030751FEB705C5904E3D50D70").epc
    '30751FEB705C5904E3D50D70'
    """
    digits = normal_hex(text)
    if len(digits) < 8 or len(digits) % 4:
        raise EpcError("length", f"{digits} is no memory bank: it has StoredCRC, PC word and EPC, each of whole words.")
    crc, pc = int(digits[:4], 16), int(digits[4:8], 16)
    size = 4 * (pc >> 11)
    epc = digits[8 : 8 + size]
    if len(epc) < size:
        raise EpcError(
            "length", f"The PC word says {size // 4} words of EPC, and {len(epc) // 4} were given. Read again."
        )
    right = crc_of(pc, epc)
    if crc != right:
        raise EpcError("crc", f"The stored CRC is {crc:04X}, and these words have {right:04X}. Read the tag again.")
    return EpcBank(crc, pc, epc)


def bank_of(epc: str) -> EpcBank:
    """The bank that holds this EPC (hex): its PC word for ordinary EPCs, and the CRC that the chip will store.

    Raises EpcError: not hex, not whole words, or longer than 31 of them.
    """
    digits = normal_hex(epc)
    if len(digits) % 4:
        raise EpcError("length", f"{digits} is no whole number of 16-bit words. Fill it with zeros at its end.")
    pc = len(digits) // 4 << 11
    return EpcBank(crc_of(pc, digits), pc, digits)


def crc_of(pc: int, epc: str) -> int:
    """StoredCRC of a PC word and an EPC in hex: CRC-16/Genibus."""
    return crc_hqx(pc.to_bytes(2, "big") + bytes.fromhex(epc), _CRC_START) ^ _CRC_TURNED


def parse_tid(text: str) -> TidContent:
    """The TID bank in hex, from its class byte on. Raises EpcError: `length`: under two words; `header`: no class E2.

    >>> parse_tid("E28011052000798D23470A5C").stid_uri
    'urn:epc:stid:x801.x105.x798D23470A5C'
    """
    digits = normal_hex(text)
    if len(digits) < 8:
        raise EpcError("length", f"{digits} is too short for a TID: it has at least two words of 16 bits. Read more.")
    head = int(digits[:8], 16)
    if head >> 24 != _TID_CLASS:
        raise EpcError("header", f"{digits[:2]} is not the class of a Gen2 chip (E2). Is this the TID bank?")
    has_xtid = bool(head >> 23 & 1)
    header = int(digits[8:12], 16) if has_xtid and len(digits) >= 12 else None
    # Three bits say how long the serial is: none, or 48 bits and 16 for each step after the first.
    steps = 0 if header is None else header >> 13
    bits = 48 + 16 * (steps - 1) if steps else None
    serial = None if bits is None or len(digits) < 12 + bits // 4 else digits[12 : 12 + bits // 4]
    return TidContent(
        digits,
        has_xtid=has_xtid,
        has_security=bool(head >> 22 & 1),
        has_file=bool(head >> 21 & 1),
        designer_id=head >> 12 & 0x1FF,
        model=head & 0xFFF,
        xtid_header=header,
        serial_bits=bits,
        serial=serial,
    )
