"""The TSL session against answers written out by hand."""

import dataclasses

import pytest

from reader_drivers.driver import (
    Button,
    KeepAlive,
    Output,
    PassEnd,
    ReaderError,
    ReaderPhase,
    ReaderState,
    Reply,
)
from reader_drivers.errors import Rejected
from reader_drivers.reads import BarcodeScan, TagRead
from reader_drivers.tsl_ascii2.machine import ANSWER_MS, ERRORS_MAX, GAP_MS, INVENTORY_MS, SENDS_MAX, TslDriver
from tests.reader_drivers.tsl_ascii2.sled import CHAIN, EMPTY, PLAN, RING, block, bring_up, of, reads, sent


@pytest.fixture
def reading() -> TslDriver:
    driver = TslDriver()
    bring_up(driver)
    assert driver.phase is ReaderPhase.READING
    return driver


def test_inventory_gives_reads_then_the_next_inventory(reading: TslDriver) -> None:
    tagged = CHAIN.replace("RI", "TD: E2801170\r\nRI")
    reading.feed(block(".iv -qt b", tagged), 20)
    output = reading.feed(block(".iv -qt a", RING, tagged), 40)

    ring, chain = (event for event in output.events if isinstance(event, TagRead))
    assert (ring.id_hex, ring.rssi_dbm, ring.antenna, ring.tid_hex) == ("30751FEB705C5904E3D50D70", -55, 1, None)
    assert (chain.id_hex, chain.rssi_dbm, chain.tid_hex) == ("E28011704000021D35AE4008", -42, "E2801170")
    assert sent(output) == [".iv -qt a"]


def test_end_that_comes_twice_orders_one_inventory(reading: TslDriver) -> None:
    output = reading.feed(block(".iv -qt a", RING) + b"OK:\r\n\r\n", 40)

    assert sent(output) == [".iv -qt b"]


def test_end_whose_beginning_was_lost_is_waited_out(reading: TslDriver) -> None:
    output = reading.feed(f"{RING}OK:\r\n\r\n".encode(), 0)

    assert (reads(output), sent(output)) == (["30751FEB705C5904E3D50D70"], [])
    reading.tick(0)
    assert sent(reading.tick(INVENTORY_MS)) == [".iv -qt a"]


def test_stop_after_an_inventory_was_ordered_twice_waits_for_the_abort(reading: TslDriver) -> None:
    reading.tick(0)
    reading.tick(INVENTORY_MS)

    assert sent(reading.stop()) == [".ab"]
    late = reading.feed(block(".iv -qt a", RING) + block(".iv -qt a", CHAIN), INVENTORY_MS + 100)
    assert reads(late) == ["30751FEB705C5904E3D50D70", "E28011704000021D35AE4008"]
    assert of(ReaderState, late.events) == []
    assert of(ReaderState, reading.feed(block(".ab"), INVENTORY_MS + 200).events) == [ReaderState(ReaderPhase.IDLE)]


def test_empty_inventory_is_traffic_and_both_targets_are_a_pass(reading: TslDriver) -> None:
    first, second = reading.feed(EMPTY, 40), reading.feed(EMPTY, 80)

    assert (first.events, sent(first)) == ((KeepAlive(40, EMPTY),), [".iv -qt b"])
    assert (second.events, sent(second)) == ((PassEnd(1, 1, 0, 80), KeepAlive(80, EMPTY)), [".iv -qt a"])


def test_every_inventory_of_session_0_is_a_pass() -> None:
    driver = TslDriver()
    bring_up(driver, plan=dataclasses.replace(PLAN, session=0))

    assert of(PassEnd, driver.feed(EMPTY, 40).events) == [PassEnd(1, 1, 0, 40)]


def test_targets_take_turns_but_not_in_session_0() -> None:
    asked = []
    for session in (0, 2):
        driver = TslDriver()
        bring_up(driver, plan=dataclasses.replace(PLAN, session=session))
        asked += [sent(driver.feed(EMPTY, now))[0][-1] for now in range(4)]

    assert asked == ["a", "a", "a", "a", "b", "a", "b", "a"]


