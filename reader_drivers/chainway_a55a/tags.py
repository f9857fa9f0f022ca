"""Tag reports of Chainway readers (command 83): PC, EPC, perhaps TID and user memory, strength, antenna.

| size | name | meaning |
|---|---|---|
| 2 | PC | its upper five bits are the words of the EPC |
| … | EPC | |
| 0 or 12 | TID | in inventory mode 1 and 2 |
| … | USER | in inventory mode 2 |
| 2 | RSSI | signed, tenths of dBm; a positive number is older firmware, whose low byte is signed whole dBm |
| 1 | ANT | antenna from 1 on; 0: the reader does not tell |

Source: readers.md 5.3. The UR4's own libraries count antennas from 0, recorded frames of one-antenna readers have 01.
"""

from dataclasses import dataclass
from typing import Final

from reader_drivers.errors import FrameError
from reader_drivers.reads import TagRead

TID_BYTES: Final = 12
TAIL_BYTES: Final = 3
PC_IS_UII: Final = 0x0100
TENTHS: Final = "int16 tenths of dBm"
WHOLE: Final = "int8 dBm in the low byte (older firmware; inferred because the int16 reading would be positive)"


@dataclass(frozen=True, slots=True)
class TagReport:
    """One hearing."""

    pc: int
    epc: bytes
    tid: bytes
    """Empty: not reported."""
    user: bytes
    rssi_raw: int
    """0..65535 as it came."""
    antenna: int
    """0: not told."""

    @property
    def is_tenths(self) -> bool:
        """True: the strength is in tenths of dBm."""
        return self.rssi_raw >= 0x8000

    @property
    def rssi_cdbm(self) -> int:
        """In 1/100 dBm."""
        if self.is_tenths:
            return (self.rssi_raw - 0x10000) * 10
        low = self.rssi_raw & 0xFF
        return ((low ^ 0x80) - 0x80) * 100


def decode_report(payload: bytes) -> TagReport:
    """The report in the payload of a frame 83. Raises: FrameError: its length does not fit its PC word."""
    pc = int.from_bytes(payload[:2], "big")
    behind = 2 + (pc >> 11) * 2
    extra = payload[behind : len(payload) - TAIL_BYTES]
    if len(payload) < behind + TAIL_BYTES or 0 < len(extra) < TID_BYTES:
        raise FrameError("length", f"a tag report of {len(payload)} bytes does not fit an EPC of {behind - 2} bytes")
    tail = payload[-TAIL_BYTES:]
    return TagReport(
        pc, payload[2:behind], extra[:TID_BYTES], extra[TID_BYTES:], int.from_bytes(tail[:2], "big"), tail[2]
    )


def tag_read(report: TagReport, *, antenna: int | None = None, at_ms: int | None = None) -> TagRead:
    """The report as the common read. `antenna`: the only one of the plan, when there is one, whatever the reader counts from."""
    cdbm = report.rssi_cdbm
    return TagRead(
        id_hex=report.epc.hex().upper(),
        id_bits=len(report.epc) * 8,
        id_kind="uii" if report.pc & PC_IS_UII else "epc",
        pc=report.pc,
        # A tag that did not answer in time has no zeros for a TID: every TID begins with E0 or E2.
        tid_hex=report.tid.hex().upper() if any(report.tid) else None,
        user_hex=report.user.hex().upper() or None,
        antenna=antenna or report.antenna or None,
        rssi_dbm=cdbm / 100,
        rssi_sum_cdbm=cdbm,
        at_ms=at_ms,
    )
