"""What two rounds leave to settle: lines to recount, findings that need a case, and the fixed result."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count import advance
from server.core.count_acts import ExpectedPiece
from server.core.count_result import Finding, final_present, findings, recount_lines, tag_only
from server.core.count_sheet import Grade
from server.core.count_states import CountState
from server.core.errors import Malformed
from server.core.ids import DeviceId
from server.core.sealed_sets import Anomaly, RoundKind, SealedSet
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    NADIA,
    RINGS,
    T0,
    THREE,
    UNHURRIED,
    Story,
    clean_to,
    differing,
    person,
    refs,
)
from tests.server.core.refusals import code_of

THREE_RINGS = RINGS[:3]


def absent_in_the_challenge() -> Story:
    """Every ring is due, and Marc cannot find ring 2."""
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*RINGS).claim().key(4)
    return story.answer("ring-2", present=False)


def by_hand_again() -> Story:
    """Ring 4 is silent once more and was never re-tagged."""
    expected = tuple(ExpectedPiece(ref, is_retag_due=True) for ref in RINGS)
    return Story().open(expected=expected).begin().seal_a(*THREE_RINGS, by_hand=("ring-4",)).claim()


def test_an_empty_tray_is_counted_and_verified_with_a_zero() -> None:
    story = Story().open(expected=()).begin().seal_a().claim().key(0).verified().reveal().fix()

    assert story.count.result is not None
    assert (story.count.result.present, story.count.result.exceptions) == ((), ())


def test_a_tray_emptied_by_a_thief_is_one_case_a_piece() -> None:
    story = Story().open().begin().seal_a().claim().key(0).seal_b().verified().reveal()

    assert findings(story.count) == tuple(Finding(ref, "MISSING") for ref in RINGS)


def test_both_say_missing_is_a_case_without_a_recount() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS).claim().key(3).seal_b(*THREE_RINGS).verified().reveal()

    assert recount_lines(story.count) == ()
    assert findings(story.count) == (Finding("ring-4", "MISSING"),)
    assert code_of(story.fix) == "case_needed"


def test_equal_totals_with_swapped_pieces_are_two_lines() -> None:
    story = Story().open().begin().seal_a("ring-1", "ring-2", "ring-3").claim().key(3)
    story.seal_b("ring-1", "ring-2", "ring-4").verified().reveal()

    assert recount_lines(story.count) == refs("ring-3", "ring-4")


def test_a_quantity_below_the_tags_with_all_labels_scanned_shows_the_tag_without_its_piece() -> None:
    story = clean_to(CountState.VERIFYING).key(3).seal_b(*RINGS)

    story.tell(acts.ScanLabels(MARC, T0, THREE_RINGS)).verified().reveal()

    assert tag_only(story.count) == {"ring-4"}
    assert findings(story.count) == (Finding("ring-4", "TAG_ONLY"),)
    assert recount_lines(story.count) == ()


def test_a_quantity_above_the_tags_with_all_labels_scanned_shows_a_piece_by_hand() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS, by_hand=("ring-4",)).claim(offline=True).key(4)
    story.seal_b(*THREE_RINGS).tell(acts.ScanLabels(MARC, T0, RINGS)).verified().reveal().fix()

    assert story.count.result is not None
    assert (story.count.result.present, story.count.result.by_hand) == (RINGS, refs("ring-4"))


def test_a_quantity_left_unequal_is_a_case_on_the_place() -> None:
    story = clean_to(CountState.VERIFYING).key(3).seal_b(*RINGS).verified().reveal()

    assert findings(story.count) == (Finding("tray-1", "QUANTITY_GAP"),)


def test_a_silent_piece_confirmed_by_hand_explains_the_quantity() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS, by_hand=("ring-4",)).claim(offline=True).key(4)

    story.seal_b(*THREE_RINGS).verified().reveal()

    assert findings(story.count) == ()


def test_labels_are_scanned_once_and_only_for_an_unequal_quantity() -> None:
    equal = Story().open().begin().seal_a(*THREE_RINGS).claim().key(3).seal_b(*THREE_RINGS)
    assert code_of(lambda: equal.tell(acts.ScanLabels(MARC, T0, RINGS))) == "scan_not_needed"
    unequal = clean_to(CountState.VERIFYING).key(3).seal_b(*RINGS)
    assert code_of(lambda: unequal.tell(acts.ScanLabels(MARC, T0, RINGS[::-1]))) == "malformed"
    unequal.tell(acts.ScanLabels(MARC, T0, RINGS))
    assert code_of(lambda: unequal.tell(acts.ScanLabels(MARC, T0, RINGS))) == "scan_not_needed"


def test_an_absent_answer_after_the_own_read_is_a_tag_without_its_piece() -> None:
    story = absent_in_the_challenge().seal_b(*RINGS).verified().reveal()

    # Four pieces were seen and three are known: a strange piece may lie in the place of ring 2.
    assert findings(story.count) == (Finding("ring-2", "TAG_ONLY"), Finding("tray-1", "QUANTITY_GAP"))
    assert final_present(story.count) == set(RINGS) - {"ring-2"}


def test_an_absent_answer_is_lifted_when_b_then_scans_the_label() -> None:
    story = absent_in_the_challenge().seal_b(*RINGS, by_hand=("ring-2",)).verified().reveal()

    assert findings(story.count) == ()
    assert final_present(story.count) == set(RINGS)


def test_a_lossy_source_never_proves_an_absence() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS, is_lossy=True).claim().key(3)
    story.seal_b(*THREE_RINGS, is_lossy=True).verified().reveal()

    assert findings(story.count) == (Finding("ring-4", "UNVERIFIED"),)


def test_unknown_tags_surplus_and_anomalies_each_need_a_case() -> None:
    story = Story().open().begin().seal_a(*RINGS, "pearl", unknown=("tag-x",)).claim().key(5)
    story.seal_b(*RINGS, "pearl", anomalies=(Anomaly("DUPLICATE_EPC", RINGS[1]),)).verified().reveal()

    assert findings(story.count) == (
        Finding("pearl", "UNEXPECTED"),
        Finding("ring-2", "DUPLICATE_EPC"),
        Finding("tag-x", "UNKNOWN_TAG"),
    )


def test_by_hand_again_without_a_retag_needs_a_case() -> None:
    story = by_hand_again().key(4).seal_b(*THREE_RINGS, by_hand=("ring-4",)).verified().reveal()

    assert findings(story.count) == (Finding("ring-4", "UNTAGGED"),)


def test_without_a_third_person_a_and_b_each_confirm_and_the_grade_says_so() -> None:
    story = differing().confirm("ring-4", CLAIRE)
    assert final_present(story.count) == set(THREE_RINGS)

    story.confirm("ring-4", MARC).cases().fix()

    assert story.count.result is not None
    assert (story.count.result.present, story.count.result.grades) == (RINGS, (Grade.BOTH_AGAIN,))
    assert story.count.result.exceptions == ("missing", "recounted")


def test_a_and_b_who_still_differ_leave_a_case() -> None:
    story = differing().confirm("ring-4", CLAIRE, present=False).confirm("ring-4", MARC)

    assert findings(story.count) == (Finding("ring-4", "ROUND_CONFLICT"),)


def differing_of_three() -> Story:
    story = Story().open(people=THREE).begin().seal_a(*THREE_RINGS).claim().key(4)
    return story.seal_b(*RINGS).verified().reveal()


def test_a_third_person_settles_the_line_alone() -> None:
    story = differing_of_three()
    assert code_of(lambda: story.confirm("ring-4", MARC)) == "third_person_needed"

    story.confirm("ring-4", NADIA).cases().fix()

    assert story.count.result is not None
    assert (story.count.c, story.count.result.grades) == (NADIA, (Grade.THIRD_PERSON,))


@pytest.mark.parametrize(
    ("ref", "by", "code"),
    [
        ("ring-1", NADIA, "not_asked"),
        ("ring-4", Actor(NADIA.person, MARC.device), "same_device"),
        ("ring-4", Actor(MARC.person, DeviceId("handheld-7")), "not_yours"),
        ("ring-4", Actor(person("paul").person, DeviceId("handheld-7")), "no_right"),
    ],
)
def test_the_recount_is_for_differing_lines_and_a_third_device(ref: str, by: Actor, code: str) -> None:
    assert code_of(lambda: differing_of_three().confirm(ref, by)) == code


def test_a_third_person_who_saw_is_no_third_person() -> None:
    story = differing_of_three().tell(acts.Saw(NADIA, T0))

    assert code_of(lambda: story.confirm("ring-4", NADIA)) == "not_blind"
    assert story.confirm("ring-4", MARC).count.recount[0].by == MARC


def test_a_line_is_recounted_once_by_one_third_person() -> None:
    zoe = Actor(person("zoe").person, DeviceId("handheld-4"))
    story = Story().open(people=(*THREE, person("zoe"))).begin().seal_a(*THREE_RINGS).claim().key(4)
    story.seal_b(*RINGS).verified().reveal().confirm("ring-4", NADIA)

    assert code_of(lambda: story.confirm("ring-4", NADIA)) == "already_answered"
    assert code_of(lambda: story.confirm("ring-4", zoe)) == "not_yours"


def test_who_touched_the_piece_after_the_verification_does_not_confirm_it() -> None:
    story = differing_of_three().tell(acts.EditPiece(NADIA, T0, RINGS[3]))

    assert code_of(lambda: story.confirm("ring-4", NADIA)) == "editor_cannot_verify"
    other = differing_of_three().tell(acts.EditPiece(NADIA, T0, RINGS[0]))
    assert other.confirm("ring-4", NADIA).count.state is CountState.RECOUNTING


def test_a_case_covers_its_subject_once() -> None:
    story = Story().open().begin().seal_a(*THREE_RINGS).claim().key(3).seal_b(*THREE_RINGS).verified().reveal()
    assert code_of(lambda: story.cases(("ring-9", "MISSING"))) == "case_needed"
    story.cases(("ring-4", "MISSING_OVERNIGHT"))
    assert code_of(lambda: story.cases(("ring-4", "MISSING"))) == "case_exists"


def test_an_outcome_before_the_fix_changes_the_line_and_its_digest() -> None:
    def fixed(*, moved: bool) -> str:
        story = differing().cases(("ring-4", "ROUND_CONFLICT"))
        if moved:
            case = story.count.cases[0].case
            paul = Actor(person("paul").person, DeviceId("desk"))
            story.tell(acts.NoteOutcome(paul, T0, case, "MISPLACED", "found_elsewhere"))
        story.fix()
        assert story.count.result is not None
        return story.count.result.sha256

    assert fixed(moved=True) != fixed(moved=False)


def test_outcomes_are_noted_by_managers_on_cases_of_the_count() -> None:
    story = differing().cases(("ring-4", "ROUND_CONFLICT"))
    case = story.count.cases[0].case

    assert code_of(lambda: story.tell(acts.NoteOutcome(MARC, T0, case, "MISSING", "data_error"))) == "no_right"
    other = dataclasses.replace(acts.NoteOutcome(MARC, T0, case, "", ""), case=type(case)("case-9"))
    paul = Actor(person("paul").person, DeviceId("desk"))
    assert code_of(lambda: story.tell(dataclasses.replace(other, by=paul))) == "case_absent"


def test_a_stranger_reveals_fixes_and_opens_nothing() -> None:
    stranger = Actor(person("x").person, DeviceId("x"))
    shown = clean_to(CountState.REVEALED)

    assert code_of(lambda: clean_to(CountState.SEALED_B).reveal(stranger)) == "no_right"
    assert code_of(lambda: shown.tell(acts.OpenCases(stranger, T0, ()))) == "no_right"
    assert code_of(lambda: shown.tell(acts.FixResult(stranger, T0))) == "no_right"


@pytest.mark.parametrize("impostor", [Actor(CLAIRE.person, MARC.device), Actor(MARC.person, CLAIRE.device)])
def test_the_reveal_and_the_recount_ask_the_rule_again_of_the_sheet_they_find(impostor: Actor) -> None:
    sealed = dataclasses.replace(clean_to(CountState.SEALED_B).count, b=impostor)
    assert code_of(lambda: advance(sealed, acts.Reveal(MARC, T0))) in ("same_person", "same_device")

    shown = differing().count
    answers = tuple(dataclasses.replace(answer, by=impostor) for answer in shown.answers)
    tampered = dataclasses.replace(shown, b=impostor, answers=answers)
    confirm = acts.ConfirmRecount(CLAIRE, T0, RINGS[3], is_present=True, sight=acts.Sight.EYE)
    assert code_of(lambda: advance(tampered, confirm)) in ("same_person", "same_device")


@UNHURRIED
@given(order=st.permutations(RINGS), present=st.booleans())
def test_the_order_of_answers_does_not_change_what_is_present(order: list[str], *, present: bool) -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*RINGS).claim(offline=True).key(4).seal_b(*RINGS)
    for ref in order:
        story.answer(ref, present=present)

    assert final_present(story.count) == (set(RINGS) if present else set())


def test_a_sealed_set_is_sorted_without_repetition() -> None:
    with pytest.raises(Malformed):
        SealedSet(RoundKind.A1, CLAIRE, T0, (RINGS[1], RINGS[0]), ())
