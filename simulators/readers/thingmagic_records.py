"""Tag records and search plans: what a host asks of a ThingMagic search, and how each hearing is told.

A record is the metadata in the order of its flags, then the tag: bit length (2) of PC + EPC + CRC, PC, EPC, CRC.

=====  ==================================================
flag   field
=====  ==================================================
0001   read count (1)
0002   RSSI, signed dBm (1)
0004   antenna (1): transmit port high, receive port low
0008   frequency, kHz (3)
0010   ms since the last keep-alive (4)
0020   phase, degrees (2)
0040   protocol (1)
0080   embedded result: bit length (2), words
0100   GPIO (1)
=====  ==================================================
"""

import dataclasses
import struct
from typing import Final

from simulators.gen2 import gen2_checksum
from simulators.radio import Hearing

OPTION_METADATA: Final = 0x10
SEARCH_ANTENNAS: Final = 0x0003
SEARCH_EMBEDDED: Final = 0x0004
SEARCH_STREAMING: Final = 0x0008
SEARCH_LARGE: Final = 0x0010
SEARCH_STATUS: Final = 0x0020
PROTOCOL_GEN2: Final = 5
GPIO_IDLE: Final = 0x0F
METADATA_KNOWN: Final = 0x01FF
EMBEDDED_FLAG: Final = 0x0080
_METADATA_SIZES: Final = (
    (0x0001, 1), (0x0002, 1), (0x0004, 1), (0x0008, 3), (0x0010, 4), (0x0020, 2), (0x0040, 1), (EMBEDDED_FLAG, 2), (0x0100, 1),
)  # fmt: skip
"""Bytes of each field; the embedded result's words come on top of its length."""
BANK_TID: Final = 2
_READ_OPCODE: Final = 0x28


