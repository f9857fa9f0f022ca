"""The session with an SSI scanner: bring-up, and every scan acknowledged once it is taken.

| phase | bytes out | leaves by |
|---|---|---|
| idle | acknowledgements | `start` → starting |
| starting | a wake-up byte, then one order at a time, the next after the acknowledgement of the last | last one acknowledged → reading; refusal → fault; silence → lost, or reading when scans arrived meanwhile |
| reading | acknowledgements | `stop` → idle |

A scan is a person's act, so scans count and are acknowledged in every phase and the scanner is never switched off: the till
beside us may use it too. Parameters are changed until the scanner loses power, never for good.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.barcode_ssi.frames import (
    CMD_ACK,
    CMD_NAK,
    DECODE_DATA,
    NAK_MEANINGS,
    NAK_RESEND,
    NAMES,
    PARAM_SEND,
    RETRYABLE,
    SCAN_ENABLE,
    Direction,
    Packet,
    PacketHunt,
    decode_scan,
    encode_packet,
)
from reader_drivers.driver import (
    Event,
    KeepAlive,
    Output,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Reply,
    joined,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.reads import BarcodeScan
from reader_drivers.scan_text import ScanParts

WAKE: Final = b"\x00"
"""A sleeping scanner loses the first byte it hears; awake it drops this one. Source: readers.md section 9."""
WAKE_MS: Final = 50
"""Pause behind the wake-up byte. Source: as above."""
ANSWER_MS: Final = 1_000
"""Time for one acknowledgement; scanners answer within some 100 ms, a scan on its way takes up to 300 ms at 9,600 baud."""
SENDS_MAX: Final = 3
"""An order is sent this often before the scanner counts as lost."""
GAP_MS: Final = 50
"""Silence inside a packet after which its start is given up: five times the longest pause seen from USB adapters."""
RESEND_MS: Final = 10_000
"""A packet that is sent again this soon after we took it is the same scan: scanners wait 2 s for the acknowledgement, and
can be set to 9.9 s (parameter 9B)."""
REST_MS: Final = 30_000
"""How long the rest of a scan in several packets is waited for: more than its three sendings take at the longest."""

ACK: Final = encode_packet(CMD_ACK)
NAK: Final = encode_packet(CMD_NAK, bytes((NAK_RESEND,)))

_SETTINGS: Final = bytes.fromhex("FF 9F01 EE01")
"""Without a beep: acknowledge (9F) and send scans in packets (EE). Source: clocklimited/motorola-ssi-scanner."""
_ORDERS: Final = (encode_packet(PARAM_SEND, _SETTINGS), encode_packet(SCAN_ENABLE))


class BarcodeSsiDriver:
    """One scanner. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "barcode_ssi"

    def __init__(self) -> None:
        self._hunt = PacketHunt(Direction.READER_TO_HOST)
        self._phase = ReaderPhase.IDLE
        self._orders: list[bytes] = []
        self._awaited = b""
        self._sends = 0
        self._due_ms: int | None = None
        self._heard_ms = 0
        self._has_scanned = False
        self._taken = b""
        self._taken_ms = 0
        self._parts = ScanParts(REST_MS)

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Wake the scanner and set it up; the plan of radio readers has no meaning here."""
        del plan
        self._orders = list(_ORDERS)
        self._awaited, self._sends, self._due_ms = WAKE, 1, None
        self._has_scanned = False
        return Output((self._enter(ReaderPhase.STARTING),), WAKE)

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes from the scanner; what it needs acknowledged is acknowledged."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of packets, of answers and of scans in several packets."""
        events: list[Event] = []
        sent = b""
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            flushed = self._all(self._hunt.flush(), now)
            events.extend(flushed.events)
            sent += flushed.sent
        events.extend(self._parts.expire(now))
        if self._awaited:
            late = self._wait(now)
            events.extend(late.events)
            sent += late.sent
        return Output(tuple(events), sent)

    def stop(self) -> Output:
        """Scans no longer belong to a count; the scanner goes on."""
        self._rest()
        return Output((self._enter(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """A scanner has no passes."""
        del antennas, now
        return Output()

    def _all(self, parts: Iterable[Packet | Rejected], now: int) -> Output:
        return joined(self._refused(part) if isinstance(part, Rejected) else self._accept(part, now) for part in parts)

    def _refused(self, rejected: Rejected) -> Output:
        # What is sent again from now on may be a scan that never arrived whole.
        self._taken = b""
        is_scan = rejected.reason.startswith("checksum") and rejected.raw[1:2] == bytes((DECODE_DATA,))
        return Output((rejected,), NAK if is_scan else b"")

    def _accept(self, packet: Packet, now: int) -> Output:
        if packet.opcode == CMD_ACK:
            return self._acknowledged(packet)
        if packet.opcode == CMD_NAK:
            return self._denied(packet)
        if packet.opcode != DECODE_DATA:
            return Output((Reply(packet.name, packet.raw),), ACK)
        self._has_scanned = True
        if packet.is_no_read:
            return Output((KeepAlive(now, packet.raw),), ACK)
        if packet.is_resent and packet.payload == self._taken and now - self._taken_ms <= RESEND_MS:
            self._taken_ms = now
            return Output((Reply("repeated scan", packet.raw),), ACK)
        self._taken, self._taken_ms = packet.payload, now
        return Output(self._scanned(packet, now), ACK)

    def _scanned(self, packet: Packet, now: int) -> tuple[Event, ...]:
        """The scan that this packet completes. The code type stands in every packet of a scan."""
        kind, content = packet.payload[:1], packet.payload[1:]
        events: list[Event] = [Reply("part of a scan", packet.raw)] if packet.has_more else []
        for part in self._parts.add(kind, content, has_more=packet.has_more, now=now):
            if isinstance(part, Rejected):
                events.append(part)
                continue
            try:
                text, aim = decode_scan(kind + part)
            except FrameError as error:
                events.append(Rejected(packet.raw, str(error)))
            else:
                events.append(BarcodeScan(text=text, aim=aim, at_ms=now, raw=packet.raw))
        return tuple(events)

    def _acknowledged(self, packet: Packet) -> Output:
        reply = Reply(packet.name, packet.raw)
        if self._phase is not ReaderPhase.STARTING or self._awaited == WAKE:
            return Output((reply,))
        if self._orders:
            return Output((reply,), self._send(self._orders.pop(0)))
        return Output((reply, *self._begin_reading()))

    def _denied(self, packet: Packet) -> Output:
        cause = packet.payload[0] if packet.payload else 0
        meaning = NAK_MEANINGS.get(cause, f"cause {cause:02X}")
        error = ReaderError(f"{cause:02X}", meaning, is_retryable=cause in RETRYABLE, raw=packet.raw)
        if self._phase is not ReaderPhase.STARTING or self._awaited == WAKE:
            return Output((error,))
        if cause in RETRYABLE and self._sends < SENDS_MAX:
            self._sends += 1
            self._due_ms = None
            return Output((error,), self._awaited)
        name = NAMES[self._awaited[1]]
        self._rest()
        return Output((error, self._enter(ReaderPhase.FAULT, f"The scanner refused {name}: {meaning}.")))

    def _wait(self, now: int) -> Output:
        """The wake-up pause, and the time for an acknowledgement."""
        if self._due_ms is None:
            self._due_ms = now + (WAKE_MS if self._awaited == WAKE else ANSWER_MS)
            return Output()
        if now < self._due_ms:
            return Output()
        if self._awaited == WAKE:
            return Output((), self._send(self._orders.pop(0)))
        if self._sends < SENDS_MAX:
            self._sends += 1
            self._due_ms = now + ANSWER_MS
            return Output((), self._awaited)
        if self._has_scanned:
            # Some scanners take orders without a word; one that sends packets is set up as it must be.
            return Output(self._begin_reading())
        name = NAMES[self._awaited[1]]
        self._rest()
        detail = (
            f"The scanner did not answer {name} in {SENDS_MAX} tries. Scan its SSI host barcode, check the speed, or "
            "choose the protocol barcode_line."
        )
        return Output((self._enter(ReaderPhase.LOST, detail),))

    def _begin_reading(self) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.READING),)

    def _send(self, order: bytes) -> bytes:
        self._awaited, self._sends, self._due_ms = order, 1, None
        return order

    def _rest(self) -> None:
        self._orders, self._awaited, self._due_ms = [], b"", None

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)
