r"""Capture: what was said between the agent and its readers, with times, in a file that can be sent with a bug report.

JSON Lines, see docs/readers/capture.md. The first line says what follows, every other one is something that happened:

    {"format": "baguier-capture/1", "at": "2026-11-25T08:30:00Z", "readers": {"pad": {"protocol": "thingmagic_ff"}}}
    {"ms": 12, "reader": "pad", "start": {"region": "EU", "power_cdbm": 2000, "antennas": [1], …}}
    {"ms": 12, "reader": "pad", "from": "host", "hex": "FF000C1D03"}
    {"ms": 15, "reader": "pad", "from": "reader", "hex": "FF010C0000127B24"}
    {"ms": 99, "reader": "pad", "end_passes": [1]}
    {"ms": 99, "reader": "pad", "stop": true}
    {"ms": 120, "reader": "pad", "state": "idle", "detail": ""}

A driver is a function of its calls, so the same calls at the same times give the same events again: that is the replay.
Nothing of agent.toml but names, protocols and plans is written: no token, no address. Tag codes and scans are in it.
"""

import dataclasses
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec

from reader_drivers.agent.settings import ReaderSettings, SettingsRefused
from reader_drivers.agent.transports import monotonic_ms
from reader_drivers.driver import Driver, Output, ReadPlan, Region

FORMAT: Final = "baguier-capture/1"
MARK: Final = b'{"format":"baguier-capture/'
"""How every capture begins."""
CAPTURE_BYTES_MAX: Final = 64 * 1_048_576
"""Both files of a capture together: about two hours of four busy readers, and still small enough to be sent."""
LINE_BYTES_MAX: Final = 4 * 1_048_576
"""A chunk is at most what waits for the event loop (1 MiB), twice as long in hex."""

Line: TypeAlias = dict[str, Any]
log = logging.getLogger("baguier.agent")


class Capture:
    """An open capture. Every line is with the system when its call returns, so killing the agent loses none.

    When the file is beyond half of the limit it becomes FILE.1, in place of an older one, and a new one is begun: the
    end of a long capture is what a report needs.
    """

    def __init__(self, path: Path, readers: Iterable[ReaderSettings], *, bytes_max: int = CAPTURE_BYTES_MAX) -> None:
        """Raises: SettingsRefused: the file cannot be written."""
        self._path = path
        self._readers = {r.name: {"protocol": r.protocol.name, "baud": r.baud} for r in readers}
        self._part_bytes_max = bytes_max // 2
        self.began_ms = monotonic_ms()
        """When the file begins, by the clock of all reads; its ms count from here."""
        self._size = 0
        self._file: int | None = None
        try:
            self._open()
        except OSError as error:
            raise SettingsRefused(
                f"The capture {path} cannot be written ({error.strerror}); name another file."
            ) from error

    def tell(self, reader: str, at_ms: int, **happened: object) -> None:
        """Write one line. A full disk ends the capture and nothing else."""
        if self._file is None:
            return
        try:
            if self._size > self._part_bytes_max:
                self.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._open()
            self._write({"ms": max(0, at_ms - self.began_ms), "reader": reader, **happened})
        except OSError as error:
            log.warning("the capture %s ends here: %s", self._path, error)
            self.close()

    def close(self) -> None:
        """Give the file up."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _open(self) -> None:
        # For its owner only: the codes of a shop's tags are nobody else's business.
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._size = os.fstat(self._file).st_size
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.began_ms = monotonic_ms()
        if self._size:
            # A line that a power failure has cut must not swallow the head.
            self._size += os.write(self._file, b"\n")
        self._write({"format": FORMAT, "at": at, "readers": self._readers})

    def _write(self, content: Mapping[str, object]) -> None:
        assert self._file is not None
        self._size += os.write(self._file, msgspec.json.encode(content) + b"\n")


class CapturedDriver:
    """A driver whose calls and bytes are written down. Implements `driver.Driver`."""

    def __init__(self, driver: Driver, capture: Capture, reader: str) -> None:
        self._driver = driver
        self._capture = capture
        self._reader = reader

    def start(self, plan: ReadPlan) -> Output:
        """See `driver.Driver`."""
        self._capture.tell(self._reader, monotonic_ms(), start=dataclasses.asdict(plan))
        return self._sent(self._driver.start(plan), monotonic_ms())

    def feed(self, received: bytes, now: int) -> Output:
        """See `driver.Driver`."""
        self._capture.tell(self._reader, now, **{"from": "reader", "hex": received.hex().upper()})
        return self._sent(self._driver.feed(received, now), now)

    def tick(self, now: int) -> Output:
        """See `driver.Driver`."""
        return self._sent(self._driver.tick(now), now)

    def stop(self) -> Output:
        """See `driver.Driver`."""
        self._capture.tell(self._reader, monotonic_ms(), stop=True)
        return self._sent(self._driver.stop(), monotonic_ms())

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """See `driver.Driver`."""
        self._capture.tell(self._reader, now, end_passes=antennas)
        return self._sent(self._driver.end_passes(antennas, now), now)

    def _sent(self, output: Output, now: int) -> Output:
        if output.sent:
            self._capture.tell(self._reader, now, **{"from": "host", "hex": output.sent.hex().upper()})
        return output


class CaptureRefused(ValueError):
    """A file is no capture; the sentence says what was expected."""

    code = "capture_refused"


def is_capture(beginning: bytes) -> bool:
    """True: a file that begins with these bytes is a capture, not raw bytes."""
    return beginning.startswith(MARK)


def read_capture(source: BinaryIO) -> Iterator[Line]:
    """The lines of a capture in order, as they are read. A line cut by a power failure is passed over.

    Raises: CaptureRefused: the first line is not a capture's.
    """
    if not is_capture(first := source.readline(LINE_BYTES_MAX)):
        raise CaptureRefused("This is no capture; make one with `baguier-agent run --capture FILE`.")
    while first:
        line = _parsed(first)
        if line is not None:
            yield line
        first = source.readline(LINE_BYTES_MAX)


def _parsed(raw: bytes) -> Line | None:
    try:
        line = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    known = isinstance(line.get("readers"), dict) or (isinstance(line.get("ms"), int) and "reader" in line)
    return line if known else None


def bytes_of(line: Line, sender: str) -> bytes | None:
    """What `sender` (`reader` or `host`) said in this line; None: it is another one, or no hex."""
    try:
        return bytes.fromhex(line["hex"]) if line.get("from") == sender else None
    except (KeyError, TypeError, ValueError):
        return None


def plan_of(line: Line) -> ReadPlan | None:
    """The plan of a start; None: the line is no start."""
    if "start" not in line:
        return None
    fields = dict(line["start"])
    return ReadPlan(**fields | {"region": Region(fields["region"]), "antennas": tuple(fields["antennas"])})
