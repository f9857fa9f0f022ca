"""One continuous search of a ThingMagic module: passes in turn, keep-alives, status reports, and the rest at the stop.

A pass is one inventory by one antenna. The antennas of the search list take turns. With a rate of 0 a pass is as fast as
the link but lasts at least `pass_s_min`; a search cycle in which no antenna heard anything ends in a keep-alive.
"""

import collections
import dataclasses
import random
import struct
from collections.abc import Sequence
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import thingmagic_records as records
from simulators.readers.thingmagic_frames import encode_reply

BURST_FRAMES_MAX: Final = 64
"""Frames given out at once: about 3 kB, so that a stop command is heard within some 3 kB even at line speed."""
EMPTY_PASS_S: Final = 0.01
"""Shortest pass that hears nothing: the slots of an empty field, and no busy waiting."""
NO_TAG: Final = 0x0400


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What the module was set to when the search began."""

    ports: tuple[int, ...]
    """Antennas in the order of their turns; never empty."""
    channels_khz: tuple[int, ...]
    """Channels of the region; never empty."""
    is_filtered: bool
    """True: a tag is told once per antenna and search, as the read filter does."""
    temperature_c: int = 30
    """What status reports tell."""


class ContinuousSearch:
    """A search from its start command to its stop; ask it for the frames that are due."""

    def __init__(self, plan: records.SearchPlan, setting: Setting, radio: Radio, *, pace: Pace, now_s: float) -> None:
        self.next_at_s = now_s
        """When the next frame is due (monotonic seconds)."""
        self.reads_told = 0
        """Tag frames given out."""
        self.passes_begun = 0
        """Passes of any antenna."""
        self._plan = plan
        self._setting = setting
        self._radio = radio
        self._pace = pace
        self._chance = random.Random(0)
        self._queue: collections.deque[Hearing] = collections.deque()
        self._told: set[tuple[int, bytes]] = set()
        self._turn = 0
        self._pass_ends_at_s = self._cycle_at_s = self._keep_alive_at_s = now_s
        self._cycle_heard = False

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`, at most `BURST_FRAMES_MAX`, in order."""
        frames: list[bytes] = []
        while self.next_at_s <= now_s and len(frames) < BURST_FRAMES_MAX:
            if self._queue:
                frames.append(self._tell(self._queue.popleft(), now_s))
                self.next_at_s += self._pace.interval_s
                if not self._queue:
                    self.next_at_s = max(self.next_at_s, self._pass_ends_at_s)
            else:
                frames += self._begin_pass(now_s)
        return frames

    def drain(self, now_s: float) -> list[bytes]:
        """The frames of what the radio has heard and not told: they go out before the reply to the stop."""
        frames = [self._tell(hearing, now_s) for hearing in self._queue]
        self._queue.clear()
        return frames

    def _tell(self, hearing: Hearing, now_s: float) -> bytes:
        self.reads_told += 1
        channels = self._setting.channels_khz
        circumstances = records.Circumstances(
            freq_khz=channels[self.passes_begun % len(channels)],
            since_keep_alive_ms=max(0, int((now_s - self._keep_alive_at_s) * 1000)),
            phase_deg=int(self._chance.random() * 181),
        )
        return encode_reply(0x22, records.encode_stream_data(hearing, self._plan, circumstances))

    def _begin_pass(self, now_s: float) -> list[bytes]:
        frames: list[bytes] = []
        if self._turn >= len(self._setting.ports):
            # An empty round of the antennas is asked again until the search timeout, and only then said.
            if self._cycle_heard or now_s >= self._cycle_at_s + self._plan.timeout_s:
                frames = self._end_cycle(now_s)
            self._turn = 0
        self.passes_begun += 1
        heard = self._unfiltered(self._radio.hear(self._setting.ports[self._turn]))
        self._turn += 1
        self._queue.extend(heard)
        self._cycle_heard = self._cycle_heard or bool(heard)
        # A late caller must not owe old passes: time lost to a slow link is not caught up.
        began_at_s = max(self.next_at_s, now_s - self._pace.interval_s)
        self._pass_ends_at_s = began_at_s + max(self._pace.pass_s_min, 0.0 if heard else EMPTY_PASS_S)
        self.next_at_s = began_at_s if heard else self._pass_ends_at_s
        return frames

    def _unfiltered(self, heard: Sequence[Hearing]) -> list[Hearing]:
        if not self._setting.is_filtered:
            return list(heard)
        fresh = [one for one in heard if (one.antenna, one.tag.epc) not in self._told]
        self._told.update((one.antenna, one.tag.epc) for one in fresh)
        return fresh

    def _end_cycle(self, now_s: float) -> list[bytes]:
        frames = []
        if not self._cycle_heard:
            frames.append(encode_reply(0x22, status=NO_TAG))
            self._keep_alive_at_s = now_s
        plan = self._plan
        if plan.search_flags & records.SEARCH_STATUS:
            header = struct.pack(">BHHB", records.OPTION_METADATA, plan.search_flags, plan.metadata_flags, 0x02)
            frames.append(
                encode_reply(0x22, header + struct.pack(">Hb", plan.status_flags, self._setting.temperature_c))
            )
        self._cycle_at_s, self._cycle_heard = now_s, False
        return frames
