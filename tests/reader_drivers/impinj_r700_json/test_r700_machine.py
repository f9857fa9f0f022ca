"""The R700 session against answers and events written out by hand."""

import json
from typing import Any

import pytest

from reader_drivers.driver import Event, Output, PassEnd, ReaderError, ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.errors import Rejected
from reader_drivers.impinj_r700_json.machine import ANSWER_MS, DRAIN_MS, GAP_MS, POLL_MS, R700Driver
from reader_drivers.reads import TagRead

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_400, antennas=(1, 3), session=2)
LOWER = "ETSI EN 302-208 v3.1.1"


def asked(output: Output) -> dict[str, Any]:
    """The one order in it."""
    (line,) = output.sent.splitlines()
    order: dict[str, Any] = json.loads(line)["order"]
    return order


def answer(order: dict[str, Any], status: int = 204, body: Any = None) -> bytes:
    told = {"method": order["method"], "path": order["path"], "status": status, "body": body}
    return json.dumps({"answer": told}).encode() + b"\n"


def tag(epc: str = "3034257BF7194E4000001A85", antenna: int = 1) -> bytes:
    event = {"epcHex": epc, "antennaPort": antenna, "peakRssiCdbm": -4250, "tidHex": "E2801160"}
    return json.dumps({"eventType": "tagInventory", "tagInventoryEvent": event}).encode() + b"\n"


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"eventType": kind, f"{kind}Event": fields}).encode() + b"\n"


def replies(order: dict[str, Any], *, region: Any = LOWER, refused: str = "") -> bytes:
    path = order["path"].removeprefix("/api/v1")
    if path == "/system/region":
        return answer(order, 200, {"operatingRegion": region})
    if path == "/profiles/inventory/presets/default":
        return answer(order, 200, {"antennaConfigs": [{"antennaPort": 1, "rfMode": 1210}]})
    if refused and path.endswith(refused):
        return answer(order, 400, {"message": "not this"})
    return answer(order, 200 if order["method"] == "GET" else 204)


def bring_up(
    driver: R700Driver, plan: ReadPlan = PLAN, *, region: Any = LOWER, refused: str = ""
) -> tuple[list[dict[str, Any]], list[Event]]:
    told, events = [], list[Event]()
    output = driver.start(plan)
    while output.sent:
        events.extend(output.events)
        told.append(asked(output))
        output = driver.feed(replies(told[-1], region=region, refused=refused), 0)
    return told, [*events, *output.events]


