"""Messages of Zebra's IoT connector: what FX fixed readers and RFD40/RFD90 sleds push, as reads, scans and facts.

| from | shape |
|---|---|
| FX7500, FX9600, FXR90, ATR7000 | `{type, timestamp, data: {idHex, format, antenna, peakRssi, channel, phase, PC, CRC, XPC1, TID, USER, accessResults, eventNum, reads}}` |
| RFD40, RFD90 | `{type, timestamp, data: {tagData: [{EPCid, TID, USER, PC, XPC, CRC, channel, peakRssi, phase, seenCount, eventNum}], barcodeData: [{symbology, decodedBarcode}]}}` |
| web hooks of fixed readers | an array of either |

Every field of a tag but its code may be missing. `format` is `epc`, `uii` (toggle bit: no EPC) or `tid`. `channel` is MHz, or an index
in some firmware: a number below 100 is no frequency of ours. `timestamp` has an offset without colon, or is in epoch milliseconds.
`reads` and `seenCount` count since a moment that nobody names, so a message is one hearing. Source: readers.md 10.2.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reader_drivers.driver import Facts
from reader_drivers.errors import FrameError
from reader_drivers.json_lines import Json
from reader_drivers.reads import EPC_BYTES_MAX, SCAN_CHARACTERS_MAX, TID_BYTES_MAX, BarcodeScan, TagRead

NUMBER_MAX: Final = 10**15
"""Beyond any strength, frequency, count or time in ms."""
MHZ_MIN: Final = 100
"""A smaller channel is an index."""
ANTENNA_MAX: Final = 255
USER_BYTES_MAX: Final = 8_192
MESSAGES_MAX: Final = 4_096
"""Tags in one message; a longer array is refused."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One tag of a message."""

    read: TagRead
    facts: Facts
    event_number: int | None
    """Counts the reader's events, so that a gap shows a loss. None: not told."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that one message, or array of messages, says."""

    name: str
    """The reader's own `type`, for example SIMPLE, CUSTOM, CYCLE_COUNT; empty when it has none."""
    tags: tuple[Heard, ...] = ()
    scans: tuple[BarcodeScan, ...] = ()


def message_of(value: Json | list[Any], at_ms: int | None = None) -> Told:
    """What one line says. Raises: FrameError: it is no message, or a field of a tag in it is broken."""
    if isinstance(value, dict):
        return _message(value, at_ms)
    if len(value) > MESSAGES_MAX:
        raise FrameError("length", f"an array of {len(value)} messages; {MESSAGES_MAX} are the most")
    parts = [_message(part, at_ms) for part in value]
    return Told(
        parts[0].name if parts else "",
        tuple(heard for part in parts for heard in part.tags),
        tuple(scan for part in parts for scan in part.scans),
    )


def _message(value: Any, at_ms: int | None) -> Told:
    if not isinstance(value, dict):
        raise FrameError("format", "a message in the array is no object")
    name, body = str(value.get("type") or ""), value.get("data")
    if not isinstance(body, dict):
        if not name:
            raise FrameError("format", "the message has neither type nor data")
        return Told(name)
    reader_ms = _time_ms(value.get("timestamp"))
    if "tagData" not in body and "barcodeData" not in body:
        # Other events of the reader have data too, but no code.
        return Told(name, (_tag(body, reader_ms, at_ms),)) if "idHex" in body or not name else Told(name)
    tags = tuple(_tag(tag, reader_ms, at_ms) for tag in _objects(body, "tagData"))
    return Told(name, tags, tuple(_scan(scan, at_ms) for scan in _objects(body, "barcodeData")))


def _objects(body: Json, name: str) -> list[Json]:
    told = body.get(name) or []
    if not isinstance(told, list) or len(told) > MESSAGES_MAX or not all(isinstance(one, dict) for one in told):
        raise FrameError("format", f"{name} is no array of at most {MESSAGES_MAX} objects")
    return told


