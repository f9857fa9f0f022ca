"""Whoever verifies waits for the first person's search: what lies there with a dead tag is looked for before it is missed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.count import advance
from server.core.count_acts import SEARCH_MS, SEARCH_OFFER_MS, Act
from server.core.count_errors import Searching
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.errors import DomainError
from server.core.ids import PieceRef, RoundId
from server.core.sealed_sets import RoundKind
from tests.server.core.count_story import CLAIRE, MARC, NADIA, RINGS, ROOT, T0, THREE, UNHURRIED, WHY, Story, seal

SHORT = RINGS[:3]


def claimed(count: Count, at: int) -> Count:
    return advance(count, acts.ClaimVerification(MARC, at, RoundId("round-b"), ROOT)).count


def sealed(*heard: str, known: tuple[PieceRef, ...] = ()) -> Count:
    return Story().open(people=THREE, known=known).begin().seal_a(*heard).count


def searched(count: Count, *found: PieceRef, at: int = T0) -> Count:
    opened = advance(count, acts.OpenSearch(CLAIRE, at)).count
    return advance(opened, acts.EndSearch(CLAIRE, at, seal(RoundKind.A2, CLAIRE, by_hand=found))).count


def test_nobody_verifies_before_the_first_person_could_begin_to_search() -> None:
    with pytest.raises(Searching) as refused:
        claimed(sealed(*SHORT), T0 + SEARCH_OFFER_MS - 1)

    assert refused.value.facts == {"search_until": T0 + SEARCH_OFFER_MS}


def test_a_first_person_who_goes_away_holds_nobody_up_for_long() -> None:
    assert claimed(sealed(*SHORT), T0 + SEARCH_OFFER_MS).mode_reasons == ("missing",)


@pytest.mark.parametrize("found", [(), RINGS[3:]])
def test_a_search_that_was_ended_is_over_at_once(found: tuple[PieceRef, ...]) -> None:
    assert claimed(searched(sealed(*SHORT), *found), T0).state is CountState.VERIFYING


def test_a_tray_in_which_nothing_is_silent_waits_for_nobody() -> None:
    assert claimed(sealed(*RINGS), T0).state is CountState.VERIFYING
    assert claimed(sealed(*SHORT, known=RINGS[3:]), T0).state is CountState.VERIFYING


def test_who_goes_on_alone_says_by_it_that_they_search_no_more() -> None:
    assert Story(sealed(*SHORT)).solo().count.reason == WHY


Step = tuple[Callable[[int], Act], int]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(
            [
                lambda at: acts.ClaimVerification(MARC, at, RoundId("round-b"), ROOT),
                lambda at: acts.ClaimVerification(NADIA, at, RoundId("round-c"), ROOT),
                lambda at: acts.OpenSearch(CLAIRE, at),
                lambda at: acts.EndSearch(CLAIRE, at, seal(RoundKind.A2, CLAIRE)),
                lambda at: acts.EndSearch(CLAIRE, at, seal(RoundKind.A2, CLAIRE, by_hand=RINGS[3:])),
                lambda at: acts.GoSolo(CLAIRE, at, WHY, ROOT),
                lambda at: acts.Saw(NADIA, at),
                lambda at: acts.HearLate(CLAIRE, at, RINGS[3:]),
            ]
        ),
        st.sampled_from([0, 1, 4_000, SEARCH_OFFER_MS - 1, SEARCH_OFFER_MS, SEARCH_MS]),
    ),
    min_size=1,
    max_size=10,
)


@UNHURRIED
@given(steps=STEPS)
def test_no_order_of_acts_reaches_a_claim_while_a_search_is_due(steps: list[Step]) -> None:
    count, at, opened_at = sealed(*SHORT), T0, None
    for make, pause in steps:
        at += pause
        act = make(at)
        try:
            after = advance(count, act).count
        except DomainError:
            continue
        if isinstance(act, acts.OpenSearch):
            opened_at = at
        if after.state is CountState.VERIFYING and count.state is CountState.SEALED_A:
            has_ended = count.a2 is not None
            has_waited = at >= (T0 + SEARCH_OFFER_MS if opened_at is None else opened_at + SEARCH_MS)
            assert has_ended or has_waited
        count = after
