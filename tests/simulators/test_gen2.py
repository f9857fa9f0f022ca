"""Gen2 tags on the air: checksums, selection, memory and its refusals."""

import pytest

from simulators.gen2 import (
    FLAG_SELECTED,
    QUERY_SELECTED,
    PasswordError,
    Query,
    Select,
    TagError,
    answering,
    gen2_checksum,
    read_words,
    with_words,
)
from simulators.tags import Tag

ONE = Tag(1, bytes.fromhex("30751FEB705C5904E3D50D70"), tid=bytes.fromhex("E28011602000000000000001"))
TWO = Tag(1, bytes.fromhex("E280699500004014CC147862"), tid=bytes.fromhex("E28011602000000000000002"))
NO_PASSWORD = bytes(4)
BY_TID = Select(target=0, action=0, bank=2, pointer=0, length=96, mask=TWO.tid)


@pytest.mark.parametrize(
    ("pc_epc", "crc"),
    [
        ("3400 30751FEB705C5904E3D50D70", 0x3A76),
        ("3000 E200001D7315016521408FC6", 0xB83E),
        ("3400 E200471BB0006013044509D0", 0x9582),
        ("3000 E28068900000500E88C6A4A7", 0x119B),
        ("3000 000000000000000000001545", 0xE94A),
    ],
)
def test_tag_checksum_is_the_one_that_captured_tags_sent(pc_epc: str, crc: int) -> None:
    assert gen2_checksum(bytes.fromhex(pc_epc)) == crc


def test_select_by_tid_leaves_one_tag_to_answer() -> None:
    assert answering((ONE, TWO), Query(), BY_TID) == [TWO]


def test_select_of_another_session_than_the_query_asks_picks_nobody_out() -> None:
    assert answering((ONE, TWO), Query(session=1), BY_TID) == [ONE, TWO]


def test_select_action_4_leaves_the_match_in_state_b() -> None:
    select = Select(target=0, action=4, bank=1, pointer=0x20, length=96, mask=ONE.epc)

    assert answering((ONE, TWO), Query(wants_a=False), select) == [ONE]
    assert answering((ONE, TWO), Query(), select) == [TWO]


def test_selected_flag_counts_only_when_the_query_asks_for_it() -> None:
    select = Select(target=FLAG_SELECTED, action=0, bank=2, pointer=0, length=96, mask=TWO.tid)

    assert answering((ONE, TWO), Query(), select) == [ONE, TWO]
    assert answering((ONE, TWO), Query(selected=QUERY_SELECTED), select) == [TWO]
    assert answering((ONE, TWO), Query(selected=QUERY_SELECTED), None) == []


def test_words_behind_the_memory_are_not_read() -> None:
    assert read_words(ONE, 2, first=0, words=6) == ONE.tid
    with pytest.raises(TagError, match="not that many words"):
        read_words(ONE, 2, first=0, words=7)


def test_protocol_control_word_decides_how_much_of_the_memory_is_epc() -> None:
    longer = with_words(ONE, bytes.fromhex("4000") + bytes(range(16)), bank=1, first=1, password=NO_PASSWORD)
    shorter = with_words(longer, bytes.fromhex("1000"), bank=1, first=1, password=NO_PASSWORD)

    assert longer.epc == bytes(range(16))
    assert shorter.epc == bytes(range(4))


def test_words_without_room_are_refused() -> None:
    with pytest.raises(TagError, match="outside the EPC bank"):
        with_words(ONE, bytes(18), bank=1, first=2, password=NO_PASSWORD)
    with pytest.raises(TagError, match="more than there is"):
        with_words(ONE, bytes.fromhex("6800"), bank=1, first=1, password=NO_PASSWORD)


def test_locked_tag_is_written_with_its_own_password_only() -> None:
    locked = Tag(1, ONE.epc, access_password=bytes.fromhex("12345678"))

    assert with_words(locked, b"\x12\x34", bank=1, first=2, password=bytes.fromhex("12345678")).epc[:2] == b"\x12\x34"
    with pytest.raises(TagError, match="locked"):
        with_words(locked, b"\x12\x34", bank=1, first=2, password=NO_PASSWORD)
    with pytest.raises(TagError, match="locked"):
        with_words(ONE, b"\x12\x34", bank=2, first=2, password=NO_PASSWORD)
    with pytest.raises(PasswordError):
        with_words(locked, b"\x12\x34", bank=1, first=2, password=b"\x00\x00\x00\x01")