def test_tag_is_told_before_its_inventory_ends(reading: TslDriver) -> None:
    output = reading.feed(f"CS: .iv -qt a\r\n{RING}{CHAIN}".encode(), 20)

    assert reads(output) == ["30751FEB705C5904E3D50D70"]


def test_damaged_line_costs_its_tag_and_no_other(reading: TslDriver) -> None:
    output = reading.feed(block(".iv -qt a", RING.replace("PC: 34", "PC: 3x"), CHAIN), 20)

    assert reads(output) == ["E28011704000021D35AE4008"]
    assert len(of(Rejected, output.events)) == 2
    assert sent(output) == [".iv -qt b"]


def test_changed_digit_is_found_by_the_crc_of_the_tag(reading: TslDriver) -> None:
    output = reading.feed(block(".iv -qt a", CHAIN, RING.replace("EP: 3", "EP: 4")), 20)

    assert reads(output) == ["E28011704000021D35AE4008"]
    assert [event.reason[:4] for event in output.events if isinstance(event, Rejected)] == ["crc:"]


def test_time_or_number_alone_is_no_tag(reading: TslDriver) -> None:
    assert reading.feed(block(".bc", "DT: 2026-11-25T08:35:00\r\n", "BC: A\r\n"), 5).events == (
        BarcodeScan(text="A", at_ms=5, raw=b"BC: A\r\n"),
    )


def test_tag_without_crc_is_damage_once_the_sled_has_sent_one(reading: TslDriver) -> None:
    bare = "EP: 30751FEB705C5904E3D50D71\r\nRI: -55\r\n"

    assert [reads(reading.feed(block(".iv -qt a", bare), now)) for now in (5, 10)] == [[], ["30751FEB705C5904E3D50D71"]]
    assert reads(reading.feed(block(".iv -qt b", CHAIN, bare), 20)) == ["E28011704000021D35AE4008"]


def test_without_crc_damage_between_the_lines_of_a_tag_costs_it(reading: TslDriver) -> None:
    assert reads(reading.feed(block(".iv", "EP: 30751FEB\r\n", "EP: 4?75\r\n", "RI: -40\r\n"), 10)) == []


def test_sled_of_the_next_session_may_be_one_without_crc(reading: TslDriver) -> None:
    reading.feed(block(".iv -qt a", RING), 10)
    reading.stop()
    reading.feed(EMPTY, 20)
    bring_up(reading)

    bare = block(".iv", "EP: 30751FEB\r\n")
    assert [reads(reading.feed(bare, now)) for now in (30, 40)] == [[], ["30751FEB"]]


def test_lost_epc_line_costs_its_tag_and_not_the_ones_behind_it(reading: TslDriver) -> None:
    lost = RING.split("\r\n", 1)[1]

    assert (
        reads(reading.feed(block(".iv", RING, lost, CHAIN, RING, CHAIN), 10))
        == [
            "30751FEB705C5904E3D50D70",
            "E28011704000021D35AE4008",
        ]
        * 2
    )


def test_pc_may_stand_before_the_epc_of_its_tag(reading: TslDriver) -> None:
    ring, chain = ("PC: 3400\r\n" + told.replace("PC: 3400\r\n", "") for told in (RING, CHAIN))

    output = reading.feed(block(".iv", ring, chain), 10)

    assert (reads(output), of(Rejected, output.events)) == (
        ["30751FEB705C5904E3D50D70", "E28011704000021D35AE4008"],
        [],
    )


def test_lost_epc_line_gives_its_other_lines_to_no_other_tag(reading: TslDriver) -> None:
    output = reading.feed(block(".iv -qt a", RING, CHAIN.split("\r\n", 1)[1]), 20)

    assert reads(output) == ["30751FEB705C5904E3D50D70"]


