"""Cases: what people do about a discrepancy after the count, from the first look to a decision that can be defended.

A case never deletes a piece and is never closed for good: new evidence reopens it. Who counted first (A) decides
nothing; who verified (B) decides only small things; lost and stolen are declared by neither.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import InitVar, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, assert_never, get_args

from server.core.actors import SERVER, Actor, PersonRights, is_same_human, may_count, may_manage
from server.core.count_errors import NoRight, WrongState
from server.core.errors import Conflict
from server.core.ids import CaseId, CountId, PersonId, PieceRef
from server.core.plain_json import JsonObject, from_plain, from_tagged, tagged, to_plain
from server.core.sealed_sets import Reason, require_reason
from server.core.signoff import require_two_people


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has taken notice."""
    INVESTIGATING = "investigating"
    DECIDED = "decided"
    REOPENED = "reopened"
    """New evidence: somebody has to look again."""


class Outcome(StrEnum):
    """What people decided, domain.md (e)."""

    FOUND_HERE = "found_here"
    FOUND_ELSEWHERE = "found_elsewhere"
    SOLD_NOT_POSTED = "sold_not_posted"
    OUT_NOT_LOGGED = "out_not_logged"
    """A piece went out and nobody wrote it down: both names are written now."""
    TAG_FAULT = "tag_fault"
    """Re-tagged by two people."""
    WRONG_PIECE = "wrong_piece"
    """A substitution: another piece carries the tag."""
    DATA_ERROR = "data_error"
    RETURNED_TO_OWNER = "returned_to_owner"
    UNDER_INVESTIGATION = "under_investigation"
    """Lets a count be signed with exceptions; the case stays open."""
    DECLARED_LOST = "declared_lost"
    DECLARED_STOLEN = "declared_stolen"


IN_HAND: Final = frozenset({Outcome.FOUND_HERE, Outcome.FOUND_ELSEWHERE, Outcome.TAG_FAULT, Outcome.WRONG_PIECE})
"""Outcomes that somebody with the piece in the hand reports; without sight they mean nothing."""
WITH_TWO_NAMES: Final = frozenset({Outcome.TAG_FAULT, Outcome.OUT_NOT_LOGGED})
"""Outcomes that two people stand for."""
WRITTEN_OFF: Final = frozenset({Outcome.DECLARED_LOST, Outcome.DECLARED_STOLEN})
"""Outcomes that neither A nor B declares."""
_SILENT: Final = frozenset({"MISSING", "MISSING_OVERNIGHT", "ROUND_CONFLICT", "UNVERIFIED"})
"""Classes of a piece that was expected and that at least one round did not find."""


class CaseUndecidable(Conflict):
    """The decision lacks sight, a document or a second name."""

    code: ClassVar[str] = "evidence_needed"


class DeciderCounted(Conflict):
    """The person counted or verified what they would decide on."""

    code: ClassVar[str] = "decider_counted"


class OverLimit(Conflict):
    """The verifier's decisions of the period would pass the value limit."""

    code: ClassVar[str] = "over_limit"


class SelfApproval(Conflict):
    """The person would decide on what they did to the piece themselves."""

    code: ClassVar[str] = "self_approval"


@dataclass(frozen=True, slots=True)
class Case:
    """One discrepancy and its follow-up."""

    case: CaseId
    subject: str
    """Piece reference, opaque tag name, or a place id."""
    discrepancy: str
    """Class code of domain.md (e); reclassifying keeps the case."""
    count: CountId
    opened_at: int
    a: PersonId
    b: PersonId | None
    """None: a count by one person."""
    value: int | None
    """Value at stake in minor units of the shop's currency; None: unknown, which is above every limit."""
    is_owned: bool = True
    """False: memo or a client's piece; above every limit, and its owner is told."""
    state: CaseState = CaseState.OPEN
    outcome: Outcome | None = None
    decided_by: PersonId | None = None
    decided_at: int | None = None
    document: str | None = None
    """Reference of the sale, memo, repair slip or claim; None: the piece itself was seen, or it is undecided."""
    second: PersonId | None = None
    """The other name of a re-tag or a late *sortie*."""
    evidence_counts: tuple[CountId, ...] = ()
    """Counts that changed the class or reopened the case, in order."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody has taken notice."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class Investigate:
    """Somebody looks into it; as an outcome this reads "under investigation"."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class Decide:
    """A manager decides, with what they saw or the paper they hold."""

    by: Actor
    at: int
    outcome: Outcome
    is_sighted: bool
    """True: the decider had the piece in hand."""
    document: str | None = None
    second: Actor | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    """New evidence: a late or later read, a paper that proved wrong."""

    by: Actor
    at: int
    count: CountId | None
    """The count that heard the piece; None: evidence from elsewhere."""


