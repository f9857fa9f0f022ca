"""Rounds of an R2000 reader: what the inventory orders ask for, and how tags and the end of a round are told.

==  =============================================================================================
89  repeat (FF: one shortest round) on the work antenna
8B  session, target, [SL], repeat on the work antenna
8A  four antennas, repeat; newer hosts put the rounds to stay behind each antenna, and a pause before
    the repeat. An antenna above 3 skips its slot
==  =============================================================================================

A tag is told as frequency index and antenna in one byte, PC, EPC, strength. The end of 89 and 8B tells antenna, tags a
second (2), tags (4); that of 8A tags (4) and milliseconds (4).
"""

import dataclasses
import struct
from typing import Final

from simulators.gen2 import protocol_control
from simulators.radio import Hearing

REAL_TIME, FAST_SWITCH, BY_SESSION = 0x89, 0x8A, 0x8B
SHORTEST: Final = 0xFF
ANTENNA_PORTS: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Rounds:
    """Antennas to ask, in order; 0-based. The work antenna stands for itself until the order is obeyed."""

    ports: tuple[int, ...]
    is_switching: bool = False
    """True: 8A, whose rounds over all antennas have one end together."""


def parse_rounds(command: int, parameters: bytes, *, work_antenna: int) -> Rounds | None:
    """What an inventory order asks for; None: its parameters do not add up or are out of range."""
    match command:
        case 0x89 if len(parameters) == 1:
            return Rounds((work_antenna,) * _times(parameters[0]))
        case 0x8B if len(parameters) in {3, 4}:
            session, target, *flags, repeat = parameters
            is_known = session <= 3 and target <= 1 and all(flag <= 3 for flag in flags)
            return Rounds((work_antenna,) * _times(repeat)) if is_known else None
        case 0x8A if len(parameters) == 5:
            ports = tuple(port for port in parameters[:4] if port < ANTENNA_PORTS)
            return Rounds(ports * _times(parameters[4]), is_switching=True)
        case 0x8A if len(parameters) == 10:
            slots = zip(parameters[:8:2], parameters[1:8:2], strict=True)
            ports = tuple(port for port, stay in slots if port < ANTENNA_PORTS for _ in range(stay))
            return Rounds(ports * _times(parameters[9]), is_switching=True)
        case _:
            return None


def _times(repeat: int) -> int:
    return 1 if repeat == SHORTEST else max(1, repeat)


def encode_strength(rssi_dbm: int) -> int:
    """The byte of a strength: dBm + 129 from -39 dBm on, dBm + 130 below. The vendor's table has no value for -40."""
    return max(0, rssi_dbm + 129 if rssi_dbm >= -39 else rssi_dbm + 130)


def encode_tag(hearing: Hearing, channel: int) -> bytes:
    """The answer of one tag report; `channel` is the frequency index, 0 to 59."""
    place = channel << 2 | hearing.antenna - 1 & 0b11
    tag = hearing.tag
    return bytes((place,)) + protocol_control(tag) + tag.epc + bytes((encode_strength(hearing.rssi_dbm),))


def decode_epc(frame: bytes) -> bytes | None:
    """The EPC that a report frame tells; None for every other frame, the end of 8A included."""
    if frame[3] not in {REAL_TIME, FAST_SWITCH, BY_SESSION}:
        return None
    answer = frame[4:-1]
    epc = answer[3:-1]
    return epc if epc and answer[1] >> 3 == len(epc) // 2 and len(epc) % 2 == 0 else None


def encode_round_end(port: int, tags: int, *, is_short: bool) -> bytes:
    """End of 89 and 8B: `port` 0-based. Old firmware leaves out the tags a second."""
    return bytes((port,)) + (b"" if is_short else min(tags * 10, 0xFFFF).to_bytes(2, "big")) + tags.to_bytes(4, "big")


def encode_switch_end(tags: int, duration_ms: int) -> bytes:
    """End of 8A."""
    return struct.pack(">II", tags, duration_ms)
