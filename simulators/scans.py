r"""Scans: what is held under a simulated scanner, and the file that lists it, one scan a line.

A line is the text of the symbol, or ``{"text": "…", "aim": "C1"}`` when the text holds control characters (GS is
``\u001d``) or an AIM identifier is wanted. The file grows: each complete line is one scan, made once.
"""

import collections
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Final

SCAN_BYTES_MAX: Final = 4096
"""More than any symbol holds (QR 4,296 digits is the largest, 2,953 bytes as bytes)."""


class ScanError(ValueError):
    """A line of a scans file is no scan; the sentence says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scan:
    """One symbol under the scanner."""

    text: str
    aim: str = ""
    """AIM identifier without the bracket, for example C1; empty: the scanner is set to send none."""


def parse_scan(line: str, *, aim: str = "") -> Scan:
    """The scan of one line; `aim` is the identifier for lines that give none.

    Raises: ScanError: a line that begins like JSON and is not, or a text that is too long.
    """
    scan = Scan(line, aim)
    if line.startswith("{"):
        try:
            fields = json.loads(line)
            scan = Scan(str(fields["text"]), str(fields.get("aim") or aim))
        except (ValueError, KeyError) as error:
            raise ScanError(f'{line[:80]!r} is not {{"text": "…", "aim": "C1"}} ({error}). Mend the line.') from error
    if len(scan.text.encode()) > SCAN_BYTES_MAX:
        raise ScanError(f"A scan of {len(scan.text)} characters is longer than any symbol holds ({SCAN_BYTES_MAX}).")
    return scan


class ScanLines:
    """The lines appended to a growing text; a text that became shorter is a new file and starts again."""

    def __init__(self, *, aim: str = "") -> None:
        self._aim = aim
        self._lines_taken = 0

    def take(self, text: str) -> Iterator[Scan]:
        """The scans appended since the last text; a last line without its end waits for it.

        Raises: ScanError: a new line is no scan; lines before it are taken.
        """
        lines = text.split("\n")[:-1]
        if len(lines) < self._lines_taken:
            self._lines_taken = 0
        for line in lines[self._lines_taken :]:
            self._lines_taken += 1
            if line.strip():
                yield parse_scan(line.rstrip("\r"), aim=self._aim)


class PushScanner:
    """A scanner that sends each scan as soon as it is made and takes no commands."""

    def __init__(self, encode: Callable[[Scan], list[bytes]], *, aim: str = "", rate: float = 0.0) -> None:
        """`encode` gives the frames of one scan; `rate` is scans a second, 0: as fast as the link takes them."""
        self.reads_told = 0
        """Scans given out."""
        self._encode = encode
        self._lines = ScanLines(aim=aim)
        self._interval_s = 1 / rate if rate > 0 else 0.0
        self._queue: collections.deque[list[bytes]] = collections.deque()
        self._texts: dict[bytes, str] = {}
        self._next_at_s = 0.0

    def load(self, text: str) -> None:
        """Take the lines appended since the last text. Raises: ScanError; the scans before the bad line are taken."""
        for scan in self._lines.take(text):
            frames = self._encode(scan)
            if len(frames) == 1:
                self._texts[frames[0]] = scan.text
            self._queue.append(frames)

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """The text of a scan that is whole in this frame; part of a longer one tells nothing by itself."""
        return (self._texts[frame],) if frame in self._texts else ()

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Commands are not for this kind of scanner."""
        del chunk, now_s
        return []

    def next_due_s(self) -> float | None:
        """When the next scan goes out (monotonic seconds); None: nothing was scanned."""
        return self._next_at_s if self._queue else None

    def due(self, now_s: float) -> list[bytes]:
        """The frames of the scans due by `now_s`."""
        frames: list[bytes] = []
        while self._queue and self._next_at_s <= now_s:
            frames += self._queue.popleft()
            self.reads_told += 1
            self._next_at_s = now_s + self._interval_s
        return frames
