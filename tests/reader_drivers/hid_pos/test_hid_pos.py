"""HID POS scanners: reports of both layouts, long barcodes, and what is no report."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.driver import Event, ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.errors import Rejected
from reader_drivers.hid_pos.describe import PARTS_MAX, Describer
from reader_drivers.hid_pos.frames import (
    LAYOUTS,
    REPORT_BYTES,
    SHIFTED,
    STANDARD,
    Layout,
    Report,
    ReportHunt,
    encode_report,
)
from reader_drivers.hid_pos.machine import GAP_MS, REST_MS, HidPosDriver
from reader_drivers.reads import SCAN_CHARACTERS_MAX, BarcodeScan

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "hid_pos.jsonl"
LONG = [
    vector for line in VECTORS.read_text().splitlines() if (vector := json.loads(line)).get("exchange") == "pos-long"
]


def texts(events: tuple[Event, ...]) -> list[str]:
    return [event.text for event in events if isinstance(event, BarcodeScan)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(content=st.binary(min_size=1, max_size=55), has_more=st.booleans())
def test_report_survives_encoding_and_decoding(*, layout: Layout, content: bytes, has_more: bool) -> None:
    raw = encode_report(content, aim="C1", has_more=has_more, layout=layout)

    assert len(raw) == REPORT_BYTES
    assert ReportHunt().feed(raw) == [Report("C1", content, has_more, layout, raw)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_longest_content_of_a_report_is_read_whole(layout: Layout) -> None:
    content = b"A" * layout.content_bytes_max

    (report,) = ReportHunt().feed(encode_report(content, aim="C0", layout=layout))

    assert isinstance(report, Report)
    assert report.content == content


@given(st.binary(max_size=80).filter(lambda garbage: b"\x02" not in garbage))
def test_garbage_between_two_reports_loses_neither(garbage: bytes) -> None:
    hunt = ReportHunt()
    one, two = encode_report(b"JWL-1", aim="C0"), encode_report(b"JWL-2", aim="C0", layout=SHIFTED)

    found = hunt.feed(one + garbage + two) + hunt.flush()

    assert [part.raw for part in found if isinstance(part, Report)] == [one, two]


@pytest.mark.parametrize(
    ("change", "word"),
    [((1, 0), "length"), ((1, 57), "length"), ((2, 0x20), "format"), ((3, 0x20), "format"), ((0, 3), "noise")],
)
def test_report_that_breaks_the_layout_is_rejected_as_a_whole(change: tuple[int, int], word: str) -> None:
    raw = bytearray(encode_report(b"JWL-1", aim="C0"))
    raw[change[0]] = change[1]

    describer = Describer("reader_to_host")

    ((rejected, (name, facts, _)),) = describer.feed(bytes(raw)) + describer.finish()

    assert (rejected, name) == (bytes(raw), "rejected")
    assert str(facts["reason"]).startswith(f"{word}:")


def test_shifted_report_holds_one_byte_less() -> None:
    raw = bytearray(encode_report(b"A" * 55, aim="C0", layout=SHIFTED))
    raw[1] = 56

    assert [type(part) for part in ReportHunt().feed(bytes(raw) + encode_report(b"JWL", aim="C0"))] == [
        Rejected,
        Report,
    ]


def test_barcode_in_two_reports_is_one_scan() -> None:
    driver = HidPosDriver()

    events = [driver.feed(bytes.fromhex(vector["hex"]), 5 + n).events for n, vector in enumerate(LONG)]

    assert texts(events[0]) == []
    assert texts(events[1]) == [LONG[0]["meaning"]["full_text"]]
    assert [event.aim for event in events[1] if isinstance(event, BarcodeScan)] == ["Q1"]


def test_reports_of_one_barcode_are_described_with_the_whole_text() -> None:
    describer = Describer("reader_to_host")

    found = describer.feed(b"".join(bytes.fromhex(vector["hex"]) for vector in LONG))

    assert [raw.hex().upper() for raw, _ in found] == [vector["hex"] for vector in LONG]
    for (_, (_, facts, _)), vector in zip(found, LONG, strict=True):
        assert {key: facts.get(key) for key in vector["meaning"]} == vector["meaning"]


def test_first_report_alone_does_not_say_how_many_follow() -> None:
    describer = Describer("reader_to_host")

    found = describer.feed(bytes.fromhex(LONG[0]["hex"])) + describer.finish()

    ((_, (name, facts, _)),) = found
    assert name == "barcode"
    assert "full_text" not in facts


def test_report_of_another_kind_is_not_described_as_the_rest() -> None:
    first, other = encode_report(b"JWL-", aim="Q1", has_more=True), encode_report(b"JWL-2", aim="C0")

    found = Describer("reader_to_host").feed(first + other)

    assert [facts.get("full_text") for _, (_, facts, _) in found] == [None, "JWL-2"]


def test_endless_barcode_is_described_in_bounded_memory() -> None:
    describer = Describer("reader_to_host")
    report = encode_report(b"A" * 56, aim="Q1", has_more=True)

    held = PARTS_MAX * 2 - len(describer.feed(report * PARTS_MAX * 2))

    assert held <= PARTS_MAX


def test_barcode_whose_rest_never_comes_is_rejected() -> None:
    driver = HidPosDriver()
    driver.feed(encode_report(b"JWL-", aim="C0", has_more=True), 100)

    assert driver.tick(100 + REST_MS - 1).events == ()
    (event,) = driver.tick(100 + REST_MS).events
    assert isinstance(event, Rejected)
    assert texts(driver.feed(encode_report(b"JWL-2", aim="C0"), 3_000).events) == ["JWL-2"]


def test_part_is_not_glued_to_a_barcode_of_another_kind() -> None:
    driver = HidPosDriver()
    driver.feed(encode_report(b"JWL-", aim="Q1", has_more=True), 100)

    events = driver.feed(encode_report(b"JWL-2", aim="C0"), 110).events

    assert [type(event) for event in events] == [Rejected, BarcodeScan]
    assert texts(events) == ["JWL-2"]


def test_longest_barcode_is_a_scan_and_a_longer_one_is_rejected_once() -> None:
    driver = HidPosDriver()
    whole, rest = divmod(SCAN_CHARACTERS_MAX, STANDARD.content_bytes_max)
    parts = encode_report(b"A" * 56, aim="Q1", has_more=True) * whole

    longest = driver.feed(parts + encode_report(b"A" * rest, aim="Q1"), 5).events
    longer = driver.feed(parts + encode_report(b"A" * (rest + 1), aim="Q1", has_more=True), 6).events
    end = driver.feed(encode_report(b"A", aim="Q1") + encode_report(b"JWL-1", aim="Q1"), 7).events

    assert [len(text) for text in texts(longest)] == [SCAN_CHARACTERS_MAX]
    assert sum(isinstance(event, Rejected) for event in longer) == 1
    assert texts(longer + end) == ["JWL-1"]


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"010950600013435221A\x1d10L", "010950600013435221A\x1d10L"), (b"JWL-1\r", "JWL-1"), (b"caf\xe9", "café")],
)
def test_content_of_a_scan(content: bytes, text: str) -> None:
    raw = encode_report(content, aim="C1")

    assert HidPosDriver().feed(raw, 7).events == (BarcodeScan(text=text, aim="C1", at_ms=7, raw=raw),)


def test_line_end_without_a_barcode_is_rejected() -> None:
    (event,) = HidPosDriver().feed(encode_report(b"\r\n", aim="C0"), 7).events

    assert isinstance(event, Rejected)


def test_report_that_stops_in_the_middle_is_given_up() -> None:
    driver = HidPosDriver()
    report = encode_report(b"JWL-1", aim="C0")
    driver.feed(report[:20], 100)

    assert driver.tick(100 + GAP_MS - 1).events == ()
    assert driver.tick(100 + GAP_MS).events == (Rejected(report[:20], "length: the frame stops after 20 bytes"),)
    assert texts(driver.feed(report, 300).events) == ["JWL-1"]


def test_scanner_reads_from_start_to_stop_and_sends_nothing() -> None:
    driver = HidPosDriver()
    plan = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))

    assert driver.start(plan).events == (ReaderState(ReaderPhase.READING),)
    assert driver.stop().events == (ReaderState(ReaderPhase.IDLE),)
    assert driver.start(plan).sent + driver.stop().sent + driver.end_passes((1,), 0).sent == b""
