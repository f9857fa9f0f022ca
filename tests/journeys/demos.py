"""A running demonstration for journeys: `baguier demo` as a person starts it, and whatever of it is left afterwards."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.counter_pc import ROOT, until

START = (sys.executable, "-m", "server", "demo", "--port", "0", "--json")
END_S = 30.0


@dataclass(frozen=True)
class Demo:
    process: subprocess.Popen[str]
    said: dict[str, Any]
    """The JSON line: addresses, people, folder."""

    @property
    def folder(self) -> Path:
        return Path(self.said["data"])

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(END_S)


def processes_of(folder: Path) -> list[str]:
    """Command lines of every process that was told this folder."""
    lines = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines


@contextmanager
def running_demo(*options: str, temporary: Path) -> Iterator[Demo]:
    """A demonstration that is up, with its temporary files in `temporary`; at the end every process is gone, or the test fails."""
    process = subprocess.Popen(
        [*START, *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        demo = Demo(process, json.loads(line))
        yield demo
        until(lambda: not processes_of(demo.folder), timeout_s=END_S, what="no process is left")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_S)
        process.stdout.close()
        process.stderr.close()
