"""The two-person rule on every path, signatures over one result, closing, and one person alone."""

import itertools
from dataclasses import replace

import pytest

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, Role
from server.core.count import advance
from server.core.count_acts import ExpectedPiece, Occasion
from server.core.count_sheet import Mode
from server.core.count_states import CountState
from server.core.errors import DomainError
from server.core.ids import DeviceId, PersonId
from server.core.sealed_sets import Reason
from server.core.signoff import require_two_people
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    NADIA,
    RINGS,
    ROOT,
    T0,
    THREE,
    TWO,
    WHY,
    Story,
    at_state,
    clean_to,
    differing,
    missing_fixed,
    person,
    solo_fixed,
)
from tests.server.core.refusals import code_of

S = CountState
MARC_BIS = Actor(PersonId("marc-bis"), DeviceId("handheld-8"))
CLAIRE_BIS = Actor(PersonId("claire-bis"), DeviceId("handheld-8"))
ON_CLAIRES_DEVICE = Actor(MARC.person, CLAIRE.device)
EXPECTED = tuple(ExpectedPiece(ref) for ref in RINGS)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (CLAIRE, "same_person"),
        (Actor(CLAIRE.person, DeviceId("handheld-8")), "same_person"),
        (CLAIRE_BIS, "same_person"),
        (ON_CLAIRES_DEVICE, "same_device"),
        (NADIA, "editor_cannot_verify"),
        (Actor(PersonId("paul"), DeviceId("desk")), "no_right"),
        (Actor(PersonId("nobody"), DeviceId("desk")), "no_right"),
    ],
)
def test_the_rule_wants_another_human_on_another_device_who_touched_nothing(second: Actor, code: str) -> None:
    people = (*THREE, person("claire-bis", human="claire"))

    assert code_of(lambda: require_two_people(CLAIRE, second, people=people, editors=(PersonId("nadia"),))) == code
    require_two_people(CLAIRE, MARC, people=people, editors=(PersonId("nadia"), CLAIRE.person))


def test_an_editor_under_another_account_is_an_editor() -> None:
    people = (*TWO, person("marc-bis", human="marc"))

    assert code_of(lambda: require_two_people(CLAIRE, MARC, people=people, editors=(MARC_BIS.person,))) == (
        "editor_cannot_verify"
    )


def test_the_counter_cannot_take_the_verification() -> None:
    assert code_of(lambda: clean_to(S.SEALED_A).claim(Actor(CLAIRE.person, DeviceId("handheld-8")))) == "same_person"


def test_the_counters_device_cannot_verify() -> None:
    assert code_of(lambda: clean_to(S.SEALED_A).claim(ON_CLAIRES_DEVICE)) == "same_device"


def test_who_edited_before_the_count_cannot_verify() -> None:
    story = Story().open(editors=(MARC.person,)).begin().seal_a(*RINGS)

    assert code_of(story.claim) == "editor_cannot_verify"


def test_a_verifier_who_edits_a_piece_meanwhile_cannot_go_on_and_another_takes_over() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS).claim().key(4)
    story.tell(acts.EditPiece(MARC, T0, RINGS[0]))

    assert code_of(story.verified) == "editor_cannot_verify"
    story.clock += acts.LEASE_MS
    assert story.claim(NADIA).key(4, by=NADIA).verified(NADIA).count.state is S.SEALED_B


def test_an_edit_after_the_verification_does_not_bar_the_signature() -> None:
    story = clean_to(S.SEALED_B).tell(acts.EditPiece(MARC, T0, RINGS[0])).reveal().fix()

    assert story.sign(CLAIRE, Role.A).sign(MARC, Role.B).close().count.state is S.CLOSED


def test_the_rights_are_those_of_the_opening() -> None:
    story = Story().open(people=(person("claire"), person("marc", counts=False))).begin().seal_a(*RINGS)

    assert code_of(story.claim) == "no_right"


def test_a_green_count_needs_both_roles_of_two_people_on_one_digest() -> None:
    story = clean_to(S.SIGNED_OFF)

    assert [(one.role, one.by) for one in story.count.signatures] == [(Role.A, CLAIRE), (Role.B, MARC)]
    assert len({one.result_sha256 for one in story.count.signatures}) == 1
    assert story.close().count.signed_off_as is S.SIGNED_OFF


def test_either_may_sign_first() -> None:
    story = clean_to(S.RESULT_FIXED).sign(MARC, Role.B).sign(CLAIRE, Role.A).close()

    assert story.count.signed_off_as is S.SIGNED_OFF


def test_a_line_with_a_case_is_never_green() -> None:
    story = missing_fixed().sign(CLAIRE, Role.A).sign(MARC, Role.B)

    assert story.count.state is S.SIGNED_OFF_WITH_EXCEPTIONS
    assert story.close().count.signed_off_as is S.SIGNED_OFF_WITH_EXCEPTIONS


