r"""A simulated Chainway UR4: four antennas, orders with a check byte, and a stream of one frame for each tag it hears.

======  ====  ==========================================================
offset  size  meaning
======  ====  ==========================================================
0       2     ``A5 5A``
2       2     length of the whole frame, big endian
4       1     command; an answer has one more
5       …     payload
last 3  1     exclusive or of length..payload
last 2  2     ``0D 0A``
======  ====  ==========================================================

Written from the protocol reference alone. While it streams it answers nothing but the stop, as the reference says. Two models:
`tenths` tells strengths in tenths of dBm, `whole` in whole dBm as older firmware does. Not modelled: what sessions and power
change on the air.

>>> encode_frame(0x02).hex().upper()
'A55A0008020A0D0A'
"""

import collections
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from simulators.gen2 import protocol_control
from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.tags import parse_tags

MODELS: Final = ("tenths", "whole")
ANTENNA_PORTS: Final = 4
POWER_CDBM_MAX: Final = 3_000
REGIONS: Final = {0x01, 0x02, 0x04, 0x08, 0x16, 0x32}
START: Final = b"\xa5\x5a"
FIXED_BYTES: Final = 8
FRAME_BYTES_MAX: Final = 2_048
ORDER_GAP_S: Final = 0.5
"""An order whose bytes pause longer than this is given up."""
BURST_FRAMES_MAX: Final = 64
EMPTY_PASS_S: Final = 0.01
REFUSED: Final = b"\x00"
DONE: Final = b"\x01"
TID_BYTES: Final = 12


def encode_frame(command: int, payload: bytes = b"") -> bytes:
    """One frame of the reader."""
    body = (len(payload) + FIXED_BYTES).to_bytes(2, "big") + bytes((command,)) + payload
    return START + body + bytes((functools.reduce(operator.xor, body),)) + b"\r\n"


