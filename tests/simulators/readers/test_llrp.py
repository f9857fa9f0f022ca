"""The simulated LLRP reader against orders of foreign hosts and messages laid out by hand.

The ROSpecs are those of sllurp and llrpkit, recorded from sessions with a foreign reader (tests/vectors/llrp.jsonl).
"""

import json
import struct
from pathlib import Path

import pytest
from llrpkit.protocol import decode_message, messages

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.readers.llrp import FREQUENCIES_KHZ, POWER_CDBM, LlrpReader
from simulators.readers.llrp_specs import AccessSpec, RoSpec, encode_tag
from simulators.tags import Tag

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "llrp.jsonl"
TAGS = "".join(f'{{"antenna": {1 + n % 4}, "epc": "30{n:022X}", "rssi_dbm": -50}}\n' for n in range(8))
TAG = Tag(2, bytes.fromhex("3034257BF7194E4000001A85"), bytes.fromhex("E28011602000000000000001"), -52)
SPEC = RoSpec(1, (), False, 0, None, 1, content=0x1C80, memory=0x40)


def vector(name: str) -> bytes:
    lines = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return bytes.fromhex(next(line["hex"] for line in lines if line["id"] == name))


def connected(*, rate: float = 0.0) -> LlrpReader:
    reader = LlrpReader(Radio(seed=1), pace=Pace(rate=rate))
    reader.load(TAGS)
    reader.greeting(0.0)
    return reader


def order(kind: int, body: bytes = b"", number: int = 7) -> bytes:
    return struct.pack(">HII", 1 << 10 | kind, 10 + len(body), number) + body


def statuses(answers: list[bytes]) -> list[tuple[int, int]]:
    """(type, LLRPStatus) of each answer."""
    return [(int.from_bytes(one[:2], "big") & 0x3FF, int.from_bytes(one[14:16], "big")) for one in answers]


def told(reader: LlrpReader, until_s: float) -> list[bytes]:
    frames = []
    for step in range(int(until_s * 1000)):
        frames += reader.due(step / 1000)
    return frames


def test_a_connection_is_greeted_first() -> None:
    (greeting,) = LlrpReader(Radio()).greeting(0.0)

    event = decode_message(greeting).reader_event_notification_data  # type: ignore[attr-defined]
    assert event.connection_attempt_event.status == 0


def test_capabilities_are_what_a_foreign_codec_reads() -> None:
    (answer,) = connected().feed(order(1, b"\0"), 0.0)

    found = decode_message(answer)
    assert isinstance(found, messages.GET_READER_CAPABILITIES_RESPONSE)
    rules = found.regulatory_capabilities
    assert rules is not None
    assert rules.uhf_band_capabilities is not None
    assert (rules.country_code, rules.communications_standard) == (250, 2)
    powers = rules.uhf_band_capabilities.transmit_power_level_table_entrys
    assert [entry.transmit_power_value for entry in powers] == list(POWER_CDBM)
    fixed = rules.uhf_band_capabilities.frequency_information.fixed_frequency_table
    assert fixed is not None
    assert tuple(fixed.frequency) == FREQUENCIES_KHZ


def test_a_report_is_laid_out_as_the_standard_says() -> None:
    access = AccessSpec(1, 5, 2, 0, 6)

    report = encode_tag(Hearing(TAG, 2, -49), SPEC, [access], now_us=1, channel=3)

    assert report == bytes.fromhex(
        "00F0 0034 8D3034257BF7194E4000001A85 810002 86CF 870003 880001 8C3000"
        "015D 0015 00 0005 0006 E28011602000000000000001"
    )


def test_codes_of_other_lengths_are_told_with_their_bits_and_a_refused_read_with_its_result() -> None:
    spec = RoSpec(1, (), False, 0, None, 1, content=0, memory=0)
    long = Hearing(Tag(1, bytes(range(16))), 1, -60)

    report = encode_tag(long, spec, [AccessSpec(1, 5, 2, 0, 6)], now_us=1, channel=1)

    assert report == bytes.fromhex("00F0 0023 00F1 0016 0080 000102030405060708090A0B0C0D0E0F 015D 0009 01 0005 0000")


