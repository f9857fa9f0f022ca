r"""A simulated Nordic ID NUR reader: four antennas, orders with two checks, and a stream of notifications.

======  ====  ==========================================================
offset  size  meaning
======  ====  ==========================================================
0       1     ``A5``
1       2     bytes behind the header, little endian
3       2     flags: 1 notification, 2 with embedded reads
5       1     ``FF`` exclusive or of the five bytes before
6       1     command
7       …     body; of an answer or notification the status first
last 2  2     CRC-CCITT-FALSE over command and body, little endian
======  ====  ==========================================================

Written from the documents alone. The stream tells what a round over the antennas heard, and that nothing was; after so many
rounds it ends by itself until it is started again, as the readers do. Not modelled: what power and session change on the air.

>>> encode_frame(0x02).hex().upper()
'A5030000005902B2C1'
"""

import binascii
import collections
import functools
import operator
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from simulators.gen2 import protocol_control
from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.tags import parse_tags

ANTENNA_PORTS: Final = 4
FIXED_BYTES: Final = 8
BEHIND_BYTES_MAX: Final = 1_024
ORDER_GAP_S: Final = 0.5
STRONGEST_DBM: Final = 27
POWER_STEPS: Final = 20
REGIONS: Final = range(18)
FREQ_KHZ: Final = 866_900
TAGS_IN_NOTIFICATION_MAX: Final = 8
ROUNDS_IN_STREAM: Final = 200
EMPTY_ROUND_S: Final = 0.02
DONE, INVALID_COMMAND, INVALID_LENGTH, OUT_OF_RANGE, NO_TAG = 0, 1, 2, 3, 0x20
NOTIFICATION, EMBEDDED = 1, 2


def encode_frame(command: int, body: bytes = b"", *, flags: int = 0) -> bytes:
    """One frame of the reader."""
    content = bytes((command,)) + body
    header = struct.pack("<BHH", 0xA5, len(content) + 2, flags)
    header += bytes((functools.reduce(operator.xor, header, 0xFF),))
    return header + content + binascii.crc_hqx(content, 0xFFFF).to_bytes(2, "little")


