"""Bring-up: what a reader must be told before the first round, judged from what it says of itself.

Band, power and mode live in the reader's flash memory and survive the power switch: only what differs is written, and
whatever was written is read back.
"""

from reader_drivers.driver import ReaderError, ReadPlan
from reader_drivers.errors import PlanRefused
from reader_drivers.uhfreader_crc16 import numbers, orders
from reader_drivers.uhfreader_crc16.orders import Information

Step = tuple[int, bytes]
"""Order and payload; the address is added when it is sent."""


def steps_for(plan: ReadPlan, said: Information) -> list[Step]:
    """Orders in their sequence; the last one asks for the information again when anything is written.

    The mode comes first, since a reader in real-time mode answers nothing but questions for mode and information.
    Raises: PlanRefused: this kind of reader has fewer antennas.
    """
    profile = said.profile
    if max(plan.antennas) > profile.antennas_max:
        raise PlanRefused(
            f"The reader is of the kind {profile.name} and has antenna 1 alone; write antennas = [1] in agent.toml."
        )
    band, power_dbm = profile.bands[plan.region], plan.power_cdbm // 100
    written: list[Step] = []
    if said.band != band:
        written.append((numbers.SET_FREQUENCY, bytes((band.last, band.first))))
    if said.power_dbm != power_dbm:
        written.append((numbers.SET_POWER, bytes((power_dbm,))))
    if written:
        written.append((numbers.GET_INFORMATION, b""))
    return [(profile.get_mode, b""), *written]


def mismatch(plan: ReadPlan, said: Information, raw: bytes) -> ReaderError | None:
    """Why the reader must stay silent although it took every order; None: it does what the plan says."""
    wanted = said.profile.bands[plan.region]
    if said.band != wanted:
        meaning = (
            f"The reader reports {orders.band_words(said.band)} instead of {orders.band_words(wanted)}; "
            "it stays silent. Check the region in agent.toml and the reader's model."
        )
        return ReaderError("region_mismatch", meaning, is_retryable=False, raw=raw)
    if said.power_dbm not in {plan.power_cdbm // 100, orders.POWER_UNKNOWN}:
        meaning = (
            f"The reader reports {said.power_dbm} dBm instead of {plan.power_cdbm // 100} dBm; "
            "it stays silent. Write a power_dbm that this model has."
        )
        return ReaderError("power_mismatch", meaning, is_retryable=False, raw=raw)
    return None


def scan_ms(plan: ReadPlan, said: Information) -> int:
    """Longest round in ms: ours for the 288, its own for the 18; 0: as long as it takes."""
    units = orders.scan_units(plan) if said.profile is orders.UHFREADER288 else said.scan_units
    return units * orders.SCAN_UNIT_MS
