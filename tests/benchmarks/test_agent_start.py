"""C2: from nothing to the agent's first word to a server, with one reader configured."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from reader_drivers.reads import Ack, Hello, decode_message, encode_message
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import wall_cost

BARE = [sys.executable, "-c", "import asyncio"]
SETTINGS = """server = "ws://127.0.0.1:{port}"
token_file = "agent.token"
data_dir = "spool"

[[reader]]
name = "pad"
protocol = "thingmagic_ff"
port = "tcp:127.0.0.1:1"
region = "EU"
power_dbm = 20
antennas = [1]
"""


def write_settings(folder: Path, port: int) -> Path:
    token = folder / "agent.token"
    token.write_text("t" * 43)
    token.chmod(0o600)
    path = folder / "agent.toml"
    path.write_text(SETTINGS.format(port=port))
    return path


@pytest.mark.benchmark
def test_agent_says_hello_soon_after_a_bare_interpreter(tmp_path: Path, measure: Measure) -> None:
    greeted = threading.Event()

    def welcome(socket: ServerConnection) -> None:
        raw = socket.recv()
        assert isinstance(raw, bytes)
        assert isinstance(decode_message(raw), Hello)
        greeted.set()
        socket.send(encode_message(Ack(0)))
        list(socket)

    def bare() -> None:
        subprocess.run(BARE, check=True)

    with serve(welcome, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = write_settings(tmp_path, server.socket.getsockname()[1])

        def subject() -> float:
            greeted.clear()
            began_s = time.perf_counter()
            command = [sys.executable, "-m", "reader_drivers.agent", "run", "--config", str(config)]
            agent = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            try:
                assert greeted.wait(30)
                return time.perf_counter() - began_s
            finally:
                agent.terminate()
                agent.wait(20)

        measure("C2", subject=subject, baseline=wall_cost(bare, operations=1), rounds=7)