@dataclass(frozen=True, slots=True)
class Reclassify:
    """Another count of the tour heard the piece: MISSING becomes MISPLACED, and the like."""

    by: Actor
    at: int
    discrepancy: str
    count: CountId


CaseAct = Acknowledge | Investigate | Decide | Reopen | Reclassify
"""Everything that can happen to a case."""

C = CaseState
TABLE: Final[Mapping[CaseState, frozenset[type[CaseAct]]]] = MappingProxyType(
    {
        C.OPEN: frozenset({Acknowledge, Investigate, Decide, Reclassify, Reopen}),
        C.ACKNOWLEDGED: frozenset({Investigate, Decide, Reclassify, Reopen}),
        C.INVESTIGATING: frozenset({Decide, Reclassify, Reopen}),
        C.DECIDED: frozenset({Reopen}),
        C.REOPENED: frozenset({Acknowledge, Investigate, Decide, Reclassify, Reopen}),
    }
)
"""State → acts that may follow."""


@dataclass(frozen=True, slots=True)
class CaseRules:
    """What a decision is measured against; rights are those of now, roles those of the count."""

    people: tuple[PersonRights, ...]
    value_limit: int
    """Below it (minor units) B may decide; equal is already too much."""
    decided_by_b: int = 0
    """What the decider already decided as a verifier in the period, so that a loss cannot be split under the limit."""
    touched_by: frozenset[PersonId] = frozenset()
    """Who sold, moved, edited or recounted the piece since a count last closed over it, or stood beside as the second name."""


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step of a case, made by `advance_case` alone."""

    before: CaseState
    act: CaseAct
    case: Case
    maker: InitVar[object] = None

    def __post_init__(self, maker: object) -> None:
        if maker is not _MAKER:
            raise TypeError("A CaseStep is made by cases.advance_case and by nothing else.")


_MAKER: Final = object()


def advance_case(case: Case, act: CaseAct, rules: CaseRules) -> CaseStep:
    """The step that `act` makes from `case`.

    Raises: WrongState, NoRight, SamePerson, SameDevice, DeciderCounted, SelfApproval, OverLimit, CaseUndecidable, ReasonNeeded.
    """
    if type(act) not in TABLE[case.state]:
        raise WrongState(
            f"The case is {case.state}; this step does not fit. New evidence reopens a decided case.",
            state=case.state.value,
        )
    return CaseStep(case.state, act, _apply(case, act, rules), maker=_MAKER)


def known_missing(cases: Iterable[Case]) -> tuple[PieceRef, ...]:
    """Pieces expected but known to be missing, sorted: they are listed, aged and signed, and alarm nobody again."""
    absent = _SILENT | {"TAG_ONLY"}
    return tuple(sorted(PieceRef(case.subject) for case in cases if is_live(case) and case.discrepancy in absent))


def decided_as_verifier(cases: Iterable[Case], by: PersonId, *, people: Collection[PersonRights]) -> int:
    """Minor units that this human, under any account, decided away where they had verified; what is in the hand is no loss."""
    return sum(
        case.value or 0
        for case in cases
        if case.state is CaseState.DECIDED
        and case.outcome not in IN_HAND
        and case.b is not None
        and case.decided_by is not None
        and is_same_human(people, first=case.b, second=by)
        and is_same_human(people, first=case.decided_by, second=by)
    )


def is_live(case: Case) -> bool:
    """Whether the case still waits for an outcome that explains the piece; lost and stolen pieces stay missing."""
    return case.state is not CaseState.DECIDED or case.outcome in WRITTEN_OFF


def reopened_by(cases: Iterable[Case], found: Collection[PieceRef], *, evidence: CountId) -> tuple[Case, ...]:
    """Cases of missing, lost or stolen pieces that the count `evidence` found, by subject: each is to be reopened at once.

    What this count has told a case before is no new evidence. A tag without its jewel (TAG_ONLY) was heard all along, so
    hearing it tells nothing.
    """
    again = (
        case
        for case in cases
        if is_live(case)
        and case.discrepancy in _SILENT
        and case.subject in found
        and evidence not in case.evidence_counts
    )
    return tuple(sorted(again, key=lambda case: case.subject))


def _apply(case: Case, act: CaseAct, rules: CaseRules) -> Case:
    match act:
        case Acknowledge():
            _require_any_right(act.by, rules)
            return replace(case, state=CaseState.ACKNOWLEDGED)
        case Investigate():
            _require_manager(act.by, rules)
            return replace(case, state=CaseState.INVESTIGATING, outcome=Outcome.UNDER_INVESTIGATION)
        case Decide():
            return _decide(case, act, rules)
        case Reopen():
            _require_any_right(act.by, rules)
            return replace(
                case,
                state=CaseState.REOPENED,
                outcome=None,
                decided_by=None,
                decided_at=None,
                document=None,
                second=None,
                evidence_counts=_with_evidence(case, act.count),
            )
        case Reclassify():
            _require_any_right(act.by, rules)
            return replace(case, discrepancy=act.discrepancy, evidence_counts=_with_evidence(case, act.count))
        case _:
            assert_never(act)


def _with_evidence(case: Case, count: CountId | None) -> tuple[CountId, ...]:
    return case.evidence_counts if count is None else (*case.evidence_counts, count)


def _require_any_right(by: Actor, rules: CaseRules) -> None:
    if by != SERVER and not (may_count(rules.people, by.person) or may_manage(rules.people, by.person)):
        raise NoRight("This person has no right in this shop's counts. Ask a colleague.", person=by.person)


def _require_manager(by: Actor, rules: CaseRules) -> None:
    if not may_manage(rules.people, by.person):
        raise NoRight("This person may not decide on cases. Ask a manager.", person=by.person)


def _decide(case: Case, act: Decide, rules: CaseRules) -> Case:
    _require_manager(act.by, rules)
    if act.outcome is Outcome.UNDER_INVESTIGATION:
        return replace(case, state=CaseState.INVESTIGATING, outcome=act.outcome)
    _require_decider(case, act, rules)
    _require_evidence(act)
    if act.reason is not None:
        require_reason(act.reason)
    if act.outcome in WITH_TWO_NAMES:
        _require_second(act, rules)
    return replace(
        case,
        state=CaseState.DECIDED,
        outcome=act.outcome,
        decided_by=act.by.person,
        decided_at=act.at,
        document=act.document,
        second=None if act.second is None else act.second.person,
    )


def _require_decider(case: Case, act: Decide, rules: CaseRules) -> None:
    if is_same_human(rules.people, first=case.a, second=act.by.person):
        raise DeciderCounted(
            "Who counted first does not decide on what is missing there. Another manager decides, or an outside verifier."
        )
    has_touched = any(is_same_human(rules.people, first=one, second=act.by.person) for one in rules.touched_by)
    if has_touched and act.outcome not in IN_HAND:
        raise SelfApproval(
            "You sold, moved, edited or recounted this piece. Another manager decides, or it stays under investigation."
        )
    if case.b is None or not is_same_human(rules.people, first=case.b, second=act.by.person):
        return
    if act.outcome in WRITTEN_OFF:
        raise DeciderCounted(
            "Lost and stolen are declared by somebody who neither counted nor verified. Leave it under investigation."
        )
    if not case.is_owned or case.value is None or case.value + rules.decided_by_b >= rules.value_limit:
        raise OverLimit(
            "The verifier decides only below the value limit. Another manager decides, or it stays under investigation.",
            value_limit=rules.value_limit,
        )


def _require_evidence(act: Decide) -> None:
    has_document = act.document is not None and act.document.strip() != ""
    if act.outcome in IN_HAND and not act.is_sighted:
        raise CaseUndecidable(
            "This outcome needs the piece in the hand, and its label scanned if it is found here. Find it, or choose another."
        )
    if act.outcome is Outcome.DECLARED_STOLEN and not has_document:
        raise CaseUndecidable("A theft needs the reference of the report or claim. Enter it.")
    if act.outcome not in IN_HAND | WRITTEN_OFF and not (act.is_sighted or has_document):
        raise CaseUndecidable("Without the piece in the hand a paper is needed: sale, memo or repair slip. Enter it.")


def _require_second(act: Decide, rules: CaseRules) -> None:
    if act.second is None:
        raise CaseUndecidable("This outcome carries two names. Let the second person identify themselves.")
    require_two_people(act.by, act.second, people=rules.people)


def case_to_json(case: Case) -> JsonObject:
    """The case for the store."""
    plain = to_plain(case)
    assert isinstance(plain, dict)
    return plain


def case_from_json(plain: JsonObject) -> Case:
    """The case that `case_to_json` wrote.

    Raises: Malformed.
    """
    return from_plain(Case, plain)


def case_act_to_json(act: CaseAct) -> JsonObject:
    """A case act for the store or the wire, with its `kind`."""
    return tagged(act)


def case_act_from_json(plain: JsonObject) -> CaseAct:
    """The act that `case_act_to_json` wrote.

    Raises: Malformed.
    """
    members: tuple[type[CaseAct], ...] = get_args(CaseAct)
    return from_tagged(members, plain)
