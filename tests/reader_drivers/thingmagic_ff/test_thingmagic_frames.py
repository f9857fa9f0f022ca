"""Frames and records of ThingMagic modules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.driver import EpcChange, ReadPlan, Region
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import REJECTED_BYTES_MAX, crc_tm
from reader_drivers.thingmagic_ff.describe import Describer
from reader_drivers.thingmagic_ff.frames import Direction, Frame, FrameHunt, encode_command, encode_reply
from reader_drivers.thingmagic_ff.orders import write_orders
from reader_drivers.thingmagic_ff.records import (
    ALL_METADATA,
    PC_HAS_XPC,
    XPC_HAS_SECOND,
    Record,
    StreamReport,
    decode_buffer,
    decode_record,
    decode_stream_report,
    encode_record,
    encode_stream_report,
)
from reader_drivers.thingmagic_ff.stream_reads import stream_read, tag_read

# sparkfun/SparkFun_Simultaneous_RFID_Tag_Reader_Library, src, comment frames.
SPARKFUN = bytes.fromhex(
    "FF28 22 0000 10 001B 01FF 01 01 C4 11 0E1640 00000127 0000 05 0000 0F 0080 3000 000000000000000000001545 E94A 561D"
)
TABLE = [0]
for _n in range(1, 16):
    _r = _n << 12
    for _ in range(4):
        _r = ((_r << 1) ^ 0x1021) & 0xFFFF if _r & 0x8000 else (_r << 1) & 0xFFFF
    TABLE.append(_r)


@st.composite
def records(draw: st.DrawFn) -> Record:
    pc = draw(st.integers(0, 0xFFFF))
    xpc_w1 = draw(st.integers(0, 0xFFFF)) if pc & PC_HAS_XPC else None
    second = xpc_w1 is not None and xpc_w1 & XPC_HAS_SECOND
    return Record(
        read_count=draw(st.integers(0, 255)),
        rssi_dbm=draw(st.integers(-128, 127)),
        antenna=draw(st.integers(1, 16)),
        antenna_rx=draw(st.integers(1, 16)),
        freq_khz=draw(st.integers(0, 2**24 - 1)),
        timestamp_ms=draw(st.integers(0, 2**32 - 1)),
        phase_deg=draw(st.integers(0, 180)),
        tag_protocol=5,
        embedded=draw(st.binary(max_size=24)),
        gpio=draw(st.integers(0, 255)),
        pc=pc,
        xpc_w1=xpc_w1,
        epc=(draw(st.integers(0, 0xFFFF)).to_bytes(2, "big") if second else b"") + draw(st.binary(max_size=62)),
        tag_crc=draw(st.integers(0, 0xFFFF)),
    )


def split_second_word(record: Record) -> Record:
    """The same record with the second XPC word taken off the front of the EPC, as a decoder sees it."""
    if record.xpc_w1 is None or not record.xpc_w1 & XPC_HAS_SECOND:
        return record
    fields = {name: getattr(record, name) for name in Record.__struct_fields__}
    return Record(**fields | {"xpc_w2": int.from_bytes(record.epc[:2], "big"), "epc": record.epc[2:]})


@given(st.binary(min_size=2, max_size=300))
def test_fast_checksum_equals_the_published_nibble_routine(message: bytes) -> None:
    crc = 0xFFFF
    for byte in message:
        for nibble in (byte >> 4, byte & 15):
            crc = (((crc << 4) | nibble) & 0xFFFF) ^ TABLE[crc >> 12]

    assert crc_tm(message) == crc


@given(records())
def test_record_survives_encoding_and_decoding(record: Record) -> None:
    encoded = encode_record(record, ALL_METADATA)

    assert decode_record(encoded, 0, ALL_METADATA) == (split_second_word(record), len(encoded))


@given(records(), st.integers(0, ALL_METADATA))
def test_metadata_flags_decide_which_fields_are_there(record: Record, flags: int) -> None:
    seen = decode_record(encode_record(record, flags), 0, flags)[0]
    report = StreamReport(0x10, 0x001B, flags, 1, seen)

    assert decode_stream_report(encode_stream_report(report)) == StreamReport(
        0x10, 0x001B, flags, 1, decode_record(encode_record(seen, flags), 0, flags)[0]
    )
    present = [
        (0x1, seen.read_count),
        (0x2, seen.rssi_dbm),
        (0x4, seen.antenna),
        (0x8, seen.freq_khz),
        (0x80, seen.embedded),
    ]
    assert [value is not None for _, value in present] == [bool(flags & flag) for flag, _ in present]


@given(st.lists(records(), max_size=3))
def test_buffer_answer_repeats_the_records_of_the_stream(held: list[Record]) -> None:
    payload = ALL_METADATA.to_bytes(2, "big") + bytes((0, len(held)))

    decoded = decode_buffer(payload + b"".join(encode_record(record, ALL_METADATA) for record in held))

    assert decoded == tuple(split_second_word(record) for record in held)


@given(st.integers(0, 255), st.binary(max_size=250))
def test_order_survives_encoding_and_decoding(op: int, payload: bytes) -> None:
    raw = encode_command(op, payload)

    assert FrameHunt(Direction.HOST_TO_READER).feed(raw) == [Frame(op, None, payload, raw)]


@given(st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=250))
def test_answer_survives_encoding_and_decoding(op: int, status: int, payload: bytes) -> None:
    raw = encode_reply(op, status, payload)

    assert FrameHunt(Direction.READER_TO_HOST).feed(raw) == [Frame(op, status, payload, raw)]


@given(st.binary(max_size=60))
def test_garbage_between_two_frames_loses_neither(garbage: bytes) -> None:
    hunt = FrameHunt(Direction.READER_TO_HOST)
    one, two = encode_reply(0x63, 0, b"\x00\x05"), encode_reply(0x97, 0, b"")

    found = hunt.feed(one + garbage + two) + hunt.flush()

    frames = [part.raw for part in found if isinstance(part, Frame)]
    assert frames[0] == one
    assert frames[-1] == two


def test_published_tag_report_is_read_field_by_field() -> None:
    frame = FrameHunt(Direction.READER_TO_HOST).feed(SPARKFUN)[0]
    assert isinstance(frame, Frame)
    record = decode_stream_report(frame.payload).record
    assert record is not None

    read = tag_read(record)

    assert (read.id_hex, read.id_bits, read.pc, read.tag_crc) == ("000000000000000000001545", 96, 0x3000, 0xE94A)
    assert (read.antenna, read.rssi_dbm, read.freq_khz, read.reader_ms) == (1, -60, 923_200, 295)
    assert (read.tid_hex, read.phase_deg, read.count, read.rssi_sum_cdbm) == (None, 0, 1, -6_000)


def read_field_by_field(payload: bytes) -> object:
    """What `stream_read` must give, without its short cut."""
    try:
        record = decode_stream_report(payload).record
    except FrameError as error:
        return str(error)
    return None if record is None else tag_read(record, at_ms=7)


def read_in_one_step(payload: bytes) -> object:
    try:
        return stream_read(payload, 7)
    except FrameError as error:
        return str(error)


@given(records(), st.sampled_from([ALL_METADATA, ALL_METADATA, 0x00FF, 0x0]), st.integers(0, 3))
def test_the_short_cut_of_the_stream_gives_the_same_reads(record: Record, flags: int, kind: int) -> None:
    payload = encode_stream_report(StreamReport(0x10, 0x001B, flags, kind, record))

    assert read_in_one_step(payload) == read_field_by_field(payload)


@given(records(), st.lists(st.tuples(st.integers(6, 200), st.integers(0, 255)), max_size=3), st.integers(0, 40))
def test_the_short_cut_refuses_what_is_refused_field_by_field(
    record: Record, changes: list[tuple[int, int]], cut: int
) -> None:
    payload = bytearray(encode_stream_report(StreamReport(0x10, 0x001B, ALL_METADATA, 1, record)))
    for at, byte in changes:
        payload[at % len(payload)] = byte
    broken = bytes(payload[: len(payload) - cut])

    assert read_in_one_step(broken) == read_field_by_field(broken)


@pytest.mark.parametrize(("epc_bytes", "tid_bytes"), [(62, 0), (63, 0), (12, 64), (12, 65), (0, 0)])
def test_the_short_cut_keeps_the_limits_of_tags(epc_bytes: int, tid_bytes: int) -> None:
    record = Record(pc=0, epc=bytes(epc_bytes), embedded=bytes(tid_bytes), tag_crc=0)
    payload = encode_stream_report(StreamReport(0x10, 0x001B, ALL_METADATA, 1, record))

    assert read_in_one_step(payload) == read_field_by_field(payload)
    assert isinstance(read_in_one_step(payload), str) == (epc_bytes > 62 or tid_bytes > 64)


def test_toggle_bit_makes_the_code_a_uii() -> None:
    assert tag_read(Record(pc=0x3100, epc=bytes(12), tag_crc=0)).id_kind == "uii"
    assert tag_read(Record(pc=0x3000, epc=bytes(12), tag_crc=0)).id_kind == "epc"


def test_frame_with_the_longest_payload_is_read_and_a_longer_one_refused() -> None:
    longest = encode_reply(0x22, 0, bytes(250))
    hunt = FrameHunt(Direction.READER_TO_HOST)

    assert [part.raw for part in hunt.feed(longest)] == [longest]
    assert hunt.feed(b"\xff\xfb" + bytes(300)) == []
    assert [part.raw[:2] for part in hunt.flush()] == [b"\xff\xfb"]


def test_two_broken_frames_in_a_row_are_two_rejections() -> None:
    hunt = FrameHunt(Direction.READER_TO_HOST)
    broken = bytes.fromhex("FF009800008670")

    assert [part.raw for part in hunt.feed(broken * 2) + hunt.flush()] == [broken, broken]


def test_wake_up_bytes_before_an_order_are_one_rejection() -> None:
    order = bytes.fromhex("FF00031D0C")

    found = FrameHunt(Direction.HOST_TO_READER).feed(b"\xff" * 8 + order)

    assert [part.raw for part in found] == [b"\xff" * 8, order]


def test_long_noise_is_reported_in_parts() -> None:
    hunt = FrameHunt(Direction.READER_TO_HOST)

    found = hunt.feed(bytes(REJECTED_BYTES_MAX * 2 + 1)) + hunt.flush()

    assert [len(part.raw) for part in found] == [REJECTED_BYTES_MAX, REJECTED_BYTES_MAX, 1]
    assert all(isinstance(part, Rejected) for part in found)


def test_whole_frame_with_a_broken_record_is_rejected() -> None:
    frame = encode_reply(0x22, 0, bytes.fromhex("10 001B 01FF 01 01 C4"))

    found = Describer("reader_to_host").feed(frame)

    assert [(raw, name) for raw, (name, _, _) in found] == [(frame, "rejected")]
    assert str(found[0][1][1]["reason"]).startswith("length:")


def test_write_of_a_published_capture_names_the_selected_tag_and_its_new_epc() -> None:
    # Sent by the vendor's own program, as printed in a public library for these modules.
    capture = bytes.fromhex("FF 12 23 03E8 01 00000000 20 AABBCCDD AABBCCDDEEFF 2FFA")

    ((raw, (name, facts, _)),) = Describer("host_to_reader").feed(capture)

    assert (raw, name, facts["name"]) == (capture, "command", "write_tag_epc")
    assert (facts["selected_epc"], facts["epc"]) == ("AABBCCDD", "AABBCCDDEEFF")


def test_write_by_tid_names_the_tid() -> None:
    plan = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
    tid, epc = bytes.fromhex("E280 1160 2000 0000 0000 0001") * 3, bytes.fromhex("3034 0001")

    *_, order = write_orders(EpcChange(epc=epc, old_epc=b"", tid=tid, antenna=1), plan)

    ((_, (_, facts, _)),) = Describer("host_to_reader").feed(order)
    assert (facts["selected_tid"], facts["epc"]) == (tid.hex().upper(), epc.hex().upper())
