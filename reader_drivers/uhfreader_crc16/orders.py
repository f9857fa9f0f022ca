"""Orders of UHFReader18 and UHFReader288 readers: numbers, names, status codes, bands, and what tells the two kinds apart.

Source: readers.md section 4; CF-MU804 manual V1.15 (chapters 7 and 8); wabson/chafon-rfid for the type codes.
"""

from dataclasses import dataclass
from typing import Final

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import FrameError, PlanRefused

NONE: Final = 0x00
"""CMD of the answer to an order that the reader does not know."""
INVENTORY: Final = 0x01
SINGLE_INVENTORY: Final = 0x0F
GET_INFORMATION: Final = 0x21
SET_FREQUENCY: Final = 0x22
SET_POWER: Final = 0x2F
SET_MODE_18: Final = 0x35
GET_MODE_18: Final = 0x36
GET_BUFFER: Final = 0x72
SET_MODE_288: Final = 0x76
GET_MODE_288: Final = 0x77
PUSHED: Final = 0xEE
"""CMD of a tag or heartbeat that the reader sends without being asked, in its real-time mode."""

NAMES: Final = {
    0x01: "inventory",
    0x02: "read_data",
    0x03: "write_data",
    0x04: "write_epc",
    0x05: "kill_tag",
    0x06: "set_protection",
    0x0F: "single_tag_inventory",
    0x18: "inventory_to_buffer",
    0x21: "get_reader_information",
    0x22: "set_frequency",
    0x24: "set_address",
    0x25: "set_scan_time",
    0x28: "set_baud_rate",
    0x2F: "set_power",
    0x33: "led_buzzer_control",
    0x35: "set_work_mode",
    0x36: "get_work_mode",
    0x3F: "set_antenna",
    0x40: "buzzer",
    0x4C: "get_serial_number",
    0x72: "get_buffer",
    0x73: "clear_buffer",
    0x74: "get_buffer_count",
    0x76: "set_work_mode",
    0x77: "get_work_mode",
    0x92: "get_temperature",
    0x93: "stop",
    0xEE: "real_time_inventory",
}

DONE: Final = 0x00
COMPLETE: Final = 0x01
TIME_OVER: Final = 0x02
MORE: Final = 0x03
MEMORY_FULL: Final = 0x04
STATISTICS: Final = 0x26
HEARTBEAT: Final = 0x28
ANTENNA_ERROR: Final = 0xF8
NO_TAG: Final = 0xFB
ILLEGAL: Final = 0xFE

WITH_TAGS: Final = frozenset({DONE, COMPLETE, TIME_OVER, MORE, MEMORY_FULL})
"""Status of inventory answers that list tags."""
ROUND_ENDS: Final = frozenset({DONE, COMPLETE, TIME_OVER, MEMORY_FULL, NO_TAG})
UNFINISHED: Final = frozenset({TIME_OVER, MEMORY_FULL})
WRONG_ORDER: Final = frozenset({0xFD, ILLEGAL, 0xFF})
"""The reader will refuse the same order again."""

STATUS_NAMES: Final = {
    0x00: "ok",
    0x01: "inventory_complete",
    0x02: "scan_time_over",
    0x03: "more_data",
    0x04: "reader_memory_full",
    0x05: "wrong_password",
    0x26: "statistics",
    0x28: "heartbeat",
    0xF8: "antenna_error",
    0xF9: "execution_error",
    0xFA: "poor_link",
    0xFB: "no_tag",
    0xFC: "tag_error",
    0xFD: "length_error",
    0xFE: "illegal_command",
    0xFF: "parameter_error",
}
STATUS_MEANINGS: Final = {
    0x04: "the reader's memory is full",
    0x05: "wrong access password",
    0x09: "the tag could not be killed",
    0x0A: "an all-zero kill password kills no tag",
    0x0B: "the tag does not know this command",
    0x0C: "the access password is all zero",
    0x0D: "read protection could not be switched on",
    0x0E: "the tag could not be unlocked",
    0x13: "the setting could not be stored and ends with the power",
    0x14: "the power could not be adjusted",
    0x19: "the alarm could not be switched on",
    0x1A: "the tag's own command failed",
    0xF8: "no antenna is connected there; check its cable",
    0xF9: "the command failed in the reader",
    0xFA: "tags answer too weakly; bring them nearer",
    0xFB: "no tag",
    0xFC: "the tag reported an error",
    0xFD: "wrong command length",
    0xFE: "unknown command",
    0xFF: "wrong parameter",
}
RETRYABLE: Final = frozenset({0x04, 0x14, 0xF8, 0xF9, 0xFA, 0xFC})
"""A person or time can mend these; the others are wrong orders."""

POWER_DBM_MAX: Final = 30
POWER_UNKNOWN: Final = 0xFF
ANTENNAS_MAX: Final = 4
"""Antennas 1..4 are in the manuals; readers with more ports number them in ways that no source shows."""
SCAN_UNIT_MS: Final = 100
SCAN_UNITS_MIN: Final = 3
"""The manual calls shorter scans unreliable."""
FAST_ID: Final = 0x20
"""Impinj tags send their TID along with the EPC; others ignore it."""
Q_START: Final = 4
ANTENNA_FIRST: Final = 0x80


@dataclass(frozen=True, slots=True)
class Band:
    """First and last channel as the reader codes them: the top two bits of both name the band, the rest is the channel."""

    last: int
    first: int