def test_barcode_of_the_trigger_is_a_scan_and_no_pass(reading: TslDriver) -> None:
    output = reading.feed(block(".bc", "BC: BAG-000001.ABCDE\r\n"), 30)

    assert output == Output((BarcodeScan(text="BAG-000001.ABCDE", at_ms=30, raw=b"BC: BAG-000001.ABCDE\r\n"),))
    assert reading.feed(b"CS: .bc\r\nER: 006\r\n\r\n", 40).sent == b""


def test_empty_barcode_is_no_scan(reading: TslDriver) -> None:
    assert of(BarcodeScan, reading.feed(block(".bc", "BC:\r\n"), 5).events) == []


def test_aborted_order_is_no_fault(reading: TslDriver) -> None:
    aborted = block(".iv", end="ER: 015")

    assert [reading.feed(aborted, 5).events for _ in range(4)] == [(Reply("inventory", aborted),)] * 4


def test_pulled_trigger_is_told(reading: TslDriver) -> None:
    assert reading.feed(b"SW: single\r\n", 5).events == (Button("trigger", "single", b"SW: single\r\n"),)


def test_failed_inventories_are_tried_again_then_end_in_a_fault(reading: TslDriver) -> None:
    low = block(".iv", end="ER: 009")

    outputs = [reading.feed(low, now) for now in range(ERRORS_MAX)]

    assert [bool(output.sent) for output in outputs] == [True] * (ERRORS_MAX - 1) + [False]
    assert len(of(ReaderError, outputs[0].events)) == 1
    assert outputs[-1].events[-1] == ReaderState(
        ReaderPhase.FAULT, "The sled cannot read tags: battery too low; charge the sled."
    )


def test_broken_off_pass_begins_again_with_target_a(reading: TslDriver) -> None:
    assert sent(reading.feed(block(".iv", end="ER: 255"), 20)) == [".iv -qt a"]


def test_errors_between_good_inventories_are_no_fault(reading: TslDriver) -> None:
    for now in range(2 * ERRORS_MAX):
        reading.feed(block(".iv", end="ER: 255"), now)
        reading.feed(EMPTY, now)

    assert reading.phase is ReaderPhase.READING


def test_failed_inventory_proves_no_silence(reading: TslDriver) -> None:
    assert of(PassEnd, reading.feed(block(".iv", end="ER: 009"), 10).events) == []
    assert of(PassEnd, reading.feed(block(".iv", RING, end="ER: 009"), 20).events) == [PassEnd(1, 1, 10, 20)]
    assert [of(PassEnd, reading.feed(EMPTY, now).events) for now in (30, 40)] == [[], [PassEnd(1, 2, 20, 40)]]


def test_cut_ends_a_pass_with_reads_and_drops_one_that_heard_nothing(reading: TslDriver) -> None:
    assert reading.end_passes((1,), 10).events == ()
    reading.feed(f"CS: .iv -qt a\r\n{RING}{CHAIN}".encode(), 20)
    assert reading.end_passes((2,), 30).events == ()
    assert reading.end_passes((1,), 30).events == (PassEnd(1, 1, 10, 30),)


def test_pass_that_was_cut_proves_no_silence_at_its_end(reading: TslDriver) -> None:
    reading.feed(EMPTY, 10)
    reading.end_passes((1,), 20)

    assert [of(PassEnd, reading.feed(EMPTY, now).events) for now in (30, 40, 50)] == [[], [], [PassEnd(1, 1, 30, 50)]]


def test_cut_at_rest_does_not_touch_the_next_session(reading: TslDriver) -> None:
    reading.stop()
    reading.feed(EMPTY, 10)
    reading.end_passes((1,), 20)
    bring_up(reading)

    assert of(PassEnd, reading.feed(EMPTY + EMPTY, 40).events) == [PassEnd(1, 1, 0, 40)]


def test_stop_begins_no_other_inventory_and_counts_the_running_one(reading: TslDriver) -> None:
    stopping = reading.stop()

    assert stopping == Output((ReaderState(ReaderPhase.STOPPING),))
    output = reading.feed(block(".iv -qt a", RING), 30)
    assert reads(output) == ["30751FEB705C5904E3D50D70"]
    assert output.events[1:] == (PassEnd(1, 1, 0, 30), ReaderState(ReaderPhase.IDLE))
    assert output.sent == b""


