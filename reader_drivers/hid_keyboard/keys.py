r"""Keys: what a key of a keyboard in US layout types. Source: USB HID Usage Tables 1.12, keyboard page 07.

>>> character(0x04, is_shifted=True, is_control=False)
'A'
>>> character(0x30, is_shifted=False, is_control=True)
'\x1d'
"""

from typing import Final

ERROR_ROLL_OVER: Final = 0x01
"""Stands in a report in place of keys that were lost."""
ENTERS: Final = frozenset({0x28, 0x58})
TAB: Final = 0x2B
KEYPAD_DIGITS: Final = {usage: str((usage - 0x58) % 10) for usage in range(0x59, 0x63)}
"""Keypad 1 is 59, keypad 0 is 62."""
USAGE_MAX: Final = 0xE7
"""Right GUI: the last key of the page."""

_PLAIN: Final = "abcdefghijklmnopqrstuvwxyz1234567890"
_SHIFTED: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()"
_SIGNS: Final = {
    0x2C: "  ", 0x2D: "-_", 0x2E: "=+", 0x2F: "[{", 0x30: "]}", 0x31: "\\|", 0x32: "\\|",
    0x33: ";:", 0x34: "'\"", 0x35: "`~", 0x36: ",<", 0x37: ".>", 0x38: "/?",
    0x54: "//", 0x55: "**", 0x56: "--", 0x57: "++", 0x63: "..",
}  # fmt: skip
_KEYS: Final = (
    {0x04 + n: pair for n, pair in enumerate(zip(_PLAIN, _SHIFTED, strict=True))}
    | {usage: (signs[0], signs[1]) for usage, signs in _SIGNS.items()}
    | {usage: (digit, digit) for usage, digit in KEYPAD_DIGITS.items()}
)
_CONTROLS: Final = "abcdefghijklmnopqrstuvwxyz[\\]"
"""Ctrl with one of these is the control character of the same five bits; ] gives the GS1 separator 1D."""


def character(usage: int, *, is_shifted: bool, is_control: bool) -> str | None:
    """What this key types; None: no character, as F1."""
    plain, shifted = _KEYS.get(usage, (None, None))
    if plain is None or not is_control:
        return shifted if is_shifted else plain
    return chr(ord(plain) & 0x1F) if plain in _CONTROLS else None
