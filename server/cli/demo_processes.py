"""Demo processes: the real programs of a demonstration, started one by one and ended whatever happens.

Each child is a session of its own, so that Ctrl-C reaches only the one that ends them in order. Each also ends by itself when
its starter is killed: its standard input is a pipe whose other end dies with the starter, or it watches its parent.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from server.core.errors import Conflict

READY_S: Final = 60.0
"""The server loads in two seconds; a cold disk and a busy small computer get the rest."""
LOOK_S: Final = 0.2
"""How soon it is noticed that another one ended meanwhile."""
STOP_S: Final = 10.0
"""Longer than an agent's wait for a reader that does not confirm its stop."""


class DemoFailed(Conflict):
    """A process of the demonstration did not start, or ended by itself."""

    code = "demo_failed"


@dataclass(frozen=True, slots=True)
class Child:
    """One running process."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path
    """All that it says."""
    ready_words: bytes
    """What it says once others may rely on it."""
    is_ready: threading.Event = field(default_factory=threading.Event)
    """Set when those words came."""
    is_silent: threading.Event = field(default_factory=threading.Event)
    """Set when nothing more can come: the log is whole."""


@dataclass(slots=True)
class Processes:
    """What was started, in that order; leaving the block ends all of it, the last first."""

    logs: Path
    _children: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str], *, ready_words: str) -> Child:
        """Start `python -m command…` with its output in the logs folder; do not wait for it."""
        running = subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        child = Child(name, running, self.logs / f"{name}.log", ready_words.encode())
        self._children.append(child)
        threading.Thread(target=_keep_output, args=(child,), daemon=True).start()
        return child

    def wait_ready(self, *children: Child) -> None:
        """Wait until each has said its words. Raises: DemoFailed: one did not in time, or any of them ended."""
        until = time.monotonic() + READY_S
        for child in children:
            while not child.is_ready.wait(LOOK_S):
                self.require_running()
                if time.monotonic() > until:
                    raise DemoFailed(f"{child.name} did not start within {READY_S:.0f} s{_last_words(child)}")
        self.require_running()

    def require_running(self) -> None:
        """Raises: DemoFailed: one of them ended by itself."""
        for child in self._children:
            if child.running.poll() is not None:
                child.is_silent.wait(STOP_S)
                raise DemoFailed(f"{child.name} ended by itself{_last_words(child)}")

    def stop(self, *names: str) -> None:
        """End the named children, or all, the last first, and wait for each; a deaf one is killed."""
        for child in reversed(self._children):
            if not names or child.name in names:
                _stop(child)
        self._children = [child for child in self._children if child.running.returncode is None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _stop(child: Child) -> None:
    child.running.terminate()
    try:
        child.running.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.running.kill()
        child.running.wait()
    if child.running.stdin is not None:
        child.running.stdin.close()


def _keep_output(child: Child) -> None:
    """Write what a child says into its log, so that it never waits for somebody to read."""
    output = child.running.stdout
    assert output is not None
    with output, child.log.open("ab", buffering=0) as log:
        for line in output:
            log.write(line)
            if child.ready_words in line:
                child.is_ready.set()
    child.is_silent.set()


def _last_words(child: Child) -> str:
    """The end of a sentence about a child: what it said last, or that it was silent."""
    said = child.log.read_text(encoding="utf-8", errors="replace").split("\n") if child.log.exists() else []
    words = [line.strip() for line in said if line.strip()]
    return f": {words[-1][:300]}" if words else " and said nothing. Start the demonstration again."