def test_inventory_that_does_not_end_is_aborted(reading: TslDriver) -> None:
    reading.stop()
    reading.tick(0)

    assert sent(reading.tick(ANSWER_MS)) == [".ab"]
    assert reading.feed(block(".iv", RING, end="ER: 015"), ANSWER_MS + 5).events[-2:] == (
        PassEnd(1, 1, 0, ANSWER_MS + 5),
        ReaderState(ReaderPhase.IDLE),
    )
    assert reading.feed(block(".ab"), ANSWER_MS + 6).events == (Reply("abort", block(".ab")),)


def test_long_inventory_is_broken_off_a_second_after_the_stop(reading: TslDriver) -> None:
    reading.stop()
    reading.tick(0)
    aborts = []
    for now in range(100, ANSWER_MS + 1, 100):
        assert reads(reading.feed(RING.encode() + CHAIN.encode(), now))
        aborts += sent(reading.tick(now))

    assert aborts == [".ab"]


def test_aborted_inventory_without_reads_proves_no_silence(reading: TslDriver) -> None:
    reading.feed(EMPTY, 10)
    reading.stop()

    assert reading.feed(block(".ab"), 20).events == (ReaderState(ReaderPhase.IDLE),)


def test_barcode_search_while_stopping_is_not_the_end_of_the_inventory(reading: TslDriver) -> None:
    reading.stop()
    reading.feed(block(".bc", "BC: A\r\n"), 20)

    assert reading.phase is ReaderPhase.STOPPING


def test_sled_gone_while_stopping_is_lost(reading: TslDriver) -> None:
    reading.stop()

    events = [e for now in range(0, ANSWER_MS * SENDS_MAX + 1, 100) for e in reading.tick(now).events]

    assert [e.phase for e in events if isinstance(e, ReaderState)] == [ReaderPhase.LOST]


def test_long_inventory_that_goes_on_telling_tags_is_no_silence(reading: TslDriver) -> None:
    reading.tick(0)
    for now in range(0, 5 * INVENTORY_MS, INVENTORY_MS - 1):
        reading.feed(RING.encode(), now)
        assert reading.tick(now + INVENTORY_MS - 2).sent == b""

    assert sent(reading.tick(now + INVENTORY_MS)) == [".iv -qt a"]


def test_line_that_stops_in_the_middle_is_given_up(reading: TslDriver) -> None:
    reading.feed(b"CS: .i", 1_000)

    assert reading.tick(1_000 + GAP_MS - 1).events == ()
    assert [e.raw for e in reading.tick(1_000 + GAP_MS).events if isinstance(e, Rejected)] == [b"CS: .i"]


def test_block_whose_end_was_lost_lends_its_name_to_no_other() -> None:
    output = TslDriver().feed(b"CS: .vr\r\nUS: 1\r\n" + block(".ab"), 5)

    assert output.events == (Reply("abort", block(".ab")),)


def test_endless_block_is_held_in_bounded_memory() -> None:
    output = TslDriver().feed(block(".vr", *["ME: A\r\n"] * 10_000), 5)

    assert [len(event.raw) < 1_000 for event in output.events if isinstance(event, Reply)] == [True]


def test_tags_of_the_trigger_while_idle_are_reads_without_a_pass() -> None:
    driver = TslDriver()

    assert [type(event) for event in driver.feed(block(".iv", RING, RING), 5).events] == [TagRead, TagRead]


def test_numbers_of_passes_go_on_after_a_restart(reading: TslDriver) -> None:
    reading.feed(EMPTY + EMPTY, 10)
    reading.stop()
    reading.feed(EMPTY, 20)
    bring_up(reading)

    assert of(PassEnd, reading.feed(EMPTY + EMPTY, 30).events) == [PassEnd(1, 2, 0, 30)]
