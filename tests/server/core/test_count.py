"""The state table, the one door, replay and the plain form of a count."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, Role
from server.core.count import (
    LEAF_OF,
    Transition,
    act_from_json,
    act_to_json,
    advance,
    planned,
    replay,
)
from server.core.count_acts import Act, Occasion, Sight
from server.core.count_errors import CountClosed, CountSealed, NotBlind, TooEarly, WrongState
from server.core.count_states import ENDED_STATES, NEXT_STEP, TABLE, CountState
from server.core.errors import DomainError, Malformed, NotAllowed
from server.core.ids import CaseId, DeviceId, PieceRef, RoundId
from server.core.log import canonical
from server.core.log.events import EventType
from server.core.plain_json import to_plain
from server.core.sealed_sets import RoundKind
from server.store.counts import sheet_from_text, sheet_to_text
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    NADIA,
    RINGS,
    ROOT,
    STRANGER,
    T0,
    UNHURRIED,
    WHY,
    Story,
    at_state,
    clean_to,
    plan,
    refs,
    seal,
)

S = CountState
RING = PieceRef("ring-1")

EXAMPLES: dict[type[Act], Act] = {
    acts.Open: acts.Open(CLAIRE, T0, "e1", "5c", (), (), (), ()),
    acts.BeginRound: acts.BeginRound(CLAIRE, T0, RoundId("r")),
    acts.SealRound: acts.SealRound(CLAIRE, T0, seal(RoundKind.A1, CLAIRE), is_drained=True),
    acts.OpenSearch: acts.OpenSearch(CLAIRE, T0),
    acts.EndSearch: acts.EndSearch(CLAIRE, T0, seal(RoundKind.A2, CLAIRE)),
    acts.ClaimVerification: acts.ClaimVerification(MARC, T0, RoundId("r"), ROOT),
    acts.KeyQuantity: acts.KeyQuantity(MARC, T0, 4),
    acts.SealBlindRound: acts.SealBlindRound(MARC, T0, seal(RoundKind.B1, MARC), is_drained=True),
    acts.ScanLabels: acts.ScanLabels(MARC, T0, ()),
    acts.AnswerAsk: acts.AnswerAsk(MARC, T0, RING, is_present=True, sight=Sight.EYE),
    acts.SealVerification: acts.SealVerification(MARC, T0),
    acts.Reveal: acts.Reveal(MARC, T0),
    acts.ConfirmRecount: acts.ConfirmRecount(MARC, T0, RING, is_present=True, sight=Sight.EYE),
    acts.OpenCases: acts.OpenCases(SERVER, T0, ()),
    acts.NoteOutcome: acts.NoteOutcome(SERVER, T0, CaseId("case-1"), "MISPLACED", "found_elsewhere"),
    acts.FixResult: acts.FixResult(SERVER, T0),
    acts.ReopenResult: acts.ReopenResult(CLAIRE, T0, WHY),
    acts.Sign: acts.Sign(MARC, T0, "s", Role.B, 1, "00", 1, "51"),
    acts.Close: acts.Close(SERVER, T0, 9, 9),
    acts.GoSolo: acts.GoSolo(CLAIRE, T0, WHY, ROOT),
    acts.Miss: acts.Miss(SERVER, T0 + 3_600_000),
    acts.Abandon: acts.Abandon(SERVER, T0 + acts.ABANDON_MS),
    acts.Void: acts.Void(CLAIRE, T0, MARC, WHY),
    acts.Saw: acts.Saw(NADIA, T0),
    acts.EditPiece: acts.EditPiece(NADIA, T0, RING),
    acts.HearLate: acts.HearLate(SERVER, T0, (RING,)),
}
ALL_ACTS = get_args(Act)
LEGAL = [(state, kind) for state, row in TABLE.items() for kind in row]
ILLEGAL = [(state, kind) for state in CountState for kind in ALL_ACTS if kind not in TABLE[state]]

EDGES_OF_THE_DIAGRAM = {
    *((S.PLANNED, to) for to in (S.OPEN, S.MISSED)),
    (S.OPEN, S.COUNTING),
    (S.COUNTING, S.SEALED_A),
    *((S.SEALED_A, to) for to in (S.VERIFYING, S.REVEALED)),
    *((S.VERIFYING, to) for to in (S.SEALED_B, S.SEALED_A)),
    (S.SEALED_B, S.REVEALED),
    *((S.REVEALED, to) for to in (S.RECOUNTING, S.RESOLVING, S.RESULT_FIXED)),
    (S.RECOUNTING, S.RESOLVING),
    (S.RESOLVING, S.RESULT_FIXED),
    *((S.RESULT_FIXED, to) for to in (S.SIGNED_ONE, S.SIGNED_OFF_SINGLE, S.RESOLVING)),
    *((S.SIGNED_ONE, to) for to in (S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS, S.RESOLVING)),
    *((S.SIGNED_OFF, to) for to in (S.CLOSED, S.RESOLVING)),
    *((S.SIGNED_OFF_WITH_EXCEPTIONS, to) for to in (S.CLOSED, S.RESOLVING)),
    *((S.SIGNED_OFF_SINGLE, to) for to in (S.CLOSED, S.RESOLVING)),
    *((state, S.ABANDONED) for state in (S.OPEN, S.COUNTING, S.SEALED_A, S.VERIFYING, S.SEALED_B)),
    *((state, S.VOIDED) for state in CountState if state not in (S.PLANNED, *ENDED_STATES)),
}


def test_the_table_draws_exactly_the_diagram() -> None:
    edges = {(state, to) for state, row in TABLE.items() for targets in row.values() for to in targets}

    assert edges == EDGES_OF_THE_DIAGRAM
    assert set(TABLE) == set(NEXT_STEP) == set(CountState)
    assert set(EXAMPLES) == set(ALL_ACTS)


@pytest.mark.parametrize(("state", "kind"), ILLEGAL, ids=lambda value: getattr(value, "__name__", str(value)))
def test_an_act_outside_the_table_is_refused_with_a_next_step(state: CountState, kind: type[Act]) -> None:
    count = at_state(state).count

    with pytest.raises((WrongState, CountSealed, CountClosed)) as refused:
        advance(count, EXAMPLES[kind])

    assert refused.value.code in {"wrong_state", "count_sealed", "count_closed"}
    assert (refused.value.code == "count_closed") == (state in ENDED_STATES)
    assert refused.value.sentence.endswith(NEXT_STEP[state])
    assert refused.value.facts["state"] == state.value


@pytest.mark.parametrize(("state", "kind"), LEGAL, ids=lambda value: getattr(value, "__name__", str(value)))
def test_an_act_of_the_table_moves_only_along_the_table(state: CountState, kind: type[Act]) -> None:
    count = at_state(state).count

    with contextlib.suppress(DomainError):
        step = advance(count, EXAMPLES[kind])

        assert step.after in (TABLE[state][kind] or (state,))
        assert (step.before, step.act, step.count.state) == (state, EXAMPLES[kind], step.after)


def test_only_advance_makes_a_transition() -> None:
    step = advance(planned(plan()), EXAMPLES[acts.Miss])
    made = tuple(getattr(step, field.name) for field in dataclasses.fields(step))

    with pytest.raises(TypeError, match="by nothing else"):
        Transition(*made)
    with pytest.raises(TypeError, match="by nothing else"):
        Transition(*made, object())  # type: ignore[call-arg]
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(step, after=CountState.CLOSED)


def test_a_refused_act_changes_nothing() -> None:
    count = clean_to(S.VERIFYING).count
    before = to_plain(count)

    with pytest.raises(DomainError):
        advance(count, acts.KeyQuantity(STRANGER, T0, 4))

    assert to_plain(count) == before


@pytest.mark.parametrize("state", list(CountState))
def test_a_replay_gives_the_sheet_of_the_single_steps(state: CountState) -> None:
    story = at_state(state)

    assert replay(story.count.plan, story.told) == story.count


@pytest.mark.parametrize("state", list(CountState))
def test_a_sheet_and_its_acts_survive_being_stored(state: CountState) -> None:
    story = at_state(state)

    assert sheet_from_text(sheet_to_text(story.count)) == story.count
    assert [act_from_json(act_to_json(act)) for act in story.told] == story.told


@UNHURRIED
@given(
    heard=st.lists(st.sampled_from([*RINGS, *refs("pearl", "chain")]), unique=True),
    by_hand=st.lists(st.sampled_from(RINGS), unique=True),
    offline=st.booleans(),
)
def test_any_sealed_round_survives_being_stored(heard: list[str], by_hand: list[str], *, offline: bool) -> None:
    sealed = seal(RoundKind.A1, CLAIRE, *heard, by_hand=tuple(by_hand), is_offline=offline)
    act = acts.SealRound(CLAIRE, T0, sealed, is_drained=True)

    assert act_from_json(act_to_json(act)) == act


@pytest.mark.parametrize("kind", ALL_ACTS, ids=lambda kind: kind.__name__)
def test_every_act_survives_being_stored(kind: type[Act]) -> None:
    assert act_from_json(act_to_json(EXAMPLES[kind])) == EXAMPLES[kind]


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"kind": "grab"}, "is not one of"),
        ({"kind": "miss", "at": 1}, "missing or unknown: by"),
        ({"kind": "miss", "at": "now", "by": {"person": "p", "device": "d"}}, "expects int"),
        ({"kind": "miss", "at": True, "by": {"person": "p", "device": "d"}}, "expects int, got bool"),
        ({"kind": "miss", "at": 1, "by": "p"}, "written as an object"),
        ({**act_to_json(EXAMPLES[acts.AnswerAsk]), "sight": "smell"}, "one of label, eye, weight"),
        ({**act_to_json(EXAMPLES[acts.HearLate]), "refs": "ring-1"}, "Field refs expects"),
    ],
)
def test_an_act_that_does_not_fit_is_malformed(plain: dict[str, object], sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        act_from_json(plain)  # type: ignore[arg-type]


def test_a_list_is_no_act() -> None:
    with pytest.raises(Malformed, match="object with a kind"):
        act_from_json([])  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(CountState))
def test_every_leaf_is_canonical_small_and_free_of_names(state: CountState) -> None:
    count = planned(at_state(state).count.plan)
    for act in at_state(state).told:
        step = advance(count, act)
        raw = canonical.encode(step.leaf_body)

        assert (step.leaf_type is None) == (type(act) not in LEAF_OF) == (step.leaf_body == {})
        assert len(raw) < 8_000
        assert WHY.text.encode() not in raw
        assert step.leaf_type is None or step.leaf_body["act"]
        count = step.count


def test_a_seal_logs_numbers_and_a_digest_but_no_piece() -> None:
    story = clean_to(S.COUNTING)
    act = acts.SealRound(CLAIRE, T0, seal(RoundKind.A1, CLAIRE, *RINGS), is_drained=True)

    step = advance(story.count, act)

    assert step.leaf_type is EventType.ROUND_SEALED
    assert step.leaf_body["sealed"] == act.sealed.summary()
    assert b"ring" not in canonical.encode(step.leaf_body)


def test_a_person_without_the_right_begins_nothing() -> None:
    with pytest.raises(NotAllowed) as refused:
        Story().open().begin(by=STRANGER)

    assert refused.value.code == "no_right"


def test_who_saw_the_expected_list_does_not_count_blind() -> None:
    story = Story().open().tell(acts.Saw(CLAIRE, T0))

    with pytest.raises(NotBlind):
        story.begin()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda story: story.seal_a(*RINGS, by=Actor(CLAIRE.person, DeviceId("handheld-7"))), "not_yours"),
        (lambda story: story.seal_a(*RINGS, by=MARC), "not_yours"),
        (lambda story: story.seal_a(*RINGS, drained=False), "not_drained"),
        (
            lambda story: story.tell(acts.SealRound(CLAIRE, T0, seal(RoundKind.B1, CLAIRE), is_drained=True)),
            "malformed",
        ),
        (lambda story: story.tell(acts.SealRound(CLAIRE, T0, seal(RoundKind.A1, MARC), is_drained=True)), "malformed"),
    ],
)
def test_a_seal_is_the_own_drained_round_from_the_own_device(make: Callable[[Story], object], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        make(clean_to(S.COUNTING))

    assert refused.value.code == code


def test_the_seal_of_a_does_not_depend_on_what_is_expected() -> None:
    one = Story().open().begin().seal_a("ring-1")
    other = Story().open(expected=()).begin().seal_a("ring-1")
    leaves = [advance(replay(plan(), story.told[:-1]), story.told[-1]).leaf_body for story in (one, other)]

    assert leaves[0] == leaves[1]


def test_a_search_happens_once_and_ends_once() -> None:
    story = clean_to(S.SEALED_A).tell(acts.OpenSearch(CLAIRE, T0))
    assert story.count.search_until == T0 + 60_000
    with pytest.raises(DomainError, match="one search"):
        story.tell(acts.OpenSearch(CLAIRE, T0))

    story.tell(acts.EndSearch(CLAIRE, T0 + 9, seal(RoundKind.A2, CLAIRE, "pearl")))

    assert PieceRef("pearl") in story.count.present_by_a()
    with pytest.raises(DomainError) as refused:
        story.tell(acts.EndSearch(CLAIRE, T0 + 9, seal(RoundKind.A2, CLAIRE)))
    assert refused.value.code == "search_used"


def test_a_search_is_of_a_and_of_a_kind() -> None:
    with pytest.raises(DomainError) as refused:
        clean_to(S.SEALED_A).tell(acts.OpenSearch(MARC, T0))
    assert refused.value.code == "not_yours"
    story = clean_to(S.SEALED_A).tell(acts.OpenSearch(CLAIRE, T0))
    with pytest.raises(DomainError) as refused:
        story.tell(acts.EndSearch(MARC, T0, seal(RoundKind.A2, MARC)))
    assert refused.value.code == "not_yours"
    with pytest.raises(Malformed):
        story.tell(acts.EndSearch(CLAIRE, T0, seal(RoundKind.A1, CLAIRE)))


def test_late_reads_change_no_set_and_no_signature() -> None:
    closed = clean_to(S.CLOSED).count

    later = advance(closed, acts.HearLate(SERVER, T0 + 1, refs("ring-9"))).count

    assert dataclasses.replace(later, late=(), touched_at=closed.touched_at) == closed
    assert later.late[0].refs == refs("ring-9")


@pytest.mark.parametrize("act", [acts.Miss(SERVER, T0), acts.Abandon(SERVER, T0 + acts.ABANDON_MS - 1)])
def test_the_clock_ends_nothing_before_its_time(act: Act) -> None:
    count = clean_to(S.PLANNED if isinstance(act, acts.Miss) else S.SEALED_B).count

    with pytest.raises(TooEarly):
        advance(count, act)


def test_expected_pieces_are_frozen_sorted_and_hold_the_known_missing() -> None:
    with pytest.raises(Malformed):
        Story().open(known=refs("ghost"))
    with pytest.raises(Malformed):
        Story().open(expected=tuple(acts.ExpectedPiece(ref) for ref in reversed(RINGS)))


def test_a_corrective_count_names_the_one_it_mends() -> None:
    mended = dataclasses.replace(plan(Occasion.CORRECTIVE), corrects=plan().count)

    assert sheet_from_text(sheet_to_text(planned(mended))).plan.corrects == plan().count


def test_the_server_fills_no_role() -> None:
    with pytest.raises(NotAllowed):
        clean_to(S.OPEN).begin(by=SERVER)
    with pytest.raises(NotAllowed):
        clean_to(S.SEALED_A).claim(by=SERVER)


def test_touched_at_never_goes_back() -> None:
    story = clean_to(S.COUNTING)
    story.tell(acts.Saw(NADIA, T0 + 50)).tell(acts.Saw(MARC, T0 + 20))

    assert story.count.touched_at == T0 + 50