@pytest.fixture
def reading() -> R700Driver:
    driver = R700Driver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def of(kind: type, events: tuple[Event, ...] | list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_bring_up_asks_for_the_region_first_and_starts_last() -> None:
    told, events = bring_up(R700Driver())

    assert [f"{order['method']} {order['path'].removeprefix('/api/v1')}" for order in told] == [
        "GET /system/region",
        "POST /profiles/stop",
        "GET /profiles/inventory/presets/default",
        "PUT /profiles/inventory/presets/baguier",
        "GET /data/stream",
        "POST /profiles/inventory/presets/baguier/start",
    ]
    assert events[-1] == ReaderState(ReaderPhase.READING)


def test_preset_is_the_plan_with_the_rf_mode_of_the_readers_own() -> None:
    told, _ = bring_up(R700Driver())

    assert [
        (one["antennaPort"], one["transmitPowerCdbm"], one["inventorySession"], one["rfMode"], one["fastId"])
        for one in told[3]["body"]["antennaConfigs"]
    ] == [(1, 2_400, 2, 1210, "enabled"), (3, 2_400, 2, 1210, "enabled")]
    assert told[3]["body"]["eventConfig"]["tagInventory"]["epcHex"] == "enabled"


@pytest.mark.parametrize(
    ("wanted", "told", "fits"),
    [
        (Region.EU, LOWER, True),
        (Region.EU, "ETSI EN 302-208 Upper Band", False),
        (Region.EU_UPPER, "ETSI EN 302-208 Upper Band", True),
        (Region.EU_UPPER, LOWER, False),
        (Region.US, "FCC Part 15.247", True),
        (Region.US, LOWER, False),
        (Region.EU, None, False),
    ],
)
def test_nothing_is_started_under_other_rules_or_none(wanted: Region, told: Any, *, fits: bool) -> None:
    driver = R700Driver()

    orders, _ = bring_up(driver, ReadPlan(region=wanted, power_cdbm=2_000, antennas=(1,)), region=told)

    assert (driver.phase is ReaderPhase.READING) is fits
    assert (len(orders) > 1) is fits


@pytest.mark.parametrize("refused", ["baguier", "data/stream", "start"])
def test_a_refused_order_is_a_fault_with_the_readers_words(refused: str) -> None:
    driver = R700Driver()

    _, events = bring_up(driver, refused=refused)

    assert driver.phase is ReaderPhase.FAULT
    assert "not this" in of(ReaderState, events)[-1].detail


def test_a_wrong_password_says_where_it_stands() -> None:
    driver = R700Driver()

    (state,) = of(ReaderState, driver.feed(answer(asked(driver.start(PLAN)), 401), 0).events)

    assert state.phase is ReaderPhase.FAULT
    assert "password" in state.detail


def test_a_reader_that_cannot_be_reached_is_lost() -> None:
    driver = R700Driver()

    driver.feed(answer(asked(driver.start(PLAN)), 0, "timed out"), 0)

    assert driver.phase is ReaderPhase.LOST


def test_reads_count_until_the_stream_says_idle(reading: R700Driver) -> None:
    stop = asked(reading.stop())
    before = reading.feed(tag() + answer(stop) + tag("AA"), 5).events
    after = reading.feed(event("inventoryStatus", inventoryStatus="idle"), 6).events

    assert len(of(TagRead, before)) == 2
    assert of(ReaderState, before) == []
    assert after[-1] == ReaderState(ReaderPhase.IDLE)


def test_a_stream_that_falls_silent_after_the_stop_is_complete(reading: R700Driver) -> None:
    reading.feed(answer(asked(reading.stop())), 0)

    assert of(ReaderState, reading.tick(DRAIN_MS - 1).events) == []
    assert of(ReaderState, reading.tick(DRAIN_MS).events) == [ReaderState(ReaderPhase.IDLE)]


def test_stop_while_starting_is_at_rest_at_once_unless_the_start_is_on_its_way() -> None:
    driver = R700Driver()
    driver.start(PLAN)
    assert driver.stop() == Output((ReaderState(ReaderPhase.IDLE),))

    output = driver.start(PLAN)
    while not asked(output)["path"].endswith("/start"):
        output = driver.feed(replies(asked(output)), 0)
    assert asked(driver.stop())["path"].endswith("/profiles/stop")


def test_a_silent_reader_is_asked_and_then_lost(reading: R700Driver) -> None:
    asking = reading.tick(POLL_MS)
    assert asked(asking)["path"] == "/api/v1/status"

    reading.feed(answer(asked(asking), 200, {"status": "running"}), POLL_MS)
    assert reading.tick(POLL_MS + 1).sent == b""

    reading.tick(2 * POLL_MS)
    reading.tick(2 * POLL_MS + 1)
    states = of(ReaderState, reading.tick(2 * POLL_MS + 1 + ANSWER_MS).events)
    assert [state.phase for state in states] == [ReaderPhase.LOST]


def test_an_inventory_that_ends_by_itself_is_a_fault(reading: R700Driver) -> None:
    running = reading.feed(event("inventoryStatus", inventoryStatus="running"), 1).events
    ended = reading.feed(event("inventoryTerminated"), 1).events

    assert of(ReaderState, running) == []
    assert [state.phase for state in of(ReaderState, ended)] == [ReaderPhase.FAULT]


def test_lost_reads_and_unplugged_antennas_are_told(reading: R700Driver) -> None:
    events = reading.feed(event("overflow") + event("antennaDisconnected", antennaPort=3), 1).events

    assert [error.error_code for error in of(ReaderError, events)] == ["overflow", "antenna"]
    assert "antenna 3" in of(ReaderError, events)[1].meaning


def test_a_tag_heard_again_ends_the_pass(reading: R700Driver) -> None:
    reading.feed(tag(), 10)

    events = reading.feed(tag(), 10 + PLAN.pass_min_ms).events

    assert isinstance(events[0], PassEnd)
    assert isinstance(events[1], TagRead)
    assert (events[1].rssi_dbm, events[1].tid_hex, events[1].at_ms) == (-42.5, "E2801160", 110)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"{\n", "format"),
        (b"17\n", "format"),
        (b'{"a":1}\n', "format"),
        (b'{"tagInventoryEvent":{"antennaPort":1}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"3"}}\n', "format"),
        (b'{"tagInventoryEvent":{"epc":"?"}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"30","frequency":1e999}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"30","peakRssiCdbm":"x"}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"30","antennaPort":256}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"30","pc":"zz"}}\n', "format"),
        (b'{"tagInventoryEvent":{"epcHex":"' + b"30" * 63 + b'"}}\n', "length"),
        (b'"' + b"x" * 262_200 + b'"\n', "length"),
    ],
)
def test_what_is_no_event_is_rejected_and_the_next_line_read(reading: R700Driver, line: bytes, word: str) -> None:
    first, *_, second = reading.feed(line + tag(), 1).events

    assert isinstance(first, Rejected)
    assert first.reason.startswith(f"{word}: ")
    assert isinstance(second, TagRead)


def test_a_line_cut_by_a_lost_link_does_not_spoil_the_next_link(reading: R700Driver) -> None:
    reading.feed(tag()[:20], 0)
    assert of(Rejected, reading.tick(GAP_MS - 1).events) == []

    output = reading.start(PLAN)

    assert isinstance(output.events[0], Rejected)
    assert asked(reading.feed(replies(asked(output)), 1))["path"].endswith("/profiles/stop")
