"""Listening to Zebra readers: what counts, what is lost, and what is no message."""

import json
from typing import Any

import pytest

from reader_drivers.driver import Event, Output, PassEnd, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region, Reply
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan, TagRead
from reader_drivers.zebra_iotc_json.machine import ZebraDriver

PLAN = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))


def line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def tag(code: str = "3034257BF7194E4000001A85", **fields: Any) -> dict[str, Any]:
    return {"type": "CUSTOM", "data": {"idHex": code, "antenna": 1, "peakRssi": -40} | fields}


@pytest.fixture
def reading() -> ZebraDriver:
    driver = ZebraDriver()
    driver.start(PLAN)
    return driver


def of(kind: type, events: tuple[Event, ...]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_it_reads_from_the_start_to_the_stop_and_sends_nothing() -> None:
    driver = ZebraDriver()

    assert driver.start(PLAN) == Output((ReaderState(ReaderPhase.READING),))
    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))
    assert driver.stop() == Output()


def test_an_array_of_a_web_hook_is_many_reads(reading: ZebraDriver) -> None:
    events = reading.feed(line([tag("AA"), tag("BB", antenna=2)]), 7).events

    assert [(read.id_hex, read.antenna, read.at_ms) for read in of(TagRead, events)] == [("AA", 1, 7), ("BB", 2, 7)]


def test_a_sled_tells_tags_and_barcodes_at_once(reading: ZebraDriver) -> None:
    body = {
        "tagData": [{"EPCid": "aa00", "TID": "e280", "peakRssi": -61, "channel": 866.9, "seenCount": 40}],
        "barcodeData": [{"symbology": "QR", "decodedBarcode": "BAG-000412"}],
    }

    events = reading.feed(
        line({"type": "CYCLE_COUNT", "timestamp": "2024-11-21T13:20:53.319-0600", "data": body}), 7
    ).events

    assert of(BarcodeScan, events) == [BarcodeScan(text="BAG-000412", at_ms=7)]
    (read,) = of(TagRead, events)
    assert (read.id_hex, read.tid_hex, read.freq_khz, read.antenna) == ("AA00", "E280", 866_900, None)
    # The reader's own counter has no beginning that anybody names, so a message is one hearing.
    assert (read.count, read.rssi_sum_cdbm, read.reader_ms) == (1, -6100, 1732216853319)


def test_toggle_and_tid_reports_are_no_epc(reading: ZebraDriver) -> None:
    uii, tid = of(TagRead, reading.feed(line([tag("AA", format="uii"), tag("E2801160", format="tid")]), 1).events)

    assert (uii.id_hex, uii.id_kind) == ("AA", "uii")
    assert (tid.id_hex, tid.tid_hex) == ("", "E2801160")


def test_a_gap_in_the_event_numbers_is_a_loss(reading: ZebraDriver) -> None:
    first = reading.feed(line(tag(eventNum=7)) + line(tag(eventNum=8)), 1).events
    after = reading.feed(line(tag(eventNum=12)) + line(tag(eventNum=1)), 1).events

    assert of(ReaderError, first) == []
    assert [error.meaning[:10] for error in of(ReaderError, after)] == ["3 messages"]


def test_a_new_round_misses_nothing_of_the_time_between(reading: ZebraDriver) -> None:
    reading.feed(line(tag(eventNum=7)), 1)
    reading.stop()
    reading.start(PLAN)

    assert of(ReaderError, reading.feed(line(tag(eventNum=99)), 1).events) == []


def test_a_tag_heard_again_ends_the_pass_and_an_end_of_all_passes_needs_no_antenna(reading: ZebraDriver) -> None:
    reading.feed(line(tag()), 10)

    events = reading.feed(line(tag()), 10 + PLAN.pass_min_ms).events
    cut = reading.end_passes((), 120).events

    assert isinstance(events[0], PassEnd)
    assert [(end.antenna, end.n) for end in of(PassEnd, cut)] == [(1, 2)]


def test_other_messages_of_the_reader_are_answers(reading: ZebraDriver) -> None:
    events = reading.feed(line({"type": "heartBeat", "data": {"cpu": 3}}) + line({"type": "gpi"}) + line([]), 1).events

    assert [event.name for event in of(Reply, events)] == ["heartBeat", "gpi", "message"]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({}, "format"),
        ({"data": {}}, "format"),
        ([3], "format"),
        (tag("3"), "format"),
        (tag("AA", antenna="1"), "format"),
        (tag("AA", antenna=256), "format"),
        (tag("AA", peakRssi=float("nan")), "format"),
        (tag("AA", PC="123456"), "length"),
        (tag("AA" * 63), "length"),
        ([tag()] * 4_097, "length"),
        ({"data": {"tagData": 3}}, "format"),
        ({"data": {"tagData": [3]}}, "format"),
        ({"data": {"barcodeData": [{}]}}, "format"),
    ],
)
def test_what_is_no_message_is_rejected_and_the_next_one_read(reading: ZebraDriver, value: Any, word: str) -> None:
    first, *_, last = reading.feed(line(value) + line(tag()), 1).events

    assert isinstance(first, Rejected)
    assert first.reason.startswith(f"{word}: ")
    assert isinstance(last, TagRead)
