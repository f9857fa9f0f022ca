"""Orders of ThingMagic modules: their numbers, names, codes, and the payloads that the session sends.

Source: readers.md section 1; the start order with an embedded TID read: decisions.md 6.11.
"""

from typing import Final

from reader_drivers.driver import EpcChange, ReadPlan, Region, WriteRefusal
from reader_drivers.errors import PlanRefused
from reader_drivers.thingmagic_ff.frames import encode_command
from reader_drivers.thingmagic_ff.records import ALL_METADATA

VERSION: Final = 0x03
BOOT_FIRMWARE: Final = 0x04
GET_PROGRAM: Final = 0x0C
READ_MULTIPLE: Final = 0x22
WRITE_EPC: Final = 0x23
GET_BUFFER: Final = 0x29
MULTI_PROTOCOL: Final = 0x2F
GET_REGION: Final = 0x67
GET_TEMPERATURE: Final = 0x72
SET_ANTENNAS: Final = 0x91
SET_READ_POWER: Final = 0x92
SET_PROTOCOL: Final = 0x93
SET_WRITE_POWER: Final = 0x94
SET_REGION: Final = 0x97
SET_OPTION: Final = 0x9A
SET_PARAM: Final = 0x9B

NAMES: Final = {
    0x03: "version",
    0x04: "boot_firmware",
    0x06: "set_baud_rate",
    0x0C: "get_current_program",
    0x10: "hardware_version",
    0x21: "read_tag_single",
    0x22: "read_tag_multiple",
    0x23: "write_tag_epc",
    0x24: "write_tag_data",
    0x25: "lock_tag",
    0x26: "kill_tag",
    0x28: "read_tag_data",
    0x29: "get_tag_buffer",
    0x2A: "clear_tag_buffer",
    0x2F: "multi_protocol_tag_op",
    0x61: "get_antenna_port",
    0x62: "get_read_tx_power",
    0x63: "get_tag_protocol",
    0x64: "get_write_tx_power",
    0x65: "get_hop_table",
    0x66: "get_gpio",
    0x67: "get_region",
    0x68: "get_power_mode",
    0x6A: "get_reader_optional_params",
    0x6B: "get_protocol_param",
    0x71: "get_available_regions",
    0x72: "get_temperature",
    0x91: "set_antenna_port",
    0x92: "set_read_tx_power",
    0x93: "set_tag_protocol",
    0x94: "set_write_tx_power",
    0x95: "set_hop_table",
    0x96: "set_gpio",
    0x97: "set_region",
    0x98: "set_power_mode",
    0x9A: "set_reader_optional_params",
    0x9B: "set_protocol_param",
}
"""Name of each order; an answer has the name of its order."""

REGION_NAMES: Final = {
    0x01: "NA",
    0x02: "EU",
    0x03: "KR",
    0x04: "IN",
    0x05: "JP",
    0x06: "PRC",
    0x07: "EU2",
    0x08: "EU3",
    0x09: "KR2",
    0x0A: "PRC2",
    0x0B: "AU",
    0x0C: "NZ",
    0x0D: "NA2",
    0x0E: "NA3",
    0x0F: "IS",
    0xFF: "open",
}

REGION_CODES: Final = {Region.EU: 0x08, Region.US: 0x01, Region.JP: 0x05, Region.CN: 0x06, Region.IN: 0x04}
"""The module's code of each region of a plan. EU = EU3, the four channels of the lower band. EU_UPPER has no code."""

PARAM_NAMES: Final = {
    0x00: "session",
    0x01: "target",
    0x02: "tag_encoding",
    0x10: "blf",
    0x11: "tari",
    0x12: "q",
}

STATUS_MEANINGS: Final = {
    0x0100: "wrong data length",
    0x0101: "invalid opcode",
    0x0105: "invalid parameter",
    0x010B: "invalid region",
    0x0400: "no tag",
    0x0401: "no protocol",
    0x0402: "invalid protocol",
    0x0405: "radio front end not on",
    0x0406: "write failed",
    0x040A: "general tag error",
    0x0420: "tag error",
    0x0423: "memory overrun",
    0x0424: "memory locked",
    0x042B: "insufficient power",
    0x0503: "antenna not connected",
    0x0504: "over temperature",
    0x0505: "high return loss",
    0x0601: "tag buffer full",
    0x7F01: "module restarted after an internal error",
}
RETRYABLE: Final = frozenset({0x0503, 0x0504, 0x0505, 0x0601, 0x7F01})
"""A person or time can mend these; the others are wrong orders."""

WRITE_REFUSALS: Final = {
    0x0400: WriteRefusal.NO_TAG,
    0x0406: WriteRefusal.WEAK_FIELD,
    0x040A: WriteRefusal.NOT_WRITTEN,
    0x0420: WriteRefusal.NOT_WRITTEN,
    0x0423: WriteRefusal.TOO_LONG,
    0x0424: WriteRefusal.LOCKED,
    0x042B: WriteRefusal.WEAK_FIELD,
}
"""What a status says about the tag that was to be written. A module that gives up without a tag's reason (0406) heard it too weakly."""

OPTIONAL: Final = frozenset({GET_TEMPERATURE})
"""Orders that some firmware does not know; a refusal is no fault."""

PROGRAM_BOOT_LOADER: Final = 0x1
"""Low two bits of the answer to op 0C; tag orders give 0101 until op 04."""
GEN2: Final = 0x0005

