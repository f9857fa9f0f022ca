"""Orders of the LLRP session: the bodies that it sends, and the status that an answer carries.

Source: LLRP 1.0.1, sections 10 to 13; readers.md section 6. Impinj's parameters: vectors llrp-021 and llrp-035.
"""

from struct import Struct, pack
from typing import Final

from reader_drivers.driver import ReadPlan
from reader_drivers.errors import FrameError
from reader_drivers.llrp.capabilities import Capabilities
from reader_drivers.llrp.frames import CUSTOM, HEADER_BYTES, Message, custom, parameters, tlv
from reader_drivers.llrp.tags import IMPINJ, TID_OP

GET_CAPABILITIES, SET_CONFIG = 1, 3
ADD_ROSPEC, DELETE_ROSPEC, START_ROSPEC, STOP_ROSPEC, ENABLE_ROSPEC = 20, 21, 22, 23, 24
ADD_ACCESS, DELETE_ACCESS, ENABLE_ACCESS = 40, 41, 42
KEEP_ALIVE, NOTIFICATION, KEEP_ALIVE_ACK, ERROR = 62, 63, 72, 100
ANSWER_STEP: Final = 10
"""The answer to an order has this type more; a maker's order is answered by a maker's message."""

ROSPEC: Final = 1
ACCESS: Final = 1
"""Numbers of our specifications; all others are deleted first."""
ALL: Final = bytes(4)
OURS: Final = pack(">I", ROSPEC)
KEEP_ALIVE_MS: Final = 2_000
"""How often the reader says that it is there; a shop should learn within seconds that a cable was pulled."""
DELETES: Final = frozenset({DELETE_ROSPEC, DELETE_ACCESS})
"""Some readers refuse to delete what is not there, or to delete all: that changes nothing for us."""

GEN2: Final = 1
EPC_BANK, TID_BANK = 1, 2
REPORT_EACH_TAG: Final = 1
"""ROReportTrigger: after N tags or at the end of the AISpec."""
CONTENT: Final = 0x1000 | 0x0800 | 0x0400 | 0x0200 | 0x0080
"""Antenna, channel, strength, first seen, count."""
MEMORY: Final = 0x80 | 0x40
"""CRC and PC word."""
IMPINJ_ENABLE: Final = 21
IMPINJ_SEARCH_MODE, IMPINJ_CONTENT, IMPINJ_ENABLE_RSSI = 23, 50, 53
DUAL_TARGET: Final = 2
"""Tags in state A, then those in state B: each is heard again and again."""
EVENTS: Final = (2, 3, 4, 8)
"""Events that the reader shall tell: end of an ROSpec, full report buffer, its own troubles, antennas."""

LLRP_STATUS: Final = 287
_STATUS: Final = Struct(">HH")
STATUS_NAMES: Final = {
    100: "parameter error", 101: "field error", 102: "unexpected parameter", 103: "missing parameter",
    104: "duplicate parameter", 105: "too many parameters", 106: "too many fields", 107: "unknown parameter",
    108: "unknown field", 109: "unsupported message", 110: "unsupported version", 111: "unsupported parameter",
    200: "parameter error", 201: "field error", 202: "unexpected parameter", 203: "missing parameter",
    204: "duplicate parameter", 205: "too many parameters", 206: "too many fields", 207: "unknown parameter",
    208: "unknown field", 209: "unsupported parameter", 300: "invalid", 301: "out of range", 401: "device error",
}  # fmt: skip


def status_of(message: Message) -> tuple[int, str] | None:
    """(code, the reader's own words) of the LLRPStatus in an answer; None: it has none. Raises: FrameError."""
    raw = message.raw
    # An answer to a maker's order has vendor and subtype first.
    begin = HEADER_BYTES + (5 if message.type == CUSTOM else 0)
    if message.type != ERROR and not (message.type == CUSTOM or message.name.endswith("RESPONSE")):
        return None
    for kind, at, end in parameters(raw, begin, len(raw)):
        if kind == LLRP_STATUS:
            if end - at < _STATUS.size:
                raise FrameError("length", f"the status of an answer has {end - at} bytes, {_STATUS.size} are needed")
            code, size = _STATUS.unpack_from(raw, at)
            return code, raw[at + _STATUS.size : at + _STATUS.size + size].decode("utf-8", "replace")
    return None


