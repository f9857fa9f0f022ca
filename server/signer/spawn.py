"""Starts the signer as a child of the server, for a shop on one computer; production runs it under its own user."""

import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from server.signer.client import SignerClient, SignerDown

START_TIMEOUT_S: Final = 20.0
"""Loading takes under a second; a slow disk at boot gets the rest."""
STOP_TIMEOUT_S: Final = 5.0


def _nothing() -> None:
    """There is nothing else to do while a signer starts."""


@dataclass(frozen=True, slots=True)
class SpawnedSigner:
    """A signer that ends with the program that started it, however that one ends: its standard input is a pipe to it."""

    child: subprocess.Popen[bytes]
    socket_path: Path

    @classmethod
    def start(cls, folder: Path, socket_path: Path, *, meanwhile: Callable[[], None] = _nothing) -> Self:
        """Start a signer over `folder`/signer, do what can be done `meanwhile`, and wait until it answers on `socket_path`.

        Raises: SignerDown: it ended or was not ready within `START_TIMEOUT_S`; its standard error says why.
        """
        command = [sys.executable, "-m", "server", "signer", "--stdin-eof"]
        command += ["--data", str(folder.absolute()), "--socket", str(socket_path.absolute())]
        # A session of its own: Ctrl-C is for the starter, which still needs signatures while it ends.
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert child.stdout is not None
        spawned = cls(child, socket_path.absolute())
        with ExitStack() as unless_ready:
            # Also when we are interrupted: a signer left alone would make its folder anew after it was removed.
            unless_ready.callback(spawned.stop)
            meanwhile()
            ready, _, _ = select.select([child.stdout], [], [], START_TIMEOUT_S)
            if not ready or child.stdout.readline() != b"ready\n":
                raise SignerDown(f"The signer did not start over {folder}. What it printed says why; then start again.")
            unless_ready.pop_all()
        return spawned

    def stop(self) -> None:
        """End the signer and wait for it. Its state is on the disk already. May be called twice."""
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


@contextmanager
def spawned_signer(folder: Path, *, meanwhile: Callable[[], None] = _nothing) -> Iterator[SignerClient]:
    """A signer over `folder` for as long as the block runs, on a socket that only this user can reach; see `start`.

    Raises: SignerDown.
    """
    with tempfile.TemporaryDirectory(prefix="baguier-signer-") as private:
        spawned = SpawnedSigner.start(folder, Path(private) / "sock", meanwhile=meanwhile)
        client = SignerClient(spawned.socket_path)
        try:
            yield client
        finally:
            client.close()
            spawned.stop()


@contextmanager
def signer_of(
    folder: Path, socket_path: Path | None, *, meanwhile: Callable[[], None] = _nothing
) -> Iterator[SignerClient]:
    """The signer at `socket_path`, or else one started over the shop's folder for this command.

    `meanwhile` is done while it starts, or now. Raises: SignerDown.
    """
    if socket_path is None:
        with spawned_signer(folder, meanwhile=meanwhile) as client:
            yield client
        return
    meanwhile()
    client = SignerClient(socket_path)
    try:
        yield client
    finally:
        client.close()
