"""Transports: bytes from and to a reader over a serial port or TCP, and nothing else.

A thread reads, because blocking reads are what works alike on Linux, Windows and pseudo-terminals. It stamps each chunk
with the time of its arrival and hands it to the event loop.
"""

import asyncio
import contextlib
import select
import socket
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from reader_drivers.agent.port_words import opening_refused
from reader_drivers.agent.posix import LINK_ERRORS
from reader_drivers.errors import ReaderLost

READ_TIMEOUT_S: Final = 0.2
"""How long closing waits for the reading thread at most."""
WRITE_TIMEOUT_S: Final = 1.0
TCP_READ_BYTES: Final = 65_536
PENDING_BYTES_MAX: Final = 1_048_576
"""Bytes that wait for the event loop: 20,000 frames. Beyond it the thread stops reading and the link's buffer fills."""
PSEUDO_TERMINALS: Final = Path("/dev/pts")
"""A simulated line has no parity bit, and Linux refuses to be asked for one a second time."""


class Line(StrEnum):
    """What kind of line a protocol runs on, where its port is no address."""

    SERIAL = "8N1"
    SERIAL_EVEN = "8E1"
    """A serial line whose bytes have a parity bit."""
    HID_REPORTS = "hidraw"
    """Input reports of a USB device."""
    KEYBOARD = "keyboard"
    """Keys of a USB keyboard."""


def monotonic_ms() -> int:
    """The clock of all reads: ms, never going back, meaningless beyond this process."""
    return time.monotonic_ns() // 1_000_000


class Port(Protocol):
    """What a link needs of an open port; pyserial's ports and ours have it."""

    @property
    def in_waiting(self) -> int:
        """Bytes that a read would give at once, as far as the port knows."""
        ...

    def read(self, size: int = 1, /) -> bytes:
        """Bytes, or none after `READ_TIMEOUT_S`. Raises one of `LINK_ERRORS`: the port is lost."""
        ...

    def write(self, b: bytes, /) -> int | None:
        """Send all. Raises one of `LINK_ERRORS`."""
        ...

    def close(self) -> None:
        """Give the port up."""
        ...


class TcpPort:
    """A reader behind a TCP address. pyserial's own reads byte by byte or waits for its time-out."""

    in_waiting = 0

    def __init__(self, host: str, number: int) -> None:
        self._socket = socket.create_connection((host, number), timeout=WRITE_TIMEOUT_S)

    def read(self, size: int = 1, /) -> bytes:
        """What has arrived, up to `TCP_READ_BYTES` whatever `size` says."""
        del size
        readable, _, _ = select.select([self._socket], [], [], READ_TIMEOUT_S)
        if not readable:
            return b""
        received = self._socket.recv(TCP_READ_BYTES)
        if not received:
            raise ConnectionResetError("the other side closed the connection")
        return received

    def write(self, b: bytes, /) -> None:
        """Send all bytes within `WRITE_TIMEOUT_S`."""
        self._socket.sendall(b)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def device_path(port: str) -> str:
    """What pyserial opens for a port of agent.toml: a path, or `usb:SERIAL` by its serial number.

    Raises: ReaderLost: no device with this serial number is plugged in.
    """
    if not port.startswith("usb:"):
        return port
    # Late, because it takes a third of a bare start; a computer with network readers needs none of it.
    from serial.tools import list_ports

    number = port.removeprefix("usb:")
    for found in list_ports.comports():
        if found.serial_number == number:
            return str(found.device)
    raise ReaderLost(f"No device with the serial number {number} is plugged in.")


