"""Replay: a capture driven through the drivers again, as JSON Lines of what they make of it.

Given: a capture. Does: every call that the agent made on its drivers, at the captured times, with the ticks between them.
Promises: nothing is opened and nothing is sent; what a broken file holds is passed over.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from reader_drivers.agent.capture import CaptureRefused, Line, bytes_of, plan_of, read_capture
from reader_drivers.agent.decode import read_fields
from reader_drivers.agent.protocols import UnknownProtocol, protocol_named
from reader_drivers.driver import Button, Driver, Event, KeepAlive, Output, PassEnd, ReaderError, ReaderState, Reply
from reader_drivers.errors import PlanRefused, Rejected
from reader_drivers.reads import BarcodeScan, TagRead

TICK_MS: Final = 20
SILENCE_TICKS_MAX: Final = 500
"""Ten seconds of ticks: a driver has given up on everything by then, and a quiet night is not ticked through."""


@dataclass(slots=True)
class _Played:
    driver: Driver
    now: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    tags: set[str] = field(default_factory=set)


class Replay:
    """One capture. `summary` is complete when `lines` has ended."""

    def __init__(self, *, only: str | None = None, wait: Callable[[float], None] | None = None) -> None:
        """`only`: the name of one reader. `wait` takes the seconds until the next line; None: as fast as possible."""
        self._only = only
        self._wait = wait
        self._readers: dict[str, _Played] = {}
        self._last_ms = 0

    def lines(self, source: BinaryIO) -> Iterator[str]:
        """One JSON object for every event. Raises: CaptureRefused: no capture, or no such reader in it."""
        for line in read_capture(source):
            if "readers" in line:
                self._begin(line)
            else:
                yield from self._play(line)

    def summary(self) -> list[str]:
        """One line for each reader."""
        return [
            f"{name}: {played.counts['tag_read']} reads of {len(played.tags)} tags, {played.counts['barcode']} scans, "
            f"{played.counts['pass_end']} passes, {played.counts['rejected']} pieces not understood"
            for name, played in self._readers.items()
        ]

    def _begin(self, header: Line) -> None:
        self._last_ms = 0
        for name, reader in header["readers"].items():
            if self._only in {None, name}:
                try:
                    driver = protocol_named(str(reader["protocol"])).driver()
                except (UnknownProtocol, TypeError, KeyError) as error:
                    raise CaptureRefused(f"The reader {name} of this capture cannot be replayed: {error}") from error
                # A capture that was gone on with has a second beginning: new drivers, the same counts.
                before = self._readers.get(name, _Played(driver))
                self._readers[name] = _Played(driver, counts=before.counts, tags=before.tags)
        if not self._readers:
            known = ", ".join(header["readers"])
            raise CaptureRefused(f"The capture has no reader named {self._only!r}; it has {known}.")

    def _play(self, line: Line) -> Iterator[str]:
        played = self._readers.get(line["reader"])
        if played is None:
            return
        ms = max(line["ms"], played.now)
        if self._wait is not None and ms > self._last_ms:
            self._wait((ms - self._last_ms) / 1000)
        self._last_ms = max(ms, self._last_ms)
        yield from self._ticks(line["reader"], played, ms)
        yield from self._told(line["reader"], played, _call(played.driver, line, ms))

    def _ticks(self, name: str, played: _Played, until_ms: int) -> Iterator[str]:
        if until_ms - played.now > SILENCE_TICKS_MAX * TICK_MS:
            # The rest of a long silence is one step, as for a computer that slept.
            yield from self._told(name, played, played.driver.tick(until_ms - SILENCE_TICKS_MAX * TICK_MS))
            played.now = until_ms - SILENCE_TICKS_MAX * TICK_MS
        while played.now + TICK_MS <= until_ms:
            played.now += TICK_MS
            yield from self._told(name, played, played.driver.tick(played.now))
        played.now = until_ms

    def _told(self, name: str, played: _Played, output: Output) -> Iterator[str]:
        for event in output.events:
            kind, facts = told(event)
            played.counts[kind] += 1
            if isinstance(event, TagRead):
                played.tags.add(event.id_hex)
            yield json.dumps({"ms": played.now, "reader": name, "event": kind, **facts}, ensure_ascii=False)


def _call(driver: Driver, line: Line, now: int) -> Output:
    try:
        plan = plan_of(line)
        if plan is not None:
            return driver.start(plan)
    except (PlanRefused, KeyError, TypeError, ValueError):
        return Output()
    received = bytes_of(line, "reader")
    if received is not None:
        return driver.feed(received, now)
    if "stop" in line:
        return driver.stop()
    if isinstance(antennas := line.get("end_passes"), list):
        return driver.end_passes(tuple(antennas), now)
    return Output()


def told(event: Event) -> tuple[str, dict[str, Any]]:
    """Name and fields of an event, as `decode` names them."""
    match event:
        case TagRead():
            return "tag_read", read_fields(event)
        case BarcodeScan(text=text, aim=aim):
            return "barcode", {"text": text, "aim": aim}
        case PassEnd(antenna, n, from_ms, to_ms):
            return "pass_end", {"antenna": antenna, "n": n, "from_ms": from_ms, "to_ms": to_ms}
        case Rejected(raw, reason):
            return "rejected", {"hex": raw.hex().upper(), "reason": reason}
        case ReaderState(phase, detail):
            return "state", {"phase": phase.value, "detail": detail}
        case ReaderError(error_code, meaning):
            return "error", {"error_code": error_code, "meaning": meaning}
        case Button(name, action):
            return "button", {"button": name, "action": action}
        case KeepAlive():
            return "keep_alive", {}
        case Reply(name, raw):
            return "reply", {"name": name, "hex": raw.hex().upper()}
        case _:
            return type(event).__name__.lower(), {}
