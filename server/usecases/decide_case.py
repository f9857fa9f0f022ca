"""Decide cases: open one for each finding of a count, and let people follow it up.

Given a revealed count; every finding gets its case, a piece at most one in the whole shop; given a case and a decision, the
core asks who decides and on what evidence. A case never deletes a piece.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from server.clock import from_ms
from server.core import count_acts as acts
from server.core.actors import SERVER, Actor
from server.core.cases import (
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
    case_act_to_json,
    decided_as_verifier,
    reopened_by,
)
from server.core.count_acts import OpenedCase
from server.core.count_result import Finding, final_present, findings
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.discrepancies.finding import Severity
from server.core.ids import CaseId, CountId, PersonId, PieceRef, PlaceId
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Subject
from server.store import cases, counts, expected, stock, tours
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import Taken, actor_kind, moment, take_step
from server.usecases.open_count import rights_now
from server.usecases.plan_tour import high_value
from server.usecases.seal_round_set import refs_of_labels

SEVERITIES: Final = {
    "TAG_ONLY": Severity.CRITICAL,
    "MISSING": Severity.CRITICAL,
    "ROUND_CONFLICT": Severity.HIGH,
    "TAG_MISMATCH": Severity.HIGH,
    "DUPLICATE_EPC": Severity.HIGH,
    "QUANTITY_GAP": Severity.HIGH,
    "UNEXPECTED": Severity.MEDIUM,
    "UNKNOWN_TAG": Severity.MEDIUM,
    "UNVERIFIED": Severity.MEDIUM,
    "UNTAGGED": Severity.LOW,
}
"""Class → how soon a person must look; of several findings on one piece, the first here gets the case."""
DECIDED_PERIOD: Final = timedelta(days=30)
"""Over it a verifier's decisions are added up: a loss split over a month still reaches the limit."""
_ELSEWHERE: Final = "MISPLACED"
_ABSENT: Final = ("MISSING", "MISSING_OVERNIGHT", "UNVERIFIED")
"""Classes that another count of the tour explains when it hears the piece."""
_GONE: Final = "MISSING"
_PRESENT: Final = ("UNEXPECTED",)
"""Classes of a piece that lies where the books do not put it."""


def open_cases(work: UnitOfWork, count: Count) -> Count:
    """A case for each finding that has none; what is here again reopens its case. Without findings the count waits.

    A piece has one case whatever is found of it: MISPLACED once one count misses what another finds, MISSING again when no count
    of a later tour finds it.
    """
    after = _with_cases(work, count)
    late = {ref for one in after.late for ref in one.refs}
    reopen_found(work, final_present(after) | late, evidence=after.plan.count)
    return after


def reopen_found(work: UnitOfWork, found: Collection[PieceRef], *, evidence: CountId) -> None:
    """These pieces were found by a count, in its rounds or after them: cases that call them missing are looked at again."""
    live = cases.live_of_pieces(work.conn, work.shop_id, found)
    for case in reopened_by(live.values(), found, evidence=evidence):
        _reopened(work, case, evidence=evidence)


def _with_cases(work: UnitOfWork, count: Count) -> Count:
    covered = {case.subject for case in count.cases}
    found = [finding for finding in _gravest(findings(count)) if finding.subject not in covered]
    if not found and count.state is CountState.REVEALED:
        return count
    known = cases.live_of_pieces(work.conn, work.shop_id, [PieceRef(one.subject) for one in found])
    new, opened = [], []
    for finding in found:
        case = known.get(PieceRef(finding.subject))
        if case is None:
            case = _case(work, count, finding)
            new.append(case)
        else:
            case = _joined(work, case, finding, evidence=count.plan.count)
        is_elsewhere = case.discrepancy == _ELSEWHERE
        opened.append(OpenedCase(case.case, _ELSEWHERE if is_elsewhere else finding.discrepancy, finding.subject))
    taken = take_step(work, count, acts.OpenCases(SERVER, moment(work), tuple(opened)))
    assert taken.leaf_seq is not None
    for case in new:
        _keep_new(work, taken, case)
    return taken.count


