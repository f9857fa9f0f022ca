"""Tags of an inventory answer of FEIG readers: number of records (1), then the records, each TYPE (1) and what the type has.

| TYPE | name | behind it |
|---|---|---|
| 00, 01, 03 | I-CODE 1, Tag-it HF, ISO 15693 | DSFID (1), UID (8, most significant byte first) |
| 04 | ISO 14443 A | info (1), option (1), UID (10 when info has bit 04, else 7) |
| 05 | ISO 14443 B | info (5), UID (4, least significant byte first) |
| 09, 84 | ISO 18000-3 M3, Gen2 | type of the code (1), its length (1), code |

Source: FEIG H40801-5e-ID-B, section 6.1.1, and H90701-3e-ID-B, section 10.1.1; for ISO 14443
Amarok79/InlayTester.Drivers.FeigReader.
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


class Tag(msgspec.Struct, frozen=True, gc=False):
    """One tag of an inventory answer."""

    kind: str
    """Name from the table, for example `ISO15693`."""
    code: bytes
    """UID, most significant byte first, or EPC."""
    dsfid: int | None = None
    """Data storage family of ISO 15693. None: tags of this kind have none."""


def decode_inventory(payload: bytes) -> tuple[tuple[Tag, ...], str]:
    """The tags of an inventory answer, and why the rest of it cannot be read; empty when all of it was.

    A foreign tag has a record of unknown length and hides those behind it, never those before.
    """
    tags: list[Tag] = []
    at = 1
    try:
        for _ in range(_part(payload, 0, 1)[0]):
            tag, at = _record(payload, at)
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
        return Tag(_WITH_DSFID[kind], record[1:], record[0]), at + 9
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


def _part(payload: bytes, at: int, size: int) -> bytes:
    part = payload[at : at + size]
    if len(part) < size:
        raise FrameError("length", f"a tag record needs {size} bytes at offset {at}, {len(part)} are left")
    return part


def tag_read(tag: Tag, *, antenna: int | None = None, at_ms: int | None = None) -> TagRead:
    """The tag as the common read. FEIG readers tell no strength."""
    is_epc = tag.kind in _WITH_LENGTH.values()
    air = "gen2" if is_epc else "iso14443" if tag.kind.startswith("ISO14443") else "iso15693"
    return TagRead(
        id_hex=tag.code.hex().upper(),
        id_bits=len(tag.code) * 8,
        id_kind="epc" if is_epc else "uid",
        air=air,
        antenna=antenna,
        at_ms=at_ms,
    )
