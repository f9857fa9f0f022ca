r"""A simulated line-mode barcode scanner: one line of its scans file is one scan, sent with a suffix.

A line is the text of the symbol, or ``{"text": "…", "aim": "C1"}`` when the text holds control characters (GS is
``\u001d``) or an AIM identifier is wanted; the identifier goes out as ``]C1`` before the text.

>>> encode_scan("9506000134352")
b'9506000134352\r\n'
>>> encode_scan('{"text": "5901234123457", "aim": "E0"}')
b']E05901234123457\r\n'
"""

import collections
import json
from typing import Final

SUFFIXES: Final = {"CRLF": b"\r\n", "CR": b"\r", "LF": b"\n", "TAB": b"\t", "none": b""}
SCAN_BYTES_MAX: Final = 4096
"""More than any symbol holds (QR 4,296 digits is the largest, 2,953 bytes as bytes)."""


class ScanError(ValueError):
    """A line of a scans file is no scan; the sentence says why."""


def encode_scan(line: str, *, suffix: str = "CRLF", aim: str = "") -> bytes:
    """The bytes a scanner sends for one line; `aim` is the identifier for lines that give none.

    Raises: ScanError: a line that begins like JSON and is not, or a text that is too long.
    """
    text = line
    if line.startswith("{"):
        try:
            scan = json.loads(line)
            text, aim = str(scan["text"]), str(scan.get("aim") or aim)
        except (ValueError, KeyError) as error:
            raise ScanError(f'{line[:80]!r} is not {{"text": "…", "aim": "C1"}} ({error}). Mend the line.') from error
    octets = (f"]{aim}" if aim else "").encode() + text.encode() + SUFFIXES[suffix]
    if len(octets) > SCAN_BYTES_MAX:
        raise ScanError(f"A scan of {len(octets)} bytes is longer than any symbol holds ({SCAN_BYTES_MAX}).")
    return octets


class LineScanner:
    """Sends each complete line of a growing text once; a text that became shorter is a new file and starts again."""

    def __init__(self, *, suffix: str = "CRLF", aim: str = "", rate: float = 0.0) -> None:
        self.reads_told = 0
        """Scans given out."""
        self._suffix = suffix
        self._aim = aim
        self._interval_s = 1 / rate if rate > 0 else 0.0
        self._lines_taken = 0
        self._queue: collections.deque[bytes] = collections.deque()
        self._next_at_s = 0.0

    def load(self, text: str) -> None:
        """Take the lines appended since the last text; a last line without its end waits for it.

        Raises: ScanError: a new line is no scan; lines before it are taken.
        """
        lines = text.split("\n")[:-1]
        if len(lines) < self._lines_taken:
            self._lines_taken = 0
        for line in lines[self._lines_taken :]:
            self._lines_taken += 1
            if line.strip():
                self._queue.append(encode_scan(line.rstrip("\r"), suffix=self._suffix, aim=self._aim))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """The scan as it went out, without its suffix."""
        return (frame.removesuffix(SUFFIXES[self._suffix]).decode(),)

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """A line-mode scanner takes no commands."""
        del chunk, now_s
        return []

    def next_due_s(self) -> float | None:
        """When the next scan goes out (monotonic seconds); None: nothing was scanned."""
        return self._next_at_s if self._queue else None

    def due(self, now_s: float) -> list[bytes]:
        """The scans due by `now_s`."""
        frames = []
        while self._queue and self._next_at_s <= now_s:
            frames.append(self._queue.popleft())
            self.reads_told += 1
            self._next_at_s = now_s + self._interval_s
        return frames
