r"""Lines of serial barcode scanners: text that ends with CR, LF, CRLF, TAB or with silence.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 0 or 1 | STX | 02, dropped |
| … | 0 or 3 | AIM | `]`, a letter, a digit or letter: the symbology, when the scanner is set to send it |
| … | 1..8192 | text | barcode content, GS1 separator = 1D |
| … | 0 or 1 | ETX | 03, dropped |
| end | 0..2 | suffix | 0D, 0A, 0D0A or 09 |

Empty lines (a CRLF seen as two ends, ETX after the suffix) are no scan. Source: readers.md section 9.

>>> LineHunt().feed(b"]E09506000134352\r\nJWL-1\t")[1].text
'JWL-1'
"""

import re
from dataclasses import dataclass
from typing import Final

from reader_drivers.errors import Rejected
from reader_drivers.reads import SCAN_CHARACTERS_MAX

LINE_BYTES_MAX: Final = SCAN_CHARACTERS_MAX
"""More than the longest barcode with STX, AIM prefix and ETX; a longer line is noise (wrong baud rate, for example) and is rejected as a whole."""
REJECTED_BYTES_MAX: Final = 512
"""How much of a rejected line is kept to be shown."""

_AIM: Final = re.compile(rb"\](?P<aim>[A-Za-z][0-9A-Za-z])")
_ENDS: Final = re.compile(rb"\r\n|[\r\n\t]|(?<=\x03)(?=\x02)")
"""ETX directly before STX ends a scan too: scanners with both and no suffix."""
_SUFFIXES: Final = {b"\r\n": "CRLF", b"\r": "CR", b"\n": "LF", b"\t": "TAB", b"": None}
_ALLOWED_CONTROL: Final = frozenset(b"\x1d\x1e\x04\x1c\x1f\x1b")
"""GS and its neighbours occur in barcodes; other control bytes mean damage."""


@dataclass(frozen=True, slots=True)
class Line:
    """One scan as it came off the wire."""

    text: str
    aim: str | None
    suffix: str | None
    """None: ended by silence."""
    raw: bytes


class LineHunt:
    """Lines out of a stream of bytes; any split of the bytes gives the same lines."""

    def __init__(self) -> None:
        self._buffer = b""
        self._is_too_long = False

    @property
    def is_waiting(self) -> bool:
        """True while text without an end is held."""
        return bool(self._buffer)

    def feed(self, received: bytes) -> list[Line | Rejected]:
        """Lines that `received` completes. A CR waits for the next byte, which may be its LF."""
        self._buffer += received
        found: list[Line | Rejected] = []
        at = 0
        for end in _ENDS.finditer(self._buffer):
            if end.group() == b"\r" and end.end() == len(self._buffer):
                break
            found.extend(self._closed(self._buffer[at : end.start()], end.group()))
            at = end.end()
        self._buffer = self._buffer[at:]
        if len(self._buffer) > LINE_BYTES_MAX + 1 or (self._is_too_long and self._buffer):
            self._is_too_long = True
            # A CR that may still meet its LF stays, or the end of the long line would be lost with it.
            last = b"\r" if self._buffer.endswith(b"\r") else b""
            self._buffer = self._buffer[:REJECTED_BYTES_MAX] + last
        return found

    def flush(self) -> list[Line | Rejected]:
        """Silence ends the text that is held."""
        held, self._buffer = self._buffer, b""
        if held.endswith(b"\r"):
            return self._closed(held[:-1], b"\r")
        return self._closed(held, b"")

    def _closed(self, content: bytes, suffix: bytes) -> list[Line | Rejected]:
        is_too_long, self._is_too_long = self._is_too_long or len(content) > LINE_BYTES_MAX, False
        if is_too_long:
            reason = f"length: the line has more than {LINE_BYTES_MAX} bytes, so it is no barcode"
            return [Rejected(content[:REJECTED_BYTES_MAX], reason)]
        line = parse_line(content, suffix)
        return [] if line is None else [line]


def parse_line(content: bytes, suffix: bytes) -> Line | Rejected | None:
    """The scan in one line without its suffix; None when nothing but STX and ETX is left."""
    raw = content + suffix
    stripped = content.removeprefix(b"\x03").removeprefix(b"\x02").removesuffix(b"\x03")
    prefix = _AIM.match(stripped)
    text = stripped[prefix.end() :] if prefix else stripped
    if not text:
        return Rejected(raw, "format: a symbology prefix without a barcode") if prefix else None
    damage = next((byte for byte in text if (byte < 0x20 or byte == 0x7F) and byte not in _ALLOWED_CONTROL), None)
    if damage is not None:
        return Rejected(raw[:REJECTED_BYTES_MAX], f"format: byte {damage:02X} is in no barcode; check the baud rate")
    return Line(_decoded(text), prefix["aim"].decode("ascii") if prefix else None, _SUFFIXES[suffix], raw)


def encode_line(text: str, aim: str | None, suffix: bytes) -> bytes:
    """One scan as a scanner sends it; inverse of `parse_line` for texts without control characters."""
    return (b"" if aim is None else b"]" + aim.encode("ascii")) + text.encode() + suffix


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
