"""Servers under measurement: real processes on loopback, started, asked and ended by the benchmarks."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