def decide_case(work: UnitOfWork, case_id: CaseId, act: CaseAct, *, label: str | None = None) -> Case:
    """One step of a case, told to its count while the result is not fixed. To look into it twice is to look into it.

    `label`: the code that was scanned; it alone is the sight of a piece that is found here.
    Raises: CaseAbsent, LabelUnknown, and whatever the core refuses: the wrong person, no evidence, over the limit.
    """
    case = cases.load(work.conn, work.shop_id, case_id)
    if case.state is CaseState.INVESTIGATING and _is_investigation(act):
        return case
    if isinstance(act, Decide) and act.outcome is Outcome.FOUND_HERE:
        act = replace(act, is_sighted=_is_of_case(work, case, label))
    after = _stepped(work, case, act)
    if isinstance(act, Decide):
        _note_outcome(work, after, act.outcome, by=act.by)
    return after


def _is_of_case(work: UnitOfWork, case: Case, label: str | None) -> bool:
    """Whether the label is on the very piece of the case. Raises: LabelUnknown."""
    return label is not None and refs_of_labels(work, (label,)) == (case.subject,)


def _is_investigation(act: CaseAct) -> bool:
    return isinstance(act, Investigate) or (isinstance(act, Decide) and act.outcome is Outcome.UNDER_INVESTIGATION)


def reclassify(work: UnitOfWork, count: Count, ref: PieceRef, *, heard_by: CountId) -> Count:
    """A missing piece was heard by another count of the tour: its case says so from now on, in both places."""
    opened = next((case for case in count.cases if case.subject == ref and case.discrepancy in _ABSENT), None)
    if opened is None:
        return count
    case = cases.load(work.conn, work.shop_id, opened.case)
    if case.discrepancy in _ABSENT and case.state is not CaseState.DECIDED:
        _misplaced(work, case, evidence=heard_by)
    note = acts.NoteOutcome(SERVER, moment(work), opened.case, _ELSEWHERE, opened.outcome)
    return take_step(work, count, note).count


def _joined(work: UnitOfWork, case: Case, finding: Finding, *, evidence: CountId) -> Case:
    """The case of a piece after one more finding on it: a piece that is gone must not stay hidden behind a lesser fault."""
    if _is_explained(case.discrepancy, finding.discrepancy):
        return _misplaced(work, case, evidence=evidence)
    is_elsewhere = case.discrepancy == _ELSEWHERE
    is_told = evidence in case.evidence_counts
    if is_elsewhere and finding.discrepancy in _PRESENT and not is_told:
        return _misplaced(work, case, evidence=evidence)
    is_gone = finding.discrepancy == _GONE and case.discrepancy not in (*_ABSENT, "TAG_ONLY", "ROUND_CONFLICT")
    if is_gone and case.state is not CaseState.DECIDED and not (is_elsewhere and _is_of_tour(work, case, evidence)):
        return _stepped(work, case, Reclassify(SERVER, moment(work), _GONE, evidence))
    return case


def _is_of_tour(work: UnitOfWork, case: Case, count: CountId) -> bool:
    """Whether the last count that told this case something belongs to the tour of `count`."""
    last = case.evidence_counts[-1] if case.evidence_counts else case.count
    return tours.of_count(work.conn, work.shop_id, last) == tours.of_count(work.conn, work.shop_id, count)


def _is_explained(one: str, other: str) -> bool:
    """Whether two findings on a piece are one: it is not here because it is there."""
    return (one in _ABSENT and other in _PRESENT) or (one in _PRESENT and other in _ABSENT)


def _misplaced(work: UnitOfWork, case: Case, *, evidence: CountId) -> Case:
    """The case of a piece that lies elsewhere; one that was written off is looked at again first."""
    waiting = _reopened(work, case, evidence=evidence) if case.state is CaseState.DECIDED else case
    return _stepped(work, waiting, Reclassify(SERVER, moment(work), _ELSEWHERE, evidence))


def _reopened(work: UnitOfWork, case: Case, *, evidence: CountId) -> Case:
    after = _stepped(work, case, Reopen(SERVER, moment(work), evidence))
    if case.state is CaseState.DECIDED:
        _note_outcome(work, after, Outcome.UNDER_INVESTIGATION, by=SERVER)
    return after


def _stepped(work: UnitOfWork, case: Case, act: CaseAct) -> Case:
    step = advance_case(case, act, _rules(work, case, act))
    _keep_step(work, step)
    return step.case


