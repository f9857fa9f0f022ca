"""Frames and tag lists of UHFReader18 and UHFReader288 readers."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import crc_mcrf4xx
from reader_drivers.uhfreader_crc16.describe import Describer
from reader_drivers.uhfreader_crc16.frames import Direction, Frame, FrameHunt, encode_command, encode_reply
from reader_drivers.uhfreader_crc16.numbers import NAMES, STATUS_NAMES
from reader_drivers.uhfreader_crc16.orders import (
    UHFREADER18,
    UHFREADER288,
    Band,
    band_words,
    decode_information,
)
from reader_drivers.uhfreader_crc16.tags import (
    Heard,
    antenna_of,
    decode_buffer,
    decode_list,
    decode_list_18,
    decode_list_288,
    decode_pushed,
)

TID = bytes.fromhex("E28011052000745AB1C2D3E4")
EPC = bytes.fromhex("3039606303C74380001A0559")
# wabson/chafon-rfid, tests: reader information of a CF-RU6402.
INFORMATION = bytes.fromhex("0016 0C 03 4E 00 1E 0A 01 00 00 00")


@given(st.binary(max_size=300))
def test_fast_checksum_equals_the_published_bit_routine(message: bytes) -> None:
    crc = 0xFFFF
    for byte in message:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1

    assert crc_mcrf4xx(message) == crc


@given(order=st.sampled_from(list(NAMES)), status=st.sampled_from(list(STATUS_NAMES)), payload=st.binary(max_size=250))
def test_answer_survives_encoding_and_decoding(order: int, status: int, payload: bytes) -> None:
    raw = encode_reply(order, status, payload, address=3)

    assert FrameHunt(Direction.READER_TO_HOST).feed(raw) == [Frame(3, order, status, payload, raw)]


@given(order=st.sampled_from(list(NAMES)), payload=st.binary(max_size=250))
def test_command_survives_encoding_and_decoding(order: int, payload: bytes) -> None:
    raw = encode_command(order, payload, address=0xFF)

    assert FrameHunt(Direction.HOST_TO_READER).feed(raw) == [Frame(0xFF, order, None, payload, raw)]


def test_damaged_frame_costs_itself_alone() -> None:
    frame = encode_reply(0x01, 3, bytes.fromhex("01 02 0102"))
    broken = frame[:5] + bytes((frame[5] ^ 1,)) + frame[6:]
    hunt = FrameHunt(Direction.READER_TO_HOST)

    found = hunt.feed(frame + broken + frame) + hunt.flush()

    assert [part.raw for part in found if isinstance(part, Frame)] == [frame, frame]
    assert b"".join(part.raw for part in found if isinstance(part, Rejected)) == broken


def test_refusal_of_an_unknown_order_comes_under_number_0() -> None:
    raw = encode_reply(0x00, 0xFE, b"")

    assert FrameHunt(Direction.READER_TO_HOST).feed(raw) == [Frame(0, 0, 0xFE, b"", raw)]


def test_false_frame_of_another_address_swallows_no_good_ones() -> None:
    # Bytes of a damaged frame that, with two good ones behind them, happen to close with a right checksum.
    good = [encode_reply(0x01, 3, bytes((1, 1, 2, n, n, 0x50))) for n in (1, 2)]
    body = bytes((4 + 2 * len(good[0]) + 1, 0x9B, 0x92, 0xFA)) + good[0] + good[1]
    false = body + crc_mcrf4xx(body).to_bytes(2, "little")
    hunt, open_hunt = FrameHunt(Direction.READER_TO_HOST), FrameHunt(Direction.READER_TO_HOST)
    hunt.address = 0

    assert [part.raw for part in hunt.feed(false + good[0]) if isinstance(part, Frame)] == [*good, good[0]]
    assert [part.raw for part in open_hunt.feed(false) if isinstance(part, Frame)] == [false]


@pytest.mark.parametrize("head", ["F0 00 99", "F0 00 01 77", "F0 00 00 01", "F0 00 00 FE", "05 00 00 01"])
def test_number_that_no_manual_has_begins_no_frame_and_holds_up_none(head: str) -> None:
    frame = encode_reply(0x01, 0xFB, b"")

    refused, *frames = FrameHunt(Direction.READER_TO_HOST).feed(bytes.fromhex(head) + bytes(4) + frame)

    assert isinstance(refused, Rejected)
    assert refused.reason.startswith("noise:")
    assert [part.raw for part in frames] == [frame]


def test_noise_that_looks_like_a_long_frame_is_given_up_after_silence() -> None:
    frame = encode_reply(0x01, 0xFB, b"")
    hunt = FrameHunt(Direction.READER_TO_HOST)
    noise = bytes.fromhex("F0 00 01 03")

    assert hunt.feed(noise + frame) == []
    found = hunt.flush()

    assert [part.raw for part in found] == [noise, frame]
    assert isinstance(found[0], Rejected)
    assert found[0].reason.startswith("length:")


def test_epc_and_tid_of_an_impinj_tag_are_told_apart() -> None:
    payload = bytes((0x04, 1, 0x80 | 24)) + EPC + TID + b"\x40"

    assert decode_list_288(payload) == (Heard(EPC, TID, 0x40, 0x04),)


def test_list_of_several_tags_is_read_in_both_layouts() -> None:
    assert decode_list_18(bytes.fromhex("02 02 1111 00")) == (Heard(b"\x11\x11"), Heard(b""))
    assert decode_list_288(bytes.fromhex("01 02 02 1111 50 00 51")) == (
        Heard(b"\x11\x11", b"", 0x50, 1),
        Heard(b"", b"", 0x51, 1),
    )


def test_list_without_tags_is_no_damage() -> None:
    assert decode_list_18(b"") == decode_list_288(b"") == decode_list_288(b"\x01\x00") == decode_list_18(b"\x00") == ()


def test_unknown_kind_of_reader_is_told_by_the_lengths() -> None:
    assert decode_list(bytes.fromhex("01 02 1111"), None)[0] is UHFREADER18
    assert decode_list(bytes.fromhex("01 01 02 1111 50"), None)[0] is UHFREADER288


def test_known_kind_of_reader_is_never_read_as_the_other() -> None:
    with pytest.raises(FrameError, match="length"):
        decode_list(bytes.fromhex("01 02 1111"), UHFREADER288)
    with pytest.raises(FrameError, match="length"):
        decode_list(bytes.fromhex("01 01 02 1111 50"), UHFREADER18)


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ("01 01 42 1111 50", "format"),
        ("01 01 82 1111 50", "length"),
        ("01 01 3F" + "11" * 63 + "50", "length"),
        ("01 01 02 1111 50 00", "length"),
        ("01 02 02 1111 50", "length"),
    ],
)
def test_list_whose_lengths_do_not_fit_is_refused(payload: str, word: str) -> None:
    with pytest.raises(FrameError, match=word):
        decode_list_288(bytes.fromhex(payload))


def test_longest_epc_with_a_tid_is_read() -> None:
    payload = bytes((1, 1, 0x80 | 74)) + bytes(62) + TID + b"\x40"

    assert decode_list_288(payload) == (Heard(bytes(62), TID, 0x40, 1),)


def test_pushed_and_buffered_tags_are_read() -> None:
    assert decode_pushed(bytes.fromhex("0209 0B16 2510 BBEC")) == (Heard(bytes.fromhex("02090B162510BBEC")),)
    assert decode_pushed(bytes.fromhex("02 02 1111 60")) == (Heard(b"\x11\x11", b"", 0x60, 2),)
    assert decode_buffer(bytes.fromhex("01 05 02 1111 60 03")) == (Heard(b"\x11\x11", b"", 0x60, 5, 3),)


@pytest.mark.parametrize(("mask", "antenna"), [(None, None), (0, None), (1, 1), (2, 2), (4, 3), (8, 4), (5, None)])
def test_antenna_is_the_bit_that_is_set_alone(mask: int | None, antenna: int | None) -> None:
    assert antenna_of(mask) == antenna


@pytest.mark.parametrize("decode", [decode_list_18, decode_list_288, decode_buffer, decode_pushed])
@given(payload=st.binary(max_size=80))
def test_any_list_is_read_or_refused(decode: Callable[[bytes], tuple[Heard, ...]], payload: bytes) -> None:
    with suppress(FrameError):
        assert all(len(heard.epc) <= 62 for heard in decode(payload))


def test_information_names_the_kind_of_reader_and_its_band() -> None:
    said = decode_information(INFORMATION)

    assert (said.version, said.profile, said.power_dbm, said.band) == ("0.22", UHFREADER288, 30, Band(0x4E, 0x00))
    assert band_words(said.band) == "EU 865.1-867.9 MHz"
    assert decode_information(INFORMATION[:2] + b"\x55" + INFORMATION[3:8]).profile is UHFREADER18
    assert decode_information(INFORMATION[:2] + b"\x09" + INFORMATION[3:]).profile is UHFREADER18


def test_band_that_no_manual_names_is_shown_as_its_code() -> None:
    assert band_words(Band(0x05, 0x00)) == "code 05 00"


def test_information_that_is_too_short_is_refused() -> None:
    with pytest.raises(FrameError, match="7 bytes"):
        decode_information(INFORMATION[:7])


def test_no_tag_and_heartbeat_are_traffic_and_other_codes_are_errors_in_words() -> None:
    capture = encode_reply(1, 0xFB, b"") + encode_reply(0xEE, 0x28, bytes(12)) + encode_reply(1, 0xF8, b"")

    events = [described for _, described in Describer("reader_to_host").feed(capture)]

    assert [name for name, _, _ in events] == ["keep_alive", "keep_alive", "error"]
    assert events[2][1]["error"] == "no antenna is connected there; check its cable"
