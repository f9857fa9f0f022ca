"""Tags in the lines of a TSL sled: which lines belong to one tag, and the read that they make.

A sled sends one line for each thing it tells of a tag, EPC first, and nothing between two tags: an EPC, or a header that comes
a second time, belongs to the next tag. With EPC, PC and tag CRC a tag proves its own lines: the only checksum over this link.
Source: readers.md 5.1; tag CRC: Gen2, CRC-16 over PC and EPC.
"""

from binascii import crc_hqx
from typing import Final

from reader_drivers.errors import FrameError
from reader_drivers.reads import TagRead
from reader_drivers.tsl_ascii2.frames import Line

HEADERS: Final = frozenset({"EP", "PC", "CR", "RI", "TD", "IX", "DT", "CF", "PH", "RP"})
"""Headers of lines that tell something of one tag."""
_BEFORE_EPC: Final = frozenset({"IX", "DT", "PC"})
"""Lines that may stand before the EPC of their tag."""
PC_IS_UII: Final = 0x0100
PC_HAS_XPC: Final = 0x0200
MISFITS_MAX: Final = 3
"""So many tags in a row are not damaged by chance."""


class TagLines:
    """The lines of the tag that is being told; none has the same header as another."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.raw = b""
        self.is_damaged = False
        """Something unreadable stood between the lines: they may be of two tags."""

    def ends_before(self, line: Line) -> bool:
        """True: the line begins the next tag."""
        is_next_epc = line.header == "EP" and not self.values.keys() <= _BEFORE_EPC
        return is_next_epc or line.header in self.values

    def add(self, line: Line) -> None:
        """Take one more line of this tag."""
        assert line.header in HEADERS
        assert not self.ends_before(line)
        self.values[line.header] = line.value
        self.raw += line.raw

    @property
    def is_told(self) -> bool:
        """False: nothing, or only a time or a number, which other blocks have too."""
        return not self.values.keys() <= {"DT", "IX"}

    @property
    def is_proven(self) -> bool:
        """PC and tag CRC are there, and the CRC fits; with FastID it may cover the TID too."""
        if not {"EP", "PC", "CR"} <= self.values.keys():
            return False
        pc, epc, tid = (bytes.fromhex(self.values.get(header, "")) for header in ("PC", "EP", "TD"))
        return int(self.values["CR"], 16) in {tag_crc(pc + epc), tag_crc(pc + epc + tid)}

    def read(self, *, antenna: int | None = None, at_ms: int | None = None) -> TagRead:
        """The read that the lines make.

        Raises: FrameError: there is no EPC, its length is not the one in PC, or lines were lost and no CRC proves that the
        others belong together.
        """
        values = self.values
        if "EP" not in values:
            raise FrameError("format", "lines of a tag without its EPC")
        if self.is_damaged and not self.is_proven:
            raise FrameError("format", "lines are missing between the lines of a tag")
        pc = int(values["PC"], 16) if "PC" in values else None
        self._require_length(pc)
        # After damage the lines that the CRC does not cover may be the next tag's.
        loose = {} if self.is_damaged else values
        rssi = int(loose["RI"]) if "RI" in loose else None
        return TagRead(
            id_hex=values["EP"].upper(),
            id_bits=len(values["EP"]) * 4,
            id_kind="uii" if (pc or 0) & PC_IS_UII else "epc",
            pc=pc,
            tag_crc=int(values["CR"], 16) if "CR" in values else None,
            tid_hex=loose.get("TD", "").upper() or None,
            antenna=antenna,
            rssi_dbm=rssi,
            rssi_sum_cdbm=None if rssi is None else rssi * 100,
            at_ms=at_ms,
            raw=self.raw,
        )

    def _require_length(self, pc: int | None) -> None:
        if pc is None or pc & PC_HAS_XPC:
            return
        epc_words, tid_words = (len(self.values.get(header, "")) // 4 for header in ("EP", "TD"))
        if pc >> 11 not in {epc_words, epc_words + tid_words}:
            raise FrameError("length", f"the EPC has {epc_words} words, PC {pc:04X} announces {pc >> 11}")


class CrcWatch:
    """What the CRC of a sled's tags is worth, learnt from the first ones, apart for tags with and without TID.

    One that fits shows that it can be compared: from then on a tag whose CRC is wrong or missing is damage. If none of the
    first fits, the sled means something else by it, and tags count without.
    """

    def __init__(self) -> None:
        self._can_compare: dict[bool, bool] = {}
        self._misfits = {False: 0, True: 0}

    def check(self, tag: TagLines) -> None:
        """Learn from this tag. Raises: FrameError: its lines are damaged."""
        kind = "TD" in tag.values
        if tag.is_proven:
            self._can_compare[kind] = True
            return
        # With XPC the CRC covers a word that the sled does not tell.
        if int(tag.values.get("PC", "0"), 16) & PC_HAS_XPC or self._can_compare.get(kind) is False:
            return
        if kind not in self._can_compare:
            if "CR" not in tag.values:
                return
            self._misfits[kind] += 1
            if self._misfits[kind] > MISFITS_MAX:
                self._can_compare[kind] = False
                return
        raise FrameError("crc", "the tag's CRC is missing or does not fit its PC and EPC")


def tag_crc(memory: bytes) -> int:
    """CRC-16 that a Gen2 tag sends behind PC and EPC (CRC-GENIBUS).

    >>> f"{tag_crc(bytes.fromhex('3400 30751FEB705C5904E3D50D70')):04X}"
    '3A76'
    """
    return crc_hqx(memory, 0xFFFF) ^ 0xFFFF
