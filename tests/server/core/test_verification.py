"""How a challenge becomes blind, what is asked, and what is left as a finding."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count import advance, planned
from server.core.count_acts import LEASE_MS, CountPolicy, ExpectedPiece, Occasion
from server.core.count_errors import AlreadyVerifying, NotBlind, Searching
from server.core.count_sheet import Mode
from server.core.count_states import CountState
from server.core.counting import require_not_counting_blind
from server.core.errors import Malformed
from server.core.ids import DeviceId, RoundId
from server.core.sealed_sets import AcceptedGap, Anomaly, Reason, RoundKind
from server.core.verification import ask_reasons, asks, is_hasty, open_asks
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    NADIA,
    RINGS,
    ROOT,
    T0,
    THREE,
    UNHURRIED,
    WHY,
    Story,
    clean_to,
    person,
    plan,
    refs,
    seal,
)
from tests.server.core.refusals import code_of

S = CountState
THREE_RINGS = RINGS[:3]
GAP = AcceptedGap(CLAIRE.person, WHY)


def test_a_clean_tray_needs_a_challenge_only() -> None:
    story = clean_to(S.VERIFYING)

    assert (story.count.mode, story.count.mode_reasons) == (Mode.CHALLENGE, ())


def annual() -> Story:
    return Story(planned(plan(Occasion.ANNUAL))).open().begin().seal_a(*RINGS).claim()


REASONS: dict[str, Callable[[], Story]] = {
    "policy": lambda: Story().open(policy=CountPolicy(always_blind=True)).begin().seal_a(*RINGS).claim(),
    "high_value_place": lambda: (
        Story().open(policy=CountPolicy(place_is_high_value=True)).begin().seal_a(*RINGS).claim()
    ),
    "annual": annual,
    "offline": lambda: clean_to(S.SEALED_A).claim(offline=True, root=None),
    "gap_accepted": lambda: Story().open().begin().seal_a(*RINGS, gap=GAP, drained=False).claim(),
    "stacked": lambda: Story().open().begin().seal_a(*RINGS, is_stacked=True).claim(),
    "missing": lambda: Story().open().begin().seal_a(*THREE_RINGS).claim(),
    "unexpected": lambda: Story().open().begin().seal_a(*RINGS, "pearl").claim(),
    "unknown_tag": lambda: Story().open().begin().seal_a(*RINGS, unknown=("tag-x",)).claim(),
    "anomaly": lambda: Story().open().begin().seal_a(*RINGS, anomalies=(Anomaly("TAG_MISMATCH", RINGS[0]),)).claim(),
    "by_hand_again": lambda: (
        Story()
        .open(expected=tuple(ExpectedPiece(ref, is_retag_due=True) for ref in RINGS))
        .begin()
        .seal_a(*THREE_RINGS, by_hand=("ring-4",))
        .claim()
    ),
    "quantity": lambda: clean_to(S.VERIFYING).key(3),
    "ask_absent": lambda: (
        Story()
        .open(expected=tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS))
        .begin()
        .seal_a(*RINGS)
        .claim()
        .key(4)
        .answer("ring-2", present=False)
    ),
}


@pytest.mark.parametrize("reason", list(REASONS))
def test_each_doubt_makes_the_round_blind_and_is_named(reason: str) -> None:
    count = REASONS[reason]().count

    assert (count.mode, count.mode_reasons, count.state) == (Mode.BLIND, (reason,), S.VERIFYING)


def test_offline_rounds_of_a_are_verified_blind() -> None:
    story = Story().open().begin().seal_a(*RINGS, is_offline=True).claim()

    assert story.count.mode_reasons == ("offline",)


def test_a_silent_tag_scanned_by_hand_is_no_gap_and_is_asked() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS, by_hand=("ring-4",)).claim()

    assert story.count.mode is Mode.CHALLENGE
    assert asks(story.count) == refs("ring-4")


def test_a_piece_found_by_hand_in_the_search_joins_the_asks() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS).tell(acts.OpenSearch(CLAIRE, T0))
    story.tell(acts.EndSearch(CLAIRE, T0, seal(RoundKind.A2, CLAIRE, by_hand=("ring-4",)))).claim()

    assert (story.count.mode, asks(story.count)) == (Mode.CHALLENGE, refs("ring-4"))


def test_each_ask_says_why() -> None:
    expected = (
        ExpectedPiece(RINGS[0], is_due=True),
        ExpectedPiece(RINGS[1], ppm=1_000_000),
        *map(ExpectedPiece, RINGS[2:]),
    )
    story = Story().open(expected=expected).begin().seal_a(*RINGS[:2], by_hand=("ring-3",))
    story.tell(acts.OpenSearch(CLAIRE, T0))
    story.tell(acts.EndSearch(CLAIRE, T0, seal(RoundKind.A2, CLAIRE, by_hand=("ring-4",)))).claim()

    assert list(ask_reasons(story.count).items()) == list(zip(RINGS, ("due", "draw", "silent", "search"), strict=True))


def test_a_renewed_claim_keeps_its_round() -> None:
    story = clean_to(S.VERIFYING)
    again = acts.ClaimVerification(MARC, T0, RoundId("another"), ROOT)

    assert story.tell(again).count.round_b == "round-marc"


def test_an_initial_count_is_never_a_discrepancy() -> None:
    story = Story(planned(plan(Occasion.INITIAL))).open(expected=()).begin()
    story.seal_a(*RINGS, unknown=("tag-x",)).claim().key(4).verified().reveal().fix()

    assert story.count.mode is Mode.CHALLENGE
    assert story.count.result is not None
    assert (story.count.result.present, story.count.result.exceptions) == (RINGS, ())


@UNHURRIED
@given(st.sets(st.sampled_from(RINGS)), st.integers(0, 1_000_000))
def test_asks_are_the_due_and_the_drawn_of_what_was_found(due: set[str], ppm: int) -> None:
    expected = tuple(ExpectedPiece(ref, ppm, ref in due) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*RINGS).claim()

    assert set(due) <= set(asks(story.count)) <= set(RINGS)
    assert list(asks(story.count)) == sorted(asks(story.count))
    assert ppm < 1_000_000 or asks(story.count) == RINGS


def test_a_known_missing_piece_is_never_asked_and_forces_nothing() -> None:
    expected = tuple(ExpectedPiece(ref, 1_000_000) for ref in RINGS)
    story = Story().open(expected=expected, known=refs("ring-4")).begin().seal_a(*THREE_RINGS).claim().key(3)

    assert (story.count.mode, asks(story.count)) == (Mode.CHALLENGE, THREE_RINGS)
    story.verified().reveal().fix()
    assert story.count.result is not None
    assert (story.count.result.known_missing, story.count.result.exceptions) == (refs("ring-4"), ())
    assert story.count.result.missing == ()


def test_a_known_missing_piece_that_is_heard_reappears_in_the_result() -> None:
    story = Story().open(known=refs("ring-4")).begin().seal_a(*RINGS).claim().key(4).verified().reveal().fix()

    assert story.count.result is not None
    assert story.count.result.reappeared == refs("ring-4")


def test_the_second_claimant_hears_that_somebody_verifies() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS).claim()

    with pytest.raises(AlreadyVerifying):
        story.claim(NADIA)
    assert story.claim(MARC).count.b == MARC


def test_a_working_verifier_is_not_pushed_aside_for_having_seen_or_for_counting_blind() -> None:
    challenger = Story().open(people=THREE).begin().seal_a(*RINGS).tell(acts.Saw(MARC, T0)).claim()
    blind = Story().open(people=THREE).begin().seal_a(*THREE_RINGS).claim()

    assert code_of(lambda: challenger.claim(NADIA)) == "already_verifying"
    assert code_of(lambda: blind.claim(NADIA)) == "already_verifying"


def test_a_claim_lapses_after_ten_minutes_and_its_answers_with_it() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS).claim().key(4)
    story.clock += LEASE_MS

    story.claim(NADIA)

    assert story.count.b == NADIA
    assert code_of(lambda: story.tell(acts.SealVerification(NADIA, story.clock))) == "quantity_needed"
    assert code_of(lambda: story.key(4, by=MARC)) == "not_yours"
    assert story.key(4, by=NADIA).verified(NADIA).count.state is S.SEALED_B


def test_a_lapsed_claim_does_not_wash_away_a_doubt() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS).claim().key(3)
    story.clock += LEASE_MS

    story.claim(NADIA)

    assert (story.count.mode, story.count.mode_reasons) == (Mode.BLIND, ("quantity",))


def test_a_sealed_blind_round_cannot_be_taken_over() -> None:
    story = Story().open(people=THREE).begin().seal_a(*THREE_RINGS).claim().key(3).seal_b(*THREE_RINGS)
    story.clock += LEASE_MS

    with pytest.raises(AlreadyVerifying):
        story.claim(NADIA)


def test_nobody_claims_while_a_searches() -> None:
    story = clean_to(S.SEALED_A).tell(acts.OpenSearch(CLAIRE, T0))
    with pytest.raises(Searching):
        story.claim()

    story.clock += 60_000

    assert story.claim().count.state is S.VERIFYING


def test_who_saw_the_count_may_challenge_but_not_count_blind() -> None:
    story = clean_to(S.SEALED_A).tell(acts.Saw(MARC, T0)).claim().key(4)
    assert not story.count.quantities[0].is_blind

    blind = Story().open().begin().seal_a(*THREE_RINGS).tell(acts.Saw(MARC, T0))

    with pytest.raises(NotBlind):
        blind.claim()


def test_who_saw_the_count_under_another_account_is_not_blind_either() -> None:
    people = (*THREE, person("marc-bis", human="marc"))
    story = Story().open(people=people).begin().seal_a(*THREE_RINGS)
    story.tell(acts.Saw(Actor(person("marc-bis").person, DeviceId("handheld-8")), T0))

    with pytest.raises(NotBlind):
        story.claim()


def test_a_challenger_who_saw_leaves_the_blind_round_to_another_at_once() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS).tell(acts.Saw(MARC, T0)).claim().key(3)
    with pytest.raises(NotBlind):
        story.seal_b(*THREE_RINGS)

    story.claim(NADIA)

    assert story.count.b == NADIA


def test_the_asks_come_after_the_blind_round() -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*THREE_RINGS).claim()
    assert code_of(lambda: story.answer("ring-1")) == "blind_round_needed"
    assert code_of(lambda: story.seal_b(*THREE_RINGS)) == "quantity_needed"
    story.key(3)
    assert code_of(lambda: story.tell(acts.SealVerification(MARC, T0))) == "blind_round_needed"

    story.seal_b(*THREE_RINGS)

    assert asks(story.count) == THREE_RINGS
    assert code_of(lambda: story.tell(acts.SealVerification(MARC, T0))) == "asks_open"


def test_labels_scanned_in_the_blind_round_need_no_second_asking() -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*THREE_RINGS).claim().key(3)

    story.seal_b(*THREE_RINGS, by_hand=("ring-1",))

    assert open_asks(story.count) == refs("ring-2", "ring-3")


def test_what_was_said_stays_said() -> None:
    story = REASONS["ask_absent"]()
    assert code_of(lambda: story.key(3)) == "quantity_kept"
    story.seal_b(*RINGS)
    assert code_of(lambda: story.answer("ring-2")) == "already_answered"
    assert code_of(lambda: story.seal_b(*RINGS)) == "count_sealed"
    assert code_of(lambda: story.answer("pearl")) == "not_asked"


@pytest.mark.parametrize("n_pieces", [-1, 100_001])
def test_a_quantity_is_a_possible_number_of_pieces(n_pieces: int) -> None:
    with pytest.raises(Malformed):
        clean_to(S.VERIFYING).key(n_pieces)


def test_a_blind_round_is_drained_own_and_called_for() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS).claim().key(3)
    assert code_of(lambda: story.seal_b(*THREE_RINGS, drained=False)) == "not_drained"
    foreign = acts.SealBlindRound(MARC, T0, seal(RoundKind.B1, CLAIRE), is_drained=True)
    assert code_of(lambda: story.tell(foreign)) == "malformed"
    assert code_of(lambda: clean_to(S.VERIFYING).key(4).seal_b(*RINGS)) == "wrong_state"


@pytest.mark.parametrize("by", [NADIA, CLAIRE, Actor(MARC.person, DeviceId("handheld-7"))])
def test_each_step_of_the_verification_is_of_its_claimant_on_their_device(by: Actor) -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected, people=THREE).begin().seal_a(*RINGS).claim(offline=True)
    assert code_of(lambda: story.key(3, by=by)) == "not_yours"
    story.key(3)
    assert code_of(lambda: story.seal_b(*RINGS, by=by)) == "not_yours"
    story.seal_b(*RINGS)
    assert code_of(lambda: story.tell(acts.ScanLabels(by, T0, RINGS))) == "not_yours"
    assert code_of(lambda: story.answer("ring-1", by=by)) == "not_yours"
    story.answer_all()
    assert code_of(lambda: story.tell(acts.SealVerification(by, T0))) == "not_yours"


def test_nobody_keys_a_quantity_without_taking_the_verification() -> None:
    assert code_of(lambda: clean_to(S.SEALED_A).key(4)) == "wrong_state"


def test_a_gap_in_b_is_an_exception_of_the_line() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS).claim().key(3)
    story.seal_b(*THREE_RINGS, gap=GAP, drained=False).verified().reveal().cases(("ring-4", "MISSING")).fix()

    assert story.count.result is not None
    assert story.count.result.exceptions == ("gap_accepted", "missing")


def test_a_gap_is_accepted_with_a_reason_or_not_at_all() -> None:
    silent = AcceptedGap(CLAIRE.person, Reason("  ", "00"))

    assert code_of(lambda: clean_to(S.COUNTING).seal_a(*RINGS, gap=silent)) == "reason_needed"


def test_answers_faster_than_a_hand_are_flagged_and_accepted() -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)

    def told(step_ms: int) -> Story:
        story = Story().open(expected=expected).begin().seal_a(*RINGS).claim().key(4)
        for ref in RINGS:
            story.answer(ref)
            story.clock += step_ms
        return story

    assert is_hasty(told(999).count)
    assert not is_hasty(told(1_000).count)
    assert advance(told(0).count, acts.SealVerification(MARC, T0)).leaf_body["is_hasty"] is True


@pytest.mark.parametrize(
    ("make", "who", "is_refused"),
    [
        (lambda: clean_to(S.COUNTING), CLAIRE, True),
        (lambda: clean_to(S.COUNTING), MARC, False),
        (lambda: clean_to(S.SEALED_A), CLAIRE, False),
        (lambda: clean_to(S.VERIFYING), MARC, True),
        (lambda: clean_to(S.VERIFYING), CLAIRE, False),
        (lambda: clean_to(S.VERIFYING).key(4), MARC, False),
        (lambda: clean_to(S.VERIFYING).key(3), MARC, True),
        (lambda: clean_to(S.VERIFYING).key(3).seal_b(*RINGS), MARC, False),
        (lambda: clean_to(S.SEALED_B), MARC, False),
        (lambda: clean_to(S.OPEN), CLAIRE, False),
    ],
)
def test_nobody_is_shown_the_place_while_counting_it_blind(
    make: Callable[[], Story], who: Actor, *, is_refused: bool
) -> None:
    count = make().count

    if is_refused:
        assert code_of(lambda: require_not_counting_blind(count, who.person)) == "counting_blind"
    else:
        require_not_counting_blind(count, who.person)
