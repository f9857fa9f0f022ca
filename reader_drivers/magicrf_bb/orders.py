"""Orders of MagicRF modules: their numbers, names, codes, and the sequences that the session sends.

Source: readers.md section 3; error codes and channel formula also from the M5Stack Unit RFID-UHF protocol document.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from reader_drivers.driver import ReadPlan, Region, WriteRefusal
from reader_drivers.errors import PlanRefused

GET_INFO: Final = 0x03
SET_REGION: Final = 0x07
GET_REGION: Final = 0x08
SET_SELECT: Final = 0x0C
SET_QUERY: Final = 0x0E
SELECT_MODE: Final = 0x12
SINGLE_POLL: Final = 0x22
MULTI_POLL: Final = 0x27
STOP_POLL: Final = 0x28
READ: Final = 0x39
WRITE: Final = 0x49
INSERT_CHANNELS: Final = 0xA9
SET_HOPPING: Final = 0xAD
SET_POWER: Final = 0xB6
GET_POWER: Final = 0xB7
POLLS: Final = frozenset({SINGLE_POLL, MULTI_POLL})
"""Numbers under which tags are told; modules use 22 also for multi-poll, a document prints 27."""
REFUSED: Final = 0xFF
"""In the place of the order number: the order was refused, or a poll heard no tag."""

NAMES: Final = {
    0x03: "get_module_info",
    0x04: "set_idle",
    0x07: "set_region",
    0x08: "get_region",
    0x0B: "get_select",
    0x0C: "set_select",
    0x0D: "get_query",
    0x0E: "set_query",
    0x11: "set_baud_rate",
    0x12: "set_select_mode",
    0x17: "sleep",
    0x1A: "gpio",
    0x1D: "set_idle_sleep_time",
    0x22: "single_poll",
    0x27: "multi_poll",
    0x28: "stop_multi_poll",
    0x39: "read_memory",
    0x49: "write_memory",
    0x65: "kill",
    0x82: "lock",
    0xA9: "insert_channels",
    0xAA: "get_channel",
    0xAB: "set_channel",
    0xAD: "set_fhss",
    0xB0: "set_cw",
    0xB6: "set_power",
    0xB7: "get_power",
    0xD3: "block_permalock",
    0xE0: "nxp_change_config",
    0xE1: "nxp_read_protect",
    0xE3: "nxp_change_eas",
    0xE4: "nxp_eas_alarm",
    0xE5: "monza_qt",
    0xF0: "set_demodulator",
    0xF1: "get_demodulator",
    0xF2: "scan_jammer",
    0xF3: "scan_rssi",
    0xFF: "error",
}
"""Name of each order; an answer has the name of its order."""

NO_TAG: Final = 0x15
COMMAND_ERROR: Final = 0x17
ERROR_NAMES: Final = {
    0x09: "read_fail",
    0x10: "write_fail",
    0x12: "kill_fail",
    0x13: "lock_fail",
    0x14: "block_permalock_fail",
    0x15: "inventory_no_tag",
    0x16: "access_fail",
    0x17: "command_error",
    0x1A: "change_config_fail",
    0x1B: "change_eas_fail",
    0x1D: "eas_alarm_fail",
    0x20: "fhss_fail",
    0x2A: "read_protect_fail",
    0x2B: "reset_read_protect_fail",
    0x2E: "monza_qt_fail",
}
ERROR_MEANINGS: Final = {
    0x09: "the tag's memory could not be read",
    0x10: "the tag's memory could not be written",
    0x12: "the tag could not be killed",
    0x13: "the tag could not be locked",
    0x14: "the tag's blocks could not be locked",
    0x15: "no tag heard",
    0x16: "wrong access password of the tag",
    0x17: "the module does not know the order or its parameter",
    0x20: "all radio channels are occupied; move other readers away",
}
RETRYABLE: Final = frozenset({0x09, 0x10, 0x15, 0x20})
"""Time or a person can mend these; the others are wrong orders or tags."""
_TAG_ERRORS: Final = {0xA0: "read", 0xB0: "write", 0xC0: "lock", 0xD0: "kill", 0xE0: "special"}
_TAG_ERROR_MEANINGS: Final = {
    0x0: "other error",
    0x3: "memory overrun",
    0x4: "memory locked",
    0xB: "insufficient power",
}

WRITE_REFUSALS: Final = {
    0x10: WriteRefusal.NO_TAG,
    0x16: WriteRefusal.LOCKED,
    0xB0: WriteRefusal.NOT_WRITTEN,
    0xB3: WriteRefusal.TOO_LONG,
    0xB4: WriteRefusal.LOCKED,
    0xBB: WriteRefusal.WEAK_FIELD,
    0xBF: WriteRefusal.NOT_WRITTEN,
}
"""What an error code says about the tag that was to be written."""

REGION_NAMES: Final = {0x01: "CN900", 0x02: "US", 0x03: "EU", 0x04: "CN800", 0x06: "KR"}
REGION_CODES: Final = {Region.CN: 0x01, Region.US: 0x02, Region.EU: 0x03}
"""The module's code of each region of a plan; it has none for the others."""
_EU_CHANNELS: Final = bytes((3, 6, 9, 12))
"""865.7, 866.3, 866.9, 867.5 MHz = 865.1 + 0.2 n: the four channels of the lower band that allow full power."""
ROUNDS: Final = 10_000
"""Polls of one multi-poll order, after which the module falls silent."""
QUERY_Q: Final = 6
"""64 slots to begin with: trays hold 25 to 100 tags, and with 16 slots as many collide for long."""


