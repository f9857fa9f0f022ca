"""Orders of R2000 readers: numbers, names, error codes, and the payloads that the session sends.

Source: readers.md section 2; IND903 serial protocol V2.2. Regions: the vendor's tables stand on a grid of 500 kHz, which misses
the channels of Europe and Japan, so those are set channel by channel (region 04: start, step, number).
"""

from typing import Final

from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import PlanRefused

GET_FIRMWARE: Final = 0x72
SET_ANTENNA: Final = 0x74
SET_POWER: Final = 0x76
GET_POWER: Final = 0x77
SET_REGION: Final = 0x78
GET_REGION: Final = 0x79
READ: Final = 0x81
WRITE: Final = 0x82
SET_MATCH: Final = 0x85
REAL_TIME_INVENTORY: Final = 0x89
FAST_SWITCH_INVENTORY: Final = 0x8A
SESSION_INVENTORY: Final = 0x8B

INVENTORIES: Final = frozenset({REAL_TIME_INVENTORY, FAST_SWITCH_INVENTORY, SESSION_INVENTORY})
"""Orders that are answered tag by tag, then by an end."""

NAMES: Final = {
    0x60: "read_gpio_value",
    0x61: "write_gpio_value",
    0x62: "set_ant_connection_detector",
    0x63: "get_ant_connection_detector",
    0x66: "set_temporary_output_power",
    0x67: "set_reader_identifier",
    0x68: "get_reader_identifier",
    0x69: "set_rf_link_profile",
    0x6A: "get_rf_link_profile",
    0x6C: "set_antenna_group",
    0x6D: "get_antenna_group",
    0x70: "reset",
    0x71: "set_uart_baudrate",
    0x72: "get_firmware_version",
    0x73: "set_reader_address",
    0x74: "set_work_antenna",
    0x75: "get_work_antenna",
    0x76: "set_output_power",
    0x77: "get_output_power",
    0x78: "set_frequency_region",
    0x79: "get_frequency_region",
    0x7A: "set_beeper_mode",
    0x7B: "get_reader_temperature",
    0x7C: "set_drm_mode",
    0x7D: "get_drm_mode",
    0x7E: "get_rf_port_return_loss",
    0x80: "inventory",
    0x81: "read",
    0x82: "write",
    0x83: "lock",
    0x84: "kill",
    0x85: "set_access_epc_match",
    0x86: "get_access_epc_match",
    0x89: "real_time_inventory",
    0x8A: "fast_switch_ant_inventory",
    0x8B: "customized_session_target_inventory",
    0x8C: "set_impinj_fast_tid",
    0x8D: "set_and_save_impinj_fast_tid",
    0x8E: "get_impinj_fast_tid",
    0x90: "get_inventory_buffer",
    0x91: "get_and_reset_inventory_buffer",
    0x92: "get_inventory_buffer_tag_count",
    0x93: "reset_inventory_buffer",
    0x94: "block_write",
}
"""Every order of the manuals; a frame with another number is noise."""
LONG: Final = frozenset({0x81, 0x82, 0x90, 0x91, 0x94})
"""Orders that carry tag memory, in one direction or the other."""
GETTERS: Final = frozenset({0x60, 0x63, 0x68, 0x6A, 0x6D, 0x72, 0x75, 0x77, 0x79, 0x7B, 0x7D, 0x7E, 0x86, 0x8E, 0x92})
"""Orders that are answered by a value, which may be one byte: it is no error code."""

DONE: Final = 0x10
ANTENNA_MISSING: Final = 0x22
NO_TAG: Final = frozenset({0x36, 0x38})
"""Codes that say that nothing was there: traffic, not faults."""

