"""Orders of Chainway readers: numbers, names, region codes, and the payloads that the session sends. Source: see `frames`."""

from typing import Final, NamedTuple

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import PlanRefused

VERSION, SET_POWER, GET_POWER, SET_GEN2, GET_GEN2 = 0x02, 0x10, 0x12, 0x20, 0x22
SET_ANTENNAS, SET_REGION, GET_REGION, SET_MODE = 0x28, 0x2C, 0x2E, 0x70
START, REPORT, STOP = 0x82, 0x83, 0x8C
DONE: Final = b"\x01"
KEEP_ALIVE: Final = b"\x00"
"""One byte that is no frame, every few seconds while reading: some readers drop a silent connection."""

NAMES: Final = {
    VERSION: "version",
    SET_POWER: "set_power",
    GET_POWER: "get_power",
    SET_GEN2: "set_gen2",
    GET_GEN2: "get_gen2",
    SET_ANTENNAS: "set_antennas",
    0x2A: "get_antennas",
    SET_REGION: "set_region",
    GET_REGION: "get_region",
    0x34: "get_temperature",
    0x6E: "set_filter",
    SET_MODE: "set_inventory_mode",
    0x72: "get_inventory_mode",
    0x80: "single_inventory",
    START: "start_inventory",
    0x84: "read",
    0x86: "write",
    0x88: "lock",
    0x8A: "kill",
    STOP: "stop_inventory",
    0xA1: "vendor_a1",
    0xE4: "beep",
}
REGION_CODES: Final = {Region.EU: 0x04, Region.US: 0x08, Region.JP: 0x32, Region.CN: 0x02}
REGION_NAMES: Final = {0x01: "China 1", 0x02: "China 2", 0x04: "Europe", 0x08: "USA", 0x16: "Korea", 0x32: "Japan"}
ANTENNAS_MAX: Final = 16
TID_WORDS: Final = 6
"""The reader tells the first 12 bytes of a TID, or none."""
SESSION_BITS, TARGET_BIT = 0x30, 0x08


class Step(NamedTuple):
    """One order."""

    command: int
    payload: bytes = b""

    @property
    def name(self) -> str:
        """For a person."""
        return NAMES[self.command]


def name_of(command: int) -> str:
    """Name of an order, or of the answer to one."""
    if command == REPORT:
        return "tag_report"
    if command in NAMES:
        return NAMES[command]
    return f"{NAMES[command - 1]}_answer" if command - 1 in NAMES else "unknown"


def bring_up(plan: ReadPlan) -> list[Step]:
    """Every order up to the Gen2 settings, whose answer `gen2` needs. The region is read back before the power is set.

    Raises: PlanRefused: there is no code for the region, an antenna beyond 16, or more TID than the reader tells.
    """
    if plan.region not in REGION_CODES:
        known = ", ".join(sorted(REGION_CODES))
        raise PlanRefused(f"chainway_a55a has no code for the region {plan.region}; choose one of {known}.")
    if max(plan.antennas) > ANTENNAS_MAX:
        raise PlanRefused(f"The antennas are {list(plan.antennas)}; these readers have 1 to {ANTENNAS_MAX}.")
    if plan.tid_words > TID_WORDS:
        raise PlanRefused(f"The plan asks for {plan.tid_words} words of TID; the reader tells {TID_WORDS}, or none.")
    power = plan.power_cdbm.to_bytes(2, "big")
    mask = sum(1 << (antenna - 1) for antenna in plan.antennas)
    return [
        # A reader that still streams from an earlier life answers nothing else.
        Step(STOP),
        Step(VERSION),
        # First byte 0: until the power goes off.
        Step(SET_REGION, bytes((0, REGION_CODES[plan.region]))),
        Step(GET_REGION),
        Step(SET_POWER, b"\x02" + b"".join(bytes((antenna,)) + power + power for antenna in plan.antennas)),
        Step(GET_POWER),
        Step(SET_ANTENNAS, b"\0" + mask.to_bytes(2, "big")),
        Step(SET_MODE, bytes((0, 1 if plan.tid_words else 0, 0, 0))),
        Step(GET_GEN2),
    ]


def gen2(told: bytes, session: int) -> Step:
    """The reader's own Gen2 settings with the session of the plan and tags in state A; everything else stays."""
    last = told[3] & ~(SESSION_BITS | TARGET_BIT) | session << 4
    return Step(SET_GEN2, told[:3] + bytes((last,)))