def test_a_rospec_with_a_start_order_reads_until_it_is_stopped() -> None:
    reader = connected(rate=100)
    answers = [*reader.feed(vector("llrp-035"), 0.0), *reader.feed(vector("llrp-037"), 0.0)]
    assert told(reader, 0.1) == []

    answers += reader.feed(order(22, struct.pack(">I", 1)), 0.1)
    frames = told(reader, 1.1)
    *rest, stopped = reader.feed(vector("llrp-045"), 1.1)

    assert statuses([*answers, stopped]) == [(30, 0), (34, 0), (32, 0), (33, 0)]
    assert 80 <= len(frames) <= 110
    assert reader.reads_told == len(frames) + len(rest)
    assert told(reader, 2.0) == []


@pytest.mark.parametrize(("stop", "most"), [("00 00 0001", 1), ("00 00 0003", 3), ("01 00 0000", 8)])
def test_an_immediate_rospec_reports_at_the_end_of_each_inventory_and_begins_anew(stop: str, most: int) -> None:
    reader = connected()
    recorded, trigger = vector("llrp-021"), bytes.fromhex("00B9 0010")
    reader.feed(recorded.replace(trigger + recorded[61:65], trigger + bytes.fromhex(stop)), 0.0)
    reader.feed(order(24, struct.pack(">I", 1)), 0.0)

    frames = told(reader, 0.05)

    antennas = {
        heard.antenna_id.antenna_id
        for frame in frames
        for heard in decode_message(frame).tag_report_datas  # type: ignore[attr-defined]
    }
    assert antennas == {1, 2}
    assert {epc for frame in frames for epc in reader.tags_of(frame)} <= {f"30{n:022X}" for n in range(8)}
    sizes = [len(reader.tags_of(frame)) for frame in frames]
    assert max(sizes) == most if most < 8 else 1 < max(sizes) <= 8


@pytest.mark.parametrize(
    "asked",
    [order(22, struct.pack(">I", 9)), order(24, struct.pack(">I", 9)), order(21, struct.pack(">I", 9)), order(20)],
)
def test_orders_about_what_is_not_there_are_refused(asked: bytes) -> None:
    ((_, code),) = statuses(connected().feed(asked, 0.0))

    assert code in {100, 101}


def test_an_order_that_it_does_not_know_is_an_error_message() -> None:
    assert statuses(connected().feed(vector("llrp-009"), 0.0)) == [(100, 109)]


def test_keep_alives_come_at_the_period_that_was_asked_for() -> None:
    reader = connected()
    reader.feed(order(3, b"\0" + bytes.fromhex("00DC 0009 01 000000C8")), 0.0)

    assert len([frame for frame in told(reader, 1.1) if frame[:2] == b"\x04\x3e"]) == 5


def test_a_new_client_finds_nothing_of_the_last_one() -> None:
    reader = connected()
    for asked in (vector("llrp-021"), order(24, struct.pack(">I", 1)), order(1)[:7]):
        reader.feed(asked, 0.0)

    reader.greeting(1.0)

    assert reader.due(2.0) == []
    assert statuses(reader.feed(vector("llrp-021"), 2.0)) == [(30, 0)]


def test_deleting_all_ends_reading_and_is_no_error_when_there_is_nothing() -> None:
    reader = connected()
    reader.feed(vector("llrp-021"), 0.0)
    reader.feed(order(24, struct.pack(">I", 1)), 0.0)

    answers = [*reader.feed(order(21, bytes(4)), 0.0)[-1:], *reader.feed(order(21, bytes(4)), 0.0)]

    assert statuses(answers) == [(31, 0), (31, 0)]
    assert reader.due(1.0) == []
