"""What one ThingMagic frame says, as names and values for a person or a test: the source of `baguier-agent decode`.

Hex values keep the width they have on the wire. Values that need another frame to be understood are not guessed.
"""

from collections.abc import Callable
from typing import Final

from reader_drivers.driver import Described, Facts, FrameDescriber
from reader_drivers.reads import TagRead
from reader_drivers.thingmagic_ff import orders
from reader_drivers.thingmagic_ff.frames import STATUS_DONE, STATUS_NO_TAG, Direction, Frame, FrameHunt
from reader_drivers.thingmagic_ff.records import StreamReport, decode_buffer, decode_stream_report
from reader_drivers.thingmagic_ff.stream_reads import tag_read

_NUMBER: Final = "big"


class Describer(FrameDescriber[Frame]):
    """Describes the frames of one direction of a capture, in order."""

    def __init__(self, direction: str) -> None:
        super().__init__(FrameHunt(Direction(direction)), describe)


def describe(frame: Frame) -> Described:
    """Event name, facts and reads of one frame.

    Raises: FrameError: the frame is whole but the record inside it is broken.
    """
    facts: Facts = {"opcode": f"{frame.op:02X}", "name": orders.NAMES.get(frame.op, "unknown")}
    if frame.status is None:
        return "command", facts | {"data_hex": frame.payload.hex().upper()} | _command_facts(frame), ()
    facts |= {"status": f"{frame.status:04X}", "data_hex": frame.payload.hex().upper()}
    if frame.status == STATUS_NO_TAG:
        return "keep_alive", facts | {"status_name": orders.STATUS_MEANINGS[STATUS_NO_TAG]}, ()
    if frame.status != STATUS_DONE:
        meaning = orders.STATUS_MEANINGS.get(frame.status, "unknown status")
        return "error", facts | {"error": meaning, "retryable": frame.status in orders.RETRYABLE}, ()
    if frame.op == orders.READ_MULTIPLE and len(frame.payload) >= 6:
        report = decode_stream_report(frame.payload)
        return ("tag_read" if report.record else "state"), facts | report_facts(report), report_reads(report)
    if frame.op == orders.GET_BUFFER and frame.payload:
        records = decode_buffer(frame.payload)
        reads = tuple(tag_read(record, frame.raw) for record in records)
        return ("tag_read" if records else "reply"), facts | {"tag_count": len(records)}, reads
    return "reply", facts | _reply_facts(frame), ()


def report_facts(report: StreamReport) -> Facts:
    """Head of a stream report and, for a tag, the fields that a `TagRead` has no place for."""
    facts: Facts = {
        "read_option": report.option,
        "search_flags": f"{report.search_flags:04x}",
        "metadata_flags": f"{report.metadata_flags:04x}",
        "response_type": {0: "end", 1: "tag", 2: "status"}.get(report.kind, f"{report.kind:02X}"),
    }
    record = report.record
    if record is None:
        return facts
    return facts | {
        "read_count": record.read_count,
        "antenna_tx": record.antenna,
        "antenna_rx": record.antenna_rx,
        "timestamp_ms": record.timestamp_ms,
        "tag_protocol": record.tag_protocol,
        "embedded_hex": None if record.embedded is None else record.embedded.hex().upper(),
        "gpio": record.gpio,
        "epc": record.epc.hex().upper(),
    }


def report_reads(report: StreamReport) -> tuple[TagRead, ...]:
    """The read of a tag report; empty for the other kinds."""
    return () if report.record is None else (tag_read(report.record),)


def _command_facts(frame: Frame) -> Facts:
    explain = _COMMANDS.get(frame.op)
    return explain(frame.payload) if explain else {}


def _reply_facts(frame: Frame) -> Facts:
    explain = _REPLIES.get(frame.op)
    return explain(frame.payload) if explain else {}


def _multi_protocol(payload: bytes) -> Facts:
    if len(payload) < 3:
        return {}
    facts: Facts = {"timeout_ms": int.from_bytes(payload[:2], _NUMBER)}
    if payload[2] == orders.ACTION_STOP:
        return facts | {"action": "stop_continuous"}
    facts |= {"action": "start_continuous"} if payload[2] == orders.ACTION_START else {"action": f"{payload[2]:02X}"}
    if len(payload) < 16:
        return facts
    facts |= {
        "sub_opcode": f"{payload[3]:02X}",
        "tag_protocol": payload[6],
        "read_option": payload[9],
        "search_flags": payload[10:12].hex(),
        "search_timeout_ms": int.from_bytes(payload[12:14], _NUMBER),
        "metadata_flags": payload[14:16].hex(),
    }
    # Count, length after the op, op, timeout (2), option, bank, address (4), words.
    if len(payload) >= 28 and payload[18] == 0x28:
        facts |= {"embedded_opcode": "28", "embedded_bank": payload[22], "embedded_words": payload[27]}
    return facts


