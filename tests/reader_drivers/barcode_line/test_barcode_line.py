"""Serial scanners: what ends a scan, what is stripped, what is refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.barcode_line.frames import LINE_BYTES_MAX, REJECTED_BYTES_MAX, Line, LineHunt, encode_line
from reader_drivers.barcode_line.machine import IDLE_FLUSH_MS, BarcodeLineDriver
from reader_drivers.driver import ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan

TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), include_characters="\x1d"), min_size=1, max_size=80
).filter(lambda text: not text.startswith("]"))
SUFFIXES = st.sampled_from([b"\r", b"\n", b"\r\n", b"\t"])


def lines(hunt: LineHunt, *chunks: bytes) -> list[Line | Rejected]:
    return [line for chunk in chunks for line in hunt.feed(chunk)] + hunt.flush()


@given(TEXTS, st.none() | st.sampled_from(["E0", "C1", "d2", "Q3"]), SUFFIXES)
def test_scan_survives_encoding_and_decoding(text: str, aim: str | None, suffix: bytes) -> None:
    raw = encode_line(text, aim, suffix)
    name = {b"\r": "CR", b"\n": "LF", b"\r\n": "CRLF", b"\t": "TAB"}[suffix]

    assert lines(LineHunt(), raw) == [Line(text, aim, name, raw)]


@given(st.lists(st.integers(0, 40)))
def test_line_of_any_length_is_treated_the_same_in_any_split(cuts: list[int]) -> None:
    stream = b"A" * (LINE_BYTES_MAX + 40) + b"\r\nB\r"
    places = sorted({0, len(stream), *(LINE_BYTES_MAX + c for c in cuts)})

    found = lines(LineHunt(), *(stream[a:b] for a, b in pairwise(places)))

    assert [len(part.raw) for part in found] == [REJECTED_BYTES_MAX, 2]


def test_longest_line_is_a_scan_and_one_byte_more_is_rejected() -> None:
    assert isinstance(lines(LineHunt(), b"A" * LINE_BYTES_MAX + b"\r")[0], Line)
    assert isinstance(lines(LineHunt(), b"A" * (LINE_BYTES_MAX + 1) + b"\r")[0], Rejected)


@pytest.mark.parametrize("raw", [b"\x02JWL-1\x03\r\n", b"\x02JWL-1\r\n\x03", b"\x02JWL-1\x03"])
def test_start_and_end_of_text_are_no_part_of_the_scan(raw: bytes) -> None:
    found = lines(LineHunt(), raw, raw)

    assert next(part.text for part in found if isinstance(part, Line)) == "JWL-1"
    assert not [part for part in found if isinstance(part, Rejected)]


def test_control_byte_from_a_wrong_baud_rate_is_rejected() -> None:
    assert [type(part) for part in lines(LineHunt(), b"AB\x00C\r\nJWL-2\r\n")] == [Rejected, Line]


def test_byte_that_is_not_utf_8_is_read_as_latin_1() -> None:
    assert [part.text for part in lines(LineHunt(), b"caf\xe9\r") if isinstance(part, Line)] == ["café"]


def test_silence_ends_a_scan_without_suffix() -> None:
    driver = BarcodeLineDriver()
    driver.feed(b"JWL-3", 100)

    early = driver.tick(100 + IDLE_FLUSH_MS - 1)
    late = driver.tick(100 + IDLE_FLUSH_MS)

    assert early.events == ()
    assert late.events == (BarcodeScan(text="JWL-3", at_ms=100 + IDLE_FLUSH_MS, raw=b"JWL-3"),)


def test_scanner_reads_from_start_to_stop_and_sends_nothing() -> None:
    driver = BarcodeLineDriver()
    plan = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))

    assert driver.start(plan).events == (ReaderState(ReaderPhase.READING),)
    assert driver.stop().events == (ReaderState(ReaderPhase.IDLE),)
    assert driver.start(plan).sent + driver.stop().sent + driver.end_passes((1,), 0).sent == b""
