"""Canonical ZIP: the one file that a set of members makes, so that a changed byte anywhere is a changed file.

Members are STORED (compressors differ between builds), in path order, dated 1980-01-01, without extra fields or
comments. Reading accepts any ZIP within the limits, so that a changed member can be named, and tells whether the file is
byte for byte the canonical one.

    local header    PK 03 04, version 10, flags 0, method 0, time 0, date 0x0021, CRC-32, sizes, name length, 0, name
    central header  PK 01 02, made by 3 (Unix) version 10, the same, 0 0 0 0, mode 0o100644, offset, name
    end             PK 05 06, 0 0, entries twice, size and offset of the central headers, 0

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from server.core.errors import Malformed
from server.core.log.pack import ENTRIES_MAX, is_member_path

ZIP_BYTES_MAX: Final = 1024 * 1024 * 1024
"""A year of a 3,000-piece shop is under 300 MB; beyond 2 GiB the format itself changes."""
MEMBER_BYTES_MAX: Final = 512 * 1024 * 1024

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_VERSION: Final = 10
_MADE_BY: Final = 3 << 8 | _VERSION
_DATE: Final = 1 << 5 | 1  # 1 January 1980, the first day the format knows.
_MODE: Final = 0o100644 << 16
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipUnreadable(Malformed):
    """Not a ZIP file, or one over the limits: nothing can be said of what it may hold."""

    code: ClassVar[str] = "zip_unreadable"


@dataclass(frozen=True, slots=True)
class OpenedZip:
    """Members of a ZIP file and whether the file is the canonical one."""

    members: Mapping[str, bytes]
    damaged: tuple[str, ...]
    """Paths of members whose bytes do not fit their own check sum, in path order; absent from `members`."""
    is_canonical: bool
    """The file is byte for byte what `write_zip` makes of `members`."""


def write_zip(members: Mapping[str, bytes]) -> bytes:
    """The canonical ZIP of `members`. The same members always give the same bytes.

    Raises: ZipUnreadable: a path that packs do not have, too many members or too many bytes.
    """
    _refuse_over_limits(len(members), sum(map(len, members.values())))
    bodies, central = bytearray(), bytearray()
    for path, raw in sorted(members.items()):
        if not is_member_path(path) or len(raw) > MEMBER_BYTES_MAX:
            raise ZipUnreadable(
                f"{path!r:.150} cannot be a member: its path or its {len(raw)} bytes are over the limits."
            )
        name, crc, length = path.encode("ascii"), zlib.crc32(raw), len(raw)
        offset = len(bodies)
        bodies += _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, crc, length, length, len(name), 0)
        bodies += name + raw
        central += _CENTRAL.pack(
            b"PK\x01\x02", _MADE_BY, _VERSION, 0, 0, 0, _DATE, crc, length, length, len(name), 0, 0, 0, 0, _MODE, offset
        )
        central += name
    count = len(members)
    return bytes(bodies + central + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(central), len(bodies), 0))


def read_zip(raw: bytes) -> OpenedZip:
    """The members of a ZIP file.

    Raises: ZipUnreadable: not a ZIP, a path, a name twice or a compression that packs do not have, or over the limits. A
    member of a hostile file is never unpacked beyond its declared length, nor beyond `MEMBER_BYTES_MAX`.
    """
    _refuse_over_limits(0, len(raw))
    members: dict[str, bytes] = {}
    damaged: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            _refuse_over_limits(len(entries), sum(entry.file_size for entry in entries))
            for entry in entries:
                _refuse_path(entry.filename, members, damaged)
                _refuse_method(entry)
                content = _content_of(archive, entry)
                if content is None:
                    damaged.append(entry.filename)
                else:
                    members[entry.filename] = content
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
        struct.error,
    ) as error:
        raise ZipUnreadable(f"The file is not a ZIP that can be read: {error}. Ask for the pack again.") from error
    is_canonical = not damaged and write_zip(members) == raw
    return OpenedZip(members, tuple(sorted(damaged)), is_canonical)


def _content_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    """The member's bytes; None: they do not fit their check sum or cannot be unpacked."""
    try:
        with archive.open(entry) as file:
            content = file.read(min(entry.file_size, MEMBER_BYTES_MAX) + 1)
            file.read(1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, UnicodeDecodeError):
        return None
    return content if len(content) == entry.file_size else None


def _refuse_path(path: str, members: Mapping[str, bytes], damaged: list[str]) -> None:
    if not is_member_path(path):
        raise ZipUnreadable(f"The ZIP has a member {path!r:.150}, which no pack can have.")
    if path in members or path in damaged:
        raise ZipUnreadable(f"The ZIP has the member {path} twice; two readers could see two packs.")


def _refuse_method(entry: zipfile.ZipInfo) -> None:
    # Of the other methods the library unpacks whole blocks, however few bytes are asked for: 366 bytes made 300 MB.
    if entry.compress_type not in _METHODS:
        raise ZipUnreadable(
            f"The member {entry.filename} is compressed by method {entry.compress_type}; packs store or deflate. "
            "Ask for the pack again."
        )


def _refuse_over_limits(entries: int, total: int) -> None:
    if entries > ENTRIES_MAX or total > ZIP_BYTES_MAX:
        raise ZipUnreadable(
            f"The pack has {entries} members and {total} bytes; the limits are {ENTRIES_MAX} and {ZIP_BYTES_MAX}."
        )
