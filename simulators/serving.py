"""Serving: puts a simulated reader on a link until it is told to stop or the link is gone for good."""

import collections
import dataclasses
import json
import os
import pathlib
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from simulators.faults import FaultyWire
from simulators.links import Link
from simulators.tags import WatchedFile

FOLLOW_S: Final = 0.05
"""How often a followed file is looked at: quicker than a hand that lays a piece down."""
UNPLUGGED_S: Final = 0.02
"""How often an unopened link is looked at."""
GLUE_S: Final = 0.02
"""How long a frame waits to be glued to a next one."""


class SimulatedReader(Protocol):
    """What every reader here can do; times are monotonic seconds."""

    @property
    def reads_told(self) -> int:
        """Tags or scans given out so far."""

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """The tags or scans that a frame tells by itself, even when every other frame is lost; most tell none."""

    def load(self, text: str) -> None:
        """Take the new text of the tags or scans file."""

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Reply frames to the bytes of the host."""

    def next_due_s(self) -> float | None:
        """When frames are due next, None: only after a command or a new text."""

    def due(self, now_s: float) -> list[bytes]:
        """Frames due by now."""


@runtime_checkable
class Greeting(Protocol):
    """A reader on the network, which speaks first and forgets the last client's orders."""

    def greeting(self, now_s: float) -> list[bytes]:
        """Frames for a client that has just connected."""


class Sent:
    """The tags and scans that at least one whole frame told: a system that has not stored one of them lost it."""

    def __init__(self, reader: SimulatedReader) -> None:
        self.tags: collections.Counter[str] = collections.Counter()
        """How many such frames told it, by EPC in upper hex or text of a scan."""
        self._reader = reader

    def note(self, frame: bytes) -> None:
        """Take note of a frame that went out whole."""
        self.tags.update(self._reader.tags_of(frame))


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """What one simulated reader is served with."""

    link: Link
    wire: FaultyWire
    file: WatchedFile
    is_following: bool
    """True: the file is read again when it changes."""
    stats: pathlib.Path | None = None
    """Where it is kept what went out (see `Sent`), for those who compare it with what was stored."""
    sent: Sent | None = None
    """What the wire has carried whole; needed for `stats`."""
    parent: int | None = None
    """Process whose end is ours too, taken before the link was told to anybody; None: we outlive it."""


def serve(reader: SimulatedReader, service: Service, *, is_stopped: Callable[[], bool]) -> None:
    """Serve until `is_stopped`, or the link or (if asked) the parent is gone; the link is left open for the caller.

    Raises: TagsFileError, ScanError: the file cannot be used at the start. After a change that is said on standard
    error, and the reader goes on with what it had.
    """
    loop = _Loop(reader, service)
    while not is_stopped() and not service.link.is_gone():
        if service.parent is not None and os.getppid() != service.parent:
            return
        loop.turn()
    loop.write_stats()


class _Loop:
    def __init__(self, reader: SimulatedReader, service: Service) -> None:
        self._reader = reader
        self._service = service
        self._chunks: collections.deque[tuple[bytes, float]] = collections.deque()
        self._out = b""
        self._out_at_s = 0.0
        self._look_at_s = 0.0
        self._sent_at_s = 0.0
        self._loads = 0
        self._stats_told = (-1, 0)
        self._are_stats_due = False
        self._is_plugged = False
        reader.load(service.file.text_if_changed() or "")

    def turn(self) -> None:
        now_s = time.monotonic()
        if self._service.is_following and now_s >= self._look_at_s:
            self._load()
        if now_s >= self._look_at_s:
            self._are_stats_due = True
            self._look_at_s = now_s + FOLLOW_S
        # Writing takes its time, and no cable pauses in the middle of a frame for our bookkeeping.
        if self._are_stats_due and not self._out and not self._chunks:
            self.write_stats()
            self._are_stats_due = False
        if self._is_plugged:
            self._fill(now_s)
        can_send = self._out if now_s >= self._out_at_s else b""
        outcome = self._service.link.wait(can_send, self._pause_s(now_s) if self._is_plugged else 0.0)
        is_new = not self._is_plugged
        self._is_plugged = outcome is not None
        if outcome is None:
            # Nobody is there: what was on its way is lost, and the reader goes on when somebody comes.
            self._out = b""
            self._chunks.clear()
            time.sleep(UNPLUGGED_S)
            return
        if is_new and isinstance(self._reader, Greeting):
            self._carry(self._reader.greeting(time.monotonic()))
        received, sent = outcome
        if sent:
            self._out = self._out[sent:]
            self._sent_at_s = time.monotonic()
        if received:
            self._carry(self._reader.feed(received, time.monotonic()))

    def _load(self) -> None:
        try:
            text = self._service.file.text_if_changed()
            if text is not None:
                self._reader.load(text)
                self._loads += 1
        except ValueError as error:
            # A file caught half written is whole at the next look; until then the field stays as it was.
            print(error, file=sys.stderr, flush=True)

    def _fill(self, now_s: float) -> None:
        # Nothing new is made while bytes wait: the reader goes no faster than its link.
        if not self._out and not self._chunks:
            self._carry(self._reader.due(now_s))
            if not self._chunks and now_s - self._sent_at_s > GLUE_S:
                self._chunks.extend((chunk.octets, chunk.pause_s) for chunk in self._service.wire.release())
        if not self._out and self._chunks:
            self._out, pause_s = self._chunks.popleft()
            self._out_at_s = now_s + pause_s

    def _carry(self, frames: list[bytes]) -> None:
        self._chunks.extend((chunk.octets, chunk.pause_s) for chunk in self._service.wire.carry(frames))

    def _pause_s(self, now_s: float) -> float:
        wake_s = self._look_at_s
        if self._out:
            wake_s = min(wake_s, self._out_at_s) if self._out_at_s > now_s else wake_s
        elif self._chunks:
            wake_s = now_s
        else:
            due_s = self._reader.next_due_s()
            wake_s = min(wake_s, due_s) if due_s is not None else wake_s
        return max(0.0, wake_s - now_s)

    def write_stats(self) -> None:
        path, told = self._service.stats, (self._reader.reads_told, self._loads)
        if path is None or told == self._stats_told:
            return
        self._stats_told = told
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        tags = self._service.sent.tags if self._service.sent else {}
        line = {
            "reads_told": self._reader.reads_told,
            "loads": self._loads,
            "frames_intact": self._service.wire.intact_frames,
            "tags_intact": sorted(tags),
            "tags_intact_twice": sorted(tag for tag, frames in tags.items() if frames > 1),
        }
        aside.write_text(json.dumps(line) + "\n", encoding="utf-8")
        aside.replace(path)