def _param(payload: bytes) -> Facts:
    if len(payload) < 2:
        return {}
    name = orders.PARAM_NAMES.get(payload[1], f"{payload[1]:02X}")
    facts: Facts = {"tag_protocol": payload[0], "param": name}
    return facts | {"value": payload[2:].hex().upper()} if len(payload) > 2 else facts


def _power(payload: bytes) -> Facts:
    return {"power_cdbm": int.from_bytes(payload[:2], _NUMBER, signed=True)} if len(payload) >= 2 else {}


def _power_reply(payload: bytes) -> Facts:
    if len(payload) == 2:
        return _power(payload)
    names = ("power_cdbm", "max_cdbm", "min_cdbm")
    if len(payload) != 1 + 2 * len(names):
        return {"option": payload[0]} if payload else {}
    values = (int.from_bytes(payload[at : at + 2], _NUMBER, signed=True) for at in (1, 3, 5))
    return {"option": payload[0], **dict(zip(names, values, strict=True))}


def _region(payload: bytes) -> Facts:
    return {"region": orders.REGION_NAMES.get(payload[-1], f"{payload[-1]:02X}")} if payload else {}


def _protocol(payload: bytes) -> Facts:
    return {"tag_protocol": int.from_bytes(payload, _NUMBER)} if len(payload) == 2 else {}


def _version(payload: bytes) -> Facts:
    if len(payload) != 20:
        return {}
    names = ("bootloader", "hardware", "firmware_date", "firmware", "protocol_mask")
    return {name: payload[4 * n : 4 * n + 4].hex().upper() for n, name in enumerate(names)}


def _program(payload: bytes) -> Facts:
    if not payload:
        return {}
    return {"program": "boot_loader" if payload[0] & 3 == orders.PROGRAM_BOOT_LOADER else "application"}


def _write_epc(payload: bytes) -> Facts:
    if len(payload) < 4:
        return {}
    option = payload[2]
    facts: Facts = {"timeout_ms": int.from_bytes(payload[:2], _NUMBER), "read_option": option}
    if option == 0:
        return facts | {"epc": payload[4:].hex().upper()}
    # Behind the access password: for a selection by TID the first bit, then the number of bits, the bits, the EPC.
    length = 2 if option & orders.SELECT_BITS_IN_TWO_BYTES else 1
    selected, bits_at = {orders.SELECT_ON_EPC: ("selected_epc", 7), orders.SELECT_ON_TID: ("selected_tid", 11)}.get(
        option & ~orders.SELECT_BITS_IN_TWO_BYTES, ("", 0)
    )
    if not selected:
        return facts
    mask_at = bits_at + length
    epc_at = mask_at + (int.from_bytes(payload[bits_at:mask_at], _NUMBER) + 7) // 8
    return facts | {selected: payload[mask_at:epc_at].hex().upper(), "epc": payload[epc_at:].hex().upper()}


def _baud(payload: bytes) -> Facts:
    return {"baud": int.from_bytes(payload, _NUMBER)} if len(payload) == 4 else {}


def _temperature(payload: bytes) -> Facts:
    return {"temperature_c": int.from_bytes(payload, _NUMBER, signed=True)} if len(payload) == 1 else {}


def _search(payload: bytes) -> Facts:
    if len(payload) != 5:
        return {}
    return {
        "read_option": payload[0],
        "search_flags": payload[1:3].hex(),
        "search_timeout_ms": int.from_bytes(payload[3:], _NUMBER),
    }


_COMMANDS: Final[dict[int, Callable[[bytes], Facts]]] = {
    0x06: _baud,
    0x22: _search,
    0x23: _write_epc,
    0x2F: _multi_protocol,
    0x6B: _param,
    0x92: _power,
    0x93: _protocol,
    0x94: _power,
    0x97: _region,
    0x9B: _param,
}
_REPLIES: Final[dict[int, Callable[[bytes], Facts]]] = {
    0x03: _version,
    0x04: _version,
    0x0C: _program,
    0x62: _power_reply,
    0x63: _protocol,
    0x64: _power_reply,
    0x67: _region,
    0x72: _temperature,
}