class SerialLink:
    """An open link. Made by `open_link`; used from the event loop."""

    def __init__(self, port: Port, loop: asyncio.AbstractEventLoop) -> None:
        self._port = port
        self._loop = loop
        self._arrived = asyncio.Event()
        self._room = threading.Condition()
        self._pending: list[tuple[int, bytes]] = []
        self._pending_bytes = 0
        self._lost: str | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._listen, name="reader-link", daemon=True)
        self._thread.start()

    async def read(self, timeout_s: float) -> list[tuple[int, bytes]]:
        """Chunks since the last call as (arrival in monotonic ms, bytes), after waiting at most `timeout_s` for one.

        Raises: ReaderLost: the device is gone and every byte it sent was given.
        """
        if not self._arrived.is_set():
            # A busy loop may see the time-out before the bytes that came in time, so those are looked for all the same.
            # Not wait_for: in Python 3.11 it swallows a cancellation that meets an arrival, and the agent would not end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._arrived.wait()
        with self._room:
            chunks, self._pending, self._pending_bytes = self._pending, [], 0
            if self._lost is None:
                self._arrived.clear()
            self._room.notify()
        if not chunks and self._lost is not None:
            raise ReaderLost(self._lost)
        return chunks

    async def write(self, sent: bytes) -> None:
        """Send all bytes. Raises: ReaderLost: the device is gone or takes no bytes."""
        try:
            await asyncio.to_thread(self._port.write, sent)
        except LINK_ERRORS as error:
            raise ReaderLost(f"Writing to the reader failed: {error}.") from error

    async def close(self) -> None:
        """Give the device up; closing a vanished one is no error."""
        with self._room:
            self._is_closing = True
            self._room.notify()
        await asyncio.to_thread(self._thread.join, 2 * READ_TIMEOUT_S)
        try:
            self._port.close()
        except LINK_ERRORS:
            return

    def _listen(self) -> None:
        while not self._is_closing:
            try:
                chunk = self._port.read(self._port.in_waiting or 1)
            except (*LINK_ERRORS, TypeError) as error:
                # pyserial raises TypeError when another thread closes the port under a read.
                self._tell(b"", lost=f"The reader's link ended: {error}.")
                return
            if chunk:
                self._tell(chunk, lost=None)

    def _tell(self, chunk: bytes, *, lost: str | None) -> None:
        with self._room:
            while self._pending_bytes >= PENDING_BYTES_MAX and not self._is_closing:
                self._room.wait(READ_TIMEOUT_S)
            if self._is_closing:
                return
            self._lost = lost
            if chunk:
                self._pending.append((monotonic_ms(), chunk))
                self._pending_bytes += len(chunk)
            self._loop.call_soon_threadsafe(self._arrived.set)


async def open_link(port: str, baud: int, line: Line = Line.SERIAL) -> SerialLink:
    """Open the reader's port for us alone. Raises: ReaderLost: it is not there, taken, or refuses the speed."""
    try:
        opened = await asyncio.to_thread(_opened, port, baud, line)
    except (*LINK_ERRORS, ValueError) as error:
        raise ReaderLost(await asyncio.to_thread(opening_refused, port, error)) from error
    return SerialLink(opened, asyncio.get_running_loop())


def _opened(port: str, baud: int, line: Line) -> Port:
    # What a kind of port needs is loaded with its first port: a computer with network readers needs no serial library.
    if port.startswith("tcp:"):
        host, _, number = port.removeprefix("tcp:").removeprefix("//").rpartition(":")
        return TcpPort(host, int(number))
    if port.startswith(("http://", "https://")):
        from reader_drivers.agent.adapters.http_orders import HttpPort

        return HttpPort(port)
    if port.startswith(("mqtt://", "mqtts://")):
        from reader_drivers.agent.adapters.mqtt import MqttPort

        return MqttPort(port)
    if port.startswith("pcsc:"):
        from reader_drivers.agent.adapters.pcsc import PcscPort

        return PcscPort(port.removeprefix("pcsc:"))
    if line in {Line.HID_REPORTS, Line.KEYBOARD}:
        from reader_drivers.agent.adapters.hid_devices import HidrawPort, KeyboardPort, scanner_path

        path = scanner_path(port, is_keyboard=line is Line.KEYBOARD)
        return KeyboardPort(path) if line is Line.KEYBOARD else HidrawPort(path)
    import serial

    path = device_path(port)
    is_even = line is Line.SERIAL_EVEN and not Path(path).resolve().is_relative_to(PSEUDO_TERMINALS)
    parity = serial.PARITY_EVEN if is_even else serial.PARITY_NONE
    # Exclusive, because two programs on one reader would take each other's answers.
    return serial.Serial(
        path,
        baud,
        parity=parity,
        timeout=READ_TIMEOUT_S,
        write_timeout=WRITE_TIMEOUT_S,
        exclusive=True,
    )
