"""Servers under measurement: real processes on loopback, started, asked and ended by the benchmarks."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
END_S = 20.0
"""A server that has not ended this long after being asked to is killed."""


@dataclass(frozen=True, slots=True)
class Server:
    """One running server."""

    pid: int
    url: str
    """`http://127.0.0.1:PORT`."""


@contextmanager
def running(command: Sequence[str], *, log: Path) -> Iterator[Server]:
    """A server that prints its address or port on its first line; ended when the block is left.

    What it says on standard error goes to `log`, which is quoted when it does not start.
    """
    with log.open("ab") as complaints:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, cwd=ROOT, env=_environment())
    try:
        assert process.stdout is not None
        yield Server(pid=process.pid, url=f"http://127.0.0.1:{_port(process.stdout, log)}")
    finally:
        process.terminate()
        try:
            process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _port(said: IO[bytes], log: Path) -> int:
    line = said.readline().decode()
    found = re.search(r"(\d+)/?\s*$", line)
    assert found, f"The server did not start; it said {line!r} and:\n{log.read_text()[-2_000:]}"
    return int(found[1])


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}


def ours(folder: Path) -> list[str]:
    """The command that serves a data folder, as an installed `baguier` would run it."""
    return [sys.executable, "-m", "server", "serve", "--data", str(folder), "--port", "0"]


def plain(database: Path) -> list[str]:
    """The command of the plain rival."""
    return [sys.executable, "-m", "tests.benchmarks.baselines.plain_service", str(database)]


def require_ok(answer: httpx.Response) -> httpx.Response:
    """The answer, or a failure that quotes it."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    return answer


class Caller:
    """One client on one kept connection. Python's own: a richer one takes longer than a server under measurement."""

    def __init__(self, server: Server, *, token: str = "") -> None:
        self._link = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def post(self, path: str, body: object = None) -> Any:
        """Post a body as JSON; give the answer's. An answer that is no success fails the benchmark."""
        self._link.request("POST", path, None if body is None else json.dumps(body), self._headers)
        response = self._link.getresponse()
        answer = response.read()
        assert response.status < 300, f"{path} answered {response.status}: {answer[:400]!r}"
        return json.loads(answer)

    def close(self) -> None:
        """Give the connection up."""
        self._link.close()