ERROR_NAMES: Final = {
    0x10: "command_success",
    0x11: "command_fail",
    0x20: "mcu_reset_error",
    0x21: "cw_on_error",
    0x22: "antenna_missing_error",
    0x23: "write_flash_error",
    0x24: "read_flash_error",
    0x25: "set_output_power_error",
    0x31: "tag_inventory_error",
    0x32: "tag_read_error",
    0x33: "tag_write_error",
    0x34: "tag_lock_error",
    0x35: "tag_kill_error",
    0x36: "no_tag_error",
    0x37: "inventory_ok_but_access_fail",
    0x38: "buffer_is_empty_error",
    0x40: "access_or_password_error",
    0x41: "parameter_invalid",
    0x42: "parameter_invalid_wordcnt_too_long",
    0x43: "parameter_invalid_membank_out_of_range",
    0x44: "parameter_invalid_lock_region_out_of_range",
    0x45: "parameter_invalid_lock_action_out_of_range",
    0x46: "parameter_reader_address_invalid",
    0x47: "parameter_invalid_antenna_id_out_of_range",
    0x48: "parameter_invalid_output_power_out_of_range",
    0x49: "parameter_invalid_frequency_region_out_of_range",
    0x4A: "parameter_invalid_baudrate_out_of_range",
    0x4B: "parameter_beeper_mode_out_of_range",
    0x4C: "parameter_epc_match_len_too_long",
    0x4D: "parameter_epc_match_len_error",
    0x4E: "parameter_invalid_epc_match_mode",
    0x4F: "parameter_invalid_frequency_range",
    0x50: "fail_to_get_rn16_from_tag",
    0x51: "parameter_invalid_drm_mode",
    0x52: "pll_lock_fail",
    0x53: "rf_chip_fail_to_response",
    0x54: "fail_to_achieve_desired_output_power",
    0x55: "copyright_authentication_fail",
    0x56: "spectrum_regulation_error",
    0x57: "output_power_too_low",
}
"""The vendor's names."""
_MEANINGS: Final = {
    0x22: "no antenna is connected there; check its cable",
    0x31: "the inventory failed in the reader",
    0x47: "the reader has no such antenna; change antennas in agent.toml",
    0x48: "the reader has no such power; change power_dbm in agent.toml",
    0x49: "the reader has no such region; check its model",
    0x4F: "the reader has no such frequencies; check its model",
    0x52: "the radio found no stable frequency",
    0x53: "the radio chip does not answer",
    0x54: "the power was not reached; check antenna and cable",
}
RETRYABLE: Final = frozenset({0x20, 0x21, 0x22, 0x23, 0x25, 0x31, 0x52, 0x53, 0x54, 0x57})
"""A person or time can mend these; the others are wrong orders."""

POWER_DBM_MAX: Final = 33
ANTENNAS_MAX: Final = 8
FIRST_US_INDEX: Final = 7
"""Frequency indexes from here on count 500 kHz from 902 MHz; those before, from 865 MHz."""

_FCC, _CHN, _CUSTOM = 0x01, 0x03, 0x04
_STEP_KHZ: Final = 10
"""Unit of the channel step of region 04."""


def _channels(first_khz: int, step_khz: int, number: int) -> bytes:
    return bytes((_CUSTOM, step_khz // _STEP_KHZ, number)) + first_khz.to_bytes(3, "big")


REGIONS: Final = {
    Region.EU: _channels(865_700, 600, 4),
    Region.EU_UPPER: _channels(916_300, 1_200, 4),
    Region.JP: _channels(916_800, 1_200, 4),
    Region.IN: _channels(865_700, 600, 3),
    # 902.5 to 927.5 MHz: the outermost channels of the grid would reach beyond the band.
    Region.US: bytes((_FCC, 8, 58)),
    # 920.5 to 924.5 MHz, for the same reason.
    Region.CN: bytes((_CHN, 44, 52)),
}
"""Payload of order 78, and of the answer to 79. EU, EU_UPPER: the four high-power channels of each band; JP: those of 1 W."""


def region_words(payload: bytes) -> str:
    """The region of an answer to order 79, for a person.

    >>> region_words(bytes.fromhex("04 3C 04 0D35A4"))
    'own channels 865.7-867.5 MHz'
    """
    if len(payload) == 6 and payload[0] == _CUSTOM:
        first_khz = int.from_bytes(payload[3:], "big")
        last_khz = first_khz + payload[1] * _STEP_KHZ * (payload[2] - 1)
        return f"own channels {first_khz / 1000:g}-{last_khz / 1000:g} MHz"
    if len(payload) == 3 and payload[0] in {1, 2, 3}:
        first_khz, last_khz = (table_khz(index) for index in payload[1:])
        return f"{('FCC', 'ETSI', 'CHN')[payload[0] - 1]} {first_khz / 1000:g}-{last_khz / 1000:g} MHz"
    return f"region code {payload.hex().upper()}"


def table_khz(index: int) -> int:
    """Frequency of the vendor's table; index 0..59 is in it.

    >>> table_khz(1), table_khz(7)
    (865500, 902000)
    """
    return 865_000 + 500 * index if index < FIRST_US_INDEX else 902_000 + 500 * (index - FIRST_US_INDEX)


def has_table(region: Region) -> bool:
    """True: tags of this region come with indexes of the vendor's table."""
    return REGIONS[region][0] != _CUSTOM


def require_possible(plan: ReadPlan) -> None:
    """Refuse what no reader of this protocol can do. Raises: PlanRefused."""
    if plan.power_cdbm % 100:
        raise PlanRefused(
            f"r2000_a0 sets whole dBm from 0 to {POWER_DBM_MAX}, not {plan.power_cdbm / 100:g}; change power_dbm."
        )
    if max(plan.antennas) > ANTENNAS_MAX:
        raise PlanRefused(f"r2000_a0 has antennas 1 to {ANTENNAS_MAX}, not {max(plan.antennas)}; change antennas.")


def meaning(code: int) -> str:
    """An error code in words."""
    return _MEANINGS.get(code) or ERROR_NAMES.get(code, f"error {code:02X}").replace("_", " ")