SEARCH_ANTENNA_LIST: Final = 0x0003
SEARCH_EMBEDDED: Final = 0x0004
SEARCH_STREAMING: Final = 0x0008
SEARCH_LARGE_POPULATION: Final = 0x0010
READ_WITH_METADATA: Final = 0x10
ACTION_START: Final = 0x01
ACTION_STOP: Final = 0x02
TID_BANK: Final = 0x02

SELECT_ON_EPC: Final = 0x01
SELECT_ON_TID: Final = 0x02
SELECT_BITS_IN_TWO_BYTES: Final = 0x20
WRITE_MS: Final = 500
"""Time that the module gives to one write: half of what the session waits for the answer."""

STOP: Final = encode_command(MULTI_PROTOCOL, bytes((0, 0, ACTION_STOP)))


def start_order(plan: ReadPlan) -> bytes:
    """The order that begins continuous reading over the antenna list, with the TID of each tag when the plan asks.

    >>> from reader_drivers.driver import Region
    >>> plan = ReadPlan(region=Region.EU, power_cdbm=2000, antennas=(1,), search_ms=1000)
    >>> start_order(plan).hex().upper()
    'FF1C2F00000122000005132210001F03E801FF01092800000002000000000645D2'
    """
    flags = SEARCH_ANTENNA_LIST | SEARCH_STREAMING | SEARCH_LARGE_POPULATION
    embedded = b""
    if plan.tid_words:
        flags |= SEARCH_EMBEDDED
        # Number of embedded orders, bytes after the op, op 28, timeout 0, option 0, bank, word address, words.
        embedded = bytes((1, 9, 0x28, 0, 0, 0, TID_BANK, 0, 0, 0, 0, plan.tid_words))
    search = bytes((READ_WITH_METADATA,)) + flags.to_bytes(2, "big") + plan.search_ms.to_bytes(2, "big")
    embedding = search + ALL_METADATA.to_bytes(2, "big") + embedded
    head = bytes((0, 0, ACTION_START, READ_MULTIPLE, 0, 0)) + bytes((GEN2,))
    return encode_command(MULTI_PROTOCOL, head + bytes((len(embedding), READ_MULTIPLE)) + embedding)


def region_code(region: Region) -> int:
    """The module's code. Raises: PlanRefused: the module has none for this region."""
    if region not in REGION_CODES:
        raise PlanRefused(
            f"thingmagic_ff has no region code for {region}; choose one of {', '.join(sorted(REGION_CODES))}."
        )
    return REGION_CODES[region]


def settings_orders(plan: ReadPlan) -> tuple[bytes, ...]:
    """Orders from protocol to temperature, in the order of the bring-up; each is answered with status 0000 before the next.

    The region is read back right after it is set and before the power, so that nothing can be sent under wrong rules.
    """
    antennas = b"".join(bytes((antenna & 0x0F,)) * 2 for antenna in plan.antennas)
    return (
        encode_command(SET_PROTOCOL, GEN2.to_bytes(2, "big")),
        encode_command(SET_REGION, bytes((region_code(plan.region),))),
        encode_command(GET_REGION, b""),
        encode_command(SET_READ_POWER, plan.power_cdbm.to_bytes(2, "big")),
        encode_command(SET_ANTENNAS, b"\x02" + antennas),
        # Key 0C value 0: no read filter in the module, so repeats are reported and passes can be told apart.
        encode_command(SET_OPTION, b"\x01\x0c\x00"),
        encode_command(SET_PARAM, bytes((GEN2, 0x00, plan.session))),
        # Target A, then B: a tag answers in both states of its session flag.
        encode_command(SET_PARAM, bytes((GEN2, 0x01, 0x00, 0x00))),
        encode_command(SET_PARAM, bytes((GEN2, 0x12, 0x00))),
        encode_command(GET_TEMPERATURE, b""),
    )


def write_orders(change: EpcChange, plan: ReadPlan) -> tuple[bytes, ...]:
    """Write power, the one antenna for access orders, then the write to the tag with this TID.

    The write: timeout (2), option 02, access password (4), first bit of the TID bank (4), bits (1), TID, new EPC.
    Source: layout from public captures of the vendor's own program and the public SDK; without a selection (option 00) a
    further 00 stands before the EPC.

    >>> from reader_drivers.driver import Region
    >>> plan = ReadPlan(region=Region.EU, power_cdbm=2000, antennas=(1,))
    >>> change = EpcChange(epc=bytes.fromhex("3034"), old_epc=b"", tid=bytes.fromhex("E2801160"), antenna=1)
    >>> [order[3:-2].hex().upper() for order in write_orders(change, plan)]
    ['07D0', '0101', '01F402000000000000000020E28011603034']
    """
    bits = len(change.tid) * 8
    option, length = (SELECT_ON_TID, 1) if bits <= 0xFF else (SELECT_ON_TID | SELECT_BITS_IN_TWO_BYTES, 2)
    select = change.access_password + bytes(4) + bits.to_bytes(length, "big") + change.tid
    port = change.antenna & 0x0F
    return (
        encode_command(SET_WRITE_POWER, plan.power_cdbm.to_bytes(2, "big")),
        encode_command(SET_ANTENNAS, bytes((port, port))),
        encode_command(WRITE_EPC, WRITE_MS.to_bytes(2, "big") + bytes((option,)) + select + change.epc),
    )