def _tag(tag: Json, reader_ms: int | None, at_ms: int | None) -> Heard:
    code = _memory(tag, ("idHex", "EPCid", "EPC"), EPC_BYTES_MAX)
    if code is None:
        raise FrameError("format", "the tag has no code: neither idHex nor EPCid")
    kind = tag.get("format")
    tid = code if kind == "tid" else _memory(tag, ("TID",), TID_BYTES_MAX)
    # A reader that was told to report TIDs says no EPC; the tag is known by its TID then.
    epc = b"" if kind == "tid" else code
    user = _memory(tag, ("USER",), USER_BYTES_MAX)
    rssi, phase, channel = _number(tag, "peakRssi"), _number(tag, "phase"), _number(tag, "channel")
    antenna, number = _number(tag, "antenna"), _number(tag, "eventNum")
    if antenna is not None and not 0 <= antenna <= ANTENNA_MAX:
        raise FrameError("format", f"antenna is {antenna}; it is 1 to {ANTENNA_MAX}")
    read = TagRead(
        id_hex=epc.hex().upper(),
        id_bits=len(epc) * 8,
        id_kind="uii" if kind == "uii" else "epc",
        pc=_word(tag, "PC"),
        xpc_w1=_word(tag, "XPC1"),
        tag_crc=_word(tag, "CRC"),
        tid_hex=tid.hex().upper() if tid else None,
        user_hex=user.hex().upper() if user else None,
        antenna=None if antenna is None else int(antenna),
        rssi_dbm=rssi,
        rssi_sum_cdbm=None if rssi is None else round(rssi * 100),
        freq_khz=None if channel is None or channel < MHZ_MIN else round(channel * 1000),
        phase_deg=phase,
        reader_ms=reader_ms,
        at_ms=at_ms,
    )
    return Heard(read, _facts(tag, read), None if number is None else int(number))


def _facts(tag: Json, read: TagRead) -> Facts:
    seen = tag.get("reads", tag.get("seenCount"))
    return {
        "epc": read.id_hex,
        "pc": None if read.pc is None else f"{read.pc:04X}",
        "crc": None if read.tag_crc is None else f"{read.tag_crc:04X}",
        "tid": read.tid_hex,
        "user": read.user_hex,
        "antenna": read.antenna,
        "freq_khz": read.freq_khz,
        "rssi_dbm": read.rssi_dbm,
        "phase_deg": read.phase_deg,
        "seen_count": seen if isinstance(seen, int) else None,
        "event_number": tag.get("eventNum"),
        "access_results": tag.get("accessResults"),
    }


def _scan(scan: Json, at_ms: int | None) -> BarcodeScan:
    text = scan.get("decodedBarcode")
    if not isinstance(text, str) or len(text) > SCAN_CHARACTERS_MAX:
        raise FrameError("format", f"decodedBarcode is no text of at most {SCAN_CHARACTERS_MAX} characters")
    return BarcodeScan(text=text, at_ms=at_ms)


def _memory(tag: Json, names: tuple[str, ...], bytes_max: int) -> bytes | None:
    told = next((tag[name] for name in names if isinstance(tag.get(name), str)), None)
    if told is None:
        return None
    try:
        found = bytes.fromhex(told)
    except ValueError as error:
        raise FrameError("format", f"{names[0]} is {told[:20]!r}; it is hex") from error
    if len(found) > bytes_max:
        raise FrameError("length", f"{names[0]} has {len(found)} bytes, at most {bytes_max} can be")
    return found


def _word(tag: Json, name: str) -> int | None:
    found = _memory(tag, (name,), 2)
    return int.from_bytes(found, "big") if found else None


def _number(tag: Json, name: str) -> int | float | None:
    told = tag.get(name)
    if told is None:
        return None
    # A comparison with what is no number or not finite is never true.
    if isinstance(told, int | float) and -NUMBER_MAX <= told <= NUMBER_MAX:
        return told
    raise FrameError("format", f"{name} is {str(told)[:20]!r}; it is a number")


def _time_ms(told: Any) -> int | None:
    """The reader's clock; None: not told, or in a form that nobody knows, which spoils no read."""
    if isinstance(told, int) and 0 <= told <= NUMBER_MAX:
        return told
    try:
        return round(datetime.fromisoformat(told).timestamp() * 1000) if isinstance(told, str) else None
    except (ValueError, OverflowError):
        return None
