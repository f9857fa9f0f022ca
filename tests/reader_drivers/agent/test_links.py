"""Links to readers: bytes both ways, loss noticed, several kinds of port. And the trial of one reader."""

import asyncio
import os
import pty
import re
import signal
import threading
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from reader_drivers.agent.__main__ import main
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.transports import Line, SerialLink, device_path, open_link
from reader_drivers.errors import ReaderLost
from tests.reader_drivers.agent.stage import Stage, end, play
from tests.reader_drivers.agent.test_agent_journeys import TAGS


@dataclass
class Cable:
    """A pseudo-terminal: we hold the reader's end, the link opens the other by its name."""

    end: int
    port: str
    is_plugged: bool = True

    def unplug(self) -> None:
        if self.is_plugged:
            os.close(self.end)
        self.is_plugged = False


@pytest.fixture
def cable() -> Iterator[Cable]:
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    opened = Cable(ours, os.ttyname(theirs))
    # While we hold this end no hang-up is ever seen, so it is given up as soon as the link has its own.
    opened_by_us = theirs
    yield opened
    opened.unplug()
    os.close(opened_by_us)


async def read_for_ever(link: SerialLink, heard: bytearray) -> None:
    while True:
        heard.extend(b"".join(chunk for _, chunk in await link.read(5)))


def test_bytes_go_both_ways_and_carry_their_time_of_arrival(cable: Cable) -> None:
    async def story() -> None:
        link = await open_link(cable.port, 115_200)
        os.write(cable.end, b"\xff\x00\x11")
        chunks = await link.read(5)
        await link.write(b"\xff\x13\x00\x0a")
        sent = await asyncio.to_thread(os.read, cable.end, 10)
        await link.close()

        assert b"".join(chunk for _, chunk in chunks) == b"\xff\x00\x11"[: sum(len(c) for _, c in chunks)]
        assert all(at_ms > 0 for at_ms, _ in chunks)
        assert sent == b"\xff\x13\x00\x0a"

    asyncio.run(story())


def test_silence_gives_no_chunk(cable: Cable) -> None:
    async def story() -> None:
        link = await open_link(cable.port, 9_600)
        assert await link.read(0.01) == []
        await link.close()

    asyncio.run(story())


def test_unplugged_device_gives_what_it_sent_and_then_its_loss(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        pad = stage.add_reader("pad", tags=TAGS)
        link = await open_link(str(tmp_path / "pad"), 115_200)
        await link.write(bytes.fromhex("FF00031D0C"))
        first = await link.read(5)
        end(pad, signal.SIGKILL)
        with pytest.raises(ReaderLost):
            await read_for_ever(link, bytearray())
        await link.close()

        assert first[0][1][:1] == b"\xff"

    play(tmp_path, story)


class PortOfOneByte:
    """Gives one byte when told to, and says when the link has taken it."""

    in_waiting = 0

    def __init__(self) -> None:
        self.may_give, self.is_taken = threading.Event(), threading.Event()
        self._has_given = False

    def read(self, size: int = 1, /) -> bytes:
        if self._has_given:
            # The link asks again once it has handed the byte over.
            self.is_taken.set()
        if self._has_given or not self.may_give.wait(0.01):
            return b""
        self._has_given = True
        return b"x"

    def write(self, b: bytes, /) -> None:
        raise AssertionError(b)

    def close(self) -> None:
        self.may_give.set()


@pytest.mark.parametrize("turns", range(6))
def test_reader_that_speaks_while_the_agent_ends_does_not_keep_it_from_ending(turns: int) -> None:
    async def story() -> None:
        port = PortOfOneByte()
        link = SerialLink(port, asyncio.get_running_loop())
        reading = asyncio.create_task(link.read(5))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        port.may_give.set()
        port.is_taken.wait(5)
        for _ in range(turns):
            await asyncio.sleep(0)
        is_too_late = reading.done()
        reading.cancel()
        (outcome,) = await asyncio.gather(reading, return_exceptions=True)
        await link.close()

        assert is_too_late or isinstance(outcome, asyncio.CancelledError)

    asyncio.run(story())


def test_port_that_is_not_there_is_a_loss_with_its_name() -> None:
    with pytest.raises(ReaderLost, match="/dev/no-such-port"):
        asyncio.run(open_link("/dev/no-such-port", 9_600))


@pytest.mark.parametrize("port", ["tcp:127.0.0.1:1", "tcp:127.0.0.1", "tcp:127.0.0.1:many"])
def test_address_that_nobody_answers_or_that_is_none_is_a_loss(port: str) -> None:
    with pytest.raises(ReaderLost, match=port):
        asyncio.run(open_link(port, 9_600))


def test_port_that_another_program_holds_is_a_loss(cable: Cable) -> None:
    async def story() -> None:
        link = await open_link(cable.port, 9_600)
        with pytest.raises(ReaderLost):
            await open_link(cable.port, 9_600)
        await link.close()

    asyncio.run(story())


@pytest.mark.parametrize(("line", "parity"), [(Line.SERIAL, "N"), (Line.SERIAL_EVEN, "E")])
def test_line_is_opened_with_the_parity_of_its_protocol(
    line: Line, parity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    def opened(*_: object, **options: object) -> None:
        asked.update(options)
        raise OSError("seen")

    monkeypatch.setattr(serial, "Serial", opened)
    with pytest.raises(ReaderLost, match="seen"):
        asyncio.run(open_link("/dev/ttyS9", 38_400, line))

    assert asked["parity"] == parity
    assert protocol_named("feig_iso").line is Line.SERIAL_EVEN


def test_simulated_line_of_a_protocol_with_parity_is_opened_again_and_again(cable: Cable) -> None:
    async def story() -> None:
        for _ in range(3):
            link = await open_link(cable.port, 38_400, Line.SERIAL_EVEN)
            await link.close()

    asyncio.run(story())


def test_port_is_found_by_its_path_or_serial_number() -> None:
    assert device_path("/dev/ttyACM0") == "/dev/ttyACM0"
    with pytest.raises(ReaderLost, match="NO-SUCH-NUMBER"):
        device_path("usb:NO-SUCH-NUMBER")


def test_reader_behind_tcp_speaks_like_one_on_a_wire() -> None:
    async def story() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(3))
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        link = await open_link(f"tcp:127.0.0.1:{port}", 115_200)
        await link.write(b"abc")
        heard = bytearray()
        with pytest.raises(ReaderLost):
            await read_for_ever(link, heard)
        await link.close()
        server.close()
        await server.wait_closed()

        assert heard == b"abc"

    asyncio.run(story())


@pytest.mark.slow
def test_trial_tells_what_a_reader_answers_and_hears(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS[:3])
        config = str(stage.write_settings())

        code = await asyncio.to_thread(main, ["test", "pad", "--config", config])
        wrong = await asyncio.to_thread(main, ["test", "nobody", "--config", config])

        told = capsys.readouterr().out
        assert (code, wrong) == (0, 2)
        assert "answered version" in told
        assert len(set(re.findall(r"^heard (3034\w+)", told, re.MULTILINE))) == 3
        assert told.splitlines()[-1] == "3 tags, 0 scans, 0 pieces not understood"

    play(tmp_path, story)
