"""Content of barcodes out of packets and reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.errors import Rejected
from reader_drivers.reads import SCAN_CHARACTERS_MAX
from reader_drivers.scan_text import ScanParts, plain_text, scan_text

REST_MS = 1_000
TOO_LONG = b"A" * (SCAN_CHARACTERS_MAX + 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"]C10109506000134352\x1d", ("0109506000134352\x1d", "C1")),
        (b"BAG-000001.ABCDE\r\n", ("BAG-000001.ABCDE", None)),
        (b"]!1JWL", ("]!1JWL", None)),
        (b"caf\xc3\xa9", ("café", None)),
        (b"caf\xe9", ("café", None)),
        (b"]E0\r", ("", "E0")),
    ],
)
def test_identifier_and_line_end_are_no_part_of_the_text(content: bytes, expected: tuple[str, str | None]) -> None:
    assert scan_text(content) == expected


def test_text_with_its_identifier_elsewhere_keeps_a_bracket() -> None:
    assert plain_text(b"]E0JWL") == "]E0JWL"


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8))
def test_parts_are_joined_in_their_order(contents: list[bytes]) -> None:
    parts = ScanParts(REST_MS)

    found = [parts.add(b"k", content, has_more=True, now=1) for content in contents]

    assert found == [[]] * len(contents)
    assert parts.add(b"k", b"end", has_more=False, now=1) == [b"".join(contents) + b"end"]


def test_rest_of_a_barcode_that_was_too_long_is_no_second_rejection() -> None:
    parts = ScanParts(REST_MS)

    found = [parts.add(b"k", TOO_LONG, has_more=True, now=n) for n in range(3)]

    assert [len(part) for part in found] == [1, 0, 0]
    assert parts.add(b"k", b"end", has_more=False, now=4) == []
    assert parts.add(b"k", b"next", has_more=False, now=5) == [b"next"]


def test_barcode_that_was_too_long_and_never_ends_is_forgotten_in_silence() -> None:
    parts = ScanParts(REST_MS)
    parts.add(b"k", TOO_LONG, has_more=True, now=1)

    assert parts.expire(1 + REST_MS) == ()
    assert parts.add(b"k", b"next", has_more=False, now=5_000) == [b"next"]


def test_each_part_gives_the_next_one_its_time() -> None:
    parts = ScanParts(REST_MS)
    parts.add(b"k", b"one", has_more=True, now=0)
    parts.add(b"k", b"two", has_more=True, now=900)

    assert parts.expire(1_899) == ()
    (rejected,) = parts.expire(1_900)
    assert rejected.raw == b"onetwo"
    assert parts.expire(9_999) == ()


def test_part_of_another_kind_ends_the_one_before() -> None:
    parts = ScanParts(REST_MS)
    parts.add(b"k", b"one", has_more=True, now=0)

    rejected, content = parts.add(b"l", b"two", has_more=False, now=1)

    assert isinstance(rejected, Rejected)
    assert content == b"two"