class NurReader:
    """One reader on one link: feed it bytes, ask it for the frames that are due."""

    def __init__(self, radio: Radio, *, pace: Pace | None = None) -> None:
        self.mode = b"A"
        """What get mode tells: application, or boot loader; tests set it."""
        self.reads_told = 0
        """Tags given out."""
        self._radio = radio
        self._pace = pace or Pace()
        self._buffer = b""
        self._heard_at_s = 0.0
        self._antennas: tuple[int, ...] = (1,)
        self._tid_words = 0
        self._is_streaming = False
        self._rounds = 0
        self._queue: collections.deque[Hearing] = collections.deque()
        self._next_at_s = 0.0
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            0x01: lambda _: b"\0OK", 0x04: lambda _: bytes((DONE,)) + self.mode, 0x0B: self._capabilities,
            0x0E: self._stop, 0x22: self._setup, 0x41: self._read_memory,
        }  # fmt: skip

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the field stays as it was."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """EPCs, upper hex, that a frame of this reader tells."""
        if frame[6] != 0x82 or frame[7] != DONE:
            return ()
        has_embedded = bool(frame[3] & EMBEDDED)
        told, at = [], 13
        while at < len(frame) - 2:
            record = frame[at + 1 : at + 1 + frame[at]]
            words = record[8] if has_embedded else 0
            told.append(record[13 if has_embedded else 12 : len(record) - words].hex().upper())
            at += 1 + frame[at]
        return told

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The answers to the orders that `chunk` completes, and what is told before a stop is answered."""
        if now_s - self._heard_at_s > ORDER_GAP_S:
            self._buffer = b""
        self._heard_at_s = now_s
        self._buffer += chunk
        return [frame for command, body in self._orders() for frame in self._obey(command, body, now_s=now_s)]

    def next_due_s(self) -> float | None:
        """When frames are due next; None: not before a start."""
        return self._next_at_s if self._is_streaming else None

    def due(self, now_s: float) -> list[bytes]:
        """The notification due by `now_s`, if any."""
        if not self._is_streaming or self._next_at_s > now_s:
            return []
        if not self._queue:
            self._rounds += 1
            for antenna in self._antennas:
                self._queue.extend(self._radio.hear(antenna))
            if not self._queue:
                self._next_at_s = now_s + EMPTY_ROUND_S
                return [self._notification(self._ended(), ())]
        heard = [self._queue.popleft() for _ in range(min(TAGS_IN_NOTIFICATION_MAX, len(self._queue)))]
        wait_s = len(heard) * self._pace.interval_s + (0 if self._queue else self._pace.pass_s_min)
        # A late caller must not owe old rounds: time lost to a slow link is not caught up.
        self._next_at_s = max(self._next_at_s, now_s - self._pace.interval_s) + wait_s
        return [self._notification(self._ended(), heard)]

    def _ended(self) -> bool:
        if self._rounds < ROUNDS_IN_STREAM or self._queue:
            return False
        self._is_streaming, self._rounds = False, 0
        return True

    def _notification(self, is_stopped: bool, heard: Sequence[Hearing]) -> bytes:  # noqa: FBT001 - a byte of the frame.
        self.reads_told += len(heard)
        flags = NOTIFICATION | (EMBEDDED if self._tid_words else 0)
        if not heard:
            return encode_frame(0x82, struct.pack("<BBBHB", NO_TAG, is_stopped, 1, 0, 4), flags=flags)
        records = b"".join(map(self._record, heard))
        return encode_frame(0x82, struct.pack("<BBBHB", DONE, is_stopped, 1, 0, 4) + records, flags=flags)

    def _record(self, hearing: Hearing) -> bytes:
        tag = hearing.tag
        words = tag.tid[: 2 * self._tid_words]
        size = bytes((len(words),)) if self._tid_words else b""
        signal = struct.pack("<bBHI", hearing.rssi_dbm, 50, 0, FREQ_KHZ)
        control = int.from_bytes(protocol_control(tag), "big")
        record = signal + size + struct.pack("<HBB", control, 0, hearing.antenna - 1) + tag.epc + words
        return bytes((len(record),)) + record

    def _orders(self) -> Iterator[tuple[int, bytes]]:
        while (at := self._buffer.find(b"\xa5")) >= 0 and len(self._buffer) - at >= FIXED_BYTES - 2:
            header = self._buffer[at : at + 6]
            (behind,) = struct.unpack_from("<H", header, 1)
            is_header = functools.reduce(operator.xor, header, 0xFF) == 0 and 3 <= behind <= BEHIND_BYTES_MAX
            content = self._buffer[at + 6 : at + 6 + behind]
            if is_header and len(content) < behind:
                return
            if is_header and binascii.crc_hqx(content[:-2], 0xFFFF) == int.from_bytes(content[-2:], "little"):
                yield content[0], content[1:-2]
                self._buffer = self._buffer[at + 6 + behind :]
            else:
                self._buffer = self._buffer[at + 1 :]

    def _obey(self, command: int, body: bytes, *, now_s: float) -> list[bytes]:
        if command == 0x02:
            # An acknowledgement has no answer.
            return []
        told: list[bytes] = []
        if command == 0x0E or (command == 0x39 and not body):
            while self._queue:
                heard = [self._queue.popleft() for _ in range(min(TAGS_IN_NOTIFICATION_MAX, len(self._queue)))]
                told.append(self._notification(False, heard))
            return [*told, encode_frame(command, self._stop(body))]
        if command == 0x39:
            self._is_streaming, self._rounds, self._next_at_s = True, 0, now_s
            return [encode_frame(command, bytes((DONE,)))]
        answer = self._answers.get(command)
        return [encode_frame(command, answer(body) if answer else bytes((INVALID_COMMAND,)))]

    def _stop(self, _: bytes) -> bytes:
        self._is_streaming = False
        return bytes((DONE,))

    def _capabilities(self, _: bytes) -> bytes:
        sizes = struct.pack("<HHHHHHH", 500, POWER_STEPS, 200, ANTENNA_PORTS, 0, 2, 3)
        return bytes((DONE,)) + struct.pack("<IIIii", 128, 0, 0, STRONGEST_DBM, 1) + sizes + bytes(92)

    def _setup(self, body: bytes) -> bytes:
        # Power step, region, session, antennas and target: the fields that hosts set; others are not simulated.
        if len(body) != 9 or struct.unpack_from("<I", body)[0] != 0x2154:
            return bytes((INVALID_LENGTH,))
        power, region, session, mask, target = body[4:]
        if (
            power >= POWER_STEPS
            or region not in REGIONS
            or session > 3
            or target > 2
            or not mask
            or mask >> ANTENNA_PORTS
        ):
            return bytes((OUT_OF_RANGE,))
        self._antennas = tuple(port for port in range(1, ANTENNA_PORTS + 1) if mask & 1 << (port - 1))
        return bytes((DONE,)) + body

    def _read_memory(self, body: bytes) -> bytes:
        if body == b"\0":
            self._tid_words = 0
        elif len(body) == 8 and body[:3] == bytes((1, 0, 2)) and body[3:7] == bytes(4):
            self._tid_words = body[7]
        else:
            return bytes((OUT_OF_RANGE,))
        return bytes((DONE,))
