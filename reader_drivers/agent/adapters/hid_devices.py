"""Ports to USB scanners of the HID kind on Linux: /dev/hidraw* gives reports, /dev/input/event* gives key events.

Both files give what they have in whole records. A pseudo-terminal or FIFO in their place is a simulated scanner: it takes
the same bytes, knows none of the device calls, and may cut records anywhere. Other systems keep keyboards and HID reports
from programs: there the page in the browser takes the scanner as a keyboard. Source of the call numbers: Linux,
include/uapi/linux/{input,hidraw}.h.
"""

import errno
import os
import select
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from reader_drivers.agent.adapters.key_events import KeyEvents
from reader_drivers.agent.posix import HAS_HID_FILES, device_call, hold_alone
from reader_drivers.errors import ReaderLost

READ_TIMEOUT_S: Final = 0.2
READ_BYTES: Final = 4_096
"""Sixty reports or 170 key events: more than waits between two reads."""
REPORT_BYTES: Final = 64
"""A report of a point-of-sale scanner; Linux gives a shorter one where the scanner sends fewer bytes."""
SYS: Final = Path("/sys/class")

EVIOCGRAB: Final = 0x4004_4590
HIDIOCGRAWINFO: Final = 0x8008_4803
HIDIOCSFEATURE_2: Final = 0xC002_4806
"""Set a feature report of 2 bytes."""
_RAW_INFO: Final = struct.Struct("@IHH")
_NO_DEVICE_CALL: Final = {errno.ENOTTY, errno.EINVAL}

HONEYWELL: Final = frozenset({0x0C2E, 0x23D0})
"""USB vendors whose scanners say nothing before they got `WAKE`. Source: the point-of-sale WebHID barcode scanner package."""
WAKE: Final = b"\xfe\x01"
"""Feature report FE = 01."""
_POINT_OF_SALE: Final = (b"\x05\x8c\x09\x02", b"\x06\x8c\x00\x09\x02")
"""How the report descriptor of a barcode scanner begins: usage page 8C, usage 02."""

ELSEWHERE: Final = (
    "Only Linux lets a program read a USB scanner directly. Scan into the page of the count in the browser, which takes "
    'it as a keyboard; or set the scanner to COM port mode and write protocol = "barcode_line".'
)

DeviceCall: TypeAlias = Callable[[int, int, int | bytearray], None]
"""(open file, number of the call, argument); see `posix.device_call`."""


class Scanner(NamedTuple):
    """A scanner that is plugged in, or connected by Bluetooth."""

    port: str
    name: str
    vendor: int
    product: int
    serial_number: str
    protocol: str


class KeyboardPort:
    """A scanner that types, kept from typing into windows. Implements `transports.Port`; gives boot reports."""

    in_waiting = 0

    def __init__(self, path: str, call: DeviceCall = device_call) -> None:
        """Raises: OSError: it is not there or taken. ReaderLost: this system has no such devices."""
        self._device = _opened(path, os.O_RDONLY)
        self._events = KeyEvents()
        _call_if_real(call, self._device, EVIOCGRAB, argument=1)

    def read(self, size: int = 1, /) -> bytes:
        """The reports that the keys give, or none after `READ_TIMEOUT_S`. Raises: OSError: unplugged."""
        del size
        return self._events.feed(_read(self._device))

    def write(self, b: bytes, /) -> None:
        """A keyboard takes no bytes, and its driver sends none."""
        assert not b

    def close(self) -> None:
        """Give it up: from now on it types into windows again."""
        os.close(self._device)


class HidrawPort:
    """A scanner of the point-of-sale kind. Implements `transports.Port`; gives input reports."""

    in_waiting = 0

    def __init__(self, path: str, call: DeviceCall = device_call) -> None:
        """Raises: OSError: it is not there or taken. ReaderLost: this system has no such devices."""
        self._device = _opened(path, os.O_RDWR)
        about = bytearray(_RAW_INFO.size)
        self._is_real = _call_if_real(call, self._device, HIDIOCGRAWINFO, argument=about)
        vendor = _RAW_INFO.unpack(about)[1]
        if self._is_real and vendor in HONEYWELL:
            _call_if_real(call, self._device, HIDIOCSFEATURE_2, argument=bytearray(WAKE))
        elif not self._is_real and os.isatty(self._device):
            os.write(self._device, WAKE)

    def read(self, size: int = 1, /) -> bytes:
        """The next report, or none after `READ_TIMEOUT_S`. Raises: OSError: unplugged."""
        del size
        received = _read(self._device)
        return received.ljust(REPORT_BYTES, b"\x00") if received and self._is_real else received

    def write(self, b: bytes, /) -> None:
        """The scanner takes no reports, and its driver sends none."""
        assert not b

    def close(self) -> None:
        """Give it up."""
        os.close(self._device)


