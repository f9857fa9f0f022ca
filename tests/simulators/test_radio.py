"""The radio of the first issue: 0.9 for an antenna's own tag, 0.05 and 19 dB weaker for its neighbours."""

import pytest

from simulators.radio import JITTER_DB, Radio
from simulators.tags import Tag, TagsFileError, encode_tag, parse_tag, parse_tags

PASSES = 20_000


def heard_share(antenna: int, seed: int = 3) -> float:
    radio = Radio([Tag(1, b"\x30\x00")], seed=seed)
    return sum(len(radio.hear(antenna)) for _ in range(PASSES)) / PASSES


def test_own_tag_is_heard_in_nine_passes_of_ten() -> None:
    # Six standard deviations of 20,000 draws are 0.013.
    assert abs(heard_share(1) - 0.9) < 0.013


def test_neighbours_tag_is_heard_in_one_pass_of_twenty() -> None:
    assert abs(heard_share(2) - 0.05) < 0.01


def test_stray_is_nineteen_db_weaker() -> None:
    radio = Radio([Tag(1, b"\x30\x00", rssi_dbm=-50)], seed=5)
    own = [hearing.rssi_dbm for _ in range(2000) for hearing in radio.hear(1)]
    stray = [hearing.rssi_dbm for _ in range(9000) for hearing in radio.hear(2)]

    assert {*own} == {*range(-50 - JITTER_DB, -50 + JITTER_DB + 1)}
    assert abs(sum(own) / len(own) - sum(stray) / len(stray) - 19) < 0.5


def test_tags_are_heard_independently_of_each_other() -> None:
    radio = Radio([Tag(1, b"\x00\x01"), Tag(1, b"\x00\x02")], seed=9)
    both = sum(len(radio.hear(1)) == 2 for _ in range(PASSES)) / PASSES

    assert abs(both - 0.81) < 0.017


def test_mute_tag_is_never_heard() -> None:
    radio = Radio([Tag(1, b"\x30\x00", mute=True)], seed=1)

    assert not any(radio.hear(1) for _ in range(200))


def test_same_seed_hears_the_same() -> None:
    tags = [Tag(1 + n % 4, bytes((0, n))) for n in range(40)]
    first, second = Radio(tags, seed=8), Radio(tags, seed=8)

    assert [first.hear(n % 4 + 1) for n in range(50)] == [second.hear(n % 4 + 1) for n in range(50)]


def test_tag_line_is_read_back_as_written() -> None:
    tag = Tag(3, bytes.fromhex("3034257BF7194E4000001A85"), tid=b"\xe2\x80", rssi_dbm=-61, mute=True)

    assert parse_tag(encode_tag(tag)) == tag


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", '{"epc": "3034"}', '{"antenna": 0, "epc": "3034"}', '{"antenna": 1, "epc": "303"}',
     '{"antenna": 1, "epc": "3034", "tid": "' + "E2" * 66 + '"}', '{"antenna": 1, "epc": "30"}', '{"antenna": 1, "epc": "3034", "rssi_dbm": 5}'],
)  # fmt: skip
def test_bad_tag_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(TagsFileError, match="line 2"):
        parse_tags(f"\n{line}\n")
