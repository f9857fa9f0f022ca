"""Ports: what is plugged into this computer, the driver that would take each, and who holds it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from reader_drivers.agent.adapters.hid_devices import SYS, Scanner, list_scanners
from reader_drivers.agent.port_words import PROCESSES, holders_of
from reader_drivers.agent.recognise import KINDS, ask
from reader_drivers.errors import ReaderLost

READER_VENDORS: Final = {
    0x05E0: ("Zebra", "barcode_line"),
    0x05F9: ("Datalogic", "barcode_line"),
    0x0C2E: ("Honeywell", "barcode_line"),
    0x23D0: ("Honeywell", "barcode_line"),
    0x2737: ("FEIG", "feig_iso"),
}
"""USB vendor numbers that only readers or scanners of these makers carry. Source: readers.md sections 8 and 9."""
ADAPTER_VENDORS: Final = {
    0x0403: "FTDI adapter",
    0x067B: "Prolific adapter",
    0x10C4: "Silicon Labs adapter",
    0x1A86: "CH340 adapter",
}
"""USB vendor numbers of adapter chips: any reader may be behind one, only its answer tells. Source: the USB ID registry."""

Device: TypeAlias = dict[str, str | None]


class PortInfo(Protocol):
    """What pyserial tells of a port."""

    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


def list_devices(
    comports: Callable[[], Iterable[PortInfo]], *, processes: Path = PROCESSES, sys: Path = SYS
) -> list[Device]:
    """One entry per serial port, sorted by port: port, usb, serial_number, description, maker, protocol, held_by.

    Behind them the USB scanners that are no serial port, where the system shows them (`sys`).

    `protocol` is None when the vendor number does not tell: adapters are all alike, only an answer tells the reader.
    `held_by` names the programs that have the port open, None: none that this account can see.
    """
    lines: list[Device] = [
        {
            "port": port.device,
            "usb": None if port.vid is None else f"{port.vid:04x}:{port.pid or 0:04x}",
            "serial_number": port.serial_number,
            "description": port.description,
            "maker": _maker(port.vid),
            "protocol": READER_VENDORS.get(port.vid or 0, (None, None))[1],
            "held_by": _held_by(port.device, processes),
        }
        for port in sorted(comports(), key=lambda port: port.device)
    ]
    scanners = list_scanners(frozenset(READER_VENDORS), sys=sys)
    return [*lines, *(_scanner_entry(scanner, processes) for scanner in scanners)]


def _scanner_entry(scanner: Scanner, processes: Path) -> Device:
    return {
        "port": scanner.port,
        "usb": f"{scanner.vendor:04x}:{scanner.product:04x}",
        "serial_number": scanner.serial_number or None,
        "description": scanner.name,
        "maker": _maker(scanner.vendor),
        "protocol": scanner.protocol,
        "held_by": _held_by(scanner.port, processes),
    }


def card_readers(names: Callable[[], Iterable[str]]) -> list[Device]:
    """One entry per slot of a PC/SC reader. Raises: CardServiceError: nobody can tell, with the reason."""
    return [_blank(f"pcsc:{name}") | {"description": name, "protocol": "pcsc"} for name in names()]


def named_devices(ports: Sequence[str], *, processes: Path = PROCESSES) -> list[Device]:
    """Entries for ports that a person names because no system lists them: links to a line, and `tcp:HOST:PORT`."""
    return [_blank(port) | {"held_by": _held_by(port, processes)} for port in ports]


def _blank(port: str) -> Device:
    return {"port": port, **dict.fromkeys(("usb", "serial_number", "description", "maker", "protocol", "held_by"))}


def ask_all(devices: Iterable[Device]) -> list[Device]:
    """The same entries; `protocol` is that of the answer where no one else holds the port and a reader of ours answers.

    Where it cannot be asked, `description` says why.
    """
    return [device if device["protocol"] or device["held_by"] else _asked(device) for device in devices]


def _asked(device: Device) -> Device:
    assert device["port"] is not None
    try:
        found = asyncio.run(ask(device["port"]))
    except ReaderLost as error:
        return device | {"description": str(error)}
    return device if found is None else device | {"protocol": found.name}


def describe(device: Device, *, is_asked: bool) -> str:
    """One line for a person: what it is, who has it, and what to do next."""
    protocol = device["protocol"]
    unknown = (
        "no reader that we know answers: is it switched on?" if is_asked else "unknown: add --ask to ask who it is"
    )
    parts = [device["port"], device["description"] or device["maker"], device["usb"]]
    if device["serial_number"]:
        parts.append(f'port = "usb:{device["serial_number"]}"')
    parts.append(f'{KINDS[protocol]}: protocol = "{protocol}"' if protocol else unknown)
    if device["held_by"]:
        parts.append(f"in use by {device['held_by']}: end that first")
    return "  ".join(part for part in parts if part)


def _maker(vendor: int | None) -> str | None:
    return READER_VENDORS.get(vendor or 0, (ADAPTER_VENDORS.get(vendor or 0), None))[0]


def _held_by(port: str, processes: Path) -> str | None:
    if ":" in port and not Path(port).exists():
        return None
    return ", ".join(holders_of(Path(port), processes=processes)) or None