def _opened(path: str, flags: int) -> int:
    if not HAS_HID_FILES:
        raise ReaderLost(ELSEWHERE)
    # Without waiting, or a FIFO that nobody writes to would hold the opening for ever.
    device = os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        # Two programs on one scanner would each get every scan.
        hold_alone(device)
    except OSError:
        os.close(device)
        raise
    return device


def _call_if_real(call: DeviceCall, device: int, number: int, *, argument: int | bytearray) -> bool:
    """False: the file is no such device. Raises: OSError: the device refused, and is closed."""
    try:
        call(device, number, argument)
    except OSError as error:
        if error.errno in _NO_DEVICE_CALL:
            return False
        os.close(device)
        raise
    return True


def _read(device: int) -> bytes:
    readable, _, _ = select.select([device], [], [], READ_TIMEOUT_S)
    if not readable:
        return b""
    received = os.read(device, READ_BYTES)
    if not received:
        raise OSError(errno.ENODEV, "the scanner is gone")
    return received


def scanner_path(port: str, *, is_keyboard: bool, sys: Path = SYS) -> str:
    """The file of a port of agent.toml: a path, `usb:SERIAL`, or `usb:VENDOR:PRODUCT` in hex as `lsusb` shows them.

    Raises: ReaderLost: no such scanner is plugged in.
    """
    if not port.startswith("usb:"):
        return port
    wanted = port.removeprefix("usb:").lower()
    for found in _keyboards(sys / "input") if is_keyboard else _raw(sys / "hidraw"):
        if wanted in {found.serial_number.lower(), f"{found.vendor:04x}:{found.product:04x}"}:
            return found.port
    raise ReaderLost(f"{port} is not plugged in. `baguier-agent list` shows the scanners that are.")


def list_scanners(vendors: frozenset[int], *, sys: Path = SYS) -> list[Scanner]:
    """Point-of-sale scanners, and keyboards of these makers of scanners, in the order of their files."""
    typing = [found for found in _keyboards(sys / "input") if found.vendor in vendors]
    return sorted([*typing, *_raw(sys / "hidraw")], key=lambda found: found.port)


def _keyboards(folder: Path) -> list[Scanner]:
    found = []
    for entry in sorted(folder.glob("event*")):
        device = entry / "device"
        vendor, product = (_number(device / "id" / name) for name in ("vendor", "product"))
        if _has_letters(device / "capabilities" / "key"):
            port, name, serial_number = f"/dev/input/{entry.name}", _text(device / "name"), _text(device / "uniq")
            found.append(Scanner(port, name, vendor, product, serial_number, "hid_keyboard"))
    return found


def _raw(folder: Path) -> list[Scanner]:
    found = []
    for entry in sorted(folder.glob("hidraw*")):
        try:
            descriptor = (entry / "device" / "report_descriptor").read_bytes()
        except OSError:
            continue
        words = dict(line.split("=", 1) for line in _text(entry / "device" / "uevent").splitlines() if "=" in line)
        numbers = words.get("HID_ID", "0:0:0").split(":")
        if descriptor.startswith(_POINT_OF_SALE):
            vendor, product = (int(number, 16) & 0xFFFF for number in numbers[1:])
            name, serial_number = words.get("HID_NAME", ""), words.get("HID_UNIQ", "")
            found.append(Scanner(f"/dev/{entry.name}", name, vendor, product, serial_number, "hid_pos"))
    return found


def _has_letters(path: Path) -> bool:
    """True: a keyboard, no mouse or power button. The last word holds keys 0 to 63; 30 is A."""
    words = _text(path).split()
    return bool(words) and bool(int(words[-1], 16) >> 30 & 1)


def _number(path: Path) -> int:
    return int(_text(path) or "0", 16)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
