"""A small shop for the count tests: Claire counts, Marc verifies, Nadia is the third, and a count at every state."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, PersonRights, Role
from server.core.count import advance, planned
from server.core.count_acts import CountPlan, CountPolicy, ExpectedPiece, Occasion, OpenedCase, Sight
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.counting import search_offered_until
from server.core.ids import CaseId, CountId, DeviceId, PersonId, PieceRef, PlaceId, RoundId, ShopId
from server.core.sealed_sets import Reason, RoundKind, SealedSet
from server.core.verification import open_asks

UNHURRIED = settings(deadline=None)
"""For properties on shared machines: how long an example takes says nothing about a rule."""
T0 = 1_790_000_000_000
COUNT = CountId("01997d2e-7c00-7000-8000-0000000000a1")
CLAIRE = Actor(PersonId("claire"), DeviceId("handheld-1"))
MARC = Actor(PersonId("marc"), DeviceId("handheld-2"))
NADIA = Actor(PersonId("nadia"), DeviceId("handheld-3"))
STRANGER = Actor(PersonId("stranger"), DeviceId("handheld-9"))
ROOT = "5a" * 32
WHY = Reason("colleague is ill", "ab" * 32)
RINGS = tuple(PieceRef(f"ring-{number}") for number in range(1, 5))
EXPECTED = tuple(ExpectedPiece(ref) for ref in RINGS)


def person(name: str, *, human: str | None = None, counts: bool = True, manages: bool = False) -> PersonRights:
    return PersonRights(PersonId(name), human or name, counts, manages)


TWO = (person("claire"), person("marc"), person("paul", counts=False, manages=True))
THREE = (*TWO, person("nadia"))


def refs(*names: str) -> tuple[PieceRef, ...]:
    return tuple(PieceRef(name) for name in sorted(names))


def seal(kind: RoundKind, by: Actor, *heard: str, **more: object) -> SealedSet:
    by_hand = more.pop("by_hand", ())
    assert isinstance(by_hand, tuple)
    return SealedSet(kind, by, T0, refs(*heard), refs(*by_hand), **more)  # type: ignore[arg-type]


def plan(occasion: Occasion = Occasion.OPENING) -> CountPlan:
    return CountPlan(COUNT, ShopId("shop"), PlaceId("tray-1"), occasion, "2026-09-21", 1, T0 + 3_600_000)


@dataclass
class Story:
    """One count that is told act by act."""

    count: Count = field(default_factory=lambda: planned(plan()))
    clock: int = T0
    told: list[acts.Act] = field(default_factory=list)

    def tell(self, act: acts.Act) -> "Story":
        self.count = advance(self.count, act).count
        self.told.append(act)
        return self

    def open(
        self,
        *,
        expected: tuple[ExpectedPiece, ...] = EXPECTED,
        people: tuple[PersonRights, ...] = TWO,
        policy: CountPolicy | None = None,
        known: tuple[PieceRef, ...] = (),
        editors: tuple[PersonId, ...] = (),
    ) -> "Story":
        return self.tell(
            acts.Open(
                by=CLAIRE,
                at=self.clock,
                expected_sha256="e1" * 32,
                scope_sha256="5c" * 32,
                expected=expected,
                known_missing=known,
                people=people,
                editors=editors,
                policy=policy or CountPolicy(),
            )
        )

    def begin(self, by: Actor = CLAIRE) -> "Story":
        return self.tell(acts.BeginRound(by, self.clock, RoundId("round-1")))

    def seal_a(self, *heard: str, by: Actor = CLAIRE, drained: bool = True, **more: object) -> "Story":
        return self.tell(acts.SealRound(by, self.clock, seal(RoundKind.A1, by, *heard, **more), drained))

    def claim(self, by: Actor = MARC, *, root: str | None = ROOT, offline: bool = False) -> "Story":
        """When nobody opened a search that was due, its time has passed."""
        self.clock = max(self.clock, search_offered_until(self.count) or 0)
        return self.tell(acts.ClaimVerification(by, self.clock, RoundId(f"round-{by.person}"), root, offline))

    def key(self, n_pieces: int, by: Actor = MARC) -> "Story":
        return self.tell(acts.KeyQuantity(by, self.clock, n_pieces))

    def seal_b(self, *heard: str, by: Actor = MARC, drained: bool = True, **more: object) -> "Story":
        root = more.pop("root", None)
        assert root is None or isinstance(root, str)
        return self.tell(acts.SealBlindRound(by, self.clock, seal(RoundKind.B1, by, *heard, **more), drained, root))

    def answer(self, ref: str, *, present: bool = True, by: Actor = MARC) -> "Story":
        return self.tell(acts.AnswerAsk(by, self.clock, PieceRef(ref), present, Sight.LABEL))

    def answer_all(self, by: Actor = MARC) -> "Story":
        for ref in open_asks(self.count):
            self.answer(ref, by=by)
        return self

    def verified(self, by: Actor = MARC) -> "Story":
        return self.answer_all(by).tell(acts.SealVerification(by, self.clock))

    def reveal(self, by: Actor = MARC) -> "Story":
        return self.tell(acts.Reveal(by, self.clock))

    def confirm(self, ref: str, by: Actor, *, present: bool = True) -> "Story":
        return self.tell(acts.ConfirmRecount(by, self.clock, PieceRef(ref), present, Sight.LABEL))

    def cases(self, *pairs: tuple[str, str]) -> "Story":
        start = len(self.count.cases)
        cases = tuple(
            OpenedCase(CaseId(f"case-{start + number}"), discrepancy, subject)
            for number, (subject, discrepancy) in enumerate(pairs, start=1)
        )
        return self.tell(acts.OpenCases(SERVER, self.clock, cases))

    def fix(self) -> "Story":
        return self.tell(acts.FixResult(SERVER, self.clock))

    def sign(self, by: Actor, role: Role, *, photo: str | None = None, digest: str | None = None) -> "Story":
        result = self.count.result
        number, sha256 = (0, "") if result is None else (result.number, result.sha256)
        return self.tell(
            acts.Sign(by, self.clock, f"signature-{by.person}", role, number, digest or sha256, 1, "51" * 32, photo)
        )

    def close(self, *, covered: bool = True) -> "Story":
        return self.tell(acts.Close(SERVER, self.clock, 40, 40 if covered else 39))

    def solo(self, by: Actor = CLAIRE) -> "Story":
        return self.tell(acts.GoSolo(by, self.clock, WHY, ROOT))


def clean_to(state: CountState) -> Story:
    """A clean challenge count of four rings, brought to `state`."""
    story = Story()
    steps: list[tuple[CountState, Callable[[], Story]]] = [
        (CountState.PLANNED, lambda: story),
        (CountState.OPEN, story.open),
        (CountState.COUNTING, story.begin),
        (CountState.SEALED_A, lambda: story.seal_a(*RINGS)),
        (CountState.VERIFYING, story.claim),
        (CountState.SEALED_B, lambda: story.key(4).verified()),
        (CountState.REVEALED, story.reveal),
        (CountState.RESULT_FIXED, story.fix),
        (CountState.SIGNED_ONE, lambda: story.sign(CLAIRE, Role.A)),
        (CountState.SIGNED_OFF, lambda: story.sign(MARC, Role.B)),
        (CountState.CLOSED, story.close),
    ]
    for reached, step in steps:
        step()
        if reached is state:
            return story
    raise AssertionError(state)


def differing() -> Story:
    """A hears three rings, B all four; revealed, one line to recount."""
    story = Story().open().begin().seal_a("ring-1", "ring-2", "ring-3").claim().key(4)
    return story.seal_b(*RINGS).verified().reveal()


def missing_fixed() -> Story:
    """Ring 4 is gone for both; the result is fixed with a case."""
    story = Story().open().begin().seal_a("ring-1", "ring-2", "ring-3").claim().key(3)
    return story.seal_b("ring-1", "ring-2", "ring-3").verified().reveal().cases(("ring-4", "MISSING")).fix()


def solo_fixed(occasion: Occasion = Occasion.OPENING) -> Story:
    """Claire alone, result fixed."""
    story = Story(planned(plan(occasion))).open().begin().seal_a(*RINGS).solo().key(4, by=CLAIRE)
    return story.answer_all(CLAIRE).reveal(CLAIRE).fix()


def at_state(state: CountState) -> Story:
    """A story at any state of the table."""
    match state:
        case CountState.RECOUNTING:
            return differing().confirm("ring-4", CLAIRE)
        case CountState.RESOLVING:
            return differing().cases(("ring-4", "ROUND_CONFLICT"))
        case CountState.SIGNED_OFF_WITH_EXCEPTIONS:
            return missing_fixed().sign(CLAIRE, Role.A).sign(MARC, Role.B)
        case CountState.SIGNED_OFF_SINGLE:
            return solo_fixed().sign(CLAIRE, Role.A)
        case CountState.MISSED:
            story = Story(clock=T0 + 3_600_000)
            return story.tell(acts.Miss(SERVER, story.clock))
        case CountState.ABANDONED:
            story = clean_to(CountState.COUNTING)
            return story.tell(acts.Abandon(SERVER, T0 + acts.ABANDON_MS))
        case CountState.VOIDED:
            return clean_to(CountState.COUNTING).tell(acts.Void(CLAIRE, T0, MARC, WHY))
        case _:
            return clean_to(state)
