"""Tags of MagicRF modules: the parameter of a notification and the read that it makes.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 1 | RSSI | dBm at the chip's input, signed |
| 1 | 2 | PC | protocol control word of the tag |
| 3 | 0 or 2 | XPC_W1 | with PC bit 0200, if the firmware tells it |
| … | … | EPC | as many words as PC announces |
| last 2 | 2 | CRC | the tag's own, over PC and EPC |

No antenna, frequency, time or TID. The sum of a frame is weak: one damage in 256 keeps it. The tag's own CRC is passed on as
the tag sent it (five modules' captures say so), so it proves PC and EPC; the length is compared with PC. Source: readers.md 3.
"""

from typing import Final

import msgspec

from reader_drivers.errors import FrameError
from reader_drivers.framing import crc_gen2
from reader_drivers.reads import TagRead

PC_IS_UII: Final = 0x0100
PC_HAS_XPC: Final = 0x0200
_AROUND_EPC: Final = 5
"""RSSI, PC and CRC."""


class TagReport(msgspec.Struct, frozen=True, gc=False):
    """Parameter of a tag notification."""

    rssi_dbm: int
    """At the chip's input, -128..127."""
    pc: int
    xpc_w1: int | None
    epc: bytes
    tag_crc: int

    @property
    def is_proven(self) -> bool:
        """The CRC was compared. False: PC announces an XPC word that the module leaves out, and the CRC is over it too."""
        return self.xpc_w1 is not None or not self.pc & PC_HAS_XPC


def decode_tag(parameter: bytes) -> TagReport:
    """The tag of a notification. Raises: FrameError: its length is not the one in its PC, or the tag's CRC does not fit."""
    if len(parameter) < _AROUND_EPC:
        raise FrameError("length", f"a tag has {_AROUND_EPC} bytes or more, this one has {len(parameter)}")
    pc = int.from_bytes(parameter[1:3], "big")
    size, announced = len(parameter) - _AROUND_EPC, 2 * (pc >> 11)
    # Some firmware leaves the XPC word out although PC announces it.
    has_xpc = bool(pc & PC_HAS_XPC) and size == announced + 2
    if size - 2 * has_xpc != announced:
        raise FrameError("length", f"the EPC has {size} bytes, PC {pc:04X} announces {announced}")
    report = TagReport(
        rssi_dbm=(parameter[0] ^ 0x80) - 0x80,
        pc=pc,
        xpc_w1=int.from_bytes(parameter[3:5], "big") if has_xpc else None,
        epc=parameter[3 + 2 * has_xpc : -2],
        tag_crc=int.from_bytes(parameter[-2:], "big"),
    )
    if report.is_proven and report.tag_crc != crc_gen2(parameter[1:-2]):
        raise FrameError("crc", f"the tag's CRC {report.tag_crc:04X} does not fit its PC and EPC")
    return report


def encode_tag(report: TagReport) -> bytes:
    """The parameter of a notification; inverse of `decode_tag`."""
    words = [report.pc] if report.xpc_w1 is None else [report.pc, report.xpc_w1]
    memory = b"".join(word.to_bytes(2, "big") for word in words) + report.epc + report.tag_crc.to_bytes(2, "big")
    return bytes((report.rssi_dbm & 0xFF,)) + memory


def tag_read(report: TagReport, raw: bytes = b"", *, antenna: int | None = None, at_ms: int | None = None) -> TagRead:
    """The report as the common read."""
    return TagRead(
        id_hex=report.epc.hex().upper(),
        id_bits=len(report.epc) * 8,
        id_kind="uii" if report.pc & PC_IS_UII else "epc",
        pc=report.pc,
        xpc_w1=report.xpc_w1,
        tag_crc=report.tag_crc,
        antenna=antenna,
        rssi_dbm=report.rssi_dbm,
        rssi_sum_cdbm=report.rssi_dbm * 100,
        at_ms=at_ms,
        raw=raw,
    )