def _rules(work: UnitOfWork, case: Case, act: CaseAct) -> CaseRules:
    rules = CaseRules(people=rights_now(work), value_limit=high_value(work))
    if not isinstance(act, Decide):
        return rules
    recent = cases.decided_since(work.conn, work.shop_id, work.now - DECIDED_PERIOD)
    decided = decided_as_verifier(recent, act.by.person, people=rules.people)
    return replace(rules, decided_by_b=decided, touched_by=_touched_by(work, case))


def _touched_by(work: UnitOfWork, case: Case) -> frozenset[PersonId]:
    """Who had a hand in what became of the piece: since the last closed count of the place before the case, until now."""
    count, ref = counts.load(work.conn, work.shop_id, case.count), PieceRef(case.subject)
    since = tours.last_closed_at(work.conn, work.shop_id, count.plan.place, before=from_ms(case.opened_at))
    movers = expected.movers_since(work.conn, work.shop_id, ref, since=since)
    editors = {edit.person for edit in count.edits if edit.ref == ref}
    recounted = {one.by.person for one in count.recount if one.ref == ref and one.by not in (count.a, count.b)}
    return movers | editors | recounted


def _note_outcome(work: UnitOfWork, case: Case, outcome: Outcome, *, by: Actor) -> None:
    """Tell the count that opened the case, while its result is not fixed."""
    count = counts.load(work.conn, work.shop_id, case.count)
    if count.state is CountState.RESOLVING:
        take_step(work, count, acts.NoteOutcome(by, moment(work), case.case, case.discrepancy, outcome.value))


def _keep_step(work: UnitOfWork, step: CaseStep) -> None:
    act, case = step.act, step.case
    body: dict[str, JsonValue] = {
        "act": str(case_act_to_json(act)["kind"]),
        "count": case.count,
        "subject": case.subject,
        "discrepancy": case.discrepancy,
        "state_before": step.before.value,
        "state_after": case.state.value,
        "outcome": None if case.outcome is None else case.outcome.value,
        "second": case.second,
    }
    if isinstance(act, Reopen | Reclassify):
        body["evidence"] = act.count
    leaf_seq = work.append_leaf(
        EventType.CASE_DECIDED,
        Subject("case", case.case),
        body,
        actor=act.by.person,
        actor_kind=actor_kind(act.by),
        device=None if act.by == SERVER else act.by.device,
        at=from_ms(act.at),
    )
    cases.keep(work.conn, work.shop_id, step, severity=_severity(case), leaf_seq=leaf_seq)
    work.announce("board", "case.changed", {"case": case.case, "state": case.state.value})


def _gravest(found: Iterable[Finding]) -> list[Finding]:
    """One finding for each subject, in order of subjects: a subject has one case."""
    order = list(SEVERITIES)
    ranked = sorted(found, key=lambda one: order.index(one.discrepancy) if one.discrepancy in order else len(order))
    first: dict[str, Finding] = {}
    for finding in ranked:
        first.setdefault(finding.subject, finding)
    return [first[subject] for subject in sorted(first)]


def _case(work: UnitOfWork, count: Count, finding: Finding) -> Case:
    assert count.a is not None
    ids = expected.piece_ids(work.conn, work.shop_id, [PieceRef(finding.subject)])
    piece = stock.piece_by_ref(work.conn, work.shop_id, PieceRef(finding.subject)) if ids else None
    return Case(
        case=CaseId(work.new_id()),
        subject=finding.subject,
        discrepancy=finding.discrepancy,
        count=count.plan.count,
        opened_at=moment(work),
        a=count.a.person,
        b=None if count.b is None else count.b.person,
        value=None if piece is None else piece.retail_minor,
        is_owned=piece is not None and piece.ownership == "own",
    )


def _keep_new(work: UnitOfWork, taken: Taken, case: Case) -> None:
    assert taken.leaf_seq is not None
    ids = expected.piece_ids(work.conn, work.shop_id, [PieceRef(case.subject)])
    piece = ids.get(PieceRef(case.subject))
    place = PlaceId(case.subject) if case.subject == taken.count.plan.place else None
    about = cases.Subject(piece_id=piece, place_id=place)
    cases.add(work.conn, work.shop_id, case, about=about, severity=_severity(case), leaf_seq=taken.leaf_seq)
    work.announce("board", "case.opened", {"case": case.case, "count": case.count})


def _severity(case: Case) -> str:
    return SEVERITIES.get(case.discrepancy, Severity.MEDIUM).value
