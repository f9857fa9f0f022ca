"""Typed: the keys of a scanner joined to scans. A scan ends with Enter or Tab, or with silence.

Characters may also come as Alt with their number on the keypad, which scanners are set to where the computer's layout is
not US, and control characters as Ctrl with a letter. A scan with a lost or unknown key is rejected as a whole: half a
number is worse than none.
"""

from typing import Final

import msgspec

from reader_drivers.errors import Rejected
from reader_drivers.framing import REJECTED_BYTES_MAX
from reader_drivers.hid_keyboard.frames import ALT, CONTROL, REPORT_BYTES, SHIFT, Report
from reader_drivers.hid_keyboard.keys import ENTERS, ERROR_ROLL_OVER, KEYPAD_DIGITS, TAB, character
from reader_drivers.reads import SCAN_CHARACTERS_MAX
from reader_drivers.scan_text import scan_text

RAW_BYTES_MAX: Final = SCAN_CHARACTERS_MAX * 10 * REPORT_BYTES
"""Ten reports a character: Alt, four digits, and the release of each."""
ENTER, TABULATOR = "Enter", "Tab"
_LINE_ENDS: Final = {"\r": ENTER, "\n": ENTER, "\t": TABULATOR}
"""Ctrl+M, Ctrl+J and Ctrl+I are other ways to type the keys."""
_NUMBER_MAX: Final = 255
"""A character by its number is one byte of a page."""


class Typed(msgspec.Struct, frozen=True, gc=False):
    """One scan."""

    text: str
    aim: str | None
    terminator: str | None
    """`Enter` or `Tab`; None: ended by silence."""
    raw: bytes


class TypedScans:
    """Joins reports to scans."""

    def __init__(self) -> None:
        self._down: tuple[int, ...] = ()
        self._text = ""
        self._number = ""
        self._raw = bytearray()
        self._terminator: str | None = None
        self._damage = ""

    @property
    def is_waiting(self) -> bool:
        """True while a scan is not complete."""
        return bool(self._raw)

    def add(self, report: Report) -> list[Typed | Rejected]:
        """The scans that this report completes, whole or not."""
        found: list[Typed | Rejected] = []
        pressed = tuple(key for key in report.keys if key not in self._down)
        self._down = report.keys
        if self._terminator is not None and pressed:
            found.extend(self.close())
        if len(self._raw) < RAW_BYTES_MAX:
            self._raw += report.raw
        if self._number and not report.modifiers & ALT:
            self._type(_of_number(self._number))
            self._number = ""
        for key in pressed:
            if self._terminator is not None:
                found.extend(self.close())
            self._press(key, report.modifiers)
        if not pressed and self._terminator is not None:
            found.extend(self.close())
        return found

    def spoil(self, why: str) -> None:
        """Something of the running scan got lost."""
        if self._text:
            self._damage = self._damage or why

    def close(self) -> list[Typed | Rejected]:
        """End the scan that is held, if there is one."""
        text, raw, terminator, damage = self._text, bytes(self._raw), self._terminator, self._damage
        if len(text) > SCAN_CHARACTERS_MAX or len(raw) >= RAW_BYTES_MAX:
            damage = f"length: the scan has more than {SCAN_CHARACTERS_MAX} characters, so it is no barcode"
        self._text, self._number, self._raw, self._terminator, self._damage = "", "", bytearray(), None, ""
        if damage:
            return [Rejected(raw[:REJECTED_BYTES_MAX], damage)]
        content, aim = scan_text(text.encode())
        if content:
            return [Typed(content, aim, terminator, raw)]
        # Enter alone is no scan.
        return [Rejected(raw[:REJECTED_BYTES_MAX], "format: a symbology prefix without a barcode")] if aim else []

    def _press(self, key: int, modifiers: int) -> None:
        if key == ERROR_ROLL_OVER:
            self._damage = "length: keys of the scan were lost; scan it again"
            return
        if modifiers & ALT and key in KEYPAD_DIGITS:
            self._number = (self._number + KEYPAD_DIGITS[key])[-4:]
            return
        if key in ENTERS or key == TAB:
            self._terminator = TABULATOR if key == TAB else ENTER
            return
        typed = character(key, is_shifted=bool(modifiers & SHIFT), is_control=bool(modifiers & CONTROL))
        self._type(None if modifiers & ALT else typed)

    def _type(self, typed: str | None) -> None:
        if typed is None:
            self._damage = "format: the scan has a key that types nothing; set the scanner to the US keyboard layout"
        elif typed in _LINE_ENDS:
            self._terminator = _LINE_ENDS[typed]
        elif len(self._text) <= SCAN_CHARACTERS_MAX:
            self._text += typed


def _of_number(digits: str) -> str | None:
    """The character of Alt and these keypad digits: Windows' page with a 0 before it, the old DOS page without."""
    if int(digits) > _NUMBER_MAX:
        return None
    page = "cp1252" if digits.startswith("0") else "cp437"
    return bytes((int(digits),)).decode(page, errors="replace")
