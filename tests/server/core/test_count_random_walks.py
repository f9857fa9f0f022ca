"""Three people, four devices, any acts in any order: what must hold at every step of every count."""

from collections.abc import Sequence

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, Role, human_of
from server.core.count import advance, planned, replay
from server.core.count_acts import Act, ExpectedPiece, OpenedCase, Sight
from server.core.count_result import findings, recount_lines
from server.core.count_sheet import Count, Mode
from server.core.count_states import ENDED_STATES, TABLE, CountState
from server.core.errors import DomainError
from server.core.ids import CaseId, DeviceId, PersonId, PieceRef, RoundId
from server.core.sealed_sets import RoundKind
from server.core.verification import open_asks
from tests.server.core.count_story import RINGS, ROOT, T0, WHY, person, plan, seal

S = CountState
PEOPLE = (person("claire"), person("marc", manages=True), person("nadia"), person("claire-bis", human="claire"))
ACTORS = [
    Actor(PersonId(name), DeviceId(device))
    for name, device in (
        ("claire", "one"),
        ("marc", "two"),
        ("nadia", "three"),
        ("claire-bis", "four"),
        ("marc", "one"),
        ("nadia", "two"),
    )
]
EXPECTED = tuple(ExpectedPiece(ref, ppm=300_000, is_due=ref == RINGS[0]) for ref in RINGS)
GREEN = (S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS)
Step = tuple[int, int, frozenset[PieceRef], bool]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(0, 5),
        st.sampled_from([frozenset(RINGS)] * 3 + [frozenset(RINGS[:3]), frozenset(RINGS[1:])]),
        st.sampled_from([True, True, True, False]),
    ),
    min_size=25,
    max_size=60,
)


def tries(count: Count, step: Step, at: int) -> Sequence[Act]:
    """What one actor can try with one tray content in mind; about one step in ten leads astray."""
    choice, actor, heard, is_present = step
    by = ACTORS[actor]
    result = count.result
    number, sha256 = (0, "") if result is None else (result.number, result.sha256)
    cases = tuple(
        OpenedCase(CaseId(f"case-{finding.subject}"), finding.discrepancy, finding.subject)
        for finding in {one.subject: one for one in findings(count)}.values()
        if all(case.subject != finding.subject for case in count.cases)
    )
    onward: list[Act] = [
        acts.Open(by, at, "e1", "5c", EXPECTED, (), PEOPLE, ()),
        acts.BeginRound(by, at, RoundId("r")),
        acts.SealRound(by, at, seal(RoundKind.A1, by, *heard), is_drained=True),
        *(acts.ClaimVerification(by, at, RoundId("r"), ROOT) for _ in range(count.b != by)),
        acts.KeyQuantity(by, at, len(heard)),
        *(acts.AnswerAsk(by, at, ref, is_present, Sight.LABEL) for ref in open_asks(count)),
        acts.SealBlindRound(by, at, seal(RoundKind.B1, by, *heard), is_drained=True),
        acts.ScanLabels(by, at, tuple(sorted(heard))),
        acts.SealVerification(by, at),
        acts.Reveal(by, at),
        *(acts.ConfirmRecount(by, at, ref, is_present, Sight.EYE) for ref in recount_lines(count)),
        acts.OpenCases(SERVER, at, cases),
        acts.FixResult(SERVER, at),
        *(acts.Sign(by, at, f"s-{by.person}", role, number, sha256, 1, "51", "f0") for role in Role),
        acts.Close(SERVER, at, 1, 1),
    ]
    astray: list[Act] = [
        acts.GoSolo(by, at, WHY, ROOT),
        acts.OpenSearch(by, at),
        acts.EndSearch(by, at, seal(RoundKind.A2, by, *heard)),
        acts.ReopenResult(by, at, WHY),
        *(acts.Void(ACTORS[0], at, ACTORS[1], WHY) for _ in range(choice == 40)),
        acts.Saw(by, at),
        acts.EditPiece(by, at, RINGS[0]),
        acts.HearLate(SERVER, at, RINGS[:1]),
        acts.Abandon(SERVER, at),
    ]
    return astray if choice > 36 else onward


def with_helpers(step: Step) -> tuple[Step, ...]:
    """Claire, Marc and Nadia stand by beside the actor of the step, so that a count can get on."""
    choice, actor, heard, is_present = step
    return tuple((choice, one, heard, is_present) for one in sorted({0, 1, 2, actor}))


def walk(steps: Sequence[Step]) -> tuple[list[Act], list[Count]]:
    """The accepted acts and the sheet after each."""
    count = planned(plan())
    told: list[Act] = []
    sheets = [count]
    for moment, step in enumerate(steps):
        accepted: list[tuple[Act, Count]] = []
        for act in (act for one in with_helpers(step) for act in tries(count, one, T0 + moment * 20_000)):
            try:
                accepted.append((act, advance(count, act).count))
            except DomainError:
                continue
        if accepted:
            act, count = accepted[step[0] % len(accepted)]
            told.append(act)
            sheets.append(count)
    return told, sheets


def two_humans(first: Actor, second: Actor) -> bool:
    return human_of(PEOPLE, first.person) != human_of(PEOPLE, second.person) and first.device != second.device


def check(sheet: Count) -> None:
    """What holds of every sheet, whatever happened."""
    if sheet.a is not None and sheet.b is not None:
        assert two_humans(sheet.a, sheet.b)
    if sheet.c is not None:
        assert sheet.a is not None
        assert sheet.b is not None
        assert two_humans(sheet.a, sheet.c)
        assert two_humans(sheet.b, sheet.c)
    if sheet.signed_off_as in GREEN:
        first, second = sheet.signatures
        assert two_humans(first.by, second.by)
        assert {first.role, second.role} == {Role.A, Role.B}
        assert first.result_sha256 == second.result_sha256
        assert sheet.mode is not Mode.SOLO
    if sheet.signed_off_as is S.SIGNED_OFF:
        assert sheet.result is not None
        assert (sheet.result.exceptions, sheet.result.missing, sheet.cases) == ((), (), ())
    if sheet.state is S.CLOSED:
        assert sheet.signed_off_as is not None


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(steps=STEPS)
def test_whatever_three_people_do_the_rules_hold_and_the_walk_can_be_replayed(steps: list[Step]) -> None:
    told, sheets = walk(steps)
    event(f"ends {sheets[-1].state}")

    for before, act, after in zip(sheets, told, sheets[1:], strict=False):
        assert after.state in (TABLE[before.state][type(act)] or (before.state,))
        assert before.state not in ENDED_STATES or isinstance(act, acts.HearLate)
        # What a person sealed, keyed or answered is never taken back.
        assert before.a1 in (None, after.a1)
        assert before.b1 in (None, after.b1)
        assert after.quantities[: len(before.quantities)] == before.quantities
        assert after.answers[: len(before.answers)] == before.answers
        check(after)
    assert replay(plan(), told) == sheets[-1]
