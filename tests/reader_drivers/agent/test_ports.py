"""What `baguier-agent list` tells of a port, and why a port cannot be opened."""

import asyncio
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from reader_drivers.agent.adapters.hid_devices import scanner_path
from reader_drivers.agent.port_words import holders_of, opening_refused
from reader_drivers.agent.ports import ask_all, card_readers, describe, list_devices, named_devices
from reader_drivers.errors import ReaderLost
from tests.reader_drivers.agent.stage import Stage, play


@dataclass
class Port:
    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


PORTS = [
    Port("/dev/ttyUSB0", "CP2102", 0x10C4, 0xEA60, "0001"),
    Port("/dev/ttyACM0", "Symbol Bar Code Scanner", 0x05E0, 0x1701, "S/N:7"),
    Port("/dev/ttyACM1", "", 0x2737, 0x0002, None),
    Port("/dev/ttyS0", "n/a", None, None, None),
]


def test_reader_is_recognised_by_its_maker_and_an_adapter_is_not() -> None:
    found = list_devices(lambda: PORTS, sys=Path("/nowhere"))

    assert [(one["port"], one["usb"], one["maker"], one["protocol"]) for one in found] == [
        ("/dev/ttyACM0", "05e0:1701", "Zebra", "barcode_line"),
        ("/dev/ttyACM1", "2737:0002", "FEIG", "feig_iso"),
        ("/dev/ttyS0", None, None, None),
        ("/dev/ttyUSB0", "10c4:ea60", "Silicon Labs adapter", None),
    ]


def test_line_for_a_person_says_what_to_write_and_what_to_do() -> None:
    lines = [describe(device, is_asked=False) for device in list_devices(lambda: PORTS, sys=Path("/nowhere"))]

    assert 'port = "usb:S/N:7"' in lines[0]
    assert 'protocol = "barcode_line"' in lines[0]
    assert "FEIG  2737:0002  a FEIG HF reader" in lines[1]
    assert lines[3].endswith("unknown: add --ask to ask who it is")


def plug(folder: Path, files: dict[str, bytes | str]) -> None:
    """What Linux shows of a device under /sys/class."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def keyboard(
    number: int, *, vendor: str, keys: str = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
) -> dict[str, bytes | str]:
    at = f"input/event{number}/device"
    return {
        f"{at}/id/vendor": f"{vendor}\n",
        f"{at}/id/product": "1900\n",
        f"{at}/name": "Symbol Bar Code Scanner\n",
        f"{at}/uniq": "S7\n",
        f"{at}/capabilities/key": f"{keys}\n",
    }


def raw(number: int, *, descriptor: bytes) -> dict[str, bytes | str]:
    at = f"hidraw/hidraw{number}/device"
    uevent = "DRIVER=hid-generic\nHID_ID=0003:00000C2E:00000B61\nHID_NAME=Honeywell Voyager\nHID_UNIQ=V9\n"
    return {f"{at}/uevent": uevent, f"{at}/report_descriptor": descriptor}


def test_usb_scanners_are_listed_and_other_keyboards_and_devices_are_not(tmp_path: Path) -> None:
    plug(tmp_path, keyboard(3, vendor="05e0") | keyboard(4, vendor="046d") | keyboard(5, vendor="05e0", keys="0"))
    plug(tmp_path, raw(0, descriptor=b"\x05\x8c\x09\x02\xa1\x01") | raw(1, descriptor=b"\x05\x01\x09\x06\xa1\x01"))

    found = list_devices(list, sys=tmp_path)

    assert [(one["port"], one["usb"], one["maker"], one["protocol"]) for one in found] == [
        ("/dev/hidraw0", "0c2e:0b61", "Honeywell", "hid_pos"),
        ("/dev/input/event3", "05e0:1900", "Zebra", "hid_keyboard"),
    ]
    assert 'port = "usb:V9"' in describe(found[0], is_asked=False)


@pytest.mark.parametrize("port", ["usb:S7", "usb:05e0:1900", "usb:05E0:1900"])
def test_usb_scanner_is_found_by_its_number_or_its_kind(port: str, tmp_path: Path) -> None:
    plug(tmp_path, keyboard(3, vendor="05e0"))

    assert scanner_path(port, is_keyboard=True, sys=tmp_path) == "/dev/input/event3"
    assert scanner_path("/dev/input/by-id/scanner", is_keyboard=True, sys=tmp_path) == "/dev/input/by-id/scanner"
    with pytest.raises(ReaderLost, match="not plugged in"):
        scanner_path(port, is_keyboard=False, sys=tmp_path)


def test_device_that_only_root_may_use_is_no_matter_of_groups() -> None:
    error = PermissionError(errno.EACCES, "denied")

    assert "udev" in opening_refused("/dev/hidraw0", error, group=lambda _: "root")


def test_slots_of_card_readers_are_listed_with_the_port_to_write() -> None:
    (found,) = card_readers(lambda: ["ACS ACR1552 00 00"])

    assert (found["port"], found["protocol"]) == ("pcsc:ACS ACR1552 00 00", "pcsc")
    assert "a PC/SC reader" in describe(found, is_asked=False)


def test_port_that_is_open_somewhere_names_the_program_and_is_not_asked(tmp_path: Path) -> None:
    line = tmp_path / "line"
    line.touch()
    link = tmp_path / "stable"
    link.symlink_to(line)
    with line.open():
        (held,) = ask_all(named_devices([str(link)]))

    assert f"(process {os.getpid()})" in str(held["held_by"])
    assert "end that first" in describe(held, is_asked=True)
    assert holders_of(link) == []


def test_asked_port_tells_its_reader(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=[])

        (found,) = await asyncio.to_thread(ask_all, named_devices([str(tmp_path / "pad")]))

        assert found["protocol"] == "thingmagic_ff"

    play(tmp_path, story)


def test_port_that_cannot_be_asked_says_why() -> None:
    (found,) = ask_all(named_devices(["tcp:127.0.0.1:1"]))

    assert "nobody answers there" in describe(found, is_asked=True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOENT, "gone"), "Plug the reader in"),
        (OSError(errno.EACCES, "no"), "usermod -aG plugdev $USER"),
        (OSError(errno.EAGAIN, "locked"), "another program has it. Close that program"),
        (OSError(errno.EBUSY, "locked"), "another program has it"),
        (OSError(errno.ENOTTY, "no tty"), "Check port and baud"),
        (OSError(errno.ECONNREFUSED, "no"), "nobody answers there"),
        (TimeoutError("timed out"), "nobody answers there"),
        # As pyserial says them on Windows.
        (OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"), "another program"),
        (OSError("could not open port 'COM9': FileNotFoundError(2, 'not found', None, 2)"), "Plug the reader in"),
        (ValueError("invalid literal"), "invalid literal"),
    ],
)
def test_shut_port_says_what_to_do(error: Exception, words: str, tmp_path: Path) -> None:
    sentence = opening_refused("/dev/ttyUSB0", error, group=lambda _: "plugdev", processes=tmp_path)

    assert sentence.startswith("/dev/ttyUSB0 cannot be opened: ")
    assert words in sentence


def test_missing_right_names_the_usual_group_where_there_is_none() -> None:
    sentence = opening_refused("COM3", OSError(errno.EPERM, "no"), group=lambda _: None)

    assert "usermod -aG dialout" in sentence
