"""Starts a signer for a server or a command that was not told of one: a process of its own, which ends with its parent."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from server.signer.client import SignerClient, SignerDown

START_S: Final = 15.0
"""A slow disk may need seconds for the first keys; after this the signer is called down."""
POLL_S: Final = 0.02
STOP_S: Final = 5.0


@contextmanager
def spawned_signer(folder: Path) -> Iterator[SignerClient]:
    """A running signer with its keys below `folder`, reachable only by this user.

    Raises: SignerDown: it did not start; its own words are on standard error.
    """
    with tempfile.TemporaryDirectory(prefix="baguier-signer-") as private:
        socket_path = Path(private) / "sock"
        command = [sys.executable, "-m", "server", "signer", "--data", str(folder), "--socket", str(socket_path)]
        process = subprocess.Popen([*command, "--stdin-eof"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        client = SignerClient(socket_path)
        try:
            _wait_for(socket_path, process)
            yield client
        finally:
            client.close()
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(socket_path: Path, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(int(START_S / POLL_S)):
        if socket_path.exists():
            return
        if process.poll() is not None:
            break
        pause.wait(POLL_S)
    raise SignerDown("The signer did not start. What it said stands above; mend that and try again.")
