"""The digest of a result: the same for the same facts on any machine, another for any other fact."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.count import replay
from server.core.count_acts import Act, CountPolicy, ExpectedPiece
from server.core.count_result import make_result
from server.core.count_states import CountState
from server.core.ids import CountId, PlaceId
from server.core.sealed_sets import RoundKind
from server.store.counts import sheet_from_text, sheet_to_text
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    RINGS,
    ROOT,
    T0,
    UNHURRIED,
    Story,
    clean_to,
    differing,
    plan,
    seal,
)

S = CountState
GOLDEN = "1c41060905f9d74f13f265efc8632b8fba27466f1db6f3edf078cc8a826b337e"


def digest_of(told: list[Act]) -> str:
    return make_result(replay(plan(), told)).sha256


def changed(kind: type[Act], **changes: object) -> list[Act]:
    """The clean story with one act told otherwise."""
    told = clean_to(S.REVEALED).told
    return [replace(act, **changes) if type(act) is kind else act for act in told]  # type: ignore[arg-type]


def test_the_digest_of_the_clean_count_is_known() -> None:
    """Signed lists name this digest: another value here means that no signed count replays any more."""
    assert digest_of(clean_to(S.REVEALED).told) == GOLDEN


@pytest.mark.parametrize(
    "told",
    [
        changed(acts.Open, expected_sha256="e2" * 32),
        changed(acts.Open, scope_sha256="5d" * 32),
        changed(acts.Open, policy=CountPolicy(search_ms=1)),
        changed(acts.Open, expected=tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS))[:-2]
        + [acts.AnswerAsk(MARC, T0, ref, is_present=True, sight=acts.Sight.EYE) for ref in RINGS]
        + clean_to(S.REVEALED).told[-2:],
        changed(acts.SealRound, sealed=seal(RoundKind.A1, CLAIRE, *RINGS, by_hand=("ring-1",))),
        changed(acts.ClaimVerification, draw_root="5b" * 32),
    ],
    ids=["expected", "scope", "policy", "answers", "seal", "root"],
)
def test_any_other_fact_gives_another_digest(told: list[Act]) -> None:
    assert digest_of(told) != GOLDEN


@pytest.mark.parametrize(
    "other",
    [
        replace(plan(), count=CountId("01997d2e-7c00-7000-8000-0000000000a2")),
        replace(plan(), place=PlaceId("tray-2")),
    ],
)
def test_the_same_facts_of_another_count_or_tray_have_another_digest(other: acts.CountPlan) -> None:
    assert make_result(replay(other, clean_to(S.REVEALED).told)).sha256 != GOLDEN


@pytest.mark.parametrize("make", [lambda: clean_to(S.REVEALED), differing])
@UNHURRIED
@given(late=st.lists(st.sampled_from(RINGS), unique=True).map(sorted))
def test_storing_and_late_reads_leave_the_digest_alone(make: Callable[[], Story], late: list[str]) -> None:
    story = make()
    before = make_result(story.count)

    story.tell(acts.HearLate(CLAIRE, T0 + 1, tuple(late)))  # type: ignore[arg-type]

    assert make_result(sheet_from_text(sheet_to_text(story.count))) == before


def test_the_root_of_the_story_is_the_one_in_the_digest() -> None:
    assert digest_of(changed(acts.ClaimVerification, draw_root=ROOT)) == GOLDEN
