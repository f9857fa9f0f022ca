"""Orders of NUR readers: numbers, names, region codes, and the bodies that the session sends.

Source: readers.md 5.4; setup fields and capabilities as in NordicID's own micro library and in nurapy.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import FrameError, PlanRefused

GET_MODE, CAPABILITIES, STOP_ALL, SETUP, STREAM, READ_TID = 0x04, 0x0B, 0x0E, 0x22, 0x39, 0x41
ACKNOWLEDGE: Final = 0x02
INVENTORY: Final = 0x82
NAMES: Final = {
    0x01: "ping",
    ACKNOWLEDGE: "clear_notified_tags",
    0x03: "reset",
    GET_MODE: "get_mode",
    0x05: "clear_id_buffer",
    0x06: "get_id_buffer",
    0x07: "get_id_buffer_meta",
    0x09: "get_reader_info",
    CAPABILITIES: "get_device_capabilities",
    STOP_ALL: "stop_all_continuous",
    0x14: "restart",
    SETUP: "module_setup",
    0x23: "inventory_read_config",
    0x31: "simple_inventory",
    STREAM: "inventory_stream",
    READ_TID: "inventory_read",
    INVENTORY: "inventory_stream_notification",
}
STATUS_MEANINGS: Final = {
    1: "invalid command",
    2: "invalid length",
    3: "parameter out of range",
    5: "invalid parameter",
    11: "checksum error",
    14: "no application in the module",
    0x20: "no tag",
}
MODES: Final = {ord("A"): "application", ord("B"): "boot_loader"}
REGION_CODES: Final = {Region.EU: 0, Region.US: 1, Region.CN: 2, Region.IN: 10}
"""The module's Japan has two codes with different rules; ask us before choosing one."""
REGION_NAMES: Final = {0: "EU", 1: "FCC", 2: "PRC", 7: "Japan 250 mW", 8: "Japan 500 mW", 9: "Korea", 10: "India"}
ANTENNAS_MAX: Final = 8
TID_BANK: Final = 2
TARGET_A_THEN_B: Final = 2

HAS_POWER, HAS_REGION, HAS_SESSION, HAS_ANTENNAS, HAS_TARGET = 1 << 2, 1 << 4, 1 << 6, 1 << 8, 1 << 13
_FIELDS: Final = HAS_POWER | HAS_REGION | HAS_SESSION | HAS_ANTENNAS | HAS_TARGET
_SETUP: Final = Struct("<IBBBBB")
"""Which fields, then power step, region, session, antenna mask, target: in the order of their bits."""
_CAPABILITIES: Final = Struct("<IIIiiHH")


class Step(NamedTuple):
    """One order."""

    command: int
    body: bytes = b""


START: Final = Step(STREAM, b"\0")


@dataclass(frozen=True, slots=True)
class Powers:
    """What a module can transmit with: `steps` powers from the strongest down."""

    strongest_dbm: int
    step_db: int
    steps: int

    def step_of(self, power_cdbm: int) -> int | None:
        """Number of the strongest power that is not above this one, 0 the strongest; None: the weakest is above it."""
        fitting = (n for n in range(self.steps) if (self.strongest_dbm - n * self.step_db) * 100 <= power_cdbm)
        return next(fitting, None)


def decode_powers(content: bytes) -> Powers:
    """From the answer to CAPABILITIES, behind its status. Raises: FrameError: it is too short, or says nonsense."""
    if len(content) < _CAPABILITIES.size:
        raise FrameError("length", f"the capabilities have {len(content)} bytes, {_CAPABILITIES.size} are needed")
    _, _, _, strongest, step, _, steps = _CAPABILITIES.unpack_from(content)
    if not (0 < strongest <= 33 and 0 < step <= 33 and 0 < steps <= 64):
        raise FrameError("format", f"the capabilities tell {steps} powers from {strongest} dBm down by {step} dB")
    return Powers(strongest, step, steps)


def bring_up(plan: ReadPlan) -> list[Step]:
    """The orders before the settings, which need the capabilities. Raises: PlanRefused: no code, or an antenna beyond 8."""
    if plan.region not in REGION_CODES:
        known = ", ".join(sorted(REGION_CODES))
        raise PlanRefused(f"nordicid_nur has no code for the region {plan.region}; choose one of {known}.")
    if max(plan.antennas) > ANTENNAS_MAX:
        raise PlanRefused(f"The antennas are {list(plan.antennas)}; these readers have 1 to {ANTENNAS_MAX}.")
    return [Step(STOP_ALL), Step(GET_MODE), Step(CAPABILITIES)]


def settings(plan: ReadPlan, power_step: int) -> list[Step]:
    """The settings and the start. The answer to the first must repeat it: power and region are read back with it."""
    mask = sum(1 << (antenna - 1) for antenna in plan.antennas)
    setup = _SETUP.pack(_FIELDS, power_step, REGION_CODES[plan.region], plan.session, mask, TARGET_A_THEN_B)
    # Active, EPC and memory, bank, first word, words.
    tid = bytes((1, 0, TID_BANK)) + bytes(4) + bytes((plan.tid_words,)) if plan.tid_words else b"\0"
    return [Step(SETUP, setup), Step(READ_TID, tid), START]
