"""What stands around an EPC in a chip: PC word and CRC, and the number the chip was made with."""

import doctest
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.epc import EpcError, bank_of, encode, memory, parse_bank, parse_tid, plus_writing
from server.core.epc.decode import decode

VECTOR_FILES = Path(__file__).resolve().parents[3] / "vectors"
WHOLE_WORDS = st.integers(1, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words))
SERIALS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


def vectors(name: str) -> list[dict[str, Any]]:
    lines = (VECTOR_FILES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("vector", vectors("epc_memory"), ids=lambda vector: str(vector["id"]))
def test_published_bank_is_read_and_written_as_published(vector: dict[str, Any]) -> None:
    bank, meaning = parse_bank(vector["hex"]), vector["meaning"]

    assert f"{bank.stored_crc:04X} {bank.pc:04X} {bank.epc}" == " ".join(
        meaning[k] for k in ("stored_crc", "pc", "epc")
    )
    assert bank.words == meaning["epc_words"]
    assert (bank.has_user_memory, bank.has_extension, bank.is_uii) == (meaning["umi"], meaning["xi"], meaning["toggle"])
    assert bank_of(bank.epc) == bank or bank.has_user_memory


@pytest.mark.parametrize("vector", vectors("tid"), ids=lambda vector: str(vector["id"]))
def test_published_tid_is_read_as_published(vector: dict[str, Any]) -> None:
    tid, meaning = parse_tid(vector["hex"]), vector["meaning"]

    assert (f"{tid.designer_id:03X}", f"{tid.model:03X}", tid.designer) == (
        *(meaning["mdid"], meaning["model"]),
        meaning["designer"],
    )
    assert (tid.has_xtid, tid.has_security, tid.has_file) == (meaning["xtid"], meaning["security"], meaning["file"])
    assert tid.serial_bits == meaning.get("serial_bits")
    assert tid.serial == meaning.get("serial")
    assert tid.stid_uri == meaning.get("stid_uri")


@given(WHOLE_WORDS)
def test_every_epc_comes_back_out_of_its_bank(epc: bytes) -> None:
    bank = bank_of(epc.hex())
    whole = f"{bank.stored_crc:04X}{bank.pc:04X}{bank.epc}"

    assert parse_bank(whole[:124]) == bank if len(whole) <= 124 else True


@given(WHOLE_WORDS.filter(lambda epc: len(epc) <= 58), st.integers(0, 58 * 8 - 1))
def test_one_turned_bit_is_noticed(epc: bytes, place: int) -> None:
    bank = bank_of(epc.hex())
    at = place % (8 * len(epc))
    turned = int(bank.epc, 16) ^ 1 << at

    with pytest.raises(EpcError, match="stored CRC"):
        parse_bank(f"{bank.stored_crc:04X}{bank.pc:04X}{turned:0{len(bank.epc)}X}")


@pytest.mark.parametrize(
    ("bank", "reason"), [("3A76", "length"), ("3A7634003075", "length"), ("3A76340030751FEB705C5904E3D50D71", "crc")]
)
def test_broken_bank_is_refused_with_its_reason(bank: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        parse_bank(bank)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("tid", "reason"), [("E280", "length"), ("3074257BF7194E4000001A85", "header"), ("", "length")]
)
def test_what_is_no_tid_is_refused_with_its_reason(tid: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        parse_tid(tid)

    assert refused.value.reason == reason


@given(st.binary(min_size=4, max_size=62))
def test_no_tid_tells_a_serial_that_was_not_read_whole(received: bytes) -> None:
    tid = parse_tid((b"\xe2" + received[1:]).hex())

    assert tid.serial is None or tid.serial_bits == 4 * len(tid.serial)


@given(st.integers(0, 10**13 - 1), SERIALS, st.integers(0, 7))
def test_every_sgtin_plus_says_the_link_it_was_written_for(number: int, serial: str, filter_value: int) -> None:
    gtin = f"{number:013}"
    gtin += memory_check(gtin)
    link = f"https://id.gs1.org/01/{gtin}/21/{serial_in_link(serial)}"

    content = decode(encode(link, filter_value=filter_value))

    assert (content.scheme, content.filter_value) == ("SGTIN+", filter_value)
    assert content.ais == (("01", gtin), ("21", serial))


def memory_check(digits: str) -> str:
    """The check digit by the rule's own words: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def serial_in_link(serial: str) -> str:
    return "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in serial)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://id.gs1.org/01/79521141123454/21/A", "check_digit"),
        ("https://id.gs1.org/01/79521141123453/21/" + "A" * 21, "serial"),
        ("https://id.gs1.org/01/79521141123453/21/%C3%A9", "serial"),
        ("https://id.gs1.org/01/79521141123453/21/A?17=260101", "uri"),
    ],
)
def test_link_that_cannot_be_kept_whole_is_refused(link: str, reason: str) -> None:
    with pytest.raises(EpcError) as refused:
        encode(link)

    assert refused.value.reason == reason


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(memory).failed == 0
    assert doctest.testmod(plus_writing).failed == 0
