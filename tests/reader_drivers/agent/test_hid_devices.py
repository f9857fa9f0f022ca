"""USB scanners of the HID kind: what Linux gives of them becomes reports, and what must be called is called."""

import asyncio
import errno
import os
import pty
import struct
import tty
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.agent import posix
from reader_drivers.agent.adapters import hid_devices
from reader_drivers.agent.adapters.hid_devices import (
    EVIOCGRAB,
    HIDIOCGRAWINFO,
    HIDIOCSFEATURE_2,
    WAKE,
    HidrawPort,
    KeyboardPort,
)
from reader_drivers.agent.adapters.key_events import EVENT, KeyEvents
from reader_drivers.agent.transports import Line, open_link
from reader_drivers.errors import ReaderLost
from tests.reader_drivers.conformance import load_vectors

A, ENTER, LEFT_SHIFT, MUTE = 30, 28, 42, 113
END = (0, 0, 0)
KEYS_LOST = "0000010101010101"


def events(*told: tuple[int, int, int]) -> bytes:
    return b"".join(EVENT.pack(0, 0, *one) for one in told)


def reports(keys: KeyEvents, *told: tuple[int, int, int]) -> list[str]:
    given_out = keys.feed(events(*told))
    return [given_out[at : at + 8].hex() for at in range(0, len(given_out), 8)]


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: (the scanner's end, name of the other)."""
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_shift_and_key_come_and_go_as_reports() -> None:
    told = reports(KeyEvents(), (1, LEFT_SHIFT, 1), (4, 4, 0x70004), (1, A, 1), END, (1, LEFT_SHIFT, 0), (1, A, 0), END)

    assert told == ["0200040000000000", "0000000000000000"]


def test_repetition_by_the_kernel_is_no_key() -> None:
    assert reports(KeyEvents(), (1, A, 1), END, (1, A, 2), END) == ["0000040000000000"] * 2
    assert reports(KeyEvents(), (1, A, 2), END) == ["0000000000000000"]


def test_key_that_types_nothing_is_not_taken_for_one_that_does() -> None:
    assert reports(KeyEvents(), (1, MUTE, 1), END) == ["0000650000000000"]


def test_events_that_the_kernel_threw_away_are_said() -> None:
    keys = KeyEvents()

    told = reports(keys, (1, A, 1), END, (0, 3, 0), (1, ENTER, 1), END, (1, A, 1), END)

    assert told == ["0000040000000000", KEYS_LOST, "0000000000000000", "0000040000000000"]


@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_any_cut_of_the_events_gives_the_same_reports(cuts: list[int]) -> None:
    stream = events((1, LEFT_SHIFT, 1), (1, A, 1), END, (1, A, 0), (1, LEFT_SHIFT, 0), END)
    places = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    keys = KeyEvents()

    told = b"".join(keys.feed(stream[a:b]) for a, b in pairwise(places))

    assert told == KeyEvents().feed(stream)


def test_keyboard_is_kept_from_typing_into_windows(wire: tuple[int, str]) -> None:
    called = []
    port = KeyboardPort(wire[1], lambda _, number, argument: called.append((number, argument)))
    port.close()

    # _IOW('E', 0x90, int) of linux/input.h.
    assert called == [(1 << 30 | 4 << 16 | ord("E") << 8 | 0x90, 1)]
    assert called[0][0] == EVIOCGRAB


def test_keyboard_that_another_program_keeps_is_a_loss(wire: tuple[int, str]) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "busy")

    with pytest.raises(OSError, match="busy"):
        KeyboardPort(wire[1], refuse)


@pytest.mark.parametrize(("vendor", "is_woken"), [(0x0C2E, True), (0x23D0, True), (0x05E0, False)])
def test_honeywell_scanner_is_put_to_work_by_its_feature_report(
    wire: tuple[int, str], vendor: int, *, is_woken: bool
) -> None:
    woken: list[bytes] = []

    def call(_: int, number: int, argument: int | bytearray) -> None:
        assert isinstance(argument, bytearray)
        if number == HIDIOCGRAWINFO:
            argument[:] = struct.pack("@IHH", 3, vendor, 0x0B61)
        else:
            assert number == HIDIOCSFEATURE_2
            woken.append(bytes(argument))

    port = HidrawPort(wire[1], call)
    port.close()

    assert woken == ([WAKE] if is_woken else [])


def test_short_report_of_a_real_scanner_is_filled_up_to_its_size(wire: tuple[int, str]) -> None:
    port = HidrawPort(wire[1], lambda *_: None)
    os.write(wire[0], b"\x02\x05]C0JWL-1")

    assert port.read() == b"\x02\x05]C0JWL-1".ljust(64, b"\x00")
    port.close()


def test_silent_scanner_gives_nothing_and_an_unplugged_one_is_lost(tmp_path: Path) -> None:
    fifo = tmp_path / "scanner"
    os.mkfifo(fifo)
    ours = os.open(fifo, os.O_RDWR)
    port = KeyboardPort(str(fifo))

    assert port.read() == b""
    os.write(ours, events((1, A, 1), END))
    assert port.read() == bytes.fromhex("0000040000000000")
    os.close(ours)
    with pytest.raises(OSError, match="gone"):
        port.read()
    port.close()


@pytest.mark.parametrize("line", [Line.KEYBOARD, Line.HID_REPORTS])
def test_scanner_that_another_agent_holds_is_a_loss(wire: tuple[int, str], line: Line) -> None:
    async def story() -> None:
        link = await open_link(wire[1], 0, line)
        with pytest.raises(ReaderLost, match="another program has it"):
            await open_link(wire[1], 0, line)
        await link.close()
        await (await open_link(wire[1], 0, line)).close()

    asyncio.run(story())


def test_report_goes_through_a_link_as_it_is(wire: tuple[int, str]) -> None:
    report = bytes.fromhex(load_vectors("hid_pos")[0]["hex"])

    async def story() -> bytes:
        link = await open_link(wire[1], 0, Line.HID_REPORTS)
        os.write(wire[0], report)
        heard = b""
        while len(heard) < len(report):
            heard += b"".join(chunk for _, chunk in await link.read(5))
        await link.close()
        return heard

    assert asyncio.run(story()) == report
    assert os.read(wire[0], 10) == WAKE


@pytest.mark.parametrize("line", [Line.KEYBOARD, Line.HID_REPORTS])
def test_system_without_such_files_says_that_the_browser_takes_the_scanner(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hid_devices, "HAS_HID_FILES", False)

    with pytest.raises(ReaderLost, match="in the browser"):
        asyncio.run(open_link("/dev/input/event0", 0, line))
    assert posix.HAS_HID_FILES
