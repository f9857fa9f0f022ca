"""A simulated scanner that speaks Zebra's Simple Serial Interface: every scan waits for the host's ACK.

Bytes and times come in, packets come out. Written from the protocol document and Zebra's public guides (DS9908 product
reference, pages 247 on; code types from the CS3000 reference, table B-1), not from our driver. A scan that the host does
not acknowledge is sent again with status bit 0, three times in all, then it is given up with an error beep. A scan that
does not fit one packet comes as several, each with the code type and each acknowledged. Not modelled: raw format, events.
"""

import collections
import dataclasses
from collections.abc import Iterator
from typing import Final

from simulators.readers.ssi_packets import (
    AGAIN,
    CONTINUED,
    DATA_BYTES_MAX,
    Packet,
    PacketReader,
    encode_packet,
)
from simulators.scans import Scan, ScanLines

ACK, NAK = 0xD0, 0xD1
RESEND, BAD_CONTEXT, DENIED = 0x01, 0x02, 0x06
DECODE_DATA: Final = 0xF3
PARAM_SEND, PARAM_REQUEST, PARAM_DEFAULTS = 0xC6, 0xC7, 0xC8
START_SESSION, STOP_SESSION = 0xE4, 0xE5
BEEP, LED_ON, LED_OFF = 0xE6, 0xE7, 0xE8
SCAN_ENABLE, SCAN_DISABLE, SLEEP = 0xE9, 0xEA, 0xEB
TRIGGER_MODE, HANDSHAKE = 0x8A, 0x9F
TRIGGER_BY_HOST: Final = 0x08
DEFAULTS: Final = {TRIGGER_MODE: 0x00, HANDSHAKE: 0x01}
"""Trigger pulled by hand, ACK and NAK in use."""
ALL_PARAMETERS: Final = 0xFE
NO_BEEP: Final = 0xFF
ANSWER_S: Final = 2.0
"""Host serial response time-out (parameter 9B) by default."""
TRIES_MAX: Final = 3
SESSION_S: Final = 3.0
"""A session that decodes nothing ends by itself (parameter 88, laser on time, 3.0 s by default)."""

CODE_TYPES: Final = {
    "A0": 0x01, "F0": 0x02, "C0": 0x03, "I0": 0x06, "G0": 0x07, "E0": 0x0B, "E4": 0x0A, "C1": 0x0F,
    "L0": 0x11, "d0": 0x1B, "d1": 0x1B, "Q0": 0x1C, "Q1": 0x1C, "z0": 0x2D, "e0": 0x30, "d2": 0xC1, "Q3": 0xC2,
}  # fmt: skip
"""Zebra's code type by AIM identifier."""
CODE_128: Final = 0x03
EAN_13: Final = 0x0B


def encode_scan(scan: Scan) -> list[bytes]:
    """The data of the packets of one scan: code type, then text, which begins with the AIM identifier if one is sent."""
    is_ean = len(scan.text) == 13 and scan.text.isdecimal()
    code_type = CODE_TYPES.get(scan.aim, EAN_13 if is_ean and not scan.aim else CODE_128)
    octets = (f"]{scan.aim}" if scan.aim else "").encode() + scan.text.encode()
    size = DATA_BYTES_MAX - 1
    return [bytes((code_type,)) + octets[at : at + size] for at in range(0, len(octets), size)]


@dataclasses.dataclass(slots=True)
class _Telling:
    """The scan on its way to the host."""

    text: str
    parts: collections.deque[bytes]
    """Data of the packets not yet acknowledged; the first is the one that was sent."""
    is_whole: bool
    """True: it is all in one packet."""
    tries: int = 0
    again_at_s: float = 0.0