def bring_up(plan: ReadPlan, found: Capabilities) -> list[tuple[int, bytes]]:
    """(type, body) of every order after the capabilities, in order; the last one makes the reader transmit.

    The region has been compared and the power index exists (asserted).
    """
    is_impinj = found.maker == IMPINJ
    tid = [(ADD_ACCESS, tid_spec(plan)), (ENABLE_ACCESS, pack(">I", ACCESS))] if plan.tid_words else []
    return [
        *([(CUSTOM, pack(">IBI", IMPINJ, IMPINJ_ENABLE, 0))] if is_impinj else []),
        (SET_CONFIG, _config()),
        (DELETE_ACCESS, ALL),
        (DELETE_ROSPEC, ALL),
        # Readers that cannot delete all at once still have ours when the agent was here before.
        (DELETE_ROSPEC, OURS),
        (ADD_ROSPEC, read_spec(plan, found)),
        *tid,
        (ENABLE_ROSPEC, OURS),
        (START_ROSPEC, OURS),
    ]


def _config() -> bytes:
    events = (tlv(245, pack(">HB", event, 0x80)) for event in EVENTS)
    keep_alive = tlv(220, pack(">BI", 1, KEEP_ALIVE_MS))
    # First byte 0: keep what the reader's owner has set. Reports are not held back after a reconnection.
    return b"\0" + tlv(244, *events) + keep_alive + tlv(226, b"\0")


def read_spec(plan: ReadPlan, found: Capabilities) -> bytes:
    """Body of ADD_ROSPEC: all antennas of the plan until stopped, a report for every tag.

    The RF mode is left to the reader, which knows what its region allows.
    """
    power = found.power_index(plan.power_cdbm)
    assert power is not None
    # A hopping reader takes its table, one with fixed channels a channel of it.
    transmitter = tlv(224, pack(">HHH", found.hop_table, 0 if found.hop_table else 1, power))
    inventory = [tlv(336, pack(">BHI", plan.session << 6, 32, 0))]
    report = [tlv(238, pack(">H", CONTENT), tlv(348, pack(">B", MEMORY)))]
    if found.maker == IMPINJ:
        inventory.append(custom(IMPINJ, IMPINJ_SEARCH_MODE, pack(">H", DUAL_TARGET)))
        report.append(custom(IMPINJ, IMPINJ_CONTENT, custom(IMPINJ, IMPINJ_ENABLE_RSSI, pack(">H", 1))))
    antennas = [tlv(222, pack(">H", antenna), transmitter, tlv(330, b"\0", *inventory)) for antenna in plan.antennas]
    number = len(plan.antennas)
    return tlv(
        177,
        pack(">IBB", ROSPEC, 0, 0),
        # No start trigger and no stop trigger: START_ROSPEC and STOP_ROSPEC alone decide.
        tlv(178, tlv(179, b"\0"), tlv(182, pack(">BI", 0, 0))),
        tlv(
            183,
            pack(f">H{number}H", number, *plan.antennas),
            tlv(184, pack(">BI", 0, 0)),
            tlv(186, pack(">HB", 1, GEN2), *antennas),
        ),
        tlv(237, pack(">BH", REPORT_EACH_TAG, 1), *report),
    )


def tid_spec(plan: ReadPlan) -> bytes:
    """Body of ADD_ACCESSSPEC: read the TID of every tag that our ROSpec hears; the words come with its report."""
    every_tag = tlv(338, tlv(339, pack(">BHHH", EPC_BANK << 6 | 0x20, 0, 0, 0)))
    read = tlv(341, pack(">HIBHH", TID_OP, 0, TID_BANK << 6, 0, plan.tid_words))
    return tlv(
        207,
        pack(">IHBBI", ACCESS, 0, GEN2, 0, ROSPEC),
        tlv(208, pack(">BH", 0, 0)),
        tlv(209, every_tag, read),
        tlv(239, b"\0"),
    )
