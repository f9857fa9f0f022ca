"""The signing process: a Unix socket, one request line and one answer line at a time, alone with its keys."""

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Final

from server.signer.keys import load_or_make_keys
from server.signer.protocol import LINE_BYTES_MAX
from server.signer.service import SignerService
from server.signer.state import SignerState

FOLDER: Final = "signer"
"""Name of the signer's own folder inside the data folder."""
CLIENTS_MAX: Final = 32
"""Connections at once; one more is closed unanswered."""

_SOCKET_MODE: Final = 0o660
# The group is the server's user in production, where the signer has a user of its own.


def run_signer(folder: Path, socket_path: Path, *, is_tied_to_stdin: bool) -> None:
    """Sign until SIGTERM or SIGINT, or until standard input ends when `is_tied_to_stdin`.

    Prints `ready` on standard output once it answers.
    Raises: SignerStateUnusable: the folder is in use or open to others. OSError: the socket cannot be made.
    """
    state = SignerState.open(folder / FOLDER)
    try:
        service = SignerService(load_or_make_keys(folder / FOLDER), state)
        # The state's lock is held, so a socket file left here belongs to a signer that is gone.
        socket_path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(socket_path))
        socket_path.chmod(_SOCKET_MODE)
        asyncio.run(_serve(service, listener, is_tied_to_stdin=is_tied_to_stdin))
    finally:
        socket_path.unlink(missing_ok=True)
        state.close()


async def _serve(service: SignerService, listener: socket.socket, *, is_tied_to_stdin: bool) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connections = set[asyncio.StreamWriter]()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(connections) >= CLIENTS_MAX:
            writer.close()
            return
        connections.add(writer)
        try:
            await _answer_all(service, reader, writer)
        finally:
            connections.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(converse, sock=listener, limit=LINE_BYTES_MAX)
    if is_tied_to_stdin:
        threading.Thread(target=_wait_for_stdin, args=(loop, stop), daemon=True).start()
    print("ready", flush=True)
    await stop.wait()
    server.close()
    for writer in tuple(connections):
        writer.close()
    await server.wait_closed()


async def _answer_all(service: SignerService, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        try:
            line = await reader.readuntil(b"\n")
            writer.write(service.answer(line))
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            # The peer left, or sent more than a request can have: there is nobody left to answer.
            return


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(stop.set)
