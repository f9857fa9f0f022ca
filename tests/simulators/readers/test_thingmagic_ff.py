"""The simulated ThingMagic module answers published frames with published frames.

Sources of the frames: m5e_rfid README (public capture of an M5e); sparkfun Simultaneous RFID Tag Reader Library; public
M6e driver sources; the start with an embedded TID read is laid out as in public SDK sources.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers import thingmagic_records as records
from simulators.readers.thingmagic_ff import BOOT_LOADER, ThingMagicModule
from simulators.readers.thingmagic_frames import (
    Command,
    CommandReader,
    checksum,
    encode_command,
    encode_reply,
)
from simulators.tags import Tag

EPC = bytes.fromhex("3476451FD40000000000162E")
TID = bytes.fromhex("E28011602000000000000001")
TAGS = '{"antenna": 1, "epc": "3476451FD40000000000162E", "tid": "E28011602000000000000001", "rssi_dbm": -48}\n'
SPARKFUN_TAG = (
    "FF28 22 0000 10 001B 01FF 01 01 C4 11 0E1640 00000127 0000 05 0000 0F 0080 3000 000000000000000000001545 E94A 561D"
)
START = "FF10 2F 0000 01 22 0000 05 07 22 10 001B 03E8 01FF DD2B"
START_WITH_TID = "FF1C 2F 0000 01 22 0000 05 13 22 10 001F 03E8 01FF 01 09 28 0000 00 02 00000000 06 45D2"
STOP = "FF03 2F 0000 02 5E86"
BRING_UP = ("FF02930005517D", "FF0197064BBB", "FF039A010C00A35D")


def module(tags: str = TAGS, *, rate: float = 0.0) -> ThingMagicModule:
    made = ThingMagicModule(Radio(seed=1), seed=1, pace=Pace(rate=rate))
    made.load(tags)
    return made


def ask(reader: ThingMagicModule, frame: str, at_s: float = 0.0) -> list[str]:
    return [reply.hex().upper() for reply in reader.feed(bytes.fromhex(frame), at_s)]


def brought_up(tags: str = TAGS, *, rate: float = 0.0) -> ThingMagicModule:
    reader = module(tags, rate=rate)
    for frame in BRING_UP:
        ask(reader, frame)
    return reader


def told(reader: ThingMagicModule, until_s: float, *, step_s: float = 0.001) -> list[bytes]:
    frames, now_s = [], 0.0
    while now_s < until_s:
        frames += reader.due(now_s)
        now_s += step_s
    return frames


def test_checksum_is_the_modules_own_and_not_ccitt() -> None:
    frame = bytes.fromhex(SPARKFUN_TAG)

    assert checksum(frame[1:-2]) == 0x561D


def test_sparkfun_tag_frame_is_told_byte_for_byte() -> None:
    plan = records.parse_start(bytes.fromhex(START)[3:-2])
    heard = Hearing(Tag(1, bytes.fromhex("000000000000000000001545")), antenna=1, rssi_dbm=-60)
    circumstances = records.Circumstances(freq_khz=923_200, since_keep_alive_ms=0x127, phase_deg=0)

    frame = encode_reply(0x22, records.encode_stream_data(heard, plan, circumstances))

    assert frame == bytes.fromhex(SPARKFUN_TAG)


@given(
    st.integers(0, 0x1FF),
    st.binary(min_size=1, max_size=31).map(lambda half: half * 2),
    st.sampled_from([None, records.EmbeddedRead(2, 0, 6)]),
    st.integers(1, 4),
)
def test_epc_of_a_streamed_frame_is_found_whatever_was_asked(
    flags: int, epc: bytes, embedded: records.EmbeddedRead | None, port: int
) -> None:
    plan = records.SearchPlan(0x1F, 0.25, flags, 0, embedded)
    heard = Hearing(Tag(port, epc, tid=TID), antenna=port, rssi_dbm=-50)
    frame = encode_reply(0x22, records.encode_stream_data(heard, plan, records.Circumstances(865_700, 7, 90)))

    assert records.decode_stream_epc(frame) == epc
    assert records.decode_stream_epc(encode_reply(0x22, status=0x0400)) is None


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("FF02930005517D", "FF00930000371A"),
        ("FF0197064BBB", "FF00970000779E"),
        ("FF039102010142C5", "FF009100001758"),
        ("FF00631D6C", "FF0263000000002143"),
        ("FF00041D0B", "FF1404000007102300010000032014100701070209000000105251"),
        ("FF00681D67", "FF0168000000A4BF"),
        ("FF01980344BE", "FF009800008671"),
        ("FF00721D7D", "FF017200001E4819"),
    ],
)
def test_published_command_gets_its_published_reply(command: str, reply: str) -> None:
    assert ask(module(), command) == [reply]


def test_protocol_and_region_are_told_back() -> None:
    reader = brought_up()

    assert ask(reader, "FF00631D6C") == ["FF0263000000052146"]
    assert reader.feed(encode_command(0x67), 0.0) == [encode_reply(0x67, b"\x06")]


def test_command_with_a_broken_checksum_is_not_obeyed() -> None:
    assert ask(module(), "FF00031D0D") == []


def test_broken_frame_does_not_swallow_the_one_right_behind_it() -> None:
    assert len(ask(module(), "FF102F00000122000005072210001B00FA01FFDF31 FF00031D0C")) == 1


def test_wake_up_bytes_before_a_command_are_passed_over() -> None:
    assert len(ask(module(), "FFFFFFFF FF00031D0C")) == 1


def test_a_command_cut_short_does_not_swallow_the_next_one() -> None:
    reader = module()

    assert ask(reader, "FF1C2F0000", at_s=1.0) == []
    assert len(ask(reader, "FF00031D0C", at_s=2.0)) == 1


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=5), st.data())
def test_any_split_of_the_bytes_gives_the_same_commands(commands: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode_command(opcode, payload) for opcode, payload in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = CommandReader()

    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = [command for piece in pieces for command in reader.feed(piece, 0.0)]

    assert found == [Command(opcode, payload) for opcode, payload in commands]


def test_start_without_a_region_is_refused() -> None:
    reader = module()
    ask(reader, "FF02930005517D")

    (reply,) = ask(reader, START)

    assert reply.startswith("FF002F010B")
    assert not reader.is_streaming


def test_start_without_a_protocol_is_refused() -> None:
    reader = module()
    ask(reader, "FF0197064BBB")

    assert ask(reader, START)[0].startswith("FF002F0401")


def test_unknown_region_and_unknown_opcode_are_refused_by_status() -> None:
    assert module().feed(encode_command(0x97, b"\x55"), 0.0) == [encode_reply(0x97, status=0x010B)]
    assert module().feed(encode_command(0xEE), 0.0) == [encode_reply(0xEE, status=0x0101)]


def test_boot_loader_refuses_tag_commands_until_it_is_booted() -> None:
    reader = brought_up()
    reader.program = BOOT_LOADER

    assert ask(reader, START)[0].startswith("FF002F0101")
    ask(reader, "FF00041D0B")
    assert ask(reader, START) == [encode_reply(0x2F, b"\x01").hex().upper()]


def test_stream_repeats_each_tag_once_the_read_filter_is_off() -> None:
    reader = brought_up()
    ask(reader, START)

    frames = told(reader, 0.1)

    assert len(frames) > 10
    assert all(EPC in frame and frame[2] == 0x22 for frame in frames)
    assert reader.reads_told == len(frames)


def test_read_filter_tells_a_tag_once() -> None:
    reader = brought_up()
    reader.feed(encode_command(0x9A, b"\x01\x0c\x01"), 0.0)
    ask(reader, START)

    assert sum(EPC in frame for frame in told(reader, 0.5)) == 1


def test_only_the_metadata_asked_for_is_told_in_flag_order() -> None:
    reader = brought_up()
    ask(reader, encode_command(0x2F, bytes.fromhex("0000 01 22 0000 05 07 22 10 001B 03E8 0046")).hex())

    frame = told(reader, 0.1)[0]

    assert frame[5:11] == bytes.fromhex("10 001B 0046 01")
    assert -50 <= int.from_bytes(frame[11:12], "big", signed=True) <= -46
    assert frame[12:16] == bytes.fromhex("11 05 0080")


def test_embedded_read_tells_the_chip_identity() -> None:
    reader = brought_up()
    ask(reader, START_WITH_TID)

    frame = told(reader, 0.1)[0]

    assert bytes.fromhex("0060") + TID + bytes.fromhex("0F 0080 3000") + EPC in frame


def test_embedded_read_of_another_bank_tells_no_words() -> None:
    reader = brought_up()
    ask(reader, encode_command(0x2F, bytes.fromhex(START_WITH_TID[7:-5].replace("00 02 0000", "00 03 0000"))).hex())

    assert bytes.fromhex("05 0000 0F 0080 3000") + EPC in told(reader, 0.1)[0]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ("0000", 0x0100),
        ("0000 03", 0x0105),
        ("0000 01 22", 0x0100),
        ("0000 01 22 0000 05 08 22 10 001B 03E8 01FF", 0x0100),
        ("0000 01 22 0000 03 07 22 10 001B 03E8 01FF", 0x0402),
        ("0000 01 28 0000 05 07 22 10 001B 03E8 01FF", 0x0105),
        ("0000 01 22 0000 05 07 22 10 0013 03E8 01FF", 0x0105),
        ("0000 01 22 0000 05 07 22 10 001F 03E8 01FF", 0x0100),
        ("0000 01 22 0000 05 08 22 10 001B 03E8 01FF 00", 0x0100),
    ],
)
def test_start_that_does_not_add_up_is_refused_by_status(payload: str, status: int) -> None:
    reader = brought_up()

    assert reader.feed(encode_command(0x2F, bytes.fromhex(payload)), 0.0) == [encode_reply(0x2F, status=status)]
    assert not reader.is_streaming


def test_module_that_searches_takes_no_other_command() -> None:
    reader = brought_up()
    ask(reader, START)

    assert ask(reader, "FF00031D0C") == [encode_reply(0x03, status=0x0101).hex().upper()]
    assert ask(reader, START) == [encode_reply(0x2F, status=0x0105).hex().upper()]
    assert reader.is_streaming


def test_stop_of_a_module_at_rest_is_answered() -> None:
    assert ask(brought_up(), STOP) == [encode_reply(0x2F, b"\x02").hex().upper()]


def test_power_is_told_back_with_its_limits_and_refused_beyond_them() -> None:
    reader = module()

    assert reader.feed(encode_command(0x92, bytes.fromhex("03E8")), 0.0) == [encode_reply(0x92)]
    assert reader.feed(encode_command(0x62), 0.0) == [encode_reply(0x62, bytes.fromhex("03E8"))]
    assert reader.feed(encode_command(0x62, b"\x01"), 0.0) == [encode_reply(0x62, bytes.fromhex("01 03E8 0C4E 01F4"))]
    assert reader.feed(encode_command(0x92, bytes.fromhex("FFFF")), 0.0) == [encode_reply(0x92, status=0x0105)]


def test_antenna_forms_are_told_back() -> None:
    reader = module()

    assert ask(reader, "FF016101BDBC") == [encode_reply(0x61, bytes.fromhex("01 0101")).hex().upper()]
    assert reader.feed(encode_command(0x91, bytes.fromhex("0202")), 0.0) == [encode_reply(0x91)]
    assert reader.feed(encode_command(0x61), 0.0) == [encode_reply(0x61, bytes.fromhex("0202"))]
    assert reader.feed(encode_command(0x61, b"\x05"), 0.0)[0][5:-2] == bytes.fromhex("05 0101 0201 0301 0401")
    assert reader.feed(encode_command(0x91, bytes.fromhex("0909")), 0.0) == [encode_reply(0x91, status=0x0105)]


def test_options_and_gen2_parameters_are_told_back() -> None:
    reader = module()
    reader.feed(encode_command(0x9A, bytes.fromhex("01 0C 00")), 0.0)
    reader.feed(encode_command(0x9B, bytes.fromhex("05 01 0000")), 0.0)

    assert reader.feed(encode_command(0x6A, bytes.fromhex("01 0C")), 0.0)[0][5:-2] == bytes.fromhex("01 0C 00")
    assert reader.feed(encode_command(0x6B, bytes.fromhex("05 01")), 0.0)[0][5:-2] == bytes.fromhex("05 01 0000")


def test_hardware_tells_the_serial_number_of_its_seed() -> None:
    assert module().feed(encode_command(0x10, bytes.fromhex("0040")), 0.0)[0][8:-2] == b"SIM00000001"


def test_field_without_tags_ends_each_search_in_a_keep_alive() -> None:
    reader = brought_up("")
    ask(reader, START)

    frames = told(reader, 3.5, step_s=0.01)

    assert frames == [bytes.fromhex("FF00220400") + checksum(bytes.fromhex("00220400")).to_bytes(2, "big")] * 3


def test_status_reports_come_only_when_asked_for() -> None:
    reader = brought_up("")
    ask(reader, encode_command(0x2F, bytes.fromhex("0000 01 22 0000 05 09 22 10 003B 03E8 01FF 0004")).hex())

    kinds = [frame[10] for frame in told(reader, 2.5, step_s=0.01) if frame[1]]

    assert kinds == [0x02, 0x02]


def test_stop_tells_what_was_heard_and_then_the_final_reply() -> None:
    lines = "".join(f'{{"antenna": 1, "epc": "{n:024X}"}}\n' for n in range(500))
    reader = brought_up(lines)
    ask(reader, START)
    first = reader.due(0.0)

    last = reader.feed(bytes.fromhex(STOP), 0.0)

    assert len(first) + len(last) - 1 > 400
    assert last[-1] == encode_reply(0x2F, b"\x02")
    assert all(frame[2] == 0x22 for frame in last[:-1])
    assert reader.due(10.0) == []


def test_rate_is_kept() -> None:
    lines = "".join(f'{{"antenna": 1, "epc": "{n:024X}"}}\n' for n in range(30))
    reader = brought_up(lines, rate=100)
    ask(reader, START)

    assert 98 <= len(told(reader, 1.0)) <= 101


def test_antennas_of_the_search_list_take_turns() -> None:
    lines = "".join(f'{{"antenna": {n}, "epc": "{n:024X}"}}\n' for n in (1, 2, 3))
    reader = brought_up(lines)
    reader.feed(encode_command(0x91, bytes.fromhex("02 0202 0303")), 0.0)
    ask(reader, START)

    antennas = {frame[13] for frame in told(reader, 0.3)}

    assert antennas == {0x22, 0x33}


def test_buffered_search_is_fetched_by_pages_and_cleared() -> None:
    lines = "".join(f'{{"antenna": 1, "epc": "{n:024X}"}}\n' for n in range(40))
    reader = brought_up(lines)

    (found,) = reader.feed(encode_command(0x22, bytes.fromhex("00 0010 00C8")), 0.0)
    count = int.from_bytes(found[8:12], "big")
    pages = []
    while (page := reader.feed(encode_command(0x29, bytes.fromhex("01FF 00")), 0.0)[0])[3:5] == b"\0\0":
        pages.append(page[8])

    assert sum(pages) == count > 25
    assert reader.feed(encode_command(0x2A), 0.0) == [encode_reply(0x2A)]


def test_single_read_echoes_its_option_before_the_epc() -> None:
    reader = brought_up()
    answers = [reader.feed(encode_command(0x21, bytes.fromhex("03E8 00")), 0.0)[0] for _ in range(5)]

    assert any(answer[5:6] == b"\x00" and answer[6:18] == EPC for answer in answers)
