import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server.signer.client import SignerClient

ORIGIN = "example.org/site/7/e0"


@dataclass(slots=True)
class SignerBench:
    """A data folder in which real signer processes are started and killed."""

    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    clients: list[SignerClient] = field(default_factory=list)

    @property
    def socket_path(self) -> Path:
        return self.folder / "s.sock"

    def start(self, *, socket_name: str = "s.sock", stdin_eof: bool = True) -> subprocess.Popen[bytes]:
        """Start a signer and wait until it says `ready` or ends."""
        command = [sys.executable, "-m", "server", "signer", "--data", str(self.folder)]
        command += ["--socket", str(self.folder / socket_name), *(["--stdin-eof"] if stdin_eof else [])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def client(self) -> SignerClient:
        client = SignerClient(self.socket_path)
        self.clients.append(client)
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()
        for process in self.started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SignerBench]:
    bench = SignerBench(tmp_path)
    assert len(os.fsencode(bench.socket_path)) < 108, "a Unix socket's path is short"
    yield bench
    bench.close()
