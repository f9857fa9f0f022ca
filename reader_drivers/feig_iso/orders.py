"""Orders of FEIG readers: their numbers, names and status words, and the frames that the session sends.

Source: readers.md section 8; FEIG H60301-3e-ID-B, sections 5 and 6 and annex D.
"""

from typing import Final

from reader_drivers.feig_iso.frames import encode_command

CPU_RESET: Final = 0x63
GET_SOFTWARE_VERSION: Final = 0x65
RF_RESET: Final = 0x69
RF_ON_OFF: Final = 0x6A
HOST_COMMAND: Final = 0xB0

NAMES: Final = {
    0x52: "baud_rate_detection",
    0x63: "cpu_reset",
    0x65: "get_software_version",
    0x66: "get_reader_info",
    0x69: "rf_reset",
    0x6A: "rf_on_off",
    0x72: "set_output",
    0x80: "read_configuration",
    0x81: "write_configuration",
    0x82: "save_configuration",
    0x83: "set_default_configuration",
    0xA0: "reader_login",
    0xB0: "iso_host_command",
    0xB1: "iso_custom_command",
}
"""Name of each order; an answer has the name of its order."""

DONE: Final = 0x00
NO_TRANSPONDER: Final = 0x01
MORE_DATA: Final = 0x94

STATUS_MEANINGS: Final = {
    0x00: "done",
    0x01: "no transponder",
    0x02: "data false",
    0x03: "write error",
    0x04: "address error",
    0x05: "wrong transponder type",
    0x0B: "collision",
    0x0E: "general error",
    0x10: "EEPROM failure",
    0x11: "parameter out of range",
    0x13: "login needed",
    0x14: "login error",
    0x15: "read protected",
    0x16: "write protected",
    0x17: "firmware must be activated",
    0x80: "unknown command",
    0x81: "length error",
    0x82: "command not available",
    0x83: "radio communication error",
    0x84: "radio warning",
    0x85: "EPC error",
    0x93: "data buffer overflow",
    0x94: "more data",
    0x95: "ISO 15693 error of the tag",
    0x96: "ISO 14443 error of the tag",
    0xF1: "hardware warning",
}
FINAL: Final = frozenset({0x13, 0x14, 0x17, 0x80, 0x81, 0x82})
"""Refusals that another try does not change: a person must set the reader up first."""

ASK_VERSION: Final = encode_command(GET_SOFTWARE_VERSION)
FIELD_ON: Final = encode_command(RF_ON_OFF, b"\x01")
FIELD_OFF: Final = encode_command(RF_ON_OFF, b"\x00")
RESET_FIELD: Final = encode_command(RF_RESET)
"""Takes the field away for about 15 ms: tags that were heard and told to be quiet answer again."""
INVENTORY: Final = encode_command(HOST_COMMAND, b"\x01\x00")
INVENTORY_MORE: Final = encode_command(HOST_COMMAND, b"\x01\x80")
"""The next part of an answer that did not fit one frame."""


def meaning(status: int) -> str:
    """The status in words."""
    return STATUS_MEANINGS.get(status, f"status {status:02X}")
