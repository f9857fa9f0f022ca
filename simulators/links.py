"""Links: the pseudo-terminal or TCP port at whose other end a driver believes a reader is.

A pseudo-terminal stands for a serial port. Nobody holding its far end is an unplugged cable: bytes sent meanwhile are
lost, as on a USB port nobody has open, and the next opener finds the same device under the same name.
"""

import contextlib
import errno
import os
import pathlib
import pty
import select
import socket
import tty
from typing import Final, Protocol

READ_BYTES_MAX: Final = 4096
WRITE_BYTES_MAX: Final = 4096
"""One write: the size of a pseudo-terminal's own buffer."""


class LinkError(ValueError):
    """A link cannot be made; the sentence says which and why."""


class Link(Protocol):
    """One end of a link, never blocking beyond the time it is given."""

    @property
    def name(self) -> str:
        """What the driver opens: a device path or `tcp://127.0.0.1:PORT`."""

    def is_gone(self) -> bool:
        """True when the link can never be used again."""

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        """Bytes received (perhaps none) and how many of `pending` were sent; None: nobody is at the other end."""

    def close(self) -> None:
        """Give the link up; the other end sees a hang-up."""


def open_link(spec: str) -> Link:
    """The link of ``pty``, ``pty:PATH`` (a stable symbolic link), ``tcp:PORT``, ``http:PORT`` or ``mqtt:PORT/TOPIC``.

    Port 0 picks a free one; the broker of ``mqtt`` is already there, on this machine.

    Raises: LinkError: the form is none of these, the path is taken by a file, or the port cannot be had.
    """
    kind, _, where = spec.partition(":")
    if kind == "pty":
        return PtyLink(pathlib.Path(where) if where else None)
    if kind == "tcp" and where.isdigit() and int(where) <= 65_535:
        return TcpLink(int(where))
    if kind == "http" and where.isdigit() and int(where) <= 65_535:
        # Readers on a wire need no web server.
        from simulators.http_link import HttpLink

        return HttpLink(int(where))
    number, _, topic = where.partition("/")
    if kind == "mqtt" and number.isdigit() and topic:
        from simulators.mqtt_link import MqttLink

        return MqttLink(int(number), topic)
    raise LinkError(f"Link {spec!r} is not pty, pty:PATH, tcp:PORT, http:PORT or mqtt:PORT/TOPIC. Give one of these.")


class PtyLink:
    """A pseudo-terminal of which we hold the master side."""

    def __init__(self, symlink: pathlib.Path | None = None) -> None:
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        self._device = os.ttyname(slave)
        # With our own copy of the far end open no hang-up would ever be seen.
        os.close(slave)
        os.set_blocking(master, False)
        self._master = master
        self._symlink = symlink
        self._poll = select.poll()
        if symlink is not None:
            self._point(symlink)

    def _point(self, symlink: pathlib.Path) -> None:
        if symlink.exists() and not symlink.is_symlink():
            os.close(self._master)
            raise LinkError(f"{symlink} exists and is no symbolic link. Choose another path or remove it.")
        # Made aside and moved over, so that no moment shows a name without a device.
        aside = symlink.with_name(f".{symlink.name}.{os.getpid()}")
        try:
            aside.symlink_to(self._device)
            aside.replace(symlink)
        except OSError as error:
            os.close(self._master)
            raise LinkError(f"{symlink} cannot be made ({error.strerror}). Choose a path you may write to.") from error

    @property
    def name(self) -> str:
        """The symbolic link when one was asked for, else the device."""
        return str(self._symlink) if self._symlink is not None else self._device

    def is_gone(self) -> bool:
        """True when the symbolic link was removed or points to another device: nobody can find this one again."""
        if self._symlink is None:
            return False
        try:
            return str(self._symlink.readlink()) != self._device
        except OSError:
            return True

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        """See `Link.wait`."""
        self._poll.register(self._master, select.POLLIN | (select.POLLOUT if pending else 0))
        ready = dict(self._poll.poll(max(0.0, timeout_s) * 1000)).get(self._master, 0)
        if ready & select.POLLHUP and not ready & select.POLLIN:
            return None
        received, sent = b"", 0
        try:
            if ready & select.POLLIN:
                received = os.read(self._master, READ_BYTES_MAX)
            if ready & select.POLLOUT and pending:
                sent = os.write(self._master, pending[:WRITE_BYTES_MAX])
        except BlockingIOError:
            return received, sent
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return None
        return received, sent

    def close(self) -> None:
        """Close the master side and remove the symbolic link if it is still ours."""
        if self._symlink is not None and not self.is_gone():
            self._symlink.unlink()
        os.close(self._master)


class TcpLink:
    """A port on the loopback address that serves one client at a time."""

    def __init__(self, port: int = 0) -> None:
        try:
            self._server = socket.create_server(("127.0.0.1", port), backlog=1)
        except OSError as error:
            raise LinkError(f"Port {port} cannot be had ({error.strerror}). Choose another, or 0 for any.") from error
        self._server.setblocking(False)
        self._client: socket.socket | None = None

    @property
    def name(self) -> str:
        """The address a driver connects to."""
        return f"tcp://127.0.0.1:{self._server.getsockname()[1]}"

    def is_gone(self) -> bool:
        """A listening port waits for ever."""
        return False

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        """See `Link.wait`."""
        if self._client is None:
            with contextlib.suppress(BlockingIOError):
                self._client, _ = self._server.accept()
                self._client.setblocking(False)
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._client is None:
                return None
        readable, writable, _ = select.select(
            [self._client], [self._client] if pending else [], [], max(0.0, timeout_s)
        )
        try:
            received = self._client.recv(READ_BYTES_MAX) if readable else b""
            is_lost = bool(readable) and not received
            sent = self._client.send(pending[:WRITE_BYTES_MAX]) if writable and not is_lost else 0
        except (BlockingIOError, InterruptedError):
            return b"", 0
        except OSError:
            is_lost, received, sent = True, b"", 0
        if is_lost:
            self._client.close()
            self._client = None
            return None
        return received, sent

    def close(self) -> None:
        """Close the client and the port."""
        if self._client is not None:
            self._client.close()
        self._server.close()
