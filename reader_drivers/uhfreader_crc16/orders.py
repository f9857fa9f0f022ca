"""Orders of UHFReader18 and UHFReader288 readers: bands, powers, payloads, and what tells the two kinds apart.

Source: readers.md section 4; CF-MU804 manual V1.15 (chapters 7 and 8); wabson/chafon-rfid for the type codes.
"""

from dataclasses import dataclass
from typing import Final

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import FrameError, PlanRefused
from reader_drivers.uhfreader_crc16.numbers import GET_MODE_18, GET_MODE_288, SET_MODE_18, SET_MODE_288

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