@pytest.mark.parametrize(
    ("by", "role", "code"),
    [
        (CLAIRE, Role.B, "not_yours"),
        (MARC, Role.A, "not_yours"),
        (MARC, Role.C, "not_yours"),
        (NADIA, Role.B, "not_yours"),
        (ON_CLAIRES_DEVICE, Role.B, "same_device"),
        (Actor(CLAIRE.person, MARC.device), Role.A, "same_device"),
    ],
)
def test_a_signature_is_of_the_role_the_person_holds_on_no_others_device(by: Actor, role: Role, code: str) -> None:
    assert code_of(lambda: clean_to(S.RESULT_FIXED).sign(by, role)) == code


def test_two_signatures_on_one_third_device_are_refused() -> None:
    desk = DeviceId("desk")
    story = clean_to(S.RESULT_FIXED).sign(Actor(CLAIRE.person, desk), Role.A)

    assert code_of(lambda: story.sign(Actor(MARC.person, desk), Role.B)) == "same_device"


def test_the_third_persons_device_stays_theirs() -> None:
    story = Story().open(people=THREE).begin().seal_a(*RINGS[:3]).claim().key(4).seal_b(*RINGS).verified().reveal()
    story.confirm("ring-4", NADIA).cases().fix()

    assert code_of(lambda: story.sign(Actor(MARC.person, NADIA.device), Role.B)) == "same_device"
    assert story.sign(MARC, Role.B).sign(CLAIRE, Role.A).count.state is S.SIGNED_OFF_WITH_EXCEPTIONS


def test_one_role_signs_once() -> None:
    assert code_of(lambda: clean_to(S.SIGNED_ONE).sign(CLAIRE, Role.A)) == "already_signed"


def test_a_signature_over_another_result_is_refused() -> None:
    assert code_of(lambda: clean_to(S.RESULT_FIXED).sign(CLAIRE, Role.A, digest="00" * 32)) == "result_changed"


@pytest.mark.parametrize("state", [S.RESULT_FIXED, S.SIGNED_ONE, S.SIGNED_OFF, S.SIGNED_OFF_SINGLE])
def test_reopening_a_line_voids_its_signatures_and_numbers_the_next_result(state: CountState) -> None:
    story = at_state(state)
    assert story.count.result is not None
    signed, old = story.count.signatures, story.count.result

    story.tell(acts.ReopenResult(CLAIRE, T0, WHY))

    assert (story.count.state, story.count.signatures, story.count.signed_off_as) == (S.RESOLVING, (), None)
    assert story.count.voided_signatures == signed
    new = story.fix().count.result
    assert new is not None
    assert (new.number, new.sha256 == old.sha256) == (old.number + 1, False)


def test_a_line_is_reopened_with_a_reason_by_somebody_with_the_right() -> None:
    story = clean_to(S.SIGNED_ONE)

    assert code_of(lambda: story.tell(acts.ReopenResult(CLAIRE, T0, Reason(" ", "0")))) == "reason_needed"
    assert code_of(lambda: story.tell(acts.ReopenResult(NADIA, T0, WHY))) == "no_right"


def test_nothing_closes_before_a_checkpoint_covers_the_signatures() -> None:
    story = clean_to(S.SIGNED_OFF)

    assert code_of(lambda: story.close(covered=False)) == "not_covered"
    assert story.close().count.closed_by_checkpoint == 40


@pytest.mark.parametrize("impostor", [Actor(CLAIRE.person, MARC.device), ON_CLAIRES_DEVICE, NADIA])
def test_closing_asks_the_rule_again_of_the_signatures_it_finds(impostor: Actor) -> None:
    count = clean_to(S.SIGNED_OFF).count
    first, second = count.signatures
    tampered = replace(count, signatures=(first, replace(second, by=impostor)))

    assert code_of(lambda: advance(tampered, acts.Close(SERVER, T0, 1, 1))) in (
        "same_person",
        "same_device",
        "no_right",
    )


def test_nobody_goes_alone_in_the_middle_of_the_search() -> None:
    story = clean_to(S.SEALED_A).tell(acts.OpenSearch(CLAIRE, T0))

    assert code_of(story.solo) == "searching"
    story.clock += 60_000
    assert story.solo().count.mode is Mode.SOLO


def test_a_void_takes_two_people_and_a_reason() -> None:
    story = clean_to(S.VERIFYING)

    assert code_of(lambda: story.tell(acts.Void(CLAIRE, T0, CLAIRE, WHY))) == "same_person"
    assert code_of(lambda: story.tell(acts.Void(CLAIRE, T0, ON_CLAIRES_DEVICE, WHY))) == "same_device"
    assert code_of(lambda: story.tell(acts.Void(NADIA, T0, MARC, WHY))) == "no_right"
    assert code_of(lambda: story.tell(acts.Void(CLAIRE, T0, MARC, Reason("", "0")))) == "reason_needed"
    assert story.tell(acts.Void(CLAIRE, T0, MARC, WHY)).count.confirmed_by == MARC


