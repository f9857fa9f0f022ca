"""Processes of a demonstration: waited for by their words, named when they fail, and ended even when deaf."""

import os
from pathlib import Path

import pytest

from server.cli import demo_processes
from server.cli.demo_processes import DemoFailed, Processes

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf and ready")
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deaf_child.py").write_text(DEAF)
    (tmp_path / "failing_child.py").write_text("print('first words')\nprint('the cable is out')\nraise SystemExit(3)\n")
    (tmp_path / "silent_child.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(demo_processes, "STOP_S", 2.0)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_deaf_child_is_ended_all_the_same(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("deaf", ["deaf_child"], ready_words="ready")
        processes.wait_ready(child)
        assert is_running(child.running.pid)

    assert not is_running(child.running.pid)
    assert child.log.read_text() == "deaf and ready\n"


def test_a_child_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("agent", ["failing_child"], ready_words="connected")

        with pytest.raises(DemoFailed, match="agent ended by itself: the cable is out"):
            processes.wait_ready(child)


def test_waiting_ends_when_another_child_does(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("server", ["failing_child"], ready_words="first words")
        agent = processes.start("agent", ["silent_child"], ready_words="connected")

        with pytest.raises(DemoFailed, match="server ended by itself: the cable is out"):
            processes.wait_ready(agent)


def test_a_child_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_processes, "READY_S", 0.2)
    with Processes(tmp_path) as processes:
        child = processes.start("server", ["silent_child"], ready_words="serves")

        with pytest.raises(DemoFailed, match="server did not start within 0 s and said nothing"):
            processes.wait_ready(child)

    assert not is_running(child.running.pid)


def test_one_child_can_be_ended_while_the_others_run(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        kept = processes.start("kept", ["silent_child"], ready_words="x")
        ended = processes.start("ended", ["silent_child"], ready_words="x")
        processes.stop("ended")

        assert (is_running(kept.running.pid), is_running(ended.running.pid)) == (True, False)
        processes.require_running()
