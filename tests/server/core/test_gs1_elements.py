"""The walk over element strings, with biip as the oracle for what both accept."""

import doctest

import pytest
from biip import ParseError
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from server.core import gs1_elements
from server.core.epc.layout import check_digit
from server.core.gs1_elements import ElementError, parse_elements

GTINS = st.integers(0, 10**13 - 1).map(lambda number: f"01{number:013}{check_digit(f'{number:013}')}")
TEXTS = st.text("ABCdef0123456789-/.", min_size=1, max_size=20)
VARIABLE = st.builds("".join, st.tuples(st.sampled_from(["10", "21", "240", "241", "250", "99"]), TEXTS))
FIXED = st.sampled_from(
    ["17301231", "3564001500", "3103000189", "20AB", "2001", "11260229", "11280229", "15000229", "17261100"]
)


@given(start=st.lists(GTINS | FIXED, max_size=3), tail=st.lists(VARIABLE, max_size=3))
def test_sound_labels_are_walked_as_biip_does(start: list[str], tail: list[str]) -> None:
    text = "".join(start) + "\x1d".join(tail)
    try:
        expected = tuple((found.ai.ai, found.value) for found in GS1Message.parse(text).element_strings)
    except ParseError:
        with pytest.raises(ElementError):
            parse_elements(text)
        return

    assert parse_elements(text) == expected


@given(text=st.text("0123456789A\x1d", max_size=40))
def test_what_is_accepted_is_what_biip_reads(text: str) -> None:
    try:
        elements = parse_elements(text.lstrip("\x1d"))
    except ElementError:
        return

    if elements:
        read = GS1Message.parse(text.lstrip("\x1d")).element_strings
        assert elements == tuple((found.ai.ai, found.value) for found in read)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0105901234123458", "check_digit"),
        ("00376130321109103421", "check_digit"),
        ("4149521141123455", "check_digit"),
        ("011234", "length"),
        ("21123456789012345678901", "length"),
        ("17261301", "length"),
        ("17260231", "length"),
        ("XX1", "ai"),
        ("05", "ai"),
    ],
)
def test_a_broken_element_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ElementError) as refused:
        parse_elements(text)

    assert refused.value.reason == reason


def test_separators_after_every_element_are_accepted() -> None:
    assert parse_elements("0109506000134352\x1d21A\x1d\x1d10B\x1d") == (
        ("01", "09506000134352"),
        ("21", "A"),
        ("10", "B"),
    )


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(gs1_elements).failed == 0
