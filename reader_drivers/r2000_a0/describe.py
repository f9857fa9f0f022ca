"""What one R2000 frame says, as names and values for a person or a test: the source of `baguier-agent decode`."""

from collections.abc import Callable
from typing import Final

from reader_drivers.driver import Described, Fact, Facts, FrameDescriber
from reader_drivers.r2000_a0 import orders
from reader_drivers.r2000_a0.access import decode_tag_answer
from reader_drivers.r2000_a0.frames import Frame, FrameHunt
from reader_drivers.r2000_a0.tags import Failure, RoundEnd, Tag, decode_answer, tag_read

DIRECTIONS: Final = ("reader_to_host", "host_to_reader")


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        super().__init__(FrameHunt(), describe_answer if direction == DIRECTIONS[0] else describe_command)


def describe_command(frame: Frame) -> Described:
    """Event name and facts of one order."""
    explain = _COMMANDS.get(frame.order)
    facts = _head(frame) | {"data_hex": frame.payload.hex().upper()}
    return "command", facts | (explain(frame.payload) if explain and frame.payload else {}), ()


def describe_answer(frame: Frame) -> Described:
    """Event name, facts and reads of one answer.

    Raises: FrameError: the frame is whole but its payload is nothing that an inventory is answered with.
    """
    facts, payload = _head(frame), frame.payload
    if frame.order in orders.INVENTORIES:
        return _inventory(frame, facts)
    if len(payload) == 1 and frame.order not in orders.GETTERS:
        return _failure(Failure(payload[0]), facts)
    if frame.order in {orders.READ, orders.WRITE}:
        return "reply", facts | _access_facts(frame.order, payload), ()
    explain = _ANSWERS.get(frame.order)
    facts |= {"data_hex": payload.hex().upper()}
    return "reply", facts | (explain(payload) if explain and payload else {}), ()


def _head(frame: Frame) -> Facts:
    return {
        "address": f"{frame.address:02X}",
        "command": f"{frame.order:02X}",
        "name": orders.NAMES.get(frame.order, "unknown"),
    }


def _inventory(frame: Frame, facts: Facts) -> Described:
    match decode_answer(frame.order, frame.payload):
        case Failure() as failure:
            return _failure(failure, facts)
        case RoundEnd() as end:
            return ("state" if end.total_read else "keep_alive"), facts | {"end": _end_facts(end)}, ()
        case Tag() as tag:
            # A tag whose length is not what it says is shown, but it is no read.
            reads = (tag_read(tag, antenna=tag.antenna, freq_khz=tag.freq_khz),) if tag.is_whole else ()
            return "tag_read", facts | {"tag": _tag_facts(tag)}, reads


def _failure(failure: Failure, facts: Facts) -> Described:
    code = failure.code
    facts |= {"error_code": f"{code:02X}", "error": orders.ERROR_NAMES.get(code, "unknown_error")}
    if failure.antenna is not None:
        facts |= {"antenna": failure.antenna}
    if code == orders.DONE:
        return "reply", facts, ()
    if code in orders.NO_TAG:
        return "keep_alive", facts, ()
    return "error", facts | {"meaning": orders.meaning(code), "retryable": code in orders.RETRYABLE}, ()


def _end_facts(end: RoundEnd) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "antenna": end.antenna,
        "read_rate_per_s": end.read_rate_per_s,
        "total_read": end.total_read,
        "duration_ms": end.duration_ms,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _tag_facts(tag: Tag) -> dict[str, Fact]:
    return {
        "antenna": tag.antenna,
        "freq_index": tag.freq_index,
        "freq_mhz": None if tag.freq_khz is None else tag.freq_khz / 1000,
        "pc": f"{tag.pc:04X}",
        "epc": tag.epc.hex().upper(),
        "rssi_raw": tag.rssi_raw,
        "rssi_dbm": tag.rssi_dbm,
        "pc_words": tag.pc_words,
        "epc_len_matches_pc": tag.is_whole,
    }


def _session_facts(payload: bytes) -> Facts:
    if len(payload) < 3:
        return {}
    target = {0: "A", 1: "B"}.get(payload[1], f"{payload[1]:02X}")
    return {"session": payload[0], "target": target, "repeat": payload[-1]}


def _access_facts(order: int, payload: bytes) -> Facts:
    answer = decode_tag_answer(order, payload)
    facts: Facts = {"tags": answer.tags, "epc": answer.epc.hex().upper()}
    if order == orders.READ:
        return facts | {"words_hex": answer.result.hex().upper()}
    return facts | {"error_code": f"{answer.result[0]:02X}"}


def _match_facts(payload: bytes) -> Facts:
    return {"epc": payload[2:].hex().upper() or None}


def _read_facts(payload: bytes) -> Facts:
    return _place_facts(payload) if len(payload) >= 3 else {}


def _write_facts(payload: bytes) -> Facts:
    # Behind the access password, which is shown with the rest in `data_hex`.
    return _place_facts(payload[4:]) | {"words_hex": payload[7:].hex().upper()} if len(payload) > 7 else {}


def _place_facts(payload: bytes) -> Facts:
    return {"bank": payload[0], "word": payload[1], "words": payload[2]}


def _antenna_facts(payload: bytes) -> Facts:
    return {"antenna": payload[0] + 1}


def _power_facts(payload: bytes) -> Facts:
    return {"power_dbm": list(payload)}


def _region_facts(payload: bytes) -> Facts:
    return {"region": orders.region_words(payload)}


def _repeat_facts(payload: bytes) -> Facts:
    return {"repeat": payload[-1]}


def _firmware_facts(payload: bytes) -> Facts:
    return {"firmware": ".".join(str(byte) for byte in payload)}


def _temperature_facts(payload: bytes) -> Facts:
    # Sign (0 = below zero), then degrees.
    return {"temperature_c": payload[1] if payload[0] else -payload[1]} if len(payload) == 2 else {}


_COMMANDS: Final[dict[int, Callable[[bytes], Facts]]] = {
    orders.SET_ANTENNA: _antenna_facts,
    orders.SET_POWER: _power_facts,
    orders.SET_REGION: _region_facts,
    orders.REAL_TIME_INVENTORY: _repeat_facts,
    orders.FAST_SWITCH_INVENTORY: _repeat_facts,
    orders.SESSION_INVENTORY: _session_facts,
    orders.READ: _read_facts,
    orders.WRITE: _write_facts,
    orders.SET_MATCH: _match_facts,
}
_ANSWERS: Final[dict[int, Callable[[bytes], Facts]]] = {
    orders.GET_FIRMWARE: _firmware_facts,
    0x75: _antenna_facts,
    orders.GET_POWER: _power_facts,
    orders.GET_REGION: _region_facts,
    0x7B: _temperature_facts,
}
