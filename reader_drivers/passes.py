"""Passes: inventories by one antenna, told apart also where the reader sends no end frame.

Where there is an end frame, the driver ends the passes. Else a pass ends when one of its tags is heard again at least
`pass_min_ms` after its first hearing in it, when the reader says that it heard no tag, or after `pass_max_ms`. A silent
antenna has passes too, else silence would not count. Source: decisions.md 6.1.
"""

from dataclasses import dataclass, field

from reader_drivers.driver import PassEnd


@dataclass(slots=True)
class _Pass:
    from_ms: int
    first_heard: dict[tuple[bytes, bytes], int] = field(default_factory=dict)


class PassTracker:
    """The running pass of each antenna. Numbers rise from 1 for each antenna and are never reused."""

    def __init__(self) -> None:
        self._running: dict[int, _Pass] = {}
        self._numbers: dict[int, int] = {}
        self._pass_min_ms = 0
        self._pass_max_ms = 0

    def begin(self, antennas: tuple[int, ...], now: int, *, pass_min_ms: int, pass_max_ms: int) -> None:
        """Reading begins on these antennas at `now`; both limits in ms."""
        self._pass_min_ms, self._pass_max_ms = pass_min_ms, pass_max_ms
        self._running = {antenna: _Pass(now) for antenna in antennas}

    def hear(self, antenna: int, tag: tuple[bytes, bytes], now: int) -> tuple[PassEnd, ...]:
        """A tag (EPC, TID) was heard; the pass that this hearing ends, if any. The hearing belongs to the running pass."""
        running = self._running.setdefault(antenna, _Pass(now))
        first = running.first_heard.get(tag)
        ended: tuple[PassEnd, ...] = ()
        if first is not None and now - first >= self._pass_min_ms:
            ended = (self._end(antenna, now),)
            running = self._running[antenna]
        running.first_heard.setdefault(tag, now)
        return ended

    def end_complete(self, now: int) -> tuple[PassEnd, ...]:
        """A keep-alive or an end frame: every running pass ends, empty ones as well. In order of the antennas."""
        return tuple(self._end(antenna, now) for antenna in sorted(self._running))

    def expire(self, now: int) -> tuple[PassEnd, ...]:
        """Passes that have run for `pass_max_ms` end. In order of the antennas."""
        due = (a for a, running in sorted(self._running.items()) if now - running.from_ms >= self._pass_max_ms)
        return tuple(self._end(antenna, now) for antenna in due)

    def cut(self, antennas: tuple[int, ...], now: int) -> tuple[PassEnd, ...]:
        """End the passes of these antennas before their time: one that heard nothing yet proves no silence and is dropped."""
        ended = []
        for antenna in antennas:
            if antenna not in self._running:
                continue
            if self._running[antenna].first_heard:
                ended.append(self._end(antenna, now))
            else:
                self._running[antenna] = _Pass(now)
        return tuple(ended)

    def close(self, now: int) -> tuple[PassEnd, ...]:
        """Reading is over: cut all passes and run none."""
        ended = self.cut(tuple(sorted(self._running)), now)
        self._running = {}
        return ended

    def _end(self, antenna: int, now: int) -> PassEnd:
        number = self._numbers.get(antenna, 0) + 1
        self._numbers[antenna] = number
        ended = PassEnd(antenna, number, self._running[antenna].from_ms, now)
        self._running[antenna] = _Pass(now)
        return ended