EU_FOUR_CHANNELS: Final = Band(0x83, 0x40)
"""Band EU3, 865.7 + 0.6n MHz, n 0..3: exactly the four high-power channels of the lower European band."""
EU_CHANNELS_4_TO_13: Final = Band(0x4C, 0x03)
"""Band EU, 865.1 + 0.2n MHz, n 3..12: 865.6-867.6 MHz, for readers without band EU3."""
INDIA: Final = Band(0x49, 0x00)
"""Band EU, n 0..9: 865-867 MHz."""
UNITED_STATES: Final = Band(0x31, 0x80)
"""902.75 + 0.5n MHz, n 0..49."""
CHINA: Final = Band(0x13, 0x40)
"""Chinese band 2, 920.125 + 0.25n MHz, n 0..19."""

BAND_NAMES: Final = {
    0b0001: ("CN2", 920_125, 250),
    0b0010: ("US", 902_750, 500),
    0b0011: ("KR", 917_100, 200),
    0b0100: ("EU", 865_100, 200),
    0b0110: ("UA", 868_000, 100),
    0b0111: ("PE", 916_200, 900),
    0b1000: ("CN1", 840_125, 250),
    0b1001: ("EU3", 865_700, 600),
    0b1010: ("TW", 922_250, 500),
    0b1100: ("US3", 902_000, 500),
}
"""Band bits of the last and the first channel → name, kHz of channel 0, kHz between channels."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of reader."""

    name: str
    antennas_max: int
    bands: dict[Region, Band]
    get_mode: int
    set_mode: int
    mode_at: int
    """Where the answer to `get_mode` holds the mode; 0 there = speaks only when asked."""
    answer_mode: bytes
    """Payload of `set_mode` that makes the reader speak only when asked."""


UHFREADER18: Final = Profile(
    "UHFReader18",
    1,
    {Region.EU: EU_CHANNELS_4_TO_13, Region.US: UNITED_STATES, Region.CN: CHINA, Region.IN: INDIA},
    GET_MODE_18,
    SET_MODE_18,
    4,
    bytes(6),
)
UHFREADER288: Final = Profile(
    "UHFReader288",
    ANTENNAS_MAX,
    {Region.EU: EU_FOUR_CHANNELS, Region.US: UNITED_STATES, Region.CN: CHINA, Region.IN: INDIA},
    GET_MODE_288,
    SET_MODE_288,
    0,
    bytes(1),
)
TYPES: Final = {0x03: UHFREADER18, 0x08: UHFREADER18, 0x09: UHFREADER18}
"""Type codes of the older kind. All others speak like the 288, and say so by a longer answer."""


@dataclass(frozen=True, slots=True)
class Information:
    """What a reader says of itself."""

    version: str
    reader_type: int
    protocols: int
    band: Band
    power_dbm: int
    """255: the reader does not know it."""
    scan_units: int
    """Longest inventory in 100 ms; 0: as long as it takes."""
    profile: Profile


def decode_information(payload: bytes) -> Information:
    """The answer to order 21. Raises: FrameError: fewer than the eight bytes that both kinds send."""
    if len(payload) < 8:
        raise FrameError("length", f"the reader information has {len(payload)} bytes, 8 are the least")
    is_short = len(payload) < 12
    profile = TYPES.get(payload[2], UHFREADER18 if is_short else UHFREADER288)
    return Information(
        version=f"{payload[0]}.{payload[1]}",
        reader_type=payload[2],
        protocols=payload[3],
        band=Band(payload[4], payload[5]),
        power_dbm=payload[6],
        scan_units=payload[7],
        profile=profile,
    )


def band_words(band: Band) -> str:
    """Band and frequencies for a person.

    >>> band_words(Band(0x83, 0x40))
    'EU3 865.7-867.5 MHz'
    """
    known = BAND_NAMES.get(band.last >> 6 << 2 | band.first >> 6)
    if known is None:
        return f"code {band.last:02X} {band.first:02X}"
    name, base_khz, step_khz = known
    first, last = ((base_khz + step_khz * (code & 0x3F)) / 1000 for code in (band.first, band.last))
    return f"{name} {first:g}-{last:g} MHz"


def require_possible(plan: ReadPlan) -> None:
    """Refuse what no reader of this protocol can do. Raises: PlanRefused."""
    if plan.region not in UHFREADER288.bands:
        known = ", ".join(sorted(UHFREADER288.bands))
        raise PlanRefused(f"uhfreader_crc16 has no band for region {plan.region}; choose one of {known}.")
    if plan.power_cdbm % 100 or plan.power_cdbm > POWER_DBM_MAX * 100:
        raise PlanRefused(
            f"uhfreader_crc16 sets whole dBm from 0 to {POWER_DBM_MAX}, not {plan.power_cdbm / 100:g}; change power_dbm."
        )
    if max(plan.antennas) > ANTENNAS_MAX:
        raise PlanRefused(
            f"uhfreader_crc16 has antennas 1 to {ANTENNAS_MAX}, not {max(plan.antennas)}; change antennas."
        )


def scan_units(plan: ReadPlan) -> int:
    """Longest round in units of 100 ms."""
    return max(SCAN_UNITS_MIN, -(-plan.search_ms // SCAN_UNIT_MS))


def inventory_payload(profile: Profile, plan: ReadPlan, *, antenna: int, target: int) -> bytes:
    """Payload of the order for one round.

    >>> plan = ReadPlan(region=Region.EU, power_cdbm=2000, antennas=(2,))
    >>> inventory_payload(UHFREADER288, plan, antenna=2, target=1).hex(" ").upper()
    '24 01 01 81 03'
    """
    if profile is UHFREADER18:
        return b""
    q = Q_START | (FAST_ID if plan.tid_words else 0)
    return bytes((q, plan.session, target, ANTENNA_FIRST + antenna - 1, scan_units(plan)))
