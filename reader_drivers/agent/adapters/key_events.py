"""Key events of Linux turned into boot reports of a USB keyboard, which is what the driver speaks.

A `struct input_event` is time (two longs), type (2), code (2), value (4) in the sizes of this computer. Type 1 is a key:
value 1 pressed, 0 released, 2 repeated by the kernel; type 0 ends a report, or with code 3 says that events were lost.
Source: Linux, Documentation/input/event-codes.rst; key codes from drivers/hid/hid-input.c, `hid_keyboard`.
"""

import struct
from typing import Final

EVENT: Final = struct.Struct("@llHHi")
SYN, KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
RELEASED, PRESSED = 0, 1

_FIRST_USAGE: Final = 0x04
_CODES: Final = (
    30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44,
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58,
    59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, 99, 70, 119, 110, 102, 104, 111, 107, 109, 106, 105, 108, 103,
    69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83,
)  # fmt: skip
"""Key code of each usage from 04 (A) to 63 (keypad point)."""
_USAGES: Final = {code: _FIRST_USAGE + n for n, code in reversed(list(enumerate(_CODES)))}
_OTHER_USAGE: Final = 0x65
"""The menu key: stands for every key that types nothing."""
_MODIFIERS: Final = {29: 0x01, 42: 0x02, 56: 0x04, 125: 0x08, 97: 0x10, 54: 0x20, 100: 0x40, 126: 0x80}
_KEYS_MAX: Final = 6
_KEYS_LOST: Final = bytes((0, 0, *(0x01,) * _KEYS_MAX))
"""Error roll over: what a keyboard says itself when it cannot tell its keys."""


class KeyEvents:
    """The keys of one keyboard."""

    def __init__(self) -> None:
        self._rest = b""
        self._modifiers = 0
        self._down: list[int] = []
        self._is_lost = False

    def feed(self, received: bytes) -> bytes:
        """The boot reports of these events; half an event waits for its rest."""
        held = self._rest + received
        whole = len(held) - len(held) % EVENT.size
        self._rest = held[whole:]
        return b"".join(self._report(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(held[:whole]))

    def _report(self, kind: int, code: int, value: int) -> bytes:
        if kind == KEY and not self._is_lost:
            self._move(code, value)
        if kind != SYN:
            return b""
        if code == SYN_DROPPED:
            # The kernel has thrown events away; what comes until the next report end belongs to them.
            self._is_lost, self._modifiers, self._down = True, 0, []
            return _KEYS_LOST
        self._is_lost = False
        return bytes((self._modifiers, 0)) + bytes(self._down[:_KEYS_MAX]).ljust(_KEYS_MAX, b"\x00")

    def _move(self, code: int, value: int) -> None:
        if code in _MODIFIERS:
            bit = _MODIFIERS[code]
            self._modifiers = self._modifiers & ~bit if value == RELEASED else self._modifiers | bit
            return
        usage = _USAGES.get(code, _OTHER_USAGE)
        if value == PRESSED and usage not in self._down:
            self._down.append(usage)
        elif value == RELEASED and usage in self._down:
            self._down.remove(usage)
