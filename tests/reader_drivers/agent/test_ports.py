"""What `baguier-agent list` tells of a port, and why a port cannot be opened."""

import asyncio
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from reader_drivers.agent.port_words import holders_of, opening_refused
from reader_drivers.agent.ports import ask_all, describe, list_devices, named_devices
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
    found = list_devices(lambda: PORTS)

    assert [(one["port"], one["usb"], one["maker"], one["protocol"]) for one in found] == [
        ("/dev/ttyACM0", "05e0:1701", "Zebra", "barcode_line"),
        ("/dev/ttyACM1", "2737:0002", "FEIG", "feig_iso"),
        ("/dev/ttyS0", None, None, None),
        ("/dev/ttyUSB0", "10c4:ea60", "Silicon Labs adapter", None),
    ]


def test_line_for_a_person_says_what_to_write_and_what_to_do() -> None:
    lines = [describe(device, is_asked=False) for device in list_devices(lambda: PORTS)]

    assert 'port = "usb:S/N:7"' in lines[0]
    assert 'protocol = "barcode_line"' in lines[0]
    assert "FEIG  2737:0002  a FEIG HF reader" in lines[1]
    assert lines[3].endswith("unknown: add --ask to ask who it is")


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
