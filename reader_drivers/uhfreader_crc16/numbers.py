"""Numbers of UHFReader18 and UHFReader288 readers: orders and status codes with their names.

Source: readers.md section 4; CF-MU804 manual V1.15, chapters 7 and 8.
"""

from typing import Final

NONE: Final = 0x00
"""CMD of the answer to an order that the reader does not know."""
INVENTORY: Final = 0x01
READ: Final = 0x02
WRITE: Final = 0x03
SINGLE_INVENTORY: Final = 0x0F
GET_INFORMATION: Final = 0x21
SET_FREQUENCY: Final = 0x22
SET_POWER: Final = 0x2F
SET_MODE_18: Final = 0x35
GET_MODE_18: Final = 0x36
SET_ANTENNAS: Final = 0x3F
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
    0x07: "block_erase",
    0x08: "set_read_protection_by_epc",
    0x09: "set_read_protection",
    0x0A: "unlock_read_protection",
    0x0B: "get_read_protection",
    0x0C: "set_eas",
    0x0D: "get_eas_alert",
    0x0F: "single_tag_inventory",
    0x10: "block_write",
    0x11: "get_monza_qt",
    0x12: "set_monza_qt",
    0x15: "read_extended",
    0x16: "write_extended",
    0x18: "inventory_to_buffer",
    0x19: "mix_inventory",
    0x1A: "inventory_by_epc",
    0x1B: "qt_inventory",
    0x21: "get_reader_information",
    0x22: "set_frequency",
    0x24: "set_address",
    0x25: "set_scan_time",
    0x28: "set_baud_rate",
    0x2F: "set_power",
    0x33: "led_buzzer_control",
    0x35: "set_work_mode",
    0x36: "get_work_mode",
    0x3A: "set_tag_custom_function",
    0x3F: "set_antenna",
    0x40: "buzzer",
    0x46: "set_gpio",
    0x47: "get_gpio",
    0x4C: "get_serial_number",
    0x66: "set_antenna_check",
    0x6A: "set_interface",
    0x6E: "return_loss_threshold",
    0x70: "set_buffer_epc_length",
    0x71: "get_buffer_epc_length",
    0x72: "get_buffer",
    0x73: "clear_buffer",
    0x74: "get_buffer_count",
    0x75: "set_real_time_parameters",
    0x76: "set_work_mode",
    0x77: "get_work_mode",
    0x78: "heartbeat_interval",
    0x79: "set_write_power",
    0x7A: "get_write_power",
    0x7B: "write_retries",
    0x7D: "set_custom_password",
    0x7E: "get_custom_password",
    0x7F: "reader_profile",
    0x85: "em4325_set_time",
    0x86: "em4325_get_temperature",
    0x87: "em4325_spi",
    0x88: "em4325_reset_alert",
    0x90: "drm_mode",
    0x91: "measure_return_loss",
    0x92: "get_temperature",
    0x93: "stop",
    0xEE: "real_time_inventory",
}
"""Every order of the manuals; a frame with another number is noise."""

DONE: Final = 0x00
COMPLETE: Final = 0x01
TIME_OVER: Final = 0x02
MORE: Final = 0x03
MEMORY_FULL: Final = 0x04
WRONG_PASSWORD: Final = 0x05
STATISTICS: Final = 0x26
HEARTBEAT: Final = 0x28
POOR_LINK: Final = 0xFA
NO_TAG: Final = 0xFB
TAG_ERROR: Final = 0xFC
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
    0x09: "kill_failed",
    0x0A: "zero_kill_password",
    0x0B: "not_supported_by_tag",
    0x0C: "zero_access_password",
    0x0D: "protection_failed",
    0x0E: "unlock_failed",
    0x10: "bytes_locked",
    0x11: "lock_failed",
    0x12: "already_locked",
    0x13: "not_stored",
    0x14: "not_adjusted",
    0x15: "inventory_6b_complete",
    0x16: "inventory_6b_time_over",
    0x17: "inventory_6b_more_data",
    0x18: "inventory_6b_memory_full",
    0x19: "alarm_failed",
    0x1A: "tag_command_failed",
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
"""Every status of the manuals; an answer with another one is noise."""
STATUS_MEANINGS: Final = {
    0x04: "the reader's memory is full",
    0x05: "wrong access password",
    0x09: "the tag could not be killed",
    0x0A: "an all-zero kill password kills no tag",
    0x0B: "the tag does not know this command",
    0x0C: "the access password is all zero",
    0x0D: "read protection could not be switched on",
    0x0E: "the tag could not be unlocked",
    0x10: "some bytes of the tag are locked",
    0x11: "the tag could not be locked",
    0x12: "the tag is locked already",
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
