r"""Events of an Impinj R700: the lines of its stream and its MQTT messages, as reads and facts.

| field of `tagInventoryEvent` | meaning |
|---|---|
| epcHex, or epc | EPC in hex, or its bytes in URL-safe base64 |
| tidHex, or tid | the same for the TID |
| antennaPort | 1-based |
| peakRssiCdbm | strength in 1/100 dBm |
| frequency | kHz |
| phaseAngle | degrees |
| pc, xpcHex | control word and its extension in hex |
| tagMemoryData | `{memoryBank, wordOffset, tagDataHex}` of what was read besides |

Every field is there only when the reader was asked for it. `eventType` may be missing in MQTT messages, so a tag is known by its
`tagInventoryEvent`. Source: readers.md 10.1, vectors r700-002 to r700-006.

>>> event_of({"tagInventoryEvent": {"epc": "ikUCJA==", "antennaPort": 1, "peakRssiCdbm": -3200}}).read.id_hex
'8A450224'
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Final

from reader_drivers.driver import Facts
from reader_drivers.errors import FrameError
from reader_drivers.json_lines import Json
from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX, TagRead

TAG: Final = "tag_inventory"
STATUS: Final = "inventory_status"
TERMINATED: Final = "inventory_terminated"
OVERFLOW: Final = "overflow"
RUNNING: Final = "running"
ANTENNA_MAX: Final = 255
PC_IS_UII: Final = 0x0100
USER_BYTES_MAX: Final = 8_192
"""64 kbit, the largest user memory of chips for goods."""
NUMBER_MAX: Final = 10**9
"""Beyond any strength, frequency or phase."""

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class R700Event:
    """One event."""

    name: str
    """The reader's `eventType` in words with underscores, for example `antenna_connected`."""
    facts: Facts = field(default_factory=dict)
    read: TagRead | None = None
    """None: the event is no tag."""


def event_of(line: Json, at_ms: int | None = None, raw: bytes = b"") -> R700Event:
    """What one line says. Raises: FrameError: it is no event, or a field of its tag is broken."""
    tag = line.get("tagInventoryEvent")
    if isinstance(tag, dict):
        read = _read(tag, at_ms, raw)
        return R700Event(TAG, _tag_facts(tag, read), read)
    kind = line.get("eventType")
    if not isinstance(kind, str):
        raise FrameError("format", "the line has neither eventType nor tagInventoryEvent")
    name = _CAPITAL.sub(r"_\1", kind).lower()
    inner = line.get(f"{kind}Event")
    facts: Facts = {_CAPITAL.sub(r"_\1", k).lower(): v for k, v in inner.items()} if isinstance(inner, dict) else {}
    if name == STATUS:
        facts["running"] = facts.get(STATUS) == RUNNING
    return R700Event(name, facts)


def _read(tag: Json, at_ms: int | None, raw: bytes) -> TagRead:
    epc = _memory(tag, "epc", EPC_BYTES_MAX)
    if epc is None:
        raise FrameError("format", "the tag has neither epcHex nor epc; switch one of them on in the reader's preset")
    tid = _memory(tag, "tid", TID_BYTES_MAX)
    pc = _word(tag, "pc")
    cdbm = _number(tag, "peakRssiCdbm")
    antenna, phase, channel = _number(tag, "antennaPort"), _number(tag, "phaseAngle"), _number(tag, "frequency")
    if antenna is not None and not 0 <= antenna <= ANTENNA_MAX:
        raise FrameError("format", f"antennaPort is {antenna}; it is 1 to {ANTENNA_MAX}")
    user = _user_memory(tag)
    return TagRead(
        id_hex=epc.hex().upper(),
        id_bits=len(epc) * 8,
        id_kind="uii" if pc is not None and pc & PC_IS_UII else "epc",
        pc=pc,
        xpc_w1=_word(tag, "xpcHex"),
        tid_hex=tid.hex().upper() if tid else None,
        user_hex=user.hex().upper() if user else None,
        antenna=antenna if antenna is None else int(antenna),
        rssi_dbm=None if cdbm is None else cdbm / 100,
        rssi_sum_cdbm=None if cdbm is None else round(cdbm),
        freq_khz=channel if channel is None else int(channel),
        phase_deg=phase if phase is None else round(phase) % 360,
        at_ms=at_ms,
        raw=raw,
    )


def _tag_facts(tag: Json, read: TagRead) -> Facts:
    known: Facts = {
        "event": TAG,
        "epc": read.id_hex,
        "antenna": read.antenna,
        "rssi_dbm": read.rssi_dbm,
        "freq_khz": read.freq_khz,
        "tid": read.tid_hex,
        "user": read.user_hex,
    }
    return known | {"transmit_power_cdbm": _number(tag, "transmitPowerCdbm")}


def _user_memory(tag: Json) -> bytes | None:
    parts = tag.get("tagMemoryData")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get("memoryBank") == "user":
            return _memory({"userHex": part.get("tagDataHex")}, "user", USER_BYTES_MAX)
    return None


def _memory(tag: Json, name: str, bytes_max: int) -> bytes | None:
    """The bytes of `<name>Hex` or of `<name>` in base64."""
    told, coded = tag.get(f"{name}Hex"), tag.get(name)
    try:
        if isinstance(told, str):
            found = bytes.fromhex(told)
        elif isinstance(coded, str):
            # Strict, since characters that are skipped would make another code of a damaged one.
            found = b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        else:
            return None
    except (ValueError, Base64Error) as error:
        raise FrameError("format", f"the {name} of a tag cannot be read: {error}") from error
    if len(found) > bytes_max:
        raise FrameError("length", f"the {name} of a tag has {len(found)} bytes, at most {bytes_max} can be")
    return found


def _word(tag: Json, name: str) -> int | None:
    told = tag.get(name)
    if not isinstance(told, str):
        return None
    try:
        return int(told, 16) & 0xFFFF
    except ValueError as error:
        raise FrameError("format", f"{name} is {told[:20]!r}; it is a word in hex") from error


def _number(tag: Json, name: str) -> int | float | None:
    told = tag.get(name)
    if told is None:
        return None
    # A comparison with what is no number or not finite is never true.
    if isinstance(told, int | float) and -NUMBER_MAX <= told <= NUMBER_MAX:
        return told
    raise FrameError("format", f"{name} is {str(told)[:20]!r}; it is a number")
