r"""A simulated scanner that types like a USB keyboard, as Linux shows it in /dev/input/event*.

One scan is the key events of its characters in US layout and of Enter at the end. The kernel gives each event as a
``struct input_event``: time (seconds, microseconds), type, code, value. A key is its scan code (type 4) and the key itself
(type 1, value 1 pressed, 0 released); a character is shift if needed and the key, a report end (type 0), then the same released.
Source: Linux, Documentation/input/event-codes.rst, include/uapi/linux/input-event-codes.h, drivers/hid/hid-input.c.

Where no keyboard can be simulated, the same bytes go to the agent through a pseudo-terminal.

>>> [(kind, code, value) for *_, kind, code, value in EVENT.iter_unpack(encode_typing(Scan("A"))[:120])]
[(4, 4, 458977), (1, 42, 1), (4, 4, 458756), (1, 30, 1), (0, 0, 0)]
"""

import struct
from collections.abc import Iterator
from typing import Final

from simulators.scans import PushScanner, Scan

EVENT: Final = struct.Struct("@llHHi")
"""In the size and byte order of this computer, as the kernel does."""
EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
MSC_SCAN: Final = 4
LEFT_CTRL, LEFT_SHIFT, ENTER, TAB = 29, 42, 28, 15
USAGE_PAGE: Final = 0x07_0000
MODIFIER_USAGES: Final = {LEFT_CTRL: 0xE0, LEFT_SHIFT: 0xE1}
MICROSECONDS: Final = 1_000_000
KEY_US: Final = 1_000
"""A full-speed keyboard is asked every millisecond."""

_KEYS: Final = (
    (2, 0x1E, "1!"), (3, 0x1F, "2@"), (4, 0x20, "3#"), (5, 0x21, "4$"), (6, 0x22, "5%"), (7, 0x23, "6^"),
    (8, 0x24, "7&"), (9, 0x25, "8*"), (10, 0x26, "9("), (11, 0x27, "0)"), (12, 0x2D, "-_"), (13, 0x2E, "=+"),
    (16, 0x14, "qQ"), (17, 0x1A, "wW"), (18, 0x08, "eE"), (19, 0x15, "rR"), (20, 0x17, "tT"), (21, 0x1C, "yY"),
    (22, 0x18, "uU"), (23, 0x0C, "iI"), (24, 0x12, "oO"), (25, 0x13, "pP"), (26, 0x2F, "[{"), (27, 0x30, "]}"),
    (30, 0x04, "aA"), (31, 0x16, "sS"), (32, 0x07, "dD"), (33, 0x09, "fF"), (34, 0x0A, "gG"), (35, 0x0B, "hH"),
    (36, 0x0D, "jJ"), (37, 0x0E, "kK"), (38, 0x0F, "lL"), (39, 0x33, ";:"), (40, 0x34, "'\""), (41, 0x35, "`~"),
    (43, 0x31, "\\|"), (44, 0x1D, "zZ"), (45, 0x1B, "xX"), (46, 0x06, "cC"), (47, 0x19, "vV"), (48, 0x05, "bB"),
    (49, 0x11, "nN"), (50, 0x10, "mM"), (51, 0x36, ",<"), (52, 0x37, ".>"), (53, 0x38, "/?"), (57, 0x2C, " "),
)  # fmt: skip
"""Linux key code, HID usage, character without and with shift."""
TYPED: Final = {
    character: (code, usage, LEFT_SHIFT if with_shift else 0)
    for code, usage, pair in _KEYS
    for with_shift, character in enumerate(pair)
} | {"\t": (TAB, 0x2B, 0), "\n": (ENTER, 0x28, 0), "\x1d": (27, 0x30, LEFT_CTRL)}
"""How each character is typed; the GS1 separator is Ctrl+], as scanners do that send control characters."""


class UntypedError(ValueError):
    """A scan has a character that no key of the US layout gives."""


def encode_typing(scan: Scan) -> bytes:
    """The events of one scan, Enter at its end. Raises: UntypedError."""
    typed = (f"]{scan.aim}" if scan.aim else "") + scan.text + "\n"
    unknown = [character for character in typed if character not in TYPED]
    if unknown:
        raise UntypedError(f"{unknown[0]!r} in {scan.text!r} has no key in the US layout. Take it out of the line.")
    return b"".join(
        EVENT.pack(n * KEY_US // MICROSECONDS, n * KEY_US % MICROSECONDS, kind, code, value)
        for n, character in enumerate(typed)
        for kind, code, value in _events(character)
    )


def _events(character: str) -> Iterator[tuple[int, int, int]]:
    code, usage, modifier = TYPED[character]
    for value in (1, 0):
        if modifier:
            yield EV_MSC, MSC_SCAN, USAGE_PAGE | MODIFIER_USAGES[modifier]
            yield EV_KEY, modifier, value
        yield EV_MSC, MSC_SCAN, USAGE_PAGE | usage
        yield EV_KEY, code, value
        yield EV_SYN, 0, 0


class KeyboardScanner(PushScanner):
    """Types each scan once."""

    def __init__(self, *, aim: str = "", rate: float = 0.0) -> None:
        super().__init__(lambda scan: [encode_typing(scan)], aim=aim, rate=rate)
