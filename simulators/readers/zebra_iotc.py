"""A simulated Zebra reader with its IoT connector: it reads as long as it is on, and pushes each tag as a JSON message.

Two models: `fx`, a fixed reader with four antennas, and `rfd`, a sled that tells tags in arrays and names no antenna. Written from
the documents alone. Not modelled: its REST commands, modes, and what its filters would leave out.
"""

import collections
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from simulators.gen2 import gen2_checksum, protocol_control
from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.tags import parse_tags

MODELS: Final = ("fx", "rfd")
ANTENNAS: Final = {"fx": (1, 2, 3, 4), "rfd": (1,)}
CHANNELS_MHZ: Final = (865.7, 866.3, 866.9, 867.5)
BURST_MESSAGES_MAX: Final = 64
EMPTY_PASS_S: Final = 0.01


class ZebraReader:
    """One reader: ask it for the messages that are due. It obeys nobody but its trigger, which is held."""

    def __init__(self, radio: Radio, *, model: str, pace: Pace | None = None) -> None:
        self.reads_told = 0
        """Tags given out."""
        self._radio = radio
        self._model = model
        self._pace = pace or Pace()
        self._queue: collections.deque[Hearing] = collections.deque()
        self._turn = 0
        self._next_at_s = self._pass_ends_at_s = 0.0

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the field stays as it was."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """EPCs, upper hex, that a message tells."""
        body = json.loads(frame)["data"]
        return [tag["EPCid"].upper() for tag in body["tagData"]] if "tagData" in body else [body["idHex"].upper()]

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """A reader that pushes hears nobody."""
        del chunk, now_s
        return []

    def next_due_s(self) -> float | None:
        """When messages are due next."""
        return self._next_at_s

    def due(self, now_s: float) -> list[bytes]:
        """The messages due by `now_s`."""
        messages: list[bytes] = []
        while self._next_at_s <= now_s and len(messages) < BURST_MESSAGES_MAX:
            if self._queue:
                messages.append(self._tell(self._queue.popleft()))
                self._next_at_s += self._pace.interval_s
                if not self._queue:
                    self._next_at_s = max(self._next_at_s, self._pass_ends_at_s)
            else:
                self._begin_pass(now_s)
        return messages

    def _begin_pass(self, now_s: float) -> None:
        antennas = ANTENNAS[self._model]
        self._turn = (self._turn + 1) % len(antennas)
        self._queue.extend(self._radio.hear(antennas[self._turn]))
        # A late caller must not owe old passes: time lost to a slow link is not caught up.
        began_at_s = max(self._next_at_s, now_s - self._pace.interval_s)
        self._pass_ends_at_s = began_at_s + max(self._pace.pass_s_min, 0.0 if self._queue else EMPTY_PASS_S)
        self._next_at_s = began_at_s if self._queue else self._pass_ends_at_s

    def _tell(self, hearing: Hearing) -> bytes:
        self.reads_told += 1
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        tag = hearing.tag
        control = protocol_control(tag)
        shared: dict[str, Any] = {
            "PC": control.hex(),
            "CRC": f"{gen2_checksum(control + tag.epc):04x}",
            "TID": tag.tid.hex(),
            "channel": CHANNELS_MHZ[self.reads_told % len(CHANNELS_MHZ)],
            "peakRssi": hearing.rssi_dbm,
            "eventNum": self.reads_told,
        }
        if self._model == "rfd":
            body = {"tagData": [shared | {"EPCid": tag.epc.hex(), "seenCount": 1}]}
            return _line({"type": "CYCLE_COUNT", "timestamp": at, "data": body})
        body = shared | {"idHex": tag.epc.hex(), "format": "epc", "antenna": hearing.antenna, "reads": 1}
        return _line({"type": "CUSTOM", "timestamp": at, "data": body})


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
