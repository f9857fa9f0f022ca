"""Ports: what is plugged into this computer, and the driver that would take each."""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from serial.tools import list_ports

SCANNER_VENDORS: Final = {0x05E0: "Zebra", 0x05F9: "Datalogic", 0x0C2E: "Honeywell", 0x23D0: "Honeywell"}
"""USB vendor numbers that only scanners of these makers carry. Source: readers.md section 9."""


class PortInfo(Protocol):
    """What pyserial tells of a port."""

    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


def list_devices(
    comports: Callable[[], Iterable[PortInfo]] = list_ports.comports,
) -> list[dict[str, str | None]]:
    """One entry per serial port, sorted by port: port, usb, serial_number, description, protocol.

    `protocol` is None when the vendor number does not tell: adapters are all alike, only an answer tells the reader
    (`baguier-agent test`). PC/SC readers and HID scanners have no driver in this version and are not listed.
    """
    return [
        {
            "port": port.device,
            "usb": None if port.vid is None else f"{port.vid:04x}:{port.pid or 0:04x}",
            "serial_number": port.serial_number,
            "description": port.description,
            "protocol": "barcode_line" if port.vid in SCANNER_VENDORS else None,
        }
        for port in sorted(comports(), key=lambda port: port.device)
    ]
