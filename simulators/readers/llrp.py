"""A simulated fixed reader that speaks LLRP 1.0.1 over TCP: obeys ROSpecs and AccessSpecs, reports the tags its radio hears.

Bytes and times come in, messages come out; the link is somebody else's. Written from the protocol document alone, so that
a misreading in our driver cannot hide behind the same misreading here. Not modelled: priorities, periodic and GPI triggers,
session persistence, and what the reader would do with less power.
"""

import collections
import struct
import time
from collections.abc import Callable, Sequence
from typing import Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import llrp_messages as wire
from simulators.readers.llrp_messages import (
    Message,
    MessageReader,
    OrderError,
    encode_message,
    event,
    optional,
    parameters,
    tlv,
    unpack,
)  # fmt: skip
from simulators.readers.llrp_specs import AccessSpec, RoSpec, encode_tag, parse_access_spec, parse_rospec, told_epc
from simulators.tags import parse_tags

ANTENNA_PORTS: Final = 4
VERSION: Final = 1
REPORT: Final = 61
ERROR: Final = 100
ENTERPRISE: Final = 32473
"""Private enterprise number kept for examples (RFC 5612): no maker's."""
POWER_CDBM: Final = tuple(range(1000, 3175, 25))
"""Transmit powers; index 1 is the first."""
FREQUENCIES_KHZ: Final = (865_700, 866_300, 866_900, 867_500)
"""The four channels of ETSI EN 302 208, lower band."""
FRANCE: Final = 250
ETSI: Final = 2
BURST_MESSAGES_MAX: Final = 64
"""Messages given out at once, so that a stop is heard soon even at line speed."""
EMPTY_PASS_S: Final = 0.01
"""Shortest pass that hears nothing."""


