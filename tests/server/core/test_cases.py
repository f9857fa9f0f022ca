"""Who may decide what on a case, with which evidence, and how a case comes back."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import cases
from server.core.actors import SERVER, Actor
from server.core.cases import (
    IN_HAND,
    TABLE,
    WRITTEN_OFF,
    Acknowledge,
    Case,
    CaseAct,
    CaseRules,
    CaseState,
    CaseStep,
    Decide,
    Investigate,
    Outcome,
    Reclassify,
    Reopen,
    advance_case,
    case_act_from_json,
    case_act_to_json,
    case_from_json,
    case_to_json,
    decided_as_verifier,
    known_missing,
    reopened_by,
)
from server.core.errors import DomainError
from server.core.ids import CaseId, CountId, DeviceId, PersonId, PieceRef
from server.core.sealed_sets import Reason
from tests.server.core.count_story import (
    CLAIRE,
    COUNT,
    MARC,
    NADIA,
    STRANGER,
    T0,
    UNHURRIED,
    WHY,
    person,
)
from tests.server.core.refusals import code_of

PAUL = Actor(PersonId("paul"), DeviceId("desk"))
LIMIT = 100_000
PEOPLE = (
    person("claire", manages=True),
    person("marc", manages=True),
    person("paul", manages=True),
    person("nadia"),
    person("claire-bis", human="claire", manages=True),
)
RULES = CaseRules(PEOPLE, value_limit=LIMIT)
MISSING = Case(CaseId("case-1"), "ring-4", "MISSING", COUNT, T0, CLAIRE.person, MARC.person, value=50_000)
OTHER_COUNT = CountId("01997d2e-7c00-7000-8000-0000000000b2")
ACTS: dict[type[CaseAct], CaseAct] = {
    Acknowledge: Acknowledge(NADIA, T0),
    Investigate: Investigate(PAUL, T0),
    Decide: Decide(PAUL, T0, Outcome.FOUND_HERE, is_sighted=True),
    Reopen: Reopen(SERVER, T0, OTHER_COUNT),
    Reclassify: Reclassify(SERVER, T0, "MISPLACED", OTHER_COUNT),
}


def decide(
    by: Actor, outcome: Outcome, *, case: Case = MISSING, rules: CaseRules = RULES, sighted: bool = True, **more: object
) -> Case:
    act = Decide(by, T0, outcome, sighted, **more)  # type: ignore[arg-type]
    return advance_case(case, act, rules).case


def at_state(state: CaseState) -> Case:
    return replace(MISSING, state=state)


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("kind", get_args(CaseAct))
def test_every_step_of_a_case_is_in_the_table_or_refused(state: CaseState, kind: type[CaseAct]) -> None:
    if kind in TABLE[state]:
        step = advance_case(at_state(state), ACTS[kind], RULES)
        assert (step.before, step.act) == (state, ACTS[kind])
    else:
        assert code_of(lambda: advance_case(at_state(state), ACTS[kind], RULES)) == "wrong_state"


def test_the_usual_life_of_a_case() -> None:
    states = []
    case = MISSING
    for act in (ACTS[Acknowledge], ACTS[Investigate], ACTS[Decide], ACTS[Reopen]):
        case = advance_case(case, act, RULES).case
        states.append(case.state)

    assert states == [CaseState.ACKNOWLEDGED, CaseState.INVESTIGATING, CaseState.DECIDED, CaseState.REOPENED]
    assert (case.outcome, case.decided_by, case.evidence_counts) == (None, None, (OTHER_COUNT,))


def test_only_advance_case_makes_a_step() -> None:
    with pytest.raises(TypeError, match="by nothing else"):
        CaseStep(CaseState.OPEN, ACTS[Decide], MISSING)


@pytest.mark.parametrize("by", [CLAIRE, Actor(PersonId("claire-bis"), DeviceId("desk"))])
@UNHURRIED
@given(outcome=st.sampled_from([one for one in Outcome if one is not Outcome.UNDER_INVESTIGATION]))
def test_who_counted_first_decides_nothing(by: Actor, outcome: Outcome) -> None:
    assert code_of(lambda: decide(by, outcome, document="F-1", second=MARC)) == "decider_counted"


def test_the_verifier_decides_below_the_limit_only() -> None:
    just_below = replace(MISSING, value=LIMIT - 1)
    assert decide(MARC, Outcome.FOUND_HERE, case=just_below).decided_by == MARC.person

    assert code_of(lambda: decide(MARC, Outcome.FOUND_HERE, case=replace(MISSING, value=LIMIT))) == "over_limit"
    assert code_of(lambda: decide(MARC, Outcome.FOUND_HERE, case=replace(MISSING, value=None))) == "over_limit"
    assert code_of(lambda: decide(MARC, Outcome.FOUND_HERE, case=replace(MISSING, is_owned=False))) == "over_limit"


def test_a_loss_split_under_the_limit_adds_up() -> None:
    rules = replace(RULES, decided_by_b=LIMIT - 50_000)

    assert code_of(lambda: decide(MARC, Outcome.DATA_ERROR, rules=rules)) == "over_limit"
    assert decide(PAUL, Outcome.DATA_ERROR, rules=rules).outcome is Outcome.DATA_ERROR


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.UNDER_INVESTIGATION}))
def test_who_touched_the_piece_tells_what_is_in_the_hand_and_writes_nothing_away(outcome: Outcome) -> None:
    rules = replace(
        RULES, touched_by=frozenset({PersonId("paul-bis")}), people=(*PEOPLE, person("paul-bis", human="paul"))
    )

    if outcome in IN_HAND:
        assert decide(PAUL, outcome, rules=rules, second=NADIA).outcome is outcome
    else:
        assert code_of(lambda: decide(PAUL, outcome, rules=rules, second=NADIA)) == "self_approval"


def test_what_a_verifier_decided_adds_up_over_all_their_accounts() -> None:
    people = (*PEOPLE, person("marc-bis", human="marc", manages=True))
    paper = decide(MARC, Outcome.DATA_ERROR)
    by_another = decide(PAUL, Outcome.DATA_ERROR)
    in_hand = decide(MARC, Outcome.FOUND_HERE)
    elsewhere = replace(paper, b=NADIA.person)

    assert decided_as_verifier([paper, by_another, in_hand, elsewhere, MISSING], MARC.person, people=people) == 50_000
    assert decided_as_verifier([paper, paper], PersonId("marc-bis"), people=people) == 100_000


@pytest.mark.parametrize("outcome", sorted(WRITTEN_OFF))
def test_lost_and_stolen_are_declared_by_neither_counter_nor_verifier(outcome: Outcome) -> None:
    assert code_of(lambda: decide(MARC, outcome, document="claim 7", sighted=False)) == "decider_counted"
    assert decide(PAUL, outcome, document="claim 7", sighted=False).document == "claim 7"


def test_a_theft_needs_the_reference_of_the_claim() -> None:
    assert code_of(lambda: decide(PAUL, Outcome.DECLARED_STOLEN, sighted=False)) == "evidence_needed"
    assert decide(PAUL, Outcome.DECLARED_LOST, sighted=False).state is CaseState.DECIDED


@pytest.mark.parametrize("outcome", sorted(IN_HAND))
def test_a_found_piece_was_in_somebodys_hand(outcome: Outcome) -> None:
    assert code_of(lambda: decide(PAUL, outcome, sighted=False, document="F-1", second=NADIA)) == "evidence_needed"


@pytest.mark.parametrize("outcome", [Outcome.SOLD_NOT_POSTED, Outcome.DATA_ERROR, Outcome.RETURNED_TO_OWNER])
def test_without_sight_a_paper_is_needed(outcome: Outcome) -> None:
    assert code_of(lambda: decide(PAUL, outcome, sighted=False)) == "evidence_needed"
    assert code_of(lambda: decide(PAUL, outcome, sighted=False, document="  ")) == "evidence_needed"
    assert decide(PAUL, outcome, sighted=False, document="F-2026-118").document == "F-2026-118"


@pytest.mark.parametrize("outcome", [Outcome.TAG_FAULT, Outcome.OUT_NOT_LOGGED])
def test_a_retag_and_a_late_outing_carry_two_names(outcome: Outcome) -> None:
    assert code_of(lambda: decide(PAUL, outcome)) == "evidence_needed"
    same = Actor(PersonId("nadia"), PAUL.device)
    assert code_of(lambda: decide(PAUL, outcome, second=same)) == "same_device"
    people = (*PEOPLE, person("paul-bis", human="paul"))
    twice = Actor(PersonId("paul-bis"), DeviceId("x"))
    assert code_of(lambda: decide(PAUL, outcome, rules=CaseRules(people, LIMIT), second=twice)) == "same_person"
    assert decide(PAUL, outcome, second=NADIA).second == NADIA.person


def test_deciding_takes_a_manager_and_a_given_reason_has_words() -> None:
    assert code_of(lambda: decide(NADIA, Outcome.FOUND_HERE)) == "no_right"
    assert code_of(lambda: advance_case(MISSING, Investigate(NADIA, T0), RULES)) == "no_right"
    assert code_of(lambda: advance_case(MISSING, Acknowledge(STRANGER, T0), RULES)) == "no_right"
    assert code_of(lambda: decide(PAUL, Outcome.FOUND_HERE, reason=Reason(" ", "0"))) == "reason_needed"
    assert decide(PAUL, Outcome.FOUND_HERE, reason=WHY).state is CaseState.DECIDED


@pytest.mark.parametrize("kind", [Reopen, Reclassify])
def test_a_stranger_brings_no_evidence(kind: type[CaseAct]) -> None:
    state = next(state for state in CaseState if kind in TABLE[state])

    assert code_of(lambda: advance_case(at_state(state), replace(ACTS[kind], by=STRANGER), RULES)) == "no_right"


def test_under_investigation_keeps_the_case_and_anyone_who_manages_says_it() -> None:
    case = decide(CLAIRE, Outcome.UNDER_INVESTIGATION, sighted=False)

    assert (case.state, case.outcome, case.decided_by) == (
        CaseState.INVESTIGATING,
        Outcome.UNDER_INVESTIGATION,
        None,
    )


def test_a_count_by_one_person_bars_that_person_only() -> None:
    alone = replace(MISSING, b=None)

    assert code_of(lambda: decide(CLAIRE, Outcome.FOUND_HERE, case=alone)) == "decider_counted"
    assert decide(MARC, Outcome.DECLARED_LOST, case=alone).outcome is Outcome.DECLARED_LOST


def test_another_count_of_the_tour_reclassifies_without_a_second_case() -> None:
    case = advance_case(MISSING, ACTS[Reclassify], RULES).case

    assert (case.case, case.discrepancy, case.evidence_counts) == (MISSING.case, "MISPLACED", (OTHER_COUNT,))


def test_known_missing_pieces_are_those_that_nothing_explains() -> None:
    found = replace(MISSING, subject="ring-1", state=CaseState.DECIDED, outcome=Outcome.FOUND_HERE)
    stolen = replace(MISSING, subject="ring-2", state=CaseState.DECIDED, outcome=Outcome.DECLARED_STOLEN)
    elsewhere = replace(MISSING, subject="ring-3", discrepancy="MISPLACED")

    assert known_missing([MISSING, found, stolen, elsewhere]) == (PieceRef("ring-2"), PieceRef("ring-4"))


def test_a_missing_or_written_off_piece_that_is_found_reopens_its_case_once_a_count() -> None:
    stolen = replace(MISSING, subject="ring-2", state=CaseState.DECIDED, outcome=Outcome.DECLARED_STOLEN)
    looked_for = replace(MISSING, subject="ring-3", state=CaseState.INVESTIGATING)
    told = replace(MISSING, subject="ring-5", evidence_counts=(OTHER_COUNT,))
    silent = replace(MISSING, subject="ring-9")
    found = [PieceRef(f"ring-{number}") for number in range(1, 9)]

    again = reopened_by([stolen, MISSING, looked_for, told, silent], found, evidence=OTHER_COUNT)

    assert again == (stolen, looked_for, MISSING)


@pytest.mark.parametrize("discrepancy", ["TAG_ONLY", "UNTAGGED", "MISPLACED", "UNEXPECTED"])
def test_hearing_a_tag_tells_nothing_to_a_case_that_does_not_miss_it(discrepancy: str) -> None:
    case = replace(MISSING, discrepancy=discrepancy)

    assert reopened_by([case], [PieceRef("ring-4")], evidence=OTHER_COUNT) == ()


def test_an_explained_piece_that_is_found_keeps_its_decision() -> None:
    sold = replace(MISSING, state=CaseState.DECIDED, outcome=Outcome.SOLD_NOT_POSTED)

    assert reopened_by([sold], [PieceRef("ring-4")], evidence=OTHER_COUNT) == ()


def test_evidence_from_no_count_reopens_too() -> None:
    stolen = replace(MISSING, state=CaseState.DECIDED, outcome=Outcome.DECLARED_STOLEN)

    assert advance_case(stolen, Reopen(NADIA, T0, None), RULES).case.evidence_counts == ()


@pytest.mark.parametrize("kind", get_args(CaseAct))
def test_cases_and_their_acts_survive_being_stored(kind: type[CaseAct]) -> None:
    state = next(state for state in CaseState if kind in TABLE[state])
    case = advance_case(at_state(state), ACTS[kind], RULES).case

    assert case_from_json(case_to_json(case)) == case
    assert case_act_from_json(case_act_to_json(ACTS[kind])) == ACTS[kind]


@UNHURRIED
@given(
    by=st.sampled_from([CLAIRE, MARC, PAUL, NADIA]),
    outcome=st.sampled_from(list(Outcome)),
    sighted=st.booleans(),
    document=st.none() | st.just("F-1"),
    value=st.none() | st.integers(0, 2 * LIMIT),
)
def test_no_decision_breaks_the_rules_whatever_is_tried(
    by: Actor, outcome: Outcome, *, sighted: bool, document: str | None, value: int | None
) -> None:
    case = replace(MISSING, value=value)
    act = Decide(by, T0, outcome, sighted, document, second=PAUL if by is not PAUL else NADIA)
    try:
        decided = advance_case(case, act, RULES).case
    except DomainError:
        return

    if decided.state is CaseState.DECIDED:
        assert decided.decided_by not in (CLAIRE.person, NADIA.person)
        assert sighted or document is not None or outcome is Outcome.DECLARED_LOST
        if decided.decided_by == MARC.person:
            assert outcome not in cases.WRITTEN_OFF
            assert value is not None
            assert value < LIMIT
