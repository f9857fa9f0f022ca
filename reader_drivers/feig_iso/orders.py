"""Orders of FEIG readers: their numbers, names and status words, and the frames that the session sends.

Source: readers.md section 8; FEIG H60301-3e-ID-B, sections 5 and 6 and annex D.
"""

from typing import Final

from reader_drivers.feig_iso.frames import encode_command

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
RF_ERROR: Final = 0x83
RF_WARNING: Final = 0x84
BUFFER_FULL: Final = 0x93
MORE_DATA: Final = 0x94
TAG_ERROR: Final = 0x95
WITH_TAGS: Final = frozenset({DONE, RF_ERROR, RF_WARNING, BUFFER_FULL, MORE_DATA})
"""Answers to an inventory that may carry tags. Source: H60301-3e-ID-B, section 6.1, and RF290R C79000-G8976-C377-01, 8.1."""

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
TAG_ERRORS: Final = {
    0x01: "command not supported",
    0x02: "command not recognised",
    0x03: "option not supported",
    0x0F: "unknown error",
    0x10: "block not available",
    0x11: "block already locked",
    0x12: "block locked",
    0x13: "block not written",
    0x14: "block not locked",
}
"""The byte behind status 95: what the tag itself said. Source: ISO/IEC 15693-3, response error codes."""
FINAL: Final = frozenset({0x13, 0x14, 0x17, 0x80, 0x81, 0x82})
"""Refusals that another try does not change: a person must set the reader up first."""

ASK_VERSION: Final = encode_command(GET_SOFTWARE_VERSION)
FIELD_ON: Final = encode_command(RF_ON_OFF, b"\x01")
FIELD_OFF: Final = encode_command(RF_ON_OFF, b"\x00")
RESET_FIELD: Final = encode_command(RF_RESET)
"""Takes the field away for about 15 ms: tags that were heard and told to be quiet answer again."""
ANTENNAS_MAX: Final = 8
"""Bits of the antenna field."""
_MODE_MORE: Final = 0x80
_MODE_ANTENNA: Final = 0x10
NO_SUCH_MODE: Final = frozenset({0x11, 0x80, 0x81, 0x82})
"""How a reader with one output refuses an inventory that names antennas."""


def encode_inventory(antenna: int | None, *, is_more: bool = False) -> bytes:
    """An inventory, or the next part of an answer that did not fit one frame.

    With an antenna (1..8) it uses that output, and its records tell antennas; None: readers with one output know only this.
    Source: RF290R C79000-G8976-C377-01, section 8.2; FEIG H90701-3e-ID-B, section 10.1.1.
    """
    mode = _MODE_MORE if is_more else 0
    if antenna is None:
        return encode_command(HOST_COMMAND, bytes((0x01, mode)))
    return encode_command(HOST_COMMAND, bytes((0x01, mode | _MODE_ANTENNA, 1 << (antenna - 1))))


def meaning(status: int, payload: bytes = b"") -> str:
    """The status in words; behind status 95 the payload tells what the tag said."""
    words = STATUS_MEANINGS.get(status, f"status {status:02X}")
    if status != TAG_ERROR or not payload:
        return words
    return f"{words}: {TAG_ERRORS.get(payload[0], f'code {payload[0]:02X}')}"