class LlrpReader:
    """One reader, one client at a time: tell it of the connection, feed it bytes, ask it for the messages that are due."""

    def __init__(self, radio: Radio, *, pace: Pace | None = None) -> None:
        self.reads_told = 0
        """Tag reports given out."""
        self._radio = radio
        self._pace = pace or Pace()
        self._messages = MessageReader()
        self._rospecs: dict[int, RoSpec] = {}
        self._access: dict[int, AccessSpec] = {}
        self._active: RoSpec | None = None
        self._queue: collections.deque[Hearing] = collections.deque()
        self._untold: list[bytes] = []
        self._tags_in_inventory = 0
        self._turn = 0
        self._next_at_s = self._pass_ends_at_s = 0.0
        self._keep_alive_s = 0.0
        self._keep_alive_at_s = 0.0
        self._now_s = 0.0
        self._number = 0
        self._answers: dict[int, tuple[int, Callable[[bytes], bytes]]] = {
            1: (11, self._capabilities), 2: (12, lambda _: b""), 3: (13, self._configure), 14: (4, lambda _: b""),
            20: (30, self._add_rospec), 21: (31, self._delete_rospec), 22: (32, self._start), 23: (33, self._stop),
            24: (34, self._enable), 25: (35, self._disable), 40: (50, self._add_access),
            41: (51, self._delete_access), 42: (52, self._enable_access),
        }  # fmt: skip

    def greeting(self, now_s: float) -> list[bytes]:
        """A client has connected: nothing of an earlier one's is left, and the attempt is said to have succeeded."""
        self._messages = MessageReader()
        self._rospecs, self._access, self._active = {}, {}, None
        self._queue.clear()
        self._untold = []
        self._keep_alive_s, self._next_at_s = 0.0, now_s
        return [self._notify(tlv(256, struct.pack(">H", 0)))]

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the field stays as it was."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """EPCs, upper hex, that a message of this reader tells."""
        if unpack("H", frame)[0] & 0x3FF != REPORT:
            return ()
        told = (told_epc(content) for kind, content in parameters(frame, wire.HEADER_BYTES) if kind == wire.TAG_REPORT)
        return [epc for epc in told if epc is not None]

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The answers to the orders that `chunk` completes."""
        return [answer for message in self._messages.feed(chunk) for answer in self._obey(message, now_s)]

    def next_due_s(self) -> float | None:
        """When messages are due next; None: not before an order comes."""
        times = [self._next_at_s] if self._active else []
        return min([*times, self._keep_alive_at_s] if self._keep_alive_s else times, default=None)

    def due(self, now_s: float) -> list[bytes]:
        """The messages due by `now_s`: keep-alives and reports."""
        messages = []
        if self._keep_alive_s and now_s >= self._keep_alive_at_s:
            self._keep_alive_at_s = now_s + self._keep_alive_s
            messages.append(self._own(62))
        while self._active and self._next_at_s <= now_s and len(messages) < BURST_MESSAGES_MAX:
            if self._queue:
                messages += self._tell(self._queue.popleft())
                self._next_at_s += self._pace.interval_s
                if not self._queue:
                    self._next_at_s = max(self._next_at_s, self._pass_ends_at_s)
            else:
                self._begin_pass(now_s)
        return messages

    def _begin_pass(self, now_s: float) -> None:
        assert self._active is not None
        antennas = self._active.antennas or tuple(range(1, ANTENNA_PORTS + 1))
        self._turn = (self._turn + 1) % len(antennas)
        self._queue.extend(self._radio.hear(antennas[self._turn]))
        # A late caller must not owe old passes: time lost to a slow link is not caught up.
        began_at_s = max(self._next_at_s, now_s - self._pace.interval_s)
        self._pass_ends_at_s = began_at_s + max(self._pace.pass_s_min, 0.0 if self._queue else EMPTY_PASS_S)
        self._next_at_s = began_at_s if self._queue else self._pass_ends_at_s

    def _tell(self, hearing: Hearing) -> list[bytes]:
        assert self._active is not None
        self.reads_told += 1
        access = [one for one in self._access.values() if one.is_enabled]
        channel = 1 + self.reads_told % len(FREQUENCIES_KHZ)
        self._untold.append(encode_tag(hearing, self._active, access, now_us=_now_us(), channel=channel))
        self._tags_in_inventory += 1
        limit = self._active.tags_in_inventory
        if limit is not None and (self._tags_in_inventory >= limit if limit else not self._queue):
            self._tags_in_inventory = 0
            self._active = self._active if self._active.is_immediate else None
            return self._report()
        wanted = self._active.tags_in_report
        return self._report() if wanted and len(self._untold) >= wanted else []

    def _drain(self) -> list[bytes]:
        told = []
        while self._active and self._queue:
            told += self._tell(self._queue.popleft())
        self._queue.clear()
        return told + self._report()

    def _report(self) -> list[bytes]:
        told, self._untold = self._untold, []
        return [self._own(REPORT, b"".join(told))] if told else []

    def _own(self, kind: int, body: bytes = b"") -> bytes:
        self._number += 1
        return encode_message(VERSION, kind, number=self._number, body=body)

    def _notify(self, parameter: bytes) -> bytes:
        return self._own(63, event(_now_us(), parameter))

    def _obey(self, message: Message, now_s: float) -> list[bytes]:
        if message.type in {64, 72}:
            # ENABLE_EVENTS_AND_REPORTS and KEEPALIVE_ACK have no answer.
            return []
        known = self._answers.get(message.type)
        if known is None:
            told = wire.status(wire.UNSUPPORTED_MESSAGE, f"message type {message.type} is not known")
            return [encode_message(VERSION, ERROR, number=message.number, body=told)]
        kind, act = known
        self._now_s = now_s
        # What was heard until now is told before the end is confirmed.
        before = self._drain() if message.type in {21, 23, 25} else []
        try:
            body = wire.status() + act(message.body)
        except OrderError as error:
            body = wire.status(error.status, str(error))
        self._next_at_s = max(self._next_at_s, now_s)
        return [*before, encode_message(VERSION, kind, number=message.number, body=body)]

    def _capabilities(self, _: bytes) -> bytes:
        firmware = b"simulated 1"
        general = tlv(
            137,
            struct.pack(">HHII", ANTENNA_PORTS, 0x4000, ENTERPRISE, 1),
            struct.pack(">H", len(firmware)) + firmware,
            tlv(139, struct.pack(">HH", 1, 0)),
            tlv(141, struct.pack(">HH", 0, 0)),
            *(tlv(140, struct.pack(">HHB", antenna, 1, 1)) for antenna in range(1, ANTENNA_PORTS + 1)),
        )
        limits = tlv(142, struct.pack(">BBHIIIII", 0x48, 1, 0, 4, 4, 4, 8, 8))
        powers = (tlv(145, struct.pack(">Hh", n, cdbm)) for n, cdbm in enumerate(POWER_CDBM, start=1))
        fixed = tlv(148, struct.pack(">H4I", len(FREQUENCIES_KHZ), *FREQUENCIES_KHZ))
        # Mode 0: dense reader Miller 4, 64/3, 250 kHz.
        modes = tlv(328, tlv(329, struct.pack(">IBBBBIIIII", 0, 0x80, 2, 0, 2, 250_000, 1500, 12_500, 25_000, 0)))
        band = tlv(144, *powers, tlv(146, b"\0", fixed), modes)
        return (
            general + limits + tlv(143, struct.pack(">HH", FRANCE, ETSI), band) + tlv(327, struct.pack(">BH", 0x40, 2))
        )

    def _configure(self, body: bytes) -> bytes:
        keep_alive = optional(body, 220, 1)
        if keep_alive is not None:
            kind, period_ms = unpack("BI", keep_alive)
            self._keep_alive_s = period_ms / 1000 if kind == 1 else 0.0
            self._keep_alive_at_s = self._now_s + self._keep_alive_s
        return b""

    def _add_rospec(self, body: bytes) -> bytes:
        spec = parse_rospec(body)
        if spec.id in self._rospecs:
            raise OrderError(wire.FIELD_ERROR, f"ROSpec {spec.id} is already there")
        if not all(1 <= antenna <= ANTENNA_PORTS for antenna in spec.antennas):
            raise OrderError(wire.FIELD_ERROR, f"the reader has antennas 1 to {ANTENNA_PORTS}")
        if not 0 <= spec.power_index <= len(POWER_CDBM):
            raise OrderError(wire.FIELD_ERROR, f"power {spec.power_index} is not in the table")
        self._rospecs[spec.id] = spec
        return b""

    def _delete_rospec(self, body: bytes) -> bytes:
        (number,) = unpack("I", body)
        for spec in [self._rospec(number)] if number else list(self._rospecs.values()):
            del self._rospecs[spec.id]
            if self._active is spec:
                self._active = None
        return b""

    def _enable(self, body: bytes) -> bytes:
        spec = self._rospec(unpack("I", body)[0])
        spec.is_enabled = True
        if spec.is_immediate:
            self._active = spec
        return b""

    def _disable(self, body: bytes) -> bytes:
        spec = self._rospec(unpack("I", body)[0])
        spec.is_enabled = False
        if self._active is spec:
            self._active = None
        return b""

    def _start(self, body: bytes) -> bytes:
        spec = self._rospec(unpack("I", body)[0])
        if not spec.is_enabled:
            raise OrderError(wire.FIELD_ERROR, f"ROSpec {spec.id} is not enabled")
        self._active = spec
        return b""

    def _stop(self, body: bytes) -> bytes:
        if self._active is not self._rospec(unpack("I", body)[0]):
            raise OrderError(wire.FIELD_ERROR, "this ROSpec is not active")
        self._active = None
        return b""

    def _add_access(self, body: bytes) -> bytes:
        spec = parse_access_spec(body)
        self._access[spec.id] = spec
        return b""

    def _delete_access(self, body: bytes) -> bytes:
        (number,) = unpack("I", body)
        for known in [number] if number else list(self._access):
            self._access.pop(known, None)
        return b""

    def _enable_access(self, body: bytes) -> bytes:
        (number,) = unpack("I", body)
        for spec in self._access.values():
            spec.is_enabled = spec.is_enabled or number in {0, spec.id}
        return b""

    def _rospec(self, number: int) -> RoSpec:
        if number not in self._rospecs:
            raise OrderError(wire.FIELD_ERROR, f"there is no ROSpec {number}")
        return self._rospecs[number]


def _now_us() -> int:
    return time.time_ns() // 1000
