"""Answers to the inventories 89, 8A and 8B of R2000 readers.

| payload bytes | meaning |
|---|---|
| 1 | error code |
| 2 | antenna (0-based), error code: only 8A |
| 5 | end of a round: antenna, reads (4); older firmware |
| 7 | end of a round: antenna, reads per second (2), reads (4); of 8A: reads (3), duration in ms (4) |
| 8 | end of 8A: reads (4), duration in ms (4), unless the PC word makes it a tag with an EPC of 4 bytes |
| 4 + 2n | a tag: frequency and antenna (1), PC (2), EPC (2n), strength (1) |

Frequency and antenna: high 6 bits frequency index, low 2 bits antenna, 0-based. Strength bit 7 adds 4 to the antenna, on
readers with 8 ports; the rest is dBm + 129 from 90 on, dBm + 130 below. Source: readers.md section 2.
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError
from reader_drivers.r2000_a0 import orders
from reader_drivers.reads import EPC_BYTES_MAX, TagRead

PC_IS_UII: Final = 0x0100
AROUND_EPC_BYTES: Final = 4
LAST_INDEX: Final = 59
STRENGTH_STEP: Final = 90
"""The vendor's table of strengths jumps here."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """One tag as one antenna heard it."""

    freq_index: int
    antenna: int
    """1-based."""
    pc: int
    epc: bytes
    rssi_raw: int

    @property
    def rssi_dbm(self) -> int:
        """Strength in dBm."""
        return self.rssi_raw - (129 if self.rssi_raw >= STRENGTH_STEP else 130)

    @property
    def pc_words(self) -> int:
        """Words of the EPC as the tag announces them."""
        return self.pc >> 11

    @property
    def is_whole(self) -> bool:
        """True: the EPC is as long as the tag says."""
        return self.pc_words * 2 == len(self.epc)

    @property
    def freq_khz(self) -> int | None:
        """Frequency by the vendor's table, which is not that of a region with own channels. None: beyond the table."""
        return orders.table_khz(self.freq_index) if self.freq_index <= LAST_INDEX else None


class RoundEnd(msgspec.Struct, frozen=True, gc=False):
    """The round is over."""

    total_read: int
    antenna: int | None = None
    """1-based. None: the round went over several."""
    read_rate_per_s: int | None = None
    duration_ms: int | None = None


class Failure(msgspec.Struct, frozen=True, gc=False):
    """The reader reports an error code instead of a round."""

    code: int
    antenna: int | None = None
    """1-based. None: the order as a whole failed."""


Answer = Tag | RoundEnd | Failure


def decode_answer(order: int, payload: bytes) -> Answer:
    """What one frame says after an inventory. Raises: FrameError: no such length is known."""
    size = len(payload)
    is_fast = order == orders.FAST_SWITCH_INVENTORY
    if size == 1:
        return Failure(payload[0])
    if size == 2 and is_fast:
        return Failure(payload[1], payload[0] + 1)
    if size == 7 and is_fast:
        return RoundEnd(_number(payload[:3]), duration_ms=_number(payload[3:]))
    if size == 7:
        return RoundEnd(_number(payload[3:]), payload[0] + 1, _number(payload[1:3]))
    if size == 5 and not is_fast:
        return RoundEnd(_number(payload[1:]), payload[0] + 1)
    if size >= AROUND_EPC_BYTES and size % 2 == 0:
        tag = _tag(payload)
        if size == 8 and is_fast and not tag.is_whole:
            return RoundEnd(_number(payload[:4]), duration_ms=_number(payload[4:]))
        return tag
    raise FrameError("length", f"an inventory answer of {size} bytes is neither a tag nor an end")


def _tag(payload: bytes) -> Tag:
    epc = payload[3:-1]
    if len(epc) > EPC_BYTES_MAX:
        raise FrameError("length", f"an EPC has {len(epc)} bytes, at most {EPC_BYTES_MAX} can be")
    where, strength = payload[0], payload[-1]
    antenna = (where & 0x03) + (4 if strength & 0x80 else 0) + 1
    return Tag(where >> 2, antenna, _number(payload[1:3]), epc, strength & 0x7F)


def tag_read(tag: Tag, *, antenna: int, freq_khz: int | None, at_ms: int | None = None) -> TagRead:
    """The common read. `freq_khz` None: the channel table of the region is not known."""
    return TagRead(
        id_hex=tag.epc.hex().upper(),
        id_bits=len(tag.epc) * 8,
        id_kind="uii" if tag.pc & PC_IS_UII else "epc",
        pc=tag.pc,
        antenna=antenna,
        rssi_dbm=tag.rssi_dbm,
        rssi_sum_cdbm=tag.rssi_dbm * 100,
        freq_khz=freq_khz,
        at_ms=at_ms,
    )


def _number(digits: bytes) -> int:
    return int.from_bytes(digits, "big")
