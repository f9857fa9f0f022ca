"""Reports to reads: the quick way and the walk give the same, and a broken report gives a reason."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.errors import FrameError
from reader_drivers.llrp.frames import Message, MessageHunt, custom, encode_message, tlv
from reader_drivers.llrp.tags import IMPINJ, TID_OP, ReportDecoder, tag_read, walk_reports
from tests.reader_drivers.conformance import load_vectors

EPC = bytes.fromhex("3034257BF7194E4000001A85")
TID = bytes.fromhex("E28011602000000000000001")


def epc_data(epc: bytes) -> bytes:
    return tlv(241, pack(">H", len(epc) * 8), epc)


def read_result(words: bytes, *, op: int = TID_OP, failed: int = 0) -> bytes:
    return tlv(349, pack(">BHH", failed, op, len(words) // 2), words)


def message(*reports: bytes) -> Message:
    (found,) = MessageHunt().feed(encode_message(61, 9, b"".join(tlv(240, report) for report in reports)))
    assert isinstance(found, Message)
    return found


def tv(kind: int, layout: str, value: int) -> bytes:
    return bytes((0x80 | kind,)) + pack(f">{layout}", value)


codes = st.one_of(
    st.binary(min_size=12, max_size=12).map(lambda epc: b"\x8d" + epc),
    st.integers(0, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words)).map(epc_data),
)
parts = st.one_of(
    st.integers(1, 0xFFFF).map(lambda n: tv(1, "H", n)),
    st.integers(-128, 0).map(lambda n: tv(6, "b", n)),
    st.integers(0, 60).map(lambda n: tv(7, "H", n)),
    st.integers(0, 2**64 - 1).map(lambda n: tv(2, "Q", n)),
    st.integers(0, 9).map(lambda n: tv(8, "H", n)),
    st.integers(0, 0xFFFF).map(lambda n: tv(12, "H", n)),
    st.integers(0, 0xFFFF).map(lambda n: tv(11, "H", n)),
    st.integers(0, 0xFFFF).map(lambda n: tv(19, "H", n)),
    st.integers(-9000, 0).map(lambda n: custom(IMPINJ, 57, pack(">h", n))),
    st.integers(0, 4095).map(lambda n: custom(IMPINJ, 56, pack(">H", n))),
    st.sampled_from((TID, TID[::-1], b"")).map(lambda tid: custom(IMPINJ, 55, pack(">H", len(tid) // 2), tid)),
    st.sampled_from((TID, TID[::-1], TID[:4])).map(read_result),
    st.just(read_result(b"", failed=1)),
    st.binary(max_size=4).map(lambda own: custom(161, 7, own)),
    st.binary(max_size=4).map(lambda own: tlv(350, own)),
)
reports = st.tuples(codes, st.lists(parts, max_size=6)).map(lambda report: report[0] + b"".join(report[1]))


@given(st.lists(st.tuples(reports, st.integers(1, 3)), max_size=5))
def test_remembered_forms_give_the_reads_of_the_walk(groups: list[tuple[bytes, int]]) -> None:
    decoder = ReportDecoder()
    decoder.channels_khz = {n: 865_700 + n for n in range(1, 31)}
    told = [message(*[report] * times) for report, times in groups]
    told.append(message(*(report for report, _ in groups)))

    walked = [[tag_read(fields, decoder.channels_khz, 5) for fields in walk_reports(one)] for one in told]

    assert [decoder.reads(one, 5) for one in told] == walked
    # Once more, now that every form has been met.
    assert [decoder.reads(one, 5) for one in told] == walked


def test_a_report_of_known_length_and_other_parameters_is_not_read_by_the_remembered_form() -> None:
    decoder = ReportDecoder()
    strong = b"\x8d" + EPC + tv(6, "b", -40) + tv(1, "H", 3)
    swapped = b"\x8d" + EPC + tv(1, "H", 4) + tv(6, "b", -41)
    decoder.reads(message(strong, strong))

    reads = decoder.reads(message(swapped, strong))

    assert [(read.antenna, read.rssi_dbm) for read in reads] == [(4, -41), (3, -40)]


def test_everything_a_reader_tells_becomes_the_read() -> None:
    (vector,) = [vector for vector in load_vectors("llrp") if vector["id"] == "llrp-042"]
    (found,) = MessageHunt().feed(bytes.fromhex(vector["hex"]))
    assert isinstance(found, Message)
    decoder = ReportDecoder()
    decoder.channels_khz = {14: 909_250}

    (read,) = decoder.reads(found, 77)

    assert (read.id_hex, read.id_bits, read.antenna, read.at_ms) == ("3034257BF7194E4000001A85", 96, 2, 77)
    # The maker's own strength is finer than the standard's whole dBm.
    assert (read.rssi_dbm, read.rssi_sum_cdbm, read.freq_khz) == (-49.25, -4925, 909_250)
    assert read.reader_ms == 1795295504674


def test_tid_comes_from_our_own_access_order_and_from_no_other() -> None:
    ours = b"\x8d" + EPC + read_result(TID)
    theirs = b"\x8d" + EPC + read_result(TID, op=7)
    silent = b"\x8d" + EPC + read_result(b"", failed=2)

    reads = ReportDecoder().reads(message(ours, theirs, silent))

    assert [read.tid_hex for read in reads] == [TID.hex().upper(), None, None]


def test_toggle_bit_makes_it_no_epc() -> None:
    (read,) = ReportDecoder().reads(message(b"\x8d" + EPC + tv(12, "H", 0x3100)))

    assert (read.id_kind, read.pc) == ("uii", 0x3100)


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (tv(1, "H", 1), "format"),
        (b"\x8d" + EPC[:5], "length"),
        (b"\x8d" + EPC + b"\xff\x00", "format"),
        (b"\x8d" + EPC + b"\x01", "length"),
        (b"\x8d" + EPC + tlv(1023, b"\0"), "length"),
        (b"\x8d" + EPC + custom(IMPINJ, 57, b"\0"), "length"),
        (b"\x8d" + EPC + custom(IMPINJ, 55, b"\0\x09", TID), "length"),
        (b"\x8d" + EPC + tlv(349, b"\0\0\1\0\7", TID), "length"),
        (tlv(241, pack(">H", 97), EPC), "length"),
        (epc_data(bytes(64)), "length"),
        (b"\x8d" + EPC + read_result(bytes(66)), "length"),
        (b"\x8d" + EPC + pack(">HH", 350, 3), "length"),
        (b"\x8d" + EPC + pack(">HH", 350, 9), "length"),
    ],
)
def test_a_broken_report_is_refused_with_its_class_first(report: bytes, word: str) -> None:
    with pytest.raises(FrameError, match=f"^{word}: "):
        ReportDecoder().reads(message(report))
