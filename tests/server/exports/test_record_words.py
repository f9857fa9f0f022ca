"""Whatever a tour can hold has words in both languages; dates and times are read as people read them."""

from datetime import date, datetime
from enum import StrEnum

import pytest

from server.core.cases import Outcome
from server.core.count_acts import Occasion
from server.core.count_sheet import Mode
from server.core.count_states import CountState
from server.exports import record_words as words
from server.usecases.decide_case import SEVERITIES

MOMENTS = (datetime(2026, 5, 1, 8, 5), datetime(2026, 5, 1, 19, 12))  # noqa: DTZ001 — in the shop's zone already.


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_code_has_a_word(language: str) -> None:
    kinds: tuple[tuple[object, type[StrEnum]], ...] = (
        (words.title, Occasion),
        (words.mode_word, Mode),
        (words.outcome_word, Outcome),
    )
    for word, codes in kinds:
        assert callable(word)
        assert [code for code in codes if word(code.value, language) == code.value] == []
    assert [code for code in SEVERITIES if words.discrepancy_word(code, language) == code] == []
    for state in (CountState.MISSED, CountState.ABANDONED, CountState.VOIDED):
        assert words.uncounted_word(state.value, language)


def test_days_and_times_are_read_as_people_read_them() -> None:
    day = date(2026, 5, 1)

    assert words.span_words(day, *MOMENTS, language="fr") == "Vendredi 1er mai 2026, de 8 h 05 à 19 h 12"
    assert words.span_words(day, *MOMENTS, language="en") == "Friday 1 May 2026, 08:05 to 19:12"


def test_a_code_without_a_word_is_shown_as_it_is_and_a_place_nobody_planned_has_no_reason() -> None:
    assert words.discrepancy_word("NEW_CLASS", "fr") == "NEW_CLASS"
    assert words.uncounted_word("", "fr") == ""
