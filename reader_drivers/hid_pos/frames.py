"""Input reports of HID POS barcode scanners (usage page 8C, usage 02): bytes to values and back, nothing else.

| standard | shifted | size | name | meaning |
|---|---|---|---|---|
| 0 | 0 | 1 | report id | 02 |
| 1 | 1 | 1 | length | bytes of the barcode in this report, 1..56 (shifted: 55) |
| – | 2 | 1 | – | not used |
| 2 | 3 | 3 | AIM | `]`, a letter, a digit or letter: the symbology |
| 5 | 6 | length | content | barcode, GS1 separator = 1D |
| 61 | 61 | 1 | code id | the maker's own letter for the symbology; Honeywell |
| 63 | 63 | 1 | more | not 00: the barcode goes on in the next report |

Honeywell shifts the AIM identifier by one. No checksum: USB has its own. Source: readers.md section 9 (one open package, the
point-of-sale WebHID barcode scanner).

>>> encode_report(b"JWL-1", aim="C0").hex().upper()[:20]
'02055D43304A574C2D31'
"""

import re
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

REPORT_ID: Final = 0x02
REPORT_BYTES: Final = 64
_MORE_AT: Final = 63
_CODE_ID_AT: Final = 61
_AIM: Final = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_AIM_BYTES: Final = 3


class Layout(msgspec.Struct, frozen=True):
    """Where a maker puts the AIM identifier; the content stands right behind it."""

    name: str
    aim_at: int
    content_bytes_max: int


STANDARD: Final = Layout("standard", 2, 56)
SHIFTED: Final = Layout("shifted by one (Honeywell)", 3, 55)
LAYOUTS: Final = (STANDARD, SHIFTED)
"""In the order in which they are tried."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """One report: a barcode or a part of it."""

    aim: str
    """Without its bracket, for example `E0`."""
    content: bytes
    has_more: bool
    layout: Layout
    raw: bytes


def encode_report(content: bytes, *, aim: str, has_more: bool = False, layout: Layout = STANDARD) -> bytes:
    """One report as a scanner sends it; for tests and captures. `content` fits one report (asserted)."""
    assert 1 <= len(content) <= layout.content_bytes_max
    head = bytes((REPORT_ID, len(content))).ljust(layout.aim_at, b"\x00")
    body = head + b"]" + aim.encode("ascii") + content
    return body.ljust(_MORE_AT, b"\x00") + bytes((has_more,))


class ReportHunt:
    """Reports out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(REPORT_ID, _take)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished report is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Report | Rejected]:
        """Reports and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Report | Rejected]:
        """Give up on the unfinished report."""
        return self._hunt.flush()


def _take(buffer: bytes, at: int, found: list[Report | Rejected]) -> int:
    raw = buffer[at : at + REPORT_BYTES]
    if len(raw) < REPORT_BYTES:
        return at
    layout = next((layout for layout in LAYOUTS if _AIM.match(raw, layout.aim_at)), None)
    if layout is None:
        raise FrameError("format", "the report has no AIM identifier at byte 2 or 3", size=REPORT_BYTES)
    size, begin = raw[1], layout.aim_at + _AIM_BYTES
    if not 1 <= size <= layout.content_bytes_max:
        sentence = f"the report announces {size} bytes of barcode; it can hold 1 to {layout.content_bytes_max}"
        raise FrameError("length", sentence, size=REPORT_BYTES)
    aim = raw[layout.aim_at + 1 : begin].decode("ascii")
    found.append(Report(aim, raw[begin : begin + size], raw[_MORE_AT] != 0, layout, raw))
    return at + REPORT_BYTES
