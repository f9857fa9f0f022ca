"""A server that is killed loses nothing it has acknowledged, and two servers never share a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.store import log
from server.store.unit_of_work import Store
from tests.server.store.acts import note

ROOT = Path(__file__).parents[3]


def appender(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.server.store.append_forever", str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged_at_least", [1, 33, 150])
def test_a_killed_server_keeps_every_acknowledged_leaf(tmp_path: Path, acknowledged_at_least: int) -> None:
    path = tmp_path / "b.sqlite3"
    with appender(path) as server:
        assert server.stdout is not None
        acknowledged = [int(server.stdout.readline()) for _ in range(acknowledged_at_least)]
        server.kill()
        acknowledged += [int(line) for line in server.stdout if line.endswith("\n")]

    with Store(path) as store:
        frontier = store.read(lambda connection: log.check(connection, store.shop_id))
        assert acknowledged == list(range(len(acknowledged)))
        assert frontier.size >= len(acknowledged)
        assert store.run(note) == frontier.size


@pytest.mark.slow
def test_a_second_process_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    with Store(path):
        second = appender(path)
        _, complaint = second.communicate(timeout=60)

    assert second.returncode != 0
    assert "is in use by process" in complaint
    assert "Stop that server or command first" in complaint
