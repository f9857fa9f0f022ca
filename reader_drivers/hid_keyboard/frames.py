"""Boot reports of USB keyboards: bytes to values, nothing else.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | modifiers | 01 / 10 Ctrl, 02 / 20 Shift, 04 / 40 Alt, 08 / 80 GUI: left / right |
| 1 | 1 | – | 00 |
| 2 | 6 | keys | usages of the keys that are down, then 00; 01 in all six: keys were lost |

A report says what is down now, so a character is typed when its key comes, and again only after a report without it. No
start byte and no checksum: USB has its own, and whoever opens the device gives whole reports. Source: USB HID 1.11, appendix B.1.

>>> ReportHunt().feed(bytes.fromhex("0200080000000000"))[0].keys
(8,)
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt
from reader_drivers.hid_keyboard.keys import USAGE_MAX

REPORT_BYTES: Final = 8
CONTROL: Final = 0x11
SHIFT: Final = 0x22
ALT: Final = 0x44
_GUI: Final = 0x88
"""The key for the system's menu: no scanner holds it down, so a report with it is noise."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """The keys that are down at one moment."""

    modifiers: int
    keys: tuple[int, ...]
    raw: bytes


class ReportHunt:
    """Reports out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(None, _take)

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
    keys = tuple(raw[2:].rstrip(b"\x00"))
    if raw[0] & _GUI or raw[1:2] not in {b"", b"\x00"} or any(key > USAGE_MAX for key in keys):
        raise FrameError("noise", "no keyboard report has these bytes")
    if len(raw) < REPORT_BYTES:
        return at
    if 0 in keys:
        raise FrameError("noise", "a keyboard report has no gap between its keys")
    found.append(Report(raw[0], keys, raw))
    return at + REPORT_BYTES