class SsiScanner:
    """One scanner on one link: feed it bytes, ask it for the packets that are due."""

    def __init__(self, *, aim: str = "", rate: float = 0.0) -> None:
        self.reads_told = 0
        """Scans of which the first packet went out."""
        self.scans_given_up: list[str] = []
        """Texts that the host never acknowledged."""
        self._lines = ScanLines(aim=aim)
        self._queue: collections.deque[Scan] = collections.deque()
        self._interval_s = 1 / rate if rate > 0 else 0.0
        self._next_at_s = 0.0
        self._telling: _Telling | None = None
        self._texts: dict[bytes, str] = {}
        self._packets = PacketReader()
        self._parameters = dict(DEFAULTS)
        self._is_enabled = True
        self._is_asleep = False
        self._session_until_s: float | None = None

    def load(self, text: str) -> None:
        """Take the lines appended since the last text. Raises: ScanError; the scans before the bad line are taken."""
        self._queue.extend(self._lines.take(text))

    def tags_of(self, frame: bytes) -> tuple[str, ...]:
        """The text of a scan that is whole in this packet, sent for the first time or again."""
        return (self._texts[frame],) if frame in self._texts else ()

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The packets that answer what `chunk` completes."""
        if self._is_asleep:
            # The first bytes wake it and are not understood.
            self._is_asleep = False
            return []
        return [answer for packet in self._packets.feed(chunk, now_s) for answer in self._obey(packet, now_s)]

    def next_due_s(self) -> float | None:
        """When a packet is due next (monotonic seconds); None: nothing to send, or not before the host says so."""
        if self._telling is not None:
            return self._telling.again_at_s
        return self._next_at_s if self._queue and self._may_scan(self._next_at_s) else None

    def due(self, now_s: float) -> list[bytes]:
        """The packets due by `now_s`: one that was not acknowledged in time, or the next scan."""
        telling = self._telling
        if telling is not None:
            if now_s < telling.again_at_s:
                return []
            if telling.tries < TRIES_MAX:
                return [self._send(telling, now_s)]
            self.scans_given_up.append(telling.text)
            self._telling = None
        if not self._queue or now_s < self._next_at_s or not self._may_scan(now_s):
            return []
        scan = self._queue.popleft()
        self.reads_told += 1
        self._next_at_s = now_s + self._interval_s
        self._session_until_s = None
        parts = collections.deque(encode_scan(scan))
        self._telling = _Telling(scan.text, parts, is_whole=len(parts) == 1)
        return [self._send(self._telling, now_s)]

    def _may_scan(self, now_s: float) -> bool:
        if self._parameters[TRIGGER_MODE] == TRIGGER_BY_HOST:
            return self._is_enabled and self._session_until_s is not None and now_s < self._session_until_s
        return self._is_enabled

    def _send(self, telling: _Telling, now_s: float) -> bytes:
        status = (AGAIN if telling.tries else 0) | (CONTINUED if len(telling.parts) > 1 else 0)
        packet = encode_packet(DECODE_DATA, telling.parts[0], status=status)
        telling.tries += 1
        telling.again_at_s = now_s + ANSWER_S
        if telling.is_whole:
            self._texts[packet] = telling.text
        if self._parameters[HANDSHAKE] == 0:
            self._go_on(telling)
        return packet

    def _go_on(self, telling: _Telling) -> None:
        telling.parts.popleft()
        telling.tries, telling.again_at_s = 0, 0.0
        if not telling.parts:
            self._telling = None

    def _obey(self, packet: Packet, now_s: float) -> Iterator[bytes]:
        telling = self._telling
        if not packet.is_sound:
            yield encode_packet(NAK, bytes((RESEND,)))
        elif packet.opcode == ACK:
            # An ACK for nothing is no mistake: the host may acknowledge a packet that came twice.
            if telling is not None and telling.tries:
                self._go_on(telling)
        elif packet.opcode == NAK:
            yield from self._refused(packet, now_s)
        else:
            yield self._answer(packet, now_s)

    def _refused(self, packet: Packet, now_s: float) -> Iterator[bytes]:
        telling = self._telling
        if telling is None:
            return
        if packet.payload == bytes((RESEND,)) and telling.tries < TRIES_MAX:
            yield self._send(telling, now_s)
        else:
            self.scans_given_up.append(telling.text)
            self._telling = None

    def _answer(self, packet: Packet, now_s: float) -> bytes:
        if packet.opcode == PARAM_REQUEST:
            return self._tell_parameters(packet.payload)
        refusal = self._refusal(packet)
        if refusal:
            return encode_packet(NAK, bytes((refusal,)))
        if packet.opcode == PARAM_SEND:
            self._parameters |= dict(zip(packet.payload[1::2], packet.payload[2::2], strict=True))
        elif packet.opcode == PARAM_DEFAULTS:
            self._parameters = dict(DEFAULTS)
        elif packet.opcode in {START_SESSION, STOP_SESSION}:
            self._session_until_s = now_s + SESSION_S if packet.opcode == START_SESSION else None
        elif packet.opcode in {SCAN_ENABLE, SCAN_DISABLE}:
            self._is_enabled = packet.opcode == SCAN_ENABLE
        elif packet.opcode == SLEEP:
            self._is_asleep = True
        return encode_packet(ACK)

    def _refusal(self, packet: Packet) -> int:
        if packet.opcode in {START_SESSION, STOP_SESSION}:
            # The trigger is the host's only in host mode.
            return 0 if self._parameters[TRIGGER_MODE] == TRIGGER_BY_HOST else DENIED
        if packet.opcode == PARAM_SEND:
            # A beep code, then pairs of one-byte parameters and values.
            return 0 if len(packet.payload) >= 3 and len(packet.payload) % 2 else BAD_CONTEXT
        known = {PARAM_DEFAULTS, BEEP, LED_ON, LED_OFF, SCAN_ENABLE, SCAN_DISABLE, SLEEP}
        return 0 if packet.opcode in known else BAD_CONTEXT

    def _tell_parameters(self, wanted: bytes) -> bytes:
        numbers = sorted(self._parameters) if ALL_PARAMETERS in wanted else [n for n in wanted if n in self._parameters]
        pairs = b"".join(bytes((number, self._parameters[number])) for number in numbers)
        return encode_packet(PARAM_SEND, bytes((NO_BEEP,)) + pairs)
