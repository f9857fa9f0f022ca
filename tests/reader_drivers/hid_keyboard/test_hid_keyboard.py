"""Scanners that type: reports, keys, ends of scans, and what makes a scan untrustworthy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.driver import Event, ReaderPhase, ReaderState, ReadPlan, Region
from reader_drivers.errors import Rejected
from reader_drivers.hid_keyboard.describe import Describer
from reader_drivers.hid_keyboard.frames import Report, ReportHunt
from reader_drivers.hid_keyboard.machine import GAP_MS, IDLE_FLUSH_MS, HidKeyboardDriver
from reader_drivers.reads import SCAN_CHARACTERS_MAX, BarcodeScan

SHIFT, RIGHT_SHIFT, CTRL, ALT = 0x02, 0x20, 0x01, 0x04
ENTER, KEYPAD_ENTER, TAB = 0x28, 0x58, 0x2B
LETTERS = {letter: 0x04 + n for n, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
DIGITS = {digit: 0x1E + n for n, digit in enumerate("1234567890")}
UP = bytes(8)


def down(*keys: int, modifiers: int = 0) -> bytes:
    return bytes((modifiers, 0, *keys)).ljust(8, b"\x00")


def typed(text: str) -> bytes:
    """Upper-case letters and digits, each pressed and released."""
    return b"".join((down(LETTERS[c], modifiers=SHIFT) if c in LETTERS else down(DIGITS[c])) + UP for c in text)


def numbered(digits: str) -> bytes:
    """A character by its number: Alt held, digits on the keypad."""
    keypad = {digit: 0x59 + n for n, digit in enumerate("1234567890")}
    return b"".join(down(keypad[d], modifiers=ALT) + down(modifiers=ALT) for d in digits) + UP


def scans(*chunks: bytes) -> list[tuple[str, str | None, str | None]]:
    driver = HidKeyboardDriver()
    events = [event for chunk in chunks for event in driver.feed(chunk, 5).events]
    return [(e.text, e.aim, e.suffix) for e in events if isinstance(e, BarcodeScan)]


def reasons(events: tuple[Event, ...]) -> list[str]:
    return [event.reason.split(":")[0] for event in events if isinstance(event, Rejected)]


def test_report_is_what_is_down() -> None:
    raw = down(0x08, 0x09, modifiers=SHIFT)

    assert ReportHunt().feed(raw) == [Report(SHIFT, (8, 9), raw)]


@pytest.mark.parametrize(
    "raw", [b"\x00\x01" + bytes(6), b"\x80" + bytes(7), down(0xE8), b"\x00\x00\x00\x04" + bytes(4)]
)
def test_bytes_that_are_no_report_are_noise(raw: bytes) -> None:
    hunt = ReportHunt()

    found = [part for part in hunt.feed(raw) + hunt.flush() if isinstance(part, Rejected)]

    assert found[0].reason.startswith("noise:")


@pytest.mark.parametrize(
    ("end", "suffix"),
    [(down(ENTER), "CR"), (down(KEYPAD_ENTER), "CR"), (down(TAB), "TAB"), (down(0x10, modifiers=CTRL), "CR")],
)
def test_scan_ends_with_enter_or_tab_or_what_stands_for_them(end: bytes, suffix: str) -> None:
    assert scans(typed("BAG7") + end + UP) == [("BAG7", None, suffix)]


def test_raw_bytes_of_a_scan_are_all_its_reports() -> None:
    stream = typed("AB") + down(ENTER) + UP

    (scan,) = HidKeyboardDriver().feed(stream + typed("C"), 7).events

    assert isinstance(scan, BarcodeScan)
    assert (scan.raw, scan.at_ms) == (stream, 7)


def test_signs_of_the_us_layout() -> None:
    signs = {
        0x2D: "-_",
        0x2E: "=+",
        0x2F: "[{",
        0x31: "\\|",
        0x33: ";:",
        0x34: "'\"",
        0x36: ",<",
        0x37: ".>",
        0x38: "/?",
    }
    stream = b"".join(down(key, modifiers=shift) + UP for key in signs for shift in (0, RIGHT_SHIFT))

    assert scans(stream + down(ENTER) + UP) == [("".join(signs.values()), None, "CR")]


def test_symbology_prefix_is_no_part_of_the_text() -> None:
    prefix = down(0x30) + UP + down(LETTERS["C"], modifiers=SHIFT) + UP + down(DIGITS["1"]) + UP

    assert scans(prefix + typed("0109506000134352") + down(ENTER) + UP) == [("0109506000134352", "C1", "CR")]
    assert reasons(HidKeyboardDriver().feed(prefix + down(ENTER) + UP, 5).events) == ["format"]


def test_separator_is_typed_with_control() -> None:
    assert scans(typed("A") + down(0x30, modifiers=CTRL) + UP + typed("B") + down(ENTER) + UP) == [
        ("A\x1dB", None, "CR")
    ]


@pytest.mark.parametrize(("digits", "character"), [("065", "A"), ("0233", "é"), ("130", "é"), ("029", "\x1d")])
def test_character_by_its_number_is_independent_of_the_layout(digits: str, character: str) -> None:
    assert scans(typed("1") + numbered(digits) + typed("2") + down(ENTER) + UP) == [(f"1{character}2", None, "CR")]


def test_number_of_no_character_spoils_the_scan() -> None:
    assert reasons(HidKeyboardDriver().feed(numbered("999") + down(ENTER) + UP, 5).events) == ["format"]


def test_same_key_twice_needs_a_release_between() -> None:
    held = down(DIGITS["1"])

    assert scans(held + held + UP + held + UP + down(ENTER) + UP) == [("11", None, "CR")]


def test_key_that_comes_before_the_last_is_released_counts() -> None:
    stream = down(DIGITS["1"]) + down(DIGITS["1"], DIGITS["2"]) + down(DIGITS["2"]) + down(DIGITS["2"], ENTER) + UP

    assert scans(stream) == [("12", None, "CR")]


def test_next_scan_may_begin_before_enter_is_released() -> None:
    stream = typed("1") + down(ENTER) + down(DIGITS["2"]) + UP + down(ENTER) + UP

    first, second = Describer("reader_to_host").feed(stream)

    assert [text for text, _, _ in scans(stream)] == ["1", "2"]
    assert (first[0], second[0]) == (typed("1") + down(ENTER), down(DIGITS["2"]) + UP + down(ENTER) + UP)


def test_enter_alone_is_no_scan() -> None:
    assert HidKeyboardDriver().feed((down(ENTER) + UP) * 3, 5).events == ()


def test_scan_without_enter_ends_with_silence() -> None:
    driver = HidKeyboardDriver()
    driver.feed(typed("BAG7"), 100)

    assert driver.tick(100 + IDLE_FLUSH_MS - 1).events == ()
    (scan,) = driver.tick(100 + IDLE_FLUSH_MS).events
    assert isinstance(scan, BarcodeScan)
    assert (scan.text, scan.suffix) == ("BAG7", None)


def test_lost_keys_spoil_the_scan_and_not_the_next() -> None:
    driver = HidKeyboardDriver()

    events = driver.feed(
        typed("12") + bytes.fromhex("0000010101010101") + UP + typed("34") + down(ENTER) + UP, 5
    ).events

    assert reasons(events) == ["length"]
    assert len(events) == 1
    assert scans(typed("12") + down(ENTER) + UP) == [("12", None, "CR")]


@pytest.mark.parametrize("key", [down(0x3A), down(LETTERS["A"], modifiers=ALT)])
def test_key_without_a_character_spoils_the_scan(key: bytes) -> None:
    (rejected,) = HidKeyboardDriver().feed(typed("12") + key + UP + typed("3") + down(ENTER) + UP, 5).events

    assert isinstance(rejected, Rejected)
    assert "US keyboard layout" in rejected.reason


def test_broken_bytes_inside_a_scan_spoil_it() -> None:
    driver = HidKeyboardDriver()

    events = driver.feed(typed("12") + b"\xff\xff\xff" + typed("34") + down(ENTER) + UP, 5).events

    assert reasons(events) == ["noise", "length"]
    assert scans(typed("56") + down(ENTER) + UP) == [("56", None, "CR")]


def test_report_that_stops_in_the_middle_is_given_up() -> None:
    driver = HidKeyboardDriver()
    driver.feed(typed("1")[:5], 100)

    assert driver.tick(100 + GAP_MS - 1).events == ()
    assert len(driver.tick(100 + GAP_MS).events) == 1


def test_longest_scan_is_one_and_a_longer_one_is_rejected_once() -> None:
    driver = HidKeyboardDriver()
    end = down(ENTER) + UP

    longest = driver.feed(typed("1" * SCAN_CHARACTERS_MAX) + end, 5).events
    longer = driver.feed(typed("1" * (SCAN_CHARACTERS_MAX + 1)) + end + typed("2") + end, 6).events

    assert [len(event.text) for event in longest if isinstance(event, BarcodeScan)] == [SCAN_CHARACTERS_MAX]
    assert reasons(longer) == ["length"]
    assert [event.text for event in longer if isinstance(event, BarcodeScan)] == ["2"]


def test_endless_keys_are_held_in_bounded_memory() -> None:
    driver = HidKeyboardDriver()

    for _ in range(90):
        assert driver.feed((down(DIGITS["1"]) + UP) * 500, 5).events == ()

    (rejected,) = driver.feed(down(ENTER) + UP, 6).events
    assert isinstance(rejected, Rejected)
    assert len(rejected.raw) <= 512


@given(st.text("ABCXYZ0123456789", min_size=1, max_size=40))
def test_any_text_is_read_as_it_was_typed(text: str) -> None:
    assert scans(typed(text) + down(ENTER) + UP) == [(text, None, "CR")]


def test_scan_is_described_with_its_end_and_its_rest() -> None:
    describer = Describer("reader_to_host")
    stream = typed("12") + down(ENTER) + UP

    found = describer.feed(stream + typed("3")) + describer.finish()

    assert [(raw, event, facts.get("text"), facts.get("terminator")) for raw, (event, facts, _) in found] == [
        (stream, "barcode", "12", "Enter"),
        (typed("3"), "barcode", "3", None),
    ]


def test_scanner_reads_from_start_to_stop_and_sends_nothing() -> None:
    driver = HidKeyboardDriver()
    plan = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))

    assert driver.start(plan).events == (ReaderState(ReaderPhase.READING),)
    assert driver.stop().events == (ReaderState(ReaderPhase.IDLE),)
    assert driver.start(plan).sent + driver.stop().sent + driver.end_passes((1,), 0).sent == b""
