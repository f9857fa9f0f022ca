"""Frames and tags of MagicRF modules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import crc_gen2
from reader_drivers.magicrf_bb.describe import Describer
from reader_drivers.magicrf_bb.frames import (
    AA,
    BB,
    PARAMETER_BYTES_MAX,
    Frame,
    FrameHunt,
    Kind,
    encode_answer,
    encode_notification,
    encode_order,
)
from reader_drivers.magicrf_bb.tags import TagReport, decode_tag, encode_tag, tag_read

# YRM100 bring-up log (public GitHub file, index id 55167059125).
TAG = bytes.fromhex("BB 02 22 0011 D6 3400 E28011704000021D35AE4008 D444 C4 7E")
STARTS = st.sampled_from([BB, AA])


@st.composite
def reports(draw: st.DrawFn) -> TagReport:
    words = draw(st.integers(0, 31))
    has_xpc = draw(st.booleans())
    pc = words << 11 | draw(st.integers(0, 0x7FF)) & ~0x200 | has_xpc * 0x200
    xpc = draw(st.binary(min_size=2, max_size=2)) if has_xpc else b""
    epc = draw(st.binary(min_size=2 * words, max_size=2 * words))
    return TagReport(
        rssi_dbm=draw(st.integers(-128, 127)),
        pc=pc,
        xpc_w1=int.from_bytes(xpc, "big") if has_xpc else None,
        epc=epc,
        tag_crc=crc_gen2(pc.to_bytes(2, "big") + xpc + epc),
    )


def hunted(*chunks: bytes) -> list[Frame | Rejected]:
    hunt = FrameHunt()
    return [part for chunk in chunks for part in hunt.feed(chunk)] + hunt.flush()


@given(reports())
def test_tag_survives_encoding_and_decoding(report: TagReport) -> None:
    assert decode_tag(encode_tag(report)) == report


@given(STARTS, st.integers(0, 255), st.binary(max_size=PARAMETER_BYTES_MAX))
def test_frames_survive_encoding_and_decoding(start: int, command: int, parameter: bytes) -> None:
    encoders = {Kind.ORDER: encode_order, Kind.ANSWER: encode_answer}

    for kind, encode in encoders.items():
        raw = encode(command, parameter, start=start)
        assert hunted(raw) == [Frame(start, kind, command, parameter, raw)]


@given(st.binary(max_size=60), STARTS, STARTS)
def test_garbage_between_two_frames_loses_neither(garbage: bytes, start: int, other: int) -> None:
    one, two = encode_answer(0x08, b"\x03", start=start), encode_answer(0x28, b"\x00", start=other)

    found = hunted(one + garbage + two)

    frames = [part.raw for part in found if isinstance(part, Frame)]
    assert (frames[0], frames[-1]) == (one, two)
    assert b"".join(part.raw for part in found) == one + garbage + two


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        # YRM100 frame test vectors: bad checksum, bad end byte (public GitHub file, index id 55167059125).
        ("BB 01 08 0001 01 00 7E", "checksum"),
        ("BB 01 08 0001 01 0B 00", "format"),
        # The end byte of the other framing.
        ("BB 01 08 0001 01 0B DD", "format"),
        ("BB 03 08 0001 01 0D 7E", "format"),
        ("BB 01 08 0101 01 0B 7E", "length"),
        ("BB 01 08 0001 01", "length"),
    ],
)
def test_broken_frame_is_one_rejection(broken: str, word: str) -> None:
    found = hunted(bytes.fromhex(broken))

    assert [part.raw for part in found] == [bytes.fromhex(broken)]
    assert [part.reason.split(":")[0] for part in found if isinstance(part, Rejected)] == [word]


def test_frame_that_announces_more_than_any_has_holds_nothing_back() -> None:
    good = encode_answer(0x28, b"\x00")

    assert [
        part.raw for part in FrameHunt().feed(bytes.fromhex("BB 01 08 0101") + good) if isinstance(part, Frame)
    ] == [good]


def test_end_byte_inside_a_frame_ends_nothing() -> None:
    raw = encode_answer(0x03, b"\x00\x7e\xbb\x7e")

    assert [part.raw for part in hunted(raw[:7], raw[7:])] == [raw]


def test_published_tag_is_read_field_by_field() -> None:
    (frame,) = hunted(TAG)
    assert isinstance(frame, Frame)

    read = tag_read(decode_tag(frame.parameter), antenna=1, at_ms=5)

    assert (read.id_hex, read.id_bits, read.id_kind) == ("E28011704000021D35AE4008", 96, "epc")
    assert (read.pc, read.tag_crc, read.rssi_dbm, read.rssi_sum_cdbm) == (0x3400, 0xD444, -42, -4_200)
    assert (read.antenna, read.at_ms, read.tid_hex) == (1, 5, None)


@pytest.mark.parametrize("parameter", ["D6 3400 E280 D444", "D6 3400", "", "D6 0800 E2801170 D444"])
def test_tag_whose_length_is_not_in_its_pc_is_broken(parameter: str) -> None:
    with pytest.raises(FrameError, match=r"^length:"):
        decode_tag(bytes.fromhex(parameter))


def test_damage_that_the_sum_misses_is_found_by_the_crc_of_the_tag() -> None:
    # One byte of the EPC is one more, the next one less: the sum of the frame is the same.
    damaged = TAG.replace(bytes.fromhex("7040"), bytes.fromhex("713F"))

    (frame,) = hunted(damaged)

    assert isinstance(frame, Frame)
    with pytest.raises(FrameError, match=r"^crc:"):
        decode_tag(frame.parameter)


def test_xpc_word_is_no_part_of_the_epc() -> None:
    with_word, without = (decode_tag(bytes.fromhex(f"D6 0A00 {word} E280 A785")) for word in ("0001", ""))

    assert (with_word.xpc_w1, with_word.epc.hex()) == (1, "e280")
    assert (without.xpc_w1, without.epc.hex()) == (None, "e280")


def test_toggle_bit_makes_the_code_a_uii() -> None:
    report = decode_tag(bytes.fromhex("D6 0900 E280 6F10"))

    assert tag_read(report).id_kind == "uii"


def described(capture: bytes) -> list[tuple[str, dict[str, object]]]:
    describer = Describer("reader_to_host")
    return [(name, dict(facts)) for _, (name, facts, _) in describer.feed(capture) + describer.finish()]


def test_whole_frame_with_a_broken_tag_is_rejected() -> None:
    ((name, facts),) = described(encode_notification(bytes.fromhex("D6 3400 E280 D444")))

    assert name == "rejected"
    assert str(facts["reason"]).startswith("length:")


@pytest.mark.parametrize(
    ("code", "event", "error"),
    [(0x15, "keep_alive", "inventory_no_tag"), (0x17, "error", "command_error"), (0xA3, "error", "read_error")],
)
def test_refusals_have_names_and_no_tag_is_traffic(code: int, event: str, error: str) -> None:
    ((name, facts),) = described(encode_answer(0xFF, bytes((code,))))

    assert (name, facts["error"], facts["error_code"]) == (event, error, f"{code:02X}")


def test_settings_are_explained() -> None:
    # M5Stack Unit RFID-UHF protocol document, sections 2.14 and 2.16.
    explained = [facts for _, facts in described(bytes.fromhex("BB 00 0E 0002 1020 40 7E BB 01 08 0001 01 0B 7E"))]

    assert (explained[0]["session"], explained[0]["target"], explained[0]["q"]) == (0, "A", 4)
    assert explained[1]["region"] == "CN900"
