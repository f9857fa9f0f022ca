"""One person, many devices, any order of acts: never green. Without the rule the same game reaches green."""

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from server.core import count_acts as acts
from server.core import settling, signoff, verification
from server.core.actors import SERVER, Actor, PersonRights, Role
from server.core.count import advance, planned
from server.core.count_acts import Act, OpenedCase, Sight
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.errors import DomainError
from server.core.ids import CaseId, DeviceId, PersonId, RoundId
from server.core.sealed_sets import RoundKind
from server.core.verification import open_asks
from tests.server.core.count_story import CLAIRE, EXPECTED, RINGS, ROOT, T0, TWO, WHY, plan, seal

S = CountState
FINDING = settings(max_examples=20_000, deadline=None, phases=[Phase.generate], database=None)


def one_persons_acts(count: Count, by: Actor, at: int, *, straight: bool) -> list[Act]:
    """Everything one person on one device can usefully try from here, and the clock's acts.

    `straight` leaves out what leads away from a signature.
    """
    result = count.result
    number, sha256 = (0, "") if result is None else (result.number, result.sha256)
    tries: list[Act] = [
        acts.Open(by, at, "e1", "5c", EXPECTED, (), TWO, ()),
        acts.BeginRound(by, at, RoundId("r")),
        acts.SealRound(by, at, seal(RoundKind.A1, by, *RINGS), is_drained=True),
        acts.ClaimVerification(by, at, RoundId("r"), ROOT),
        acts.KeyQuantity(by, at, 4),
        *(acts.AnswerAsk(by, at, ref, is_present=True, sight=Sight.LABEL) for ref in open_asks(count)),
        acts.SealBlindRound(by, at, seal(RoundKind.B1, by, *RINGS), is_drained=True),
        acts.SealVerification(by, at),
        acts.Reveal(by, at),
        acts.FixResult(by, at),
        *(acts.Sign(by, at, f"s-{role}", role, number, sha256, 1, "51", "f0") for role in Role),
        acts.Close(SERVER, at, 1, 1),
    ]
    astray: list[Act] = [
        acts.GoSolo(by, at, WHY, ROOT),
        acts.ConfirmRecount(by, at, RINGS[0], is_present=True, sight=Sight.LABEL),
        acts.OpenCases(by, at, (OpenedCase(CaseId("case"), "MISSING", RINGS[0]),)),
        acts.ReopenResult(by, at, WHY),
        acts.Void(by, at, by, WHY),
        acts.Saw(by, at),
        acts.EditPiece(by, at, RINGS[0]),
    ]
    return [act for act in (tries if straight else tries + astray) if is_accepted(count, act)]


def is_accepted(count: Count, act: Act) -> bool:
    try:
        advance(count, act)
    except DomainError:
        return False
    return True


Choices = list[tuple[int, int]]
CHOICES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=14, max_size=24)


def play(choices: Choices, *, straight: bool) -> Count:
    """One person, two devices, any order: each choice picks among what is accepted at that moment."""
    count = planned(plan())
    for moment, (choice, device) in enumerate(choices):
        by = Actor(CLAIRE.person, DeviceId(f"handheld-{device}"))
        possible = one_persons_acts(count, by, T0 + moment, straight=straight)
        if possible:
            count = advance(count, possible[choice % len(possible)]).count
    return count


def is_green(count: Count) -> bool:
    states = (S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS)
    return count.state in states or (count.state is S.CLOSED and count.signed_off_as in states)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(choices=CHOICES, straight=st.booleans())
def test_no_sequence_of_one_person_ends_other_than_single(choices: Choices, *, straight: bool) -> None:
    count = play(choices, straight=straight)

    assert not is_green(count)
    assert count.state not in (S.VOIDED, S.VERIFYING, S.SEALED_B)
    assert count.state is not S.CLOSED or count.signed_off_as is S.SIGNED_OFF_SINGLE


def allow_everybody(
    first: Actor, second: Actor, *, people: Collection[PersonRights], editors: Collection[PersonId] = ()
) -> None:
    """The world without the two-person rule."""


def test_without_the_rule_one_person_reaches_green(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (signoff, verification, settling):
        monkeypatch.setattr(module, "require_two_people", allow_everybody)

    found = find(CHOICES, lambda choices: is_green(play(choices, straight=True)), settings=FINDING)

    assert is_green(play(found, straight=True))


@pytest.mark.parametrize("left_in", [signoff, verification, settling])
def test_each_place_that_asks_the_rule_is_enough_alone(monkeypatch: pytest.MonkeyPatch, left_in: object) -> None:
    for module in (signoff, verification, settling):
        if module is not left_in:
            monkeypatch.setattr(module, "require_two_people", allow_everybody)
    few = settings(FINDING, max_examples=150)

    with pytest.raises(NoSuchExample):
        find(CHOICES, lambda choices: is_green(play(choices, straight=True)), settings=few)
