"""A stage for agent tests: a server that keeps what it is told, simulated readers on pseudo-terminals, an agent process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from reader_drivers.reads import Ack, Batch, Hello, Message, decode_message, encode_message

TOKEN = "t" * 43
ROOT = Path(__file__).resolve().parents[3]
M = TypeVar("M", bound=Message)


@dataclass
class FakeServer:
    """Stores each sequence once, acknowledges the highest without a gap, remembers the rest."""

    batches: dict[int, Batch] = field(default_factory=dict)
    arrivals: list[int] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    acked: int = 0
    does_ack: bool = True
    port: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _socket: ServerConnection | None = None
    _server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(self._talk, "127.0.0.1", self.port, compression=None)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def say(self, message: Message) -> None:
        await self.until(lambda: self._socket is not None)
        assert self._socket is not None
        await self._socket.send(encode_message(message))

    async def until(self, is_true: Callable[[], bool], timeout_s: float = 30) -> None:
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(is_true)

    def all_of(self, kind: type[M]) -> list[M]:
        return [message for message in self.told if isinstance(message, kind)]

    async def hear(self, kind: type[M], is_it: Callable[[M], bool] = lambda _: True) -> M:
        """The next or an earlier message of this kind."""
        await self.until(lambda: any(is_it(message) for message in self.all_of(kind)))
        return next(message for message in self.all_of(kind) if is_it(message))

    async def hang_up(self) -> None:
        assert self._socket is not None
        await self._socket.close()

    async def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.tokens.append(socket.request.headers.get("Authorization", ""))
        try:
            async for raw in socket:
                assert isinstance(raw, bytes)
                await self._take(decode_message(raw), socket)
        except ConnectionClosed:
            pass
        finally:
            if self._socket is socket:
                self._socket = None

    async def _take(self, message: Message, socket: ServerConnection) -> None:
        async with self._changed:
            if isinstance(message, Batch):
                self.arrivals.append(message.seq)
                assert self.batches.setdefault(message.seq, message) == message, "one number, two contents"
                while self.acked + 1 in self.batches:
                    self.acked += 1
            else:
                self.told.append(message)
            if isinstance(message, Hello):
                self._socket = socket
            if self.does_ack or isinstance(message, Hello):
                await socket.send(encode_message(Ack(self.acked)))
            self._changed.notify_all()


@dataclass
class Stage:
    """A folder with settings, and the processes started in it."""

    folder: Path
    server: FakeServer
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    readers: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    scanners: dict[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)
    """Ports of readers that are no link in the folder."""

    def _start(self, *command: str, out: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        log = (self.folder / f"process{len(self.processes)}.log").open("wb")
        with log:
            started = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )
        self.processes.append(started)
        return started

    def add_reader(
        self,
        name: str,
        *,
        tags: list[dict[str, Any]],
        options: tuple[str, ...] = (),
        protocol: str = "thingmagic_ff",
        antennas: int = 2,
    ) -> subprocess.Popen[bytes]:
        """A simulated reader of tags behind a stable link."""
        (self.folder / f"{name}.tags").write_text("".join(json.dumps(tag) + "\n" for tag in tags))
        self.readers[name] = (protocol, list(range(1, antennas + 1)))
        link = f"pty:{self.folder / name}"
        command = ("reader", protocol, "--tags", f"{self.folder / name}.tags", "--link", link, "--with-parent")
        stats = ("--stats", f"{self.folder / name}.stats", "--follow")
        started = self._start("simulators", *command, *stats, *options, out=subprocess.PIPE)
        assert started.stdout is not None
        assert started.stdout.readline().strip()
        return started

    def add_scanner(
        self, name: str, *, protocol: str = "barcode_line", options: tuple[str, ...] = ()
    ) -> Callable[[str], None]:
        """A simulated scanner; gives the function that scans one text."""
        scans = self.folder / f"{name}.scans"
        scans.touch()
        self.scanners[name] = protocol
        link = f"pty:{self.folder / name}"
        command = ("reader", protocol, "--tags", str(scans), "--follow", "--link", link, "--with-parent")
        stats = ("--stats", f"{self.folder / name}.stats")
        started = self._start("simulators", *command, *stats, *options, out=subprocess.PIPE)
        assert started.stdout is not None
        assert started.stdout.readline().strip()

        def scan(text: str) -> None:
            with scans.open("a") as file:
                file.write(text + "\n")

        return scan

    def add_port(self, name: str, *, protocol: str, port: str) -> None:
        """A reader without radio settings that somebody else serves."""
        self.scanners[name], self.ports[name] = protocol, port

    def stats(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{name}.stats").read_text())
        return found

    def write_settings(self) -> Path:
        token = self.folder / "agent.token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        readers = "".join(
            f'[[reader]]\nname = "{name}"\nprotocol = "{protocol}"\nport = "{self.folder / name}"\n'
            f'region = "EU"\npower_dbm = 20\nantennas = {antennas}\n'
            for name, (protocol, antennas) in self.readers.items()
        )
        readers += "".join(
            f'[[reader]]\nname = "{name}"\nprotocol = "{protocol}"\nport = "{self.ports.get(name, self.folder / name)}"\n'
            for name, protocol in self.scanners.items()
        )
        path = self.folder / "agent.toml"
        path.write_text(
            f'server = "ws://127.0.0.1:{self.server.port}"\ntoken_file = "agent.token"\ndata_dir = "spool"\nname = "pc"\n'
            + readers
        )
        return path

    def start_agent(self, *options: str) -> subprocess.Popen[bytes]:
        return self._start("reader_drivers.agent", "run", "--config", str(self.write_settings()), *options)

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("process*.log")))


@asynccontextmanager
async def stage_in(folder: Path) -> AsyncIterator[Stage]:
    """A stage whose processes are ended with it."""
    async with FakeServer() as server:
        stage = Stage(folder, server)
        try:
            yield stage
        finally:
            for process in stage.processes:
                end(process, signal.SIGKILL)


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Signal one process of ours and wait for its end."""
    if process.poll() is None:
        os.kill(process.pid, number)
    code = process.wait(20)
    if process.stdout is not None:
        process.stdout.close()
    return code


def play(folder: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    """Run one story on a stage of its own."""

    async def run() -> None:
        async with stage_in(folder) as stage:
            await story(stage)

    asyncio.run(run())
