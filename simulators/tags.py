"""Tags: the chips that lie in front of a simulated reader, and the file that lists them.

The file is JSON Lines, one tag a line: ``{"antenna": 1, "epc": "3034…", "tid": "E280…", "rssi_dbm": -48}``.
`tid` and `rssi_dbm` may be left out; ``"mute": true`` plants a tag that is there and never answers,
``"access_password": "12345678"`` one whose EPC is locked. Empty lines are skipped. The file is a snapshot of the field: it is read again as a whole when it changes.
"""

import dataclasses
import json
import pathlib
from typing import Final

RSSI_DBM_DEFAULT: Final = -52
"""Strength of a tag whose line gives none: a small label some 20 cm from a counter antenna."""

TAGS_FILE_BYTES_MAX: Final = 16_000_000
"""About 100,000 tags; a larger file is refused because it is surely not a tags file."""

TID_BYTES_MAX: Final = 64
"""Twice the longest TID of a chip on sale; EPC, TID and metadata together fit one frame of 250 bytes."""
_EPC_BYTES_MAX: Final = 62
"""The length field of the protocol-control word has five bits and counts 16-bit words (Gen2, bits 10h-14h)."""


class TagsFileError(ValueError):
    """A line of a tags file cannot be used; the sentence names the file, the line and what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Tag:
    """One chip lying in front of one antenna of a reader."""

    antenna: int
    """1-based port of the antenna the tag lies on."""
    epc: bytes
    """EPC memory from word 2 on: 2 to 62 bytes, an even number."""
    tid: bytes = b""
    """Chip identity (bank 2); empty: the chip answers no TID read."""
    rssi_dbm: int = RSSI_DBM_DEFAULT
    """Mean strength at its own antenna, -127 to 0 dBm."""
    mute: bool = False
    """True: present but never heard, as a tag behind metal."""
    access_password: bytes = b""
    """Four bytes that a write to the EPC bank must bring; empty: the bank is not locked."""


def parse_tag(line: str) -> Tag:
    """The tag of one line of a tags file.

    Raises: TagsFileError: the line is not an object with `antenna` and `epc`, or a value is out of its range.
    """
    try:
        fields = json.loads(line)
        tag = Tag(
            antenna=int(fields["antenna"]),
            epc=bytes.fromhex(fields["epc"]),
            tid=bytes.fromhex(fields.get("tid") or ""),
            rssi_dbm=round(fields.get("rssi_dbm", RSSI_DBM_DEFAULT)),
            mute=bool(fields.get("mute", False)),
            access_password=bytes.fromhex(fields.get("access_password") or ""),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TagsFileError(f'{line[:80]!r} is not {{"antenna": 1, "epc": "hex"}} ({error}). Mend the line.') from error
    if not 1 <= tag.antenna <= 255 or not -127 <= tag.rssi_dbm <= 0:
        raise TagsFileError(f"{line[:80]!r}: antenna must be 1 to 255 and rssi_dbm -127 to 0. Mend the line.")
    if len(tag.tid) > TID_BYTES_MAX or len(tag.tid) % 2:
        raise TagsFileError(f"{line[:80]!r}: a TID has at most {TID_BYTES_MAX} bytes, an even number. Mend the line.")
    if len(tag.access_password) not in {0, 4}:
        raise TagsFileError(f"{line[:80]!r}: an access password has four bytes. Mend the line.")
    if not 2 <= len(tag.epc) <= _EPC_BYTES_MAX or len(tag.epc) % 2:
        raise TagsFileError(f"{line[:80]!r}: an EPC has 2 to 62 bytes, an even number. Mend the line.")
    return tag


def parse_tags(text: str) -> tuple[Tag, ...]:
    """Every tag of a tags file, in file order.

    Raises: TagsFileError: naming the first bad line by its number.
    """
    tags = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                tags.append(parse_tag(line))
            except TagsFileError as error:
                raise TagsFileError(f"line {number}: {error}") from error
    return tuple(tags)


def encode_tag(tag: Tag) -> str:
    """The line of a tags file that gives `tag`, without the line end."""
    line: dict[str, object] = {"antenna": tag.antenna, "epc": tag.epc.hex().upper()}
    if tag.tid:
        line["tid"] = tag.tid.hex().upper()
    line["rssi_dbm"] = tag.rssi_dbm
    if tag.mute:
        line["mute"] = True
    if tag.access_password:
        line["access_password"] = tag.access_password.hex().upper()
    return json.dumps(line)


class WatchedFile:
    """A file that tells when its content changed, by time stamp, size and inode; a missing file is an empty one."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def text_if_changed(self) -> str | None:
        """The whole text when it changed since the last call (or at the first), else None.

        Raises: TagsFileError: the file is larger than `TAGS_FILE_BYTES_MAX`.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            stamp, size = (0, 0, 0), 0
        else:
            stamp, size = (status.st_mtime_ns, status.st_size, status.st_ino), status.st_size
        if stamp == self._seen:
            return None
        if size > TAGS_FILE_BYTES_MAX:
            raise TagsFileError(f"{self._path} has {size} bytes; a tags file has at most {TAGS_FILE_BYTES_MAX}.")
        self._seen = stamp
        return self._path.read_text(encoding="utf-8") if stamp != (0, 0, 0) else ""
