"""What `baguier-agent list` tells of a port."""

from dataclasses import dataclass

from reader_drivers.agent.ports import PortInfo, list_devices


@dataclass
class Port:
    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


def test_scanner_is_recognised_by_its_maker_and_an_adapter_is_not() -> None:
    ports: list[PortInfo] = [
        Port("/dev/ttyUSB0", "CP2102", 0x10C4, 0xEA60, "0001"),
        Port("/dev/ttyACM0", "Symbol Bar Code Scanner", 0x05E0, 0x1701, "S/N:7"),
        Port("/dev/ttyS0", "n/a", None, None, None),
    ]

    found = list_devices(lambda: ports)

    assert [(one["port"], one["usb"], one["protocol"]) for one in found] == [
        ("/dev/ttyACM0", "05e0:1701", "barcode_line"),
        ("/dev/ttyS0", None, None),
        ("/dev/ttyUSB0", "10c4:ea60", None),
    ]