class ChainwayReader:
    """One reader on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, model: str = MODELS[0], pace: Pace | None = None) -> None:
        self.reads_told = 0
        """Tag frames given out."""
        self._radio = radio
        self._model = model
        self._pace = pace or Pace()
        self._buffer = b""
        self._heard_at_s = 0.0
        self._region = 0x08
        self._powers = dict.fromkeys(range(1, ANTENNA_PORTS + 1), POWER_CDBM_MAX)
        self._antennas: tuple[int, ...] = (1,)
        self._has_tid = False
        self._gen2 = bytes.fromhex("03 40 F5 11")
        self._is_streaming = False
        self._queue: collections.deque[Hearing] = collections.deque()
        self._turn = 0
        self._next_at_s = self._pass_ends_at_s = 0.0
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x02: lambda _: bytes((7, 1, 2)), 0x10: self._set_powers, 0x12: self._get_powers, 0x20: self._set_gen2,
            0x22: lambda _: self._gen2, 0x28: self._set_antennas, 0x2C: self._set_region,
            0x2E: lambda _: b"\x01" + bytes((self._region,)), 0x70: self._set_mode, 0x8C: lambda _: DONE,
        }  # fmt: skip

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the field stays as it was."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """The EPC, upper hex, that a frame of this reader tells."""
        if frame[4] != 0x83:
            return ()
        return (frame[7 : 7 + (frame[5] >> 3) * 2].hex().upper(),)

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The answers to the orders that `chunk` completes, and what is told before a stop is answered."""
        if now_s - self._heard_at_s > ORDER_GAP_S:
            self._buffer = b""
        self._heard_at_s = now_s
        self._buffer += chunk
        return [frame for command, payload in self._orders() for frame in self._obey(command, payload, now_s=now_s)]

    def next_due_s(self) -> float | None:
        """When frames are due next; None: not before a start."""
        return self._next_at_s if self._is_streaming else None

    def due(self, now_s: float) -> list[bytes]:
        """The frames due by `now_s`."""
        frames: list[bytes] = []
        while self._is_streaming and self._next_at_s <= now_s and len(frames) < BURST_FRAMES_MAX:
            if self._queue:
                frames.append(self._tell(self._queue.popleft()))
                self._next_at_s += self._pace.interval_s
                if not self._queue:
                    self._next_at_s = max(self._next_at_s, self._pass_ends_at_s)
            else:
                self._begin_pass(now_s)
        return frames

    def _begin_pass(self, now_s: float) -> None:
        self._turn = (self._turn + 1) % len(self._antennas)
        self._queue.extend(self._radio.hear(self._antennas[self._turn]))
        # A late caller must not owe old passes: time lost to a slow link is not caught up.
        began_at_s = max(self._next_at_s, now_s - self._pace.interval_s)
        self._pass_ends_at_s = began_at_s + max(self._pace.pass_s_min, 0.0 if self._queue else EMPTY_PASS_S)
        self._next_at_s = began_at_s if self._queue else self._pass_ends_at_s

    def _tell(self, hearing: Hearing) -> bytes:
        self.reads_told += 1
        tag = hearing.tag
        tid = tag.tid[:TID_BYTES].ljust(TID_BYTES, b"\0") if self._has_tid else b""
        tenths = hearing.rssi_dbm * 10 & 0xFFFF
        strength = tenths if self._model == "tenths" else hearing.rssi_dbm & 0xFF
        record = protocol_control(tag) + tag.epc + tid + strength.to_bytes(2, "big") + bytes((hearing.antenna,))
        return encode_frame(0x83, record)

    def _orders(self) -> Iterator[tuple[int, bytes]]:
        while (at := self._buffer.find(START)) >= 0 and len(self._buffer) - at >= FIXED_BYTES // 2:
            size = int.from_bytes(self._buffer[at + 2 : at + 4], "big")
            frame = self._buffer[at : at + size]
            if FIXED_BYTES <= size <= FRAME_BYTES_MAX and len(frame) < size:
                return
            is_whole = FIXED_BYTES <= size <= FRAME_BYTES_MAX and frame[-2:] == b"\r\n"
            if is_whole and functools.reduce(operator.xor, frame[2:-2]) == 0:
                yield frame[4], frame[5:-3]
                self._buffer = self._buffer[at + size :]
            else:
                self._buffer = self._buffer[at + 1 :]

    def _obey(self, command: int, payload: bytes, *, now_s: float) -> list[bytes]:
        told: list[bytes] = []
        if self._is_streaming and command != 0x8C:
            return told
        if command == 0x82:
            # The stream itself is the answer.
            self._is_streaming, self._next_at_s = True, now_s
            return told
        if command == 0x8C:
            told = [self._tell(hearing) for hearing in self._queue]
            self._queue.clear()
            self._is_streaming = False
        answer = self._answers.get(command)
        return [*told, encode_frame(command + 1, answer(payload))] if answer else told

    def _set_region(self, payload: bytes) -> bytes:
        if len(payload) != 2 or payload[1] not in REGIONS:
            return REFUSED
        self._region = payload[1]
        return DONE

    def _set_powers(self, payload: bytes) -> bytes:
        told = [payload[at : at + 5] for at in range(1, len(payload), 5)]
        if payload[:1] != b"\x02" or not all(len(one) == 5 and 1 <= one[0] <= ANTENNA_PORTS for one in told):
            return REFUSED
        for one in told:
            # The reader keeps to what it can do; only reading back tells.
            self._powers[one[0]] = min(POWER_CDBM_MAX, int.from_bytes(one[1:3], "big"))
        return DONE

    def _get_powers(self, _: bytes) -> bytes:
        rows = (bytes((antenna,)) + power.to_bytes(2, "big") * 2 for antenna, power in self._powers.items())
        return b"\0" + b"".join(rows)

    def _set_antennas(self, payload: bytes) -> bytes:
        mask = int.from_bytes(payload[1:], "big")
        if len(payload) != 3 or not mask or mask >> ANTENNA_PORTS:
            return REFUSED
        self._antennas = tuple(port for port in range(1, ANTENNA_PORTS + 1) if mask & 1 << (port - 1))
        return DONE

    def _set_mode(self, payload: bytes) -> bytes:
        if len(payload) != 4 or payload[1] not in {0, 1}:
            return REFUSED
        self._has_tid = payload[1] == 1
        return DONE

    def _set_gen2(self, payload: bytes) -> bytes:
        if len(payload) != 4:
            return REFUSED
        self._gen2 = payload
        return DONE