class PlanError(ValueError):
    """A command's data does not fit its opcode; `status` is what the module answers."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class EmbeddedRead:
    """The memory read a search does on each tag it singulates."""

    bank: int
    """Memory bank 0 to 3; the simulator answers for the TID bank (2) only."""
    address: int
    """First 16-bit word."""
    words: int
    """Number of words; 0 asks for all there are."""

    def result(self, hearing: Hearing) -> bytes:
        """The words read, empty when the tag has not that much memory or the bank is not simulated."""
        if self.bank != BANK_TID:
            return b""
        first = self.address * 2
        end = first + self.words * 2 if self.words else len(hearing.tag.tid)
        return hearing.tag.tid[first:end] if end <= len(hearing.tag.tid) else b""


@dataclasses.dataclass(frozen=True, slots=True)
class SearchPlan:
    """One continuous search as the start command asks for it."""

    search_flags: int
    timeout_s: float
    """Length of one search cycle; a cycle without a tag ends in a keep-alive."""
    metadata_flags: int
    status_flags: int
    """Content of the status reports, 0 when none were asked for."""
    embedded: EmbeddedRead | None


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """What the module knows about a hearing besides the tag."""

    freq_khz: int
    since_keep_alive_ms: int
    phase_deg: int


def parse_start(payload: bytes) -> SearchPlan:
    """The plan in the data of op 2F, action 1: timeout, action, sub-opcode 22, flags, protocol, length, command.

    Raises: PlanError: lengths disagree (0100) or a value is not one the module knows (0105, 0402).
    """
    if len(payload) < 9:
        raise PlanError(0x0100, "start is shorter than its fixed part")
    sub_opcode, protocol, sub_length = payload[3], payload[6], payload[7]
    body = payload[9:]
    if len(body) != sub_length:
        raise PlanError(0x0100, "sub-length does not match the embedded command")
    if protocol != PROTOCOL_GEN2:
        raise PlanError(0x0402, "only Gen2 is simulated")
    if sub_opcode != 0x22 or payload[8] != 0x22:
        raise PlanError(0x0105, "only a search can be continuous")
    if len(body) < 7:
        raise PlanError(0x0100, "search is shorter than its fixed part")
    option, search_flags, timeout_ms, metadata_flags = struct.unpack(">BHHH", body[:7])
    if option != OPTION_METADATA or not search_flags & SEARCH_STREAMING or metadata_flags & ~METADATA_KNOWN:
        raise PlanError(0x0105, "only unselected streaming searches with metadata flags up to 01FF are simulated")
    rest = body[7:]
    status_flags = 0
    if search_flags & SEARCH_STATUS:
        if len(rest) < 2:
            raise PlanError(0x0100, "status report flags are missing")
        status_flags, rest = int.from_bytes(rest[:2], "big"), rest[2:]
    embedded = _parse_embedded(rest) if search_flags & SEARCH_EMBEDDED else None
    if embedded is None and rest:
        raise PlanError(0x0100, "bytes follow the search that no flag announces")
    return SearchPlan(search_flags, max(timeout_ms, 1) / 1000, metadata_flags, status_flags, embedded)


def _parse_embedded(tlv: bytes) -> EmbeddedRead:
    # Count, length after the opcode, opcode, timeout (2), option, bank, address (4), words.
    if len(tlv) != 12 or tlv[1] != len(tlv) - 3:
        raise PlanError(0x0100, "embedded command is not one memory read")
    if tlv[0] != 1 or tlv[2] != _READ_OPCODE or tlv[5] != 0:
        raise PlanError(0x0105, "only one plain read can be embedded")
    return EmbeddedRead(bank=tlv[6], address=int.from_bytes(tlv[7:11], "big"), words=tlv[11])


def decode_stream_epc(frame: bytes) -> bytes | None:
    """The EPC a streamed tag frame tells, None for every other reply of the module."""
    if frame[2:5] != b"\x22\x00\x00" or frame[5:6] != bytes((OPTION_METADATA,)) or frame[10:11] != b"\x01":
        return None
    flags = int.from_bytes(frame[8:10], "big")
    at = 11
    for flag, size in _METADATA_SIZES:
        if flags & flag:
            at += size + (int.from_bytes(frame[at : at + 2], "big") // 8 if flag == EMBEDDED_FLAG else 0)
    memory_bytes = int.from_bytes(frame[at : at + 2], "big") // 8
    return frame[at + 4 : at + memory_bytes]


def encode_metadata(
    hearing: Hearing, flags: int, *, circumstances: Circumstances, embedded: EmbeddedRead | None
) -> bytes:
    """The metadata of one hearing, in flag order, for the flags asked for."""
    port = hearing.antenna & 0x0F
    words = embedded.result(hearing) if embedded else b""
    fields = (
        (0x0001, b"\x01"),
        (0x0002, struct.pack(">b", max(-128, hearing.rssi_dbm))),
        (0x0004, bytes((port << 4 | port,))),
        (0x0008, circumstances.freq_khz.to_bytes(3, "big")),
        (0x0010, struct.pack(">I", circumstances.since_keep_alive_ms & 0xFFFFFFFF)),
        (0x0020, struct.pack(">H", circumstances.phase_deg)),
        (0x0040, bytes((PROTOCOL_GEN2,))),
        (0x0080, struct.pack(">H", len(words) * 8) + words),
        (0x0100, bytes((GPIO_IDLE,))),
    )
    return b"".join(field for flag, field in fields if flags & flag)


def encode_epc(epc: bytes) -> bytes:
    """Bit length, PC, EPC and CRC of one tag; the PC says the length in words and nothing else."""
    pc_epc = (len(epc) // 2 << 11).to_bytes(2, "big") + epc
    memory = pc_epc + gen2_checksum(pc_epc).to_bytes(2, "big")
    return struct.pack(">H", len(memory) * 8) + memory


def encode_stream_data(hearing: Hearing, plan: SearchPlan, circumstances: Circumstances) -> bytes:
    """The data of one streamed tag frame (op 22, response type 01)."""
    header = struct.pack(">BHHB", OPTION_METADATA, plan.search_flags, plan.metadata_flags, 0x01)
    metadata = encode_metadata(hearing, plan.metadata_flags, circumstances=circumstances, embedded=plan.embedded)
    return header + metadata + encode_epc(hearing.tag.epc)