class Target(IntEnum):
    """State of the session flag of the tags that answer."""

    A = 0
    B = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One order of the session."""

    command: int
    parameter: bytes = b""
    loss: str = ""
    """What is lost when the module refuses it; empty: nothing works without it."""


STOP: Final = Step(STOP_POLL, loss="it was not polling")
POLL: Final = Step(MULTI_POLL, bytes((SINGLE_POLL,)) + ROUNDS.to_bytes(2, "big"))
"""The only order here that transmits; its answers are the polls."""


def bring_up(plan: ReadPlan) -> list[Step]:
    """Every order up to the first poll. Region and power are read back before it.

    Raises: PlanRefused: the module has no code for the region, or there is not just antenna 1.
    """
    steps = [
        # A module that polls since an earlier life of the agent would mix its tags into the answers.
        STOP,
        Step(GET_INFO, b"\x00", loss="the model is not known"),
        Step(SET_REGION, bytes((region_code(plan.region),))),
        Step(GET_REGION),
    ]
    if plan.antennas != (1,):
        raise PlanRefused(f"The antennas are {list(plan.antennas)}; a magicrf_bb module has one: write antennas = [1].")
    if plan.region is Region.EU:
        channels = bytes((len(_EU_CHANNELS),)) + _EU_CHANNELS
        steps.append(Step(INSERT_CHANNELS, channels, loss="it hops over its own list of channels"))
    return [
        *steps,
        Step(SET_HOPPING, b"\xff"),
        Step(SET_POWER, plan.power_cdbm.to_bytes(2, "big")),
        Step(GET_POWER),
        # Never send Select: a mask of an earlier life would hide tags.
        Step(SELECT_MODE, b"\x01"),
        query(plan.session, Target.A),
        POLL,
    ]


def query(session: int, target: Target) -> Step:
    """The order that says which tags answer: DR 8, M 1, pilot tone, all tags, then session, target and Q.

    >>> query(0, Target.A).parameter.hex(), query(1, Target.B).parameter.hex()
    ('1030', '11b0')
    """
    word = 0x1000 | session << 8 | target << 7 | QUERY_Q << 3
    return Step(SET_QUERY, word.to_bytes(2, "big"))


def region_code(region: Region) -> int:
    """The module's code. Raises: PlanRefused: it has none for this region."""
    if region not in REGION_CODES:
        raise PlanRefused(
            f"magicrf_bb has no region code for {region}; choose one of {', '.join(sorted(REGION_CODES))}."
        )
    return REGION_CODES[region]


def error_name(code: int) -> str:
    """Short name of an error code, also of those that carry a tag's own error.

    >>> error_name(0x15), error_name(0xA3)
    ('inventory_no_tag', 'read_error')
    """
    kind = _TAG_ERRORS.get(code & 0xF0)
    return ERROR_NAMES.get(code) or (f"{kind}_error" if kind else f"error_{code:02X}")


def error_meaning(code: int) -> str:
    """The error in words for a person.

    >>> error_meaning(0xB4)
    'the tag refused: memory locked'
    """
    if code & 0xF0 in _TAG_ERRORS:
        return f"the tag refused: {_TAG_ERROR_MEANINGS.get(code & 0x0F, 'no reason given')}"
    return ERROR_MEANINGS.get(code, f"error {code:02X}")