def test_one_person_alone_is_signed_single_and_closes_single() -> None:
    story = solo_fixed().sign(CLAIRE, Role.A)

    assert story.count.state is S.SIGNED_OFF_SINGLE
    assert story.close().count.signed_off_as is S.SIGNED_OFF_SINGLE


def test_alone_at_closing_needs_a_photo() -> None:
    story = solo_fixed(Occasion.CLOSING)

    assert code_of(lambda: story.sign(CLAIRE, Role.A)) == "photo_needed"
    assert story.sign(CLAIRE, Role.A, photo="f0" * 32).count.state is S.SIGNED_OFF_SINGLE


def test_alone_only_the_counter_signs_and_only_as_a() -> None:
    assert code_of(lambda: solo_fixed().sign(MARC, Role.A)) == "not_yours"
    assert code_of(lambda: solo_fixed().sign(CLAIRE, Role.B)) == "not_yours"


def test_alone_keys_the_quantity_and_answers_the_draw_before_anything_is_shown() -> None:
    expected = tuple(ExpectedPiece(ref, is_due=True) for ref in RINGS)
    story = Story().open(expected=expected).begin().seal_a(*RINGS)
    assert code_of(lambda: story.reveal(CLAIRE)) == "wrong_state"
    story.solo()
    assert code_of(lambda: story.reveal(CLAIRE)) == "quantity_needed"
    story.key(3, by=CLAIRE)
    assert code_of(lambda: story.reveal(CLAIRE)) == "asks_open"

    story.answer("ring-1", present=False, by=CLAIRE).answer_all(CLAIRE).reveal(CLAIRE)

    story.cases(("ring-1", "TAG_ONLY")).fix().sign(CLAIRE, Role.A)
    assert story.count.state is S.SIGNED_OFF_SINGLE
    assert story.count.result is not None
    assert story.count.result.exceptions == ("ask_absent", "tag_only")


def test_alone_a_quantity_that_nothing_explains_is_a_case_on_the_place() -> None:
    story = clean_to(S.SEALED_A).solo().key(3, by=CLAIRE).answer_all(CLAIRE).reveal(CLAIRE)

    assert code_of(story.fix) == "case_needed"
    story.cases(("tray-1", "QUANTITY_GAP")).fix()
    assert story.count.result is not None
    assert story.count.result.exceptions == ("quantity_gap",)


def test_alone_only_the_counter_reveals_and_not_in_the_middle_of_a_search() -> None:
    story = clean_to(S.SEALED_A).solo().key(4, by=CLAIRE).answer_all(CLAIRE)
    assert code_of(lambda: story.reveal(MARC)) == "not_yours"

    story.tell(acts.OpenSearch(CLAIRE, T0))

    assert code_of(lambda: story.reveal(CLAIRE)) == "searching"


def test_alone_is_chosen_once_with_a_reason_and_never_over_a_working_verifier() -> None:
    assert code_of(lambda: clean_to(S.SEALED_A).solo().solo()) == "wrong_state"
    assert code_of(lambda: clean_to(S.SEALED_A).solo().claim()) == "wrong_state"
    assert code_of(lambda: clean_to(S.SEALED_A).solo(by=MARC)) == "not_yours"
    assert code_of(clean_to(S.VERIFYING).solo) == "already_verifying"
    blank = acts.GoSolo(CLAIRE, T0, Reason(" ", "0"), ROOT)
    assert code_of(lambda: clean_to(S.SEALED_A).tell(blank)) == "reason_needed"
    lapsed = clean_to(S.VERIFYING)
    lapsed.clock += acts.LEASE_MS
    assert lapsed.solo().count.state is S.SEALED_A


def test_a_sealed_blind_round_is_not_thrown_away_by_going_alone() -> None:
    story = Story().open().begin().seal_a(*RINGS[:3]).claim().key(3).seal_b(*RINGS[:3])
    story.clock += acts.LEASE_MS

    assert code_of(story.solo) == "already_verifying"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_signing_tries_in_any_order_count_two_people_once(order: tuple[int, ...]) -> None:
    tries = [(CLAIRE, Role.A), (CLAIRE, Role.B), (MARC, Role.B), (MARC, Role.A)]
    story = clean_to(S.RESULT_FIXED)
    accepted = 0
    for index in order:
        try:
            story.sign(*tries[index])
            accepted += 1
        except DomainError:
            continue

    assert (accepted, story.count.state) == (2, S.SIGNED_OFF)


def test_the_recount_asks_the_rule_too() -> None:
    assert code_of(lambda: differing().confirm("ring-4", ON_CLAIRES_DEVICE)) == "not_yours"
    third = Story().open(people=THREE).begin().seal_a(*RINGS[:3]).claim().key(4).seal_b(*RINGS).verified().reveal()
    assert code_of(lambda: third.confirm("ring-4", Actor(NADIA.person, CLAIRE.device))) == "same_device"
