"""A counter PC for journeys: simulated reader, agent and server as real processes on one data folder, each of which may be killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.server.running import RunningServer, start_server
from tests.server.seeds import AGENT_TOKEN, PERSON_TOKEN, Seeded, seeded_folder

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.02


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(is_true: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Ask again and again: the processes of a journey have no event to wait for."""
    end = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end, f"after {timeout_s} s still not: {what}"
        time.sleep(POLL_S)


@dataclass
class CounterPc:
    folder: Path
    port: int = field(default_factory=free_port)
    server_module: str = "server"
    server: RunningServer | None = None
    agent: subprocess.Popen[bytes] | None = None
    reader: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "shop"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def start_reader(self, *, tags: int, options: tuple[str, ...] = ()) -> None:
        lines = [{"antenna": 1, "epc": f"3034{n:020X}", "tid": f"E280{n:020X}", "rssi_dbm": -50} for n in range(tags)]
        (self.folder / "pad.tags").write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.reader = self._start(
            "simulators",
            *("reader", "thingmagic_ff", "--tags", str(self.folder / "pad.tags"), "--with-parent"),
            *("--link", f"pty:{self.folder / 'pad'}", "--stats", str(self.folder / "pad.stats"), *options),
            out=subprocess.PIPE,
        )
        assert self.reader.stdout is not None
        assert self.reader.stdout.readline().strip()

    def start_server(self) -> None:
        self.server = start_server(self.data, port=self.port, module=self.server_module)

    def start_agent(self) -> None:
        token = self.folder / "agent.token"
        token.write_text(AGENT_TOKEN)
        token.chmod(0o600)
        path = self.folder / "agent.toml"
        path.write_text(
            f'server = "ws://127.0.0.1:{self.port}"\ntoken_file = "agent.token"\ndata_dir = "spool"\nname = "pc"\n'
            f'[[reader]]\nname = "pad"\nprotocol = "thingmagic_ff"\nport = "{self.folder / "pad"}"\n'
            'region = "EU"\npower_dbm = 20\nantennas = [1]\n'
        )
        self.agent = self._start("reader_drivers.agent", "run", "--config", str(path))

    def kill_server(self) -> None:
        assert self.server is not None
        self.server.kill()
        if self.server.process.stdout is not None:
            self.server.process.stdout.close()

    def kill_agent(self) -> None:
        assert self.agent is not None
        kill(self.agent)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {PERSON_TOKEN}"}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=20, **options)

    def attach(self) -> None:
        answer = self.ask("POST", f"/v1/rounds/{Seeded().round}/attachments", json={"reader": "pad"})
        assert answer.status_code == 201, answer.text

    def is_reader_known(self) -> bool:
        try:
            answer = self.ask("POST", f"/v1/rounds/{Seeded().round}/attachments", json={"reader": "pad"})
        except httpx.TransportError:
            return False
        return answer.status_code == 201 and answer.json()["is_connected"] is True

    def told(self) -> dict[str, Any]:
        """What the simulated reader says it has written."""
        found: dict[str, Any] = json.loads((self.folder / "pad.stats").read_text())
        return found

    def _start(self, *command: str, out: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )


def kill(process: subprocess.Popen[bytes]) -> None:
    """End one process of ours as a power cut would, and wait for it."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def counter_pc(folder: Path, *, server_module: str = "server") -> Iterator[CounterPc]:
    """A seeded shop and nothing running yet; at the end every process of it is gone."""
    pc = CounterPc(folder, server_module=server_module)
    pc.data.mkdir()
    seeded_folder(pc.data)
    try:
        yield pc
    finally:
        for process in (pc.agent, pc.reader):
            if process is not None:
                kill(process)
        if pc.server is not None and pc.server.process.poll() is None:
            pc.kill_server()
