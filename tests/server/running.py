"""A server as a real process on a data folder, and how a test ends or kills it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_S = 10.0


@dataclass(slots=True)
class RunningServer:
    process: subprocess.Popen[str]
    url: str

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://")

    def kill(self) -> None:
        """As a power cut to the process: no signal handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_S)


def start_server(folder: Path, *, port: int = 0, module: str = "server") -> RunningServer:
    """Start `baguier serve` and wait until it says where it listens."""
    command = [sys.executable, "-m", module, "serve", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Baguier serves on http://"), line
    return RunningServer(process=process, url=line.split()[-1])


@contextmanager
def running_server(folder: Path, *, port: int = 0) -> Iterator[RunningServer]:
    """A server for the length of a test; whatever happens, no process is left behind."""
    server = start_server(folder, port=port)
    try:
        yield server
    finally:
        server.process.terminate()
        try:
            server.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            server.kill()
        if server.process.stdout is not None:
            server.process.stdout.close()
