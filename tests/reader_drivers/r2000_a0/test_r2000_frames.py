"""Frames, tags and ends of rounds of R2000 readers."""

import json
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.agent.decode import decode_bytes
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.driver import Region
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.r2000_a0 import orders
from reader_drivers.r2000_a0.describe import Describer
from reader_drivers.r2000_a0.frames import Frame, FrameHunt, encode_frame
from reader_drivers.r2000_a0.tags import Failure, RoundEnd, Tag, decode_answer
from tests.reader_drivers.r2000_a0.obedient_reader import end, failed, tag


@given(order=st.sampled_from(list(orders.NAMES)), address=st.integers(0, 255), payload=st.binary(max_size=66))
def test_frame_survives_encoding_and_decoding(order: int, address: int, payload: bytes) -> None:
    raw = encode_frame(order, payload, address=address)

    assert sum(raw) % 256 == 0
    assert FrameHunt().feed(raw) == [Frame(address, order, payload, raw)]


def test_damaged_frame_costs_itself_alone() -> None:
    frame = tag("AABB")
    broken = frame[:6] + bytes((frame[6] ^ 1,)) + frame[7:]
    hunt = FrameHunt()

    found = hunt.feed(frame + broken + frame) + hunt.flush()

    assert [part.raw for part in found if isinstance(part, Frame)] == [frame, frame]
    assert [(part.raw, part.reason.split(":")[0]) for part in found if isinstance(part, Rejected)] == [
        (broken, "checksum")
    ]


def test_memory_of_a_tag_comes_in_longer_frames() -> None:
    raw = encode_frame(0x81, bytes(252), address=1)

    assert FrameHunt().feed(raw) == [Frame(1, 0x81, bytes(252), raw)]


def test_damaged_length_that_closes_over_a_good_frame_swallows_none_in_a_session() -> None:
    # From a run of 20,000 tags: LEN 13 became 1B and ADDR 01 became 11, and the sum came out right in the next frame.
    good = bytes.fromhex("A017018B024000634CCE066EB94AA26DDF16C45F597AB2508B")
    damaged = bytes.fromhex("A01B118B023000E2F3928033D7FF1AA068E5FC4F4D") + good
    same_address = bytes.fromhex("A01B018B023000E2F3928033D7FF1AA068E5FC4F5D") + good
    session = FrameHunt()
    session.address = 1

    assert [part.raw for part in session.feed(damaged + same_address) if isinstance(part, Frame)] == [good, good]
    assert [part.raw for part in FrameHunt().feed(damaged) if isinstance(part, Frame)] == [damaged[:29]]


@pytest.mark.parametrize("head", ["A0 02 01 89", "A0 10 01 BA", "A0 7A 01 8B"])
def test_bytes_that_can_begin_no_frame_hold_up_none(head: str) -> None:
    frame = tag("AABB")

    refused, *frames = FrameHunt().feed(bytes.fromhex(head) + frame)

    assert isinstance(refused, Rejected)
    assert refused.reason.startswith("noise:")
    assert [part.raw for part in frames] == [frame]


@pytest.mark.parametrize(
    ("raw", "antenna", "dbm"),
    [(69, 1, -61), (89, 2, -41), (90, 3, -39), (103, 4, -26), (0, 5, -130), (98, 8, -31)],
)
def test_antenna_and_strength_are_read_on_readers_of_four_and_eight_ports(raw: int, antenna: int, dbm: int) -> None:
    payload = tag("AABB", antenna, rssi=raw)[4:-1]

    heard = decode_answer(0x8B, payload)

    assert isinstance(heard, Tag)
    assert (heard.antenna, heard.rssi_dbm, heard.rssi_raw, heard.freq_khz) == (antenna, dbm, raw, 865_500)


@pytest.mark.parametrize(
    ("order", "payload", "answer"),
    [
        (0x89, "00 001D 00000001", RoundEnd(1, 1, 29)),
        (0x89, "01 00000001", RoundEnd(1, 2)),
        (0x8A, "000005 000003E8", RoundEnd(5, duration_ms=1_000)),
        (0x8A, "00000005 000003E8", RoundEnd(5, duration_ms=1_000)),
        (0x8A, "02 22", Failure(0x22, 3)),
        (0x8B, "22", Failure(0x22)),
    ],
)
def test_ends_and_errors_are_told_by_their_length(order: int, payload: str, answer: RoundEnd | Failure) -> None:
    assert decode_answer(order, bytes.fromhex(payload)) == answer


