"""Reports of an LLRP reader: RO_ACCESS_REPORT with the content that hosts usually ask for, laid out as in vector llrp-027.

Written from the standard, apart from the driver.
"""

import struct
from collections.abc import Sequence

from tests.benchmarks.workloads.tags import Hearing

EPOCH_US = 1_795_295_556_000_000
_USUAL = struct.Struct(">HHB12sBHBbBHBQBQBH")
"""TagReportData: EPC-96, antenna, strength, channel, first and last seen, count."""
_MAKER = bytes.fromhex("03FF 0010 000000A1 00000007 CAFE0001") + bytes.fromhex("03FF 000C 000000A1 00000008")
"""Two parameters of a maker that no library here knows."""


def report(heard: Hearing, extra: bytes = b"") -> bytes:
    """One TagReportData."""
    seen_us = EPOCH_US + heard.ms * 1000
    usual = _USUAL.pack(
        *(240, _USUAL.size + len(extra)),
        *(0x8D, heard.epc),
        *(0x81, heard.antenna),
        *(0x86, heard.rssi_dbm),
        *(0x87, 1 + heard.ms % 50),
        *(0x82, seen_us),
        *(0x84, seen_us),
        *(0x88, 1),
    )
    return usual + extra


def messages(heard: Sequence[Hearing], *, tags: int, has_maker: bool = False) -> list[bytes]:
    """The hearings in messages of `tags` each; `has_maker`: with parameters that nobody knows, of changing number."""
    made = []
    for number, at in enumerate(range(0, len(heard), tags)):
        extras = (_MAKER * (1 + n % 3) if has_maker else b"" for n in range(tags))
        body = b"".join(map(report, heard[at : at + tags], extras))
        made.append(struct.pack(">HII", 1 << 10 | 61, 10 + len(body), number) + body)
    return made
