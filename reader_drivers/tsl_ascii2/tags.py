"""Tags in the lines of a TSL sled: which lines belong to one tag, and the read that they make.

A sled sends one line for each thing it tells of a tag, EPC first, and nothing between two tags: an EPC, or a header that comes
a second time, belongs to the next tag. With EPC, PC and tag CRC a tag proves its own lines: the only checksum over this link
(options `-e on -c on`; what it leaves open must be told by two inventories).
Source: readers.md 5.1; tag CRC: Gen2, CRC-16 over PC and EPC.
"""

from typing import Final

import msgspec

from reader_drivers.belief import Belief
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import crc_gen2
from reader_drivers.reads import TagRead
from reader_drivers.tsl_ascii2.frames import Line

HEADERS: Final = frozenset({"EP", "PC", "CR", "RI", "TD", "IX", "DT", "CF", "PH", "RP"})
"""Headers of lines that tell something of one tag."""
_BEFORE_EPC: Final = frozenset({"IX", "DT", "PC"})
"""Lines that may stand before the EPC of their tag."""
PC_IS_UII: Final = 0x0100
PC_HAS_XPC: Final = 0x0200


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
        """PC and tag CRC are there, and the CRC fits."""
        return self._fits("") or self.is_tid_proven

    @property
    def is_tid_proven(self) -> bool:
        """The CRC covers the TID too, as it does with some chips' FastID."""
        return "TD" in self.values and self._fits(self.values["TD"])

    @property
    def has_xpc(self) -> bool:
        """The CRC covers a word more, which the sled does not tell."""
        return bool(int(self.values.get("PC", "0"), 16) & PC_HAS_XPC)

    def _fits(self, more: str) -> bool:
        if not {"EP", "PC", "CR"} <= self.values.keys():
            return False
        memory = bytes.fromhex(self.values["PC"] + self.values["EP"] + more)
        return int(self.values["CR"], 16) == crc_gen2(memory)

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


class Witness:
    """What a session believes of the tags that it is told.

    The tag CRC proves PC and EPC. What it does not cover counts when two inventories told it, letter for letter: the TID, and
    the EPC where a sled sends no CRC that fits. Once one has fitted, a tag whose CRC is wrong or missing is damage; tags
    with and without TID apart, because FastID changes what the CRC is over.
    """

    def __init__(self) -> None:
        self._kinds_proven: set[bool] = set()
        self._epcs = Belief()
        self._tids = Belief()
        self._inventory = 0

    def begin_inventory(self, now: int) -> tuple[Rejected, ...]:
        """Another inventory is ordered: what it tells again is told anew. Tags that were never told again come out."""
        self._inventory += 1
        self._tids.expire(now)
        return self._epcs.expire(now)

    def read(self, tag: TagLines, *, antenna: int, at_ms: int) -> TagRead | None:
        """The read that the lines make, with a TID only if it is proved. None: it must be told again.

        Raises: FrameError: they prove no tag.
        """
        read = tag.read(antenna=antenna, at_ms=at_ms)
        kind = "TD" in tag.values
        if tag.is_proven:
            self._kinds_proven.add(kind)
        elif kind in self._kinds_proven and not tag.has_xpc:
            raise FrameError("crc", "the tag's CRC is missing or does not fit its PC and EPC")
        elif not self._epcs.hear(read.id_hex.encode(), tag.raw, round_no=self._inventory, now=at_ms):
            return None
        if not read.tid_hex or tag.is_tid_proven:
            return read
        code = f"{read.id_hex} {read.tid_hex}".encode()
        is_proved = self._tids.hear(code, tag.raw, round_no=self._inventory, now=at_ms)
        return read if is_proved else msgspec.structs.replace(read, tid_hex=None)
