"""Simulated USB scanners: reports of the point-of-sale kind, and key events as Linux shows them.

Sources: tests/vectors/hid_pos.jsonl; the boot reports of tests/vectors/hid_keyboard.jsonl are what the events must mean.
"""

from typing import Any

import pytest

from simulators.readers.hid_keyboard import EVENT, KeyboardScanner, UntypedError, encode_typing
from simulators.readers.hid_pos import FEATURE_ON, PosScanner, encode_reports
from simulators.scans import Scan
from tests.reader_drivers.conformance import load_vectors

POS = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in load_vectors("hid_pos")}
LONG = "https://id.gs1.org/01/09506000134352/21/RING-000000000042?17=261231"


def test_published_reports_are_sent_byte_for_byte() -> None:
    assert encode_reports(Scan("010950600013435221A\x1d10L", "C1")) == [POS["pos-005"]]
    assert encode_reports(Scan("9506000134352", "E0"), model="honeywell") == [POS["pos-006"]]
    assert encode_reports(Scan("010950600013435221ABC123", "d2"), model="honeywell") == [POS["pos-007"]]
    assert encode_reports(Scan(LONG, "Q1")) == [POS["pos-008"], POS["pos-009"]]


def test_code_letter_takes_nothing_of_a_long_scan() -> None:
    first, last = encode_reports(Scan(LONG, "Q1"), model="honeywell")

    assert (first[1], first[61], first[63]) == (55, ord("s"), 1)
    assert first[6:61] + last[6 : 6 + last[1]] == LONG.encode()


def test_part_of_a_long_scan_tells_nothing_by_itself() -> None:
    one = PosScanner()
    one.load(f"{LONG}\nSHORT\n")
    first, last, short = one.due(0.0)

    assert [one.tags_of(report) for report in (first, last, short)] == [(), (), ("SHORT",)]


def test_honeywell_scanner_is_silent_until_it_is_put_to_work() -> None:
    one = PosScanner(model="honeywell")
    one.load("SHORT\n")
    silent = (one.due(0.0), one.next_due_s())
    one.feed(FEATURE_ON[:1], 0.0)
    one.feed(FEATURE_ON[1:], 0.0)

    assert silent == ([], None)
    assert len(one.due(0.0)) == 1


def boot_reports(events: bytes) -> bytes:
    """What a keyboard would have sent for these events: one report whenever the kernel ends one."""
    reports, modifiers, usage, scan_code = b"", 0, 0, 0
    for *_, kind, code, value in EVENT.iter_unpack(events):
        match kind, code:
            case 1, (29 | 42):
                bit = {29: 0x01, 42: 0x02}[code]
                modifiers = modifiers | bit if value else modifiers & ~bit
            case 4, 4:
                scan_code = value & 0xFF
            case 1, _:
                usage = scan_code if value else 0
            case 0, 0:
                reports += bytes((modifiers, 0, usage)) + bytes(5)
    return reports


@pytest.mark.parametrize("vector", load_vectors("hid_keyboard"), ids=lambda vector: str(vector["id"]))
def test_events_mean_the_boot_reports_of_the_vectors(vector: dict[str, Any]) -> None:
    text = vector["meaning"]["text"]

    assert boot_reports(encode_typing(Scan(text))).hex().upper() == vector["hex"]


def test_separator_is_typed_with_control() -> None:
    kinds = [(kind, code, value) for *_, kind, code, value in EVENT.iter_unpack(encode_typing(Scan("\x1d")))]

    assert kinds[:5] == [(4, 4, 0x700E0), (1, 29, 1), (4, 4, 0x70030), (1, 27, 1), (0, 0, 0)]


def test_character_without_a_key_is_refused() -> None:
    one = KeyboardScanner()

    with pytest.raises(UntypedError, match="US layout"):
        one.load("BAGUÉ\n")
