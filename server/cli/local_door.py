"""Local door: a Unix socket in the data folder, by which commands ask the running server to act; same user only.

One request line, one answer line, as often as wanted: `{act, body}` → `{ok: true, body}` or `{ok: false, code, sentence}`,
JSON in UTF-8. A system without Unix sockets has no door, and commands then wait until the server has ended.
"""

import json
import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from server.cli.acts import Body, Hands, perform
from server.core.errors import Conflict, DomainError
from server.store.database import StoreInUse

SOCKET_FILE: Final = "baguier.sock"
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Longest line: a stock file of 100,000 rows has about 20 MB."""
LINKS_MAX: Final = 8
"""Commands at once; one more is told to come again."""
CLOSE_S: Final = 5.0
"""How long a server that ends waits for an act under way; what it writes is whole or not there, either way."""

_TOO_MANY: Final = "The server answers other commands. Give this one again in a moment."
_ANOTHER_USER: Final = "The server runs as another user. Give the command as that user, for example with sudo -u."
_NO_DOOR: Final = "Commands that write cannot ask this server ({reason}): stop it before you give one."
_PATH_BYTES_MAX: Final = 100
"""Unix sockets have short names: 108 bytes on Linux, 104 elsewhere, the closing zero included."""
_OPEN_FILES: Final = Path("/proc/self/fd")
_CREDENTIALS: Final = struct.Struct("3i")
_LOG = logging.getLogger(__name__)


class ServerGone(Conflict):
    """The server ended, or answered nothing that can be read, while it was asked."""

    code: ClassVar[str] = "server_gone"


class ServerRefused(Conflict):
    """The running server refused the act; its sentence is the act's own."""

    code: ClassVar[str] = "server_refused"


class LocalDoor:
    """The server's side. Made while the data folder is held, closed before it is let go of.

    Raises: OSError: the folder cannot hold a socket.
    """

    def __init__(self, folder: Path, hands: Hands) -> None:
        self._folder = folder
        self._hands = hands
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._gate = threading.Lock()
        self._listener = _listener(folder)
        self._accepting = threading.Thread(target=self._accept, name="baguier-door", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Let nobody in any more and wait for acts under way, `CLOSE_S` at most."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        (self._folder / SOCKET_FILE).unlink(missing_ok=True)
        with self._gate:
            for link in self._links:
                with suppress(OSError):
                    link.shutdown(socket.SHUT_RD)
        for thread in (self._accepting, *self._threads):
            thread.join(CLOSE_S)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with self._gate:
                refused = (
                    _ANOTHER_USER if not _is_same_user(link) else _TOO_MANY if len(self._links) >= LINKS_MAX else ""
                )
                self._links |= set() if refused else {link}
            if refused:
                with suppress(OSError):
                    link.sendall(_line(_refusal("not_admitted", refused)))
                self._leave(link)
                continue
            thread = threading.Thread(target=self._converse, args=(link,), name="baguier-door-link", daemon=True)
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _converse(self, link: socket.socket) -> None:
        try:
            with link.makefile("rb") as lines:
                while (line := lines.readline(LINE_BYTES_MAX + 1)).endswith(b"\n"):
                    link.sendall(_line(self._answer(line)))
        except OSError:
            pass  # The command ended without waiting for its answer.
        finally:
            self._leave(link)

    def _leave(self, link: socket.socket) -> None:
        with self._gate:
            self._links.discard(link)
        link.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            match json.loads(line):
                case {"act": str(name), "body": dict(body)}:
                    return {"ok": True, "body": perform(self._hands, name, body)}
            return _refusal(
                "malformed", "The server was not asked for an act. Use a command of the server's own version."
            )
        except DomainError as refusal:
            return _refusal(refusal.code, refusal.sentence)
        except Exception:  # noqa: BLE001 — top of the thread: the command is owed an answer, the server goes on.
            _LOG.exception("An act that a command asked for failed")
            return _refusal("act_failed", "The server could not do it; what it printed says why.")


@contextmanager
def local_door(folder: Path, hands: Hands) -> Iterator[None]:
    """The door of a server for as long as the block runs; said on standard error when this system cannot have one."""
    door = None
    try:
        door = LocalDoor(folder, hands) if hasattr(socket, "AF_UNIX") else None
        reason = "no Unix sockets on this system"
    except OSError as error:
        reason = str(error.strerror or error)
    if door is None:
        print(_NO_DOOR.format(reason=reason), file=sys.stderr)
    try:
        yield
    finally:
        if door is not None:
            door.close()


class ServerLink:
    """The command's side: a connection to the server that holds the folder."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._lines = link.makefile("rb")

    @classmethod
    def open(cls, folder: Path, in_use: StoreInUse) -> Self:
        """Connect to whoever holds `folder`. Raises: `in_use` itself: another command holds it, or there is no door."""
        if not hasattr(socket, "AF_UNIX"):
            raise in_use
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _address(folder) as address:
                link.connect(address)
        except PermissionError as error:
            link.close()
            raise ServerRefused(_ANOTHER_USER) from error
        except OSError as error:
            link.close()
            raise in_use from error
        return cls(link)

    def close(self) -> None:
        """Drop the connection."""
        self._lines.close()
        self._link.close()

    def perform(self, name: str, body: Body) -> dict[str, Any]:
        """Let the server do an act; what it tells. Raises: ServerRefused: it says why. ServerGone."""
        line = _line({"act": name, "body": dict(body)})
        if len(line) > LINE_BYTES_MAX:
            raise ServerRefused("This is too much to hand to a running server. Stop it, then give the command again.")
        try:
            self._link.sendall(line)
            answer = json.loads(self._lines.readline(LINE_BYTES_MAX + 1))
        except (OSError, ValueError) as error:
            raise ServerGone(
                "The server ended before it answered. Look whether it was done, and give the command again if not."
            ) from error
        match answer:
            case {"ok": True, "body": dict(told)}:
                return told
            case {"ok": False, "code": str(code), "sentence": str(sentence)}:
                raise ServerRefused(sentence, server_code=code)
        raise ServerGone("What answers in the data folder is not this version's server. Start the server again.")


def _listener(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            # The folder is held, so a socket left there belongs to a server that is gone.
            Path(address).unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                listener.bind(address)
            finally:
                os.umask(before)
        listener.listen(LINKS_MAX)
    except OSError:
        listener.close()
        raise
    return listener


def _refusal(code: str, sentence: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "sentence": sentence}


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _is_same_user(link: socket.socket) -> bool:
    """Whether the other end runs as our user. Where the system does not say, the socket's mode alone keeps others out."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = _CREDENTIALS.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(user == os.getuid())


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's address; by way of the open folder when its path is longer than an address may be."""
    path = str(folder / SOCKET_FILE)
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX or not _OPEN_FILES.is_dir():
        yield path
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_OPEN_FILES / str(opened) / SOCKET_FILE)
    finally:
        os.close(opened)
