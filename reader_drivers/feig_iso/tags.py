"""Tags of an inventory answer of FEIG readers: number of records (1), then the records, each TYPE (1) and what the type has.

| TYPE | name | behind it |
|---|---|---|
| 00, 01, 03 | I-CODE 1, Tag-it HF, ISO 15693 | DSFID (1), UID (8, most significant byte first) |
| 04 | ISO 14443 A | info (1), option (1), UID (10 when info has bit 04, else 7) |
| 05 | ISO 14443 B | info (5), UID (4, least significant byte first) |
| 09, 84 | ISO 18000-3 M3, Gen2 | type of the code (1), its length (1), code |

An inventory that names antennas has other records: FLAGS (1, bit 4: antennas follow), TYPE (1), DSFID (1), length of the
UID (1), UID, number of antennas (1), for each its number (1), status (1, 00 = heard), strength (1, no published scale) and 4
reserved bytes. Source: FEIG H40801-5e-ID-B, section 6.1.1, and H90701-3e-ID-B, section 10.1.1; Siemens RF290R
C79000-G8976-C377-01, section 8.2; for ISO 14443 Amarok79/InlayTester.Drivers.FeigReader.
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError
from reader_drivers.reads import EPC_BYTES_MAX, TagRead

_WITH_DSFID: Final = {0x00: "ICODE1", 0x01: "TAGIT_HF", 0x03: "ISO15693"}
_ISO14443A: Final = 0x04
_LONG_UID: Final = 0x04
"""Bit of the info byte of an ISO 14443 A tag."""
_ISO14443B: Final = 0x05
_WITH_LENGTH: Final = {0x09: "ISO18000_3M3", 0x84: "GEN2"}
_ISO15693: Final = 0x03
_UID_FIRST: Final = 0xE0
"""First byte of every ISO 15693 UID (ISO/IEC 15693-3, 4.1)."""
_HAS_ANTENNAS: Final = 0x10
_ANTENNA_BYTES: Final = 7


class Tag(msgspec.Struct, frozen=True, gc=False):
    """One tag of an inventory answer."""

    kind: str
    """Name from the table, for example `ISO15693`."""
    code: bytes
    """UID, most significant byte first, or EPC."""
    dsfid: int | None = None
    """Data storage family of ISO 15693. None: tags of this kind have none."""
    antennas: tuple[int, ...] = ()
    """Which antennas heard it, as the record tells. Empty: the inventory named none."""


def decode_inventory(payload: bytes, *, has_antennas: bool = False) -> tuple[tuple[Tag, ...], str]:
    """The tags of an inventory answer, and why the rest of it cannot be read; empty when all of it was.

    A foreign tag has a record of unknown length and hides those behind it, never those before. `has_antennas`: the
    inventory named antennas.
    """
    tags: list[Tag] = []
    at = 1
    take = _record_with_antennas if has_antennas else _record
    try:
        for _ in range(_part(payload, 0, 1)[0]):
            tag, at = take(payload, at)
            tags.append(tag)
    except FrameError as error:
        return tuple(tags), str(error)
    left = len(payload) - at
    return tuple(tags), f"length: {left} bytes are left behind the last tag" if left else ""


def _record(payload: bytes, at: int) -> tuple[Tag, int]:
    """The tag at `at` and the offset behind it. Raises: FrameError: it is cut short or of an unknown kind."""
    kind = _part(payload, at, 1)[0]
    at += 1
    if kind in _WITH_DSFID:
        record = _part(payload, at, 9)
        return Tag(_WITH_DSFID[kind], _uid(kind, record[1:]), record[0]), at + 9
    if kind == _ISO14443A:
        size = 2 + (10 if _part(payload, at, 1)[0] & _LONG_UID else 7)
        return Tag("ISO14443A", _part(payload, at, size)[2:]), at + size
    if kind == _ISO14443B:
        return Tag("ISO14443B", _part(payload, at, 9)[:4:-1]), at + 9
    if kind in _WITH_LENGTH:
        size = _part(payload, at, 2)[1]
        if size > EPC_BYTES_MAX:
            raise FrameError("length", f"a tag's code has {size} bytes, at most {EPC_BYTES_MAX} can be")
        return Tag(_WITH_LENGTH[kind], _part(payload, at + 2, size)), at + 2 + size
    raise FrameError("format", f"a tag of the unknown type {kind:02X} hides what stands behind it")


def _record_with_antennas(payload: bytes, at: int) -> tuple[Tag, int]:
    """As `_record`, for an inventory that named antennas."""
    flags, kind, dsfid, size = _part(payload, at, 4)
    if kind not in _WITH_DSFID or not flags & _HAS_ANTENNAS or size > EPC_BYTES_MAX:
        raise FrameError("format", f"a tag of type {kind:02X} with flags {flags:02X} hides what stands behind it")
    code = _part(payload, at + 4, size)
    at += 4 + size
    count = _part(payload, at, 1)[0]
    told = _part(payload, at + 1, count * _ANTENNA_BYTES)
    entries = (told[n : n + 2] for n in range(0, len(told), _ANTENNA_BYTES))
    antennas = tuple(number for number, status in entries if status == 0)
    return Tag(_WITH_DSFID[kind], _uid(kind, code), dsfid, antennas), at + 1 + len(told)


def _uid(kind: int, code: bytes) -> bytes:
    """The UID with its E0 first. Readers can be set to send it as it is on the air, least significant byte first."""
    is_reversed = kind == _ISO15693 and code[:1] != bytes((_UID_FIRST,)) and code[-1:] == bytes((_UID_FIRST,))
    return code[::-1] if is_reversed else code


def _part(payload: bytes, at: int, size: int) -> bytes:
    part = payload[at : at + size]
    if len(part) < size:
        raise FrameError("length", f"a tag record needs {size} bytes at offset {at}, {len(part)} are left")
    return part


def tag_reads(tag: Tag, *, antenna: int | None = None, at_ms: int | None = None) -> tuple[TagRead, ...]:
    """The tag as common reads, one for each antenna that heard it; `antenna` where the record tells none.

    HF readers tell no strength that means the same on two of them.
    """
    is_epc = tag.kind in _WITH_LENGTH.values()
    air = "gen2" if is_epc else "iso14443" if tag.kind.startswith("ISO14443") else "iso15693"
    return tuple(
        TagRead(
            id_hex=tag.code.hex().upper(),
            id_bits=len(tag.code) * 8,
            id_kind="epc" if is_epc else "uid",
            air=air,
            antenna=heard_by,
            at_ms=at_ms,
        )
        for heard_by in tag.antennas or (antenna,)
    )
