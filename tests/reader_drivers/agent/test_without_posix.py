"""Counter PCs run Windows as often as Linux: the agent is imported and run with the modules made absent that only POSIX has."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from reader_drivers.reads import Drain, Drained, Hello, Listen, Listening
from tests.reader_drivers.agent.stage import ROOT, TOKEN, FakeServer

ABSENT = ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "syslog", "crypt", "spwd", "nis", "readline")
BLOCK = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))\n"
IMPORT_ALL = """
import importlib, pkgutil, reader_drivers
names = [m.name for m in pkgutil.walk_packages(reader_drivers.__path__, "reader_drivers.") if not m.name.endswith("__main__")]
print(len([importlib.import_module(name) for name in names]))
"""
RUN = "from reader_drivers.agent.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
TAGS = [f'{{"antenna": 1, "epc": "3034257BF7194E400000{n:04X}"}}\n' for n in range(20)]


def test_every_module_is_imported_without_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCK + IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40


def write_settings(folder: Path, *, server: int, reader: str) -> Path:
    token = folder / "agent.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    path = folder / "agent.toml"
    path.write_text(
        f'server = "ws://127.0.0.1:{server}"\ntoken_file = "agent.token"\ndata_dir = "spool"\nname = "pc"\n'
        f'[[reader]]\nname = "pad"\nprotocol = "thingmagic_ff"\nport = "{reader}"\n'
        'region = "EU"\npower_dbm = 20\nantennas = [1]\n'
    )
    return path


def start_agent(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", BLOCK + RUN, "run", "--config", str(config), "--stdin-eof"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)


@pytest.mark.slow
def test_agent_counts_and_ends_without_them(tmp_path: Path) -> None:
    (tmp_path / "tags").write_text("".join(TAGS))

    async def story(link: str) -> None:
        async with FakeServer() as server:
            config = write_settings(tmp_path, server=server.port, reader=link.replace("tcp://", "tcp:"))
            agent = start_agent(config)
            try:
                await server.hear(Hello)
                await server.say(Listen("a", "pad", (), 10))
                begun = await server.hear(Listening)
                await server.until(lambda: len(heard(server)) == len(TAGS))
                await server.say(Drain("a"))
                ended = await server.hear(Drained)
                assert ended.to_seq >= begun.from_seq
            finally:
                assert agent.stdin is not None
                agent.stdin.close()
                code = await asyncio.to_thread(agent.wait, 20)
            assert code == 0

    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "simulators",
            "reader",
            "thingmagic_ff",
            "--tags",
            str(tmp_path / "tags"),
            "--link",
            "tcp:0",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        try:
            asyncio.run(story(reader.stdout.readline().strip()))
        finally:
            reader.terminate()


def heard(server: FakeServer) -> set[bytes]:
    return {read.epc for batch in server.batches.values() for read in batch.reads}
