"""A signature means our sentence, and was given to a list that can have been on a screen."""

import pytest

from server.core.count import advance
from server.core.count_acts import Saw
from server.core.count_states import CountState
from server.core.signing_words import (
    CLOCK_OFF_MS_MAX,
    MEANINGS,
    SHOWN_MS_MAX,
    ListTimeWrong,
    MeaningUnknown,
    require_meaning,
    require_shown_at,
)
from tests.server.contracts import require_contract
from tests.server.core.count_story import CLAIRE, T0, clean_to

LATER = T0 + SHOWN_MS_MAX
FIXED = clean_to(CountState.RESULT_FIXED).count


def test_the_app_shows_the_sentences_that_the_server_knows() -> None:
    require_contract("signing", MEANINGS)


@pytest.mark.parametrize("meaning", MEANINGS.values())
def test_a_tour_is_signed_under_our_sentence(meaning: str) -> None:
    require_meaning(meaning)


@pytest.mark.parametrize("meaning", ["", "I like trays.", MEANINGS["en"] + " ", MEANINGS["fr"].replace("\u202f", " ")])
def test_no_device_signs_under_a_sentence_of_its_own(meaning: str) -> None:
    with pytest.raises(MeaningUnknown):
        require_meaning(meaning)


@pytest.mark.parametrize(
    ("shown_at", "at"),
    [(T0, T0), (T0 + CLOCK_OFF_MS_MAX, T0), (T0 - CLOCK_OFF_MS_MAX, T0), (T0, LATER)],
)
def test_a_list_may_be_read_for_hours_and_a_clock_be_minutes_off(shown_at: int, at: int) -> None:
    require_shown_at(shown_at, at=at, counts=[FIXED])


@pytest.mark.parametrize(
    ("shown_at", "at"),
    [(T0 + CLOCK_OFF_MS_MAX + 1, T0), (T0 - CLOCK_OFF_MS_MAX - 1, T0), (T0, LATER + 1), (0, T0)],
)
def test_a_list_was_not_read_ahead_of_now_nor_before_it_was_whole_nor_yesterday(shown_at: int, at: int) -> None:
    with pytest.raises(ListTimeWrong):
        require_shown_at(shown_at, at=at, counts=[FIXED])


def test_who_looks_at_a_count_later_makes_its_list_no_younger() -> None:
    seen = advance(FIXED, Saw(CLAIRE, LATER)).count

    require_shown_at(T0, at=LATER, counts=[FIXED, seen])
