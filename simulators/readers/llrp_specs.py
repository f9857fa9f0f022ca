"""What a host asks of an LLRP reader: ROSpec (how to read), AccessSpec (what to do with each tag heard), and the reports.

Of each specification only what the simulated reader follows is kept. Source: LLRP 1.0.1, sections 10, 11 and 13.
"""

import dataclasses
import struct
from collections.abc import Sequence
from typing import Final

from simulators.gen2 import TagError, gen2_checksum, protocol_control, read_words
from simulators.radio import Hearing
from simulators.readers import llrp_messages as wire
from simulators.readers.llrp_messages import OrderError, one, optional, parameters, tlv, tv, unpack
from simulators.tags import Tag

ROSPEC_BIT, SPEC_INDEX_BIT, INVENTORY_BIT, ANTENNA_BIT, CHANNEL_BIT = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800
RSSI_BIT, FIRST_SEEN_BIT, LAST_SEEN_BIT, SEEN_COUNT_BIT, ACCESS_BIT = 0x0400, 0x0200, 0x0100, 0x0080, 0x0040
ALL_CONTENT: Final = 0xFFC0
CRC_BIT, PC_BIT = 0x80, 0x40
IMMEDIATE: Final = 1
"""ROSpecStartTriggerType: it runs as soon as it is enabled, and again as soon as it is over."""
TAG_OBSERVATION: Final = 3
"""AISpecStopTriggerType."""
AFTER_TAGS: Final = 0
"""TagObservationTrigger: after so many tags; the others wait until nothing new is heard."""


@dataclasses.dataclass(slots=True)
class RoSpec:
    """One way of reading, until the host deletes it."""

    id: int
    antennas: tuple[int, ...]
    """Empty: all."""
    is_immediate: bool
    power_index: int
    """Index in the reader's table, 0: not said."""
    tags_in_inventory: int | None
    """The inventory, and with it the ROSpec, is over after so many tags; 0: after one pass; None: only when it is stopped."""
    tags_in_report: int
    """A report goes out after so many tags; 0: only when reading ends."""
    content: int
    """Bits of TagReportContentSelector."""
    memory: int
    """Bits of C1G2EPCMemorySelector."""
    is_enabled: bool = False


@dataclasses.dataclass(slots=True)
class AccessSpec:
    """A read of a part of each tag's memory."""

    id: int
    op_id: int
    bank: int
    word: int
    words: int
    is_enabled: bool = False


def parse_rospec(body: bytes) -> RoSpec:
    """The ROSpec of an ADD_ROSPEC. Raises: OrderError."""
    spec = one(body, 177)
    number, _, _ = unpack("IBB", spec)
    if number == 0:
        raise OrderError(wire.FIELD_ERROR, "an ROSpec has a number from 1 on")
    boundary, inventory = one(spec, 178, 6), one(spec, 183, 6)
    (antenna_n,) = unpack("H", inventory)
    antennas = unpack(f"{antenna_n}H", inventory, 2)
    report = optional(spec, 237, 6)
    trigger, tags_in_report = unpack("BH", report) if report else (2, 0)
    selector = one(report, 238, 3) if report else b""
    (content,) = unpack("H", selector) if selector else (ALL_CONTENT,)
    memory = optional(selector, 348, 2) if selector else None
    return RoSpec(
        id=number,
        antennas=() if 0 in antennas else tuple(antennas),
        is_immediate=unpack("B", one(boundary, 179))[0] == IMMEDIATE,
        tags_in_inventory=_tags_in_inventory(one(inventory, 184, 2 + 2 * antenna_n)),
        power_index=_power_index(inventory, 2 + 2 * antenna_n),
        tags_in_report=tags_in_report if trigger else 0,
        content=content,
        memory=memory[0] if memory else 0,
    )


def _tags_in_inventory(stop: bytes) -> int | None:
    if unpack("BI", stop)[0] != TAG_OBSERVATION:
        return None
    kind, _, tags = unpack("BBH", one(stop, 185, 5))
    return tags if kind == AFTER_TAGS else 0


def _power_index(inventory: bytes, at: int) -> int:
    for _, content in parameters(one(inventory, 186, at), 3):
        transmitter = optional(content, 224, 2)
        if transmitter is not None:
            return unpack("HHH", transmitter)[2]
    return 0


def parse_access_spec(body: bytes) -> AccessSpec:
    """The AccessSpec of an ADD_ACCESSSPEC. Raises: OrderError: also for anything but a read of every tag."""
    spec = one(body, 207)
    number, _, _, _, _ = unpack("IHBBI", spec)
    read = optional(one(spec, 209, 12), 341)
    if read is None:
        raise OrderError(wire.PARAMETER_ERROR, "only C1G2Read is known")
    op_id, _, bank, word, words = unpack("HIBHH", read)
    return AccessSpec(number, op_id, bank >> 6, word, words)


def encode_tag(hearing: Hearing, spec: RoSpec, access: Sequence[AccessSpec], *, now_us: int, channel: int) -> bytes:
    """TagReportData of one hearing with the content that the ROSpec asks for."""
    epc, content = hearing.tag.epc, spec.content
    fields = (
        (ROSPEC_BIT, tv(9, "I", spec.id)),
        (SPEC_INDEX_BIT, tv(14, "H", 1)),
        (INVENTORY_BIT, tv(10, "H", 1)),
        (ANTENNA_BIT, tv(1, "H", hearing.antenna)),
        (RSSI_BIT, tv(6, "b", hearing.rssi_dbm)),
        (CHANNEL_BIT, tv(7, "H", channel)),
        (FIRST_SEEN_BIT, tv(2, "Q", now_us)),
        (LAST_SEEN_BIT, tv(4, "Q", now_us)),
        (SEEN_COUNT_BIT, tv(8, "H", 1)),
    )
    code = b"\x8d" + epc if len(epc) == 12 else tlv(wire.EPC_DATA, struct.pack(">H", 8 * len(epc)), epc)
    told = [part for bit, part in fields if content & bit]
    if spec.memory & PC_BIT:
        told.append(b"\x8c" + protocol_control(hearing.tag))
    if spec.memory & CRC_BIT:
        told.append(tv(11, "H", gen2_checksum(protocol_control(hearing.tag) + epc)))
    if content & ACCESS_BIT and access:
        told.append(tv(16, "I", access[0].id))
    return tlv(wire.TAG_REPORT, code, *told, *(_access_result(hearing.tag, one_spec) for one_spec in access))


def _access_result(tag: Tag, access: AccessSpec) -> bytes:
    try:
        words = read_words(tag, access.bank, first=access.word, words=access.words)
    except TagError:
        # Result 1: non-specific tag error.
        return tlv(wire.READ_RESULT, struct.pack(">BHH", 1, access.op_id, 0))
    return tlv(wire.READ_RESULT, struct.pack(">BHH", 0, access.op_id, access.words), words)


def told_epc(report: bytes) -> str | None:
    """EPC, upper hex, that the content of a TagReportData begins with."""
    if report[:1] == b"\x8d":
        return report[1:13].hex().upper()
    kind, size = unpack("HH", report)
    return report[6:size].hex().upper() if kind == wire.EPC_DATA else None