def test_fast_switch_tag_as_long_as_an_end_is_told_by_its_control_word() -> None:
    heard = decode_answer(0x8A, bytes.fromhex("04 1000 11223344 45"))

    assert isinstance(heard, Tag)
    assert heard.epc == bytes.fromhex("11223344")


def test_tags_without_an_epc_and_with_the_longest_are_read() -> None:
    empty, longest = (decode_answer(0x8B, tag(epc)[4:-1]) for epc in ("", "AB" * 62))

    assert isinstance(empty, Tag)
    assert isinstance(longest, Tag)
    assert (empty.is_whole, len(longest.epc), longest.is_whole) == (True, 62, True)


@pytest.mark.parametrize("size", [0, 2, 3, 9, 11, 68])
def test_length_that_no_answer_has_is_refused(size: int) -> None:
    with pytest.raises(FrameError, match="length"):
        decode_answer(0x8B, bytes(size))


@given(order=st.sampled_from(sorted(orders.INVENTORIES)), payload=st.binary(max_size=80))
def test_any_answer_is_read_or_refused(order: int, payload: bytes) -> None:
    with suppress(FrameError):
        decode_answer(order, payload)


def test_one_byte_value_of_a_question_is_no_error() -> None:
    (_, (name, facts, _)), (_, (error, error_facts, _)) = Describer("reader_to_host").feed(
        failed(0x11, 0x77) + failed(0x11, 0x76)
    )

    assert (name, facts["power_dbm"]) == ("reply", [17])
    assert (error, error_facts["error"], error_facts["retryable"]) == ("error", "command_fail", False)


def test_empty_round_and_no_tag_are_traffic() -> None:
    events = Describer("reader_to_host").feed(end() + failed(0x36) + end(3))

    assert [name for _, (name, _, _) in events] == ["keep_alive", "keep_alive", "state"]


def test_tag_that_is_not_as_long_as_it_says_is_shown_but_no_read() -> None:
    ((_, (name, facts, reads)),) = Describer("reader_to_host").feed(tag("AABB", pc=0x3000))

    assert name == "tag_read"
    assert isinstance(facts["tag"], dict)
    assert facts["tag"]["epc_len_matches_pc"] is False
    assert reads == ()


def test_decoded_line_of_a_tag_keeps_what_a_read_has_no_place_for() -> None:
    (line,) = decode_bytes(protocol_named("r2000_a0"), "reader_to_host", BytesIO(tag("AABB", 2)))

    decoded = json.loads(line)
    assert (decoded["id_hex"], decoded["tag"]["freq_index"], decoded["tag"]["freq_khz"]) == ("AABB", 1, 865_500)


@pytest.mark.parametrize("region", list(Region))
def test_every_region_is_set_within_its_band(region: Region) -> None:
    low, high = {
        Region.EU: (865_600, 867_600),
        Region.EU_UPPER: (915_000, 921_000),
        Region.US: (902_000, 928_000),
        Region.JP: (916_700, 920_900),
        Region.CN: (920_000, 925_000),
        Region.IN: (865_000, 867_000),
    }[region]
    payload = orders.REGIONS[region]

    if orders.has_table(region):
        first, last = (orders.table_khz(index) for index in payload[1:])
    else:
        first = int.from_bytes(payload[3:], "big")
        last = first + payload[1] * 10 * (payload[2] - 1)

    assert low + 100 <= first < last <= high - 100
    assert len(payload) == (3 if orders.has_table(region) else 6)


def test_regions_are_told_in_words() -> None:
    words = [orders.region_words(payload) for payload in (orders.REGIONS[Region.US], b"\x02\x00\x06", b"", b"\x09")]

    assert words == ["FCC 902.5-927.5 MHz", "ETSI 865-868 MHz", "region code ", "region code 09"]
