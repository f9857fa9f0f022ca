"""Settling: from the reveal to a fixed line. One recount of what differs, then cases, then the result."""

from dataclasses import replace
from typing import Final, assert_never

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, Role, is_same_human, may_count, may_manage
from server.core.count_errors import (
    AlreadyAnswered,
    CaseAbsent,
    CaseExists,
    CaseNeeded,
    EditorCannotVerify,
    NoRight,
    NotAsked,
    NotYours,
    ThirdPersonNeeded,
    WrongState,
)
from server.core.count_result import findings, make_result, recount_lines, third_people
from server.core.count_sheet import Confirmation, Count, Mode
from server.core.count_states import CountState
from server.core.counting import require_no_search, require_unseen
from server.core.ids import PersonId
from server.core.signoff import require_same, require_two_people
from server.core.verification import require_checks_done

SettlingAct = acts.Reveal | acts.ConfirmRecount | acts.OpenCases | acts.NoteOutcome | acts.FixResult
"""The acts that this module decides on."""
SETTLING_ACTS: Final = (acts.Reveal, acts.ConfirmRecount, acts.OpenCases, acts.NoteOutcome, acts.FixResult)


def apply_settling(count: Count, act: SettlingAct) -> Count:
    """The count after one act of settling; `advance` has checked the table."""
    match act:
        case acts.Reveal():
            return _reveal(count, act)
        case acts.ConfirmRecount():
            return _confirm(count, act)
        case acts.OpenCases():
            return _open_cases(count, act)
        case acts.NoteOutcome():
            return _note_outcome(count, act)
        case acts.FixResult():
            return _fix(count, act)
        case _:
            assert_never(act)


def _require_known(count: Count, by: Actor) -> None:
    """The server by itself, or anyone with a right in the snapshot."""
    if by != SERVER and not (may_count(count.people, by.person) or may_manage(count.people, by.person)):
        raise NoRight("This person had no right here when the count was opened. Ask a colleague.", person=by.person)


def _reveal(count: Count, act: acts.Reveal) -> Count:
    assert count.a is not None
    if count.state is CountState.SEALED_A:
        if count.mode is not Mode.SOLO:
            raise WrongState("The result is shown after a second person has verified. Ask a colleague to take it.")
        require_no_search(count, at=act.at)
        require_same(act.by, count.a)
        require_checks_done(count)
    else:
        assert count.b is not None
        _require_known(count, act.by)
        require_two_people(count.a, count.b, people=count.people, editors=count.barred_from_verifying())
    return replace(count, state=CountState.REVEALED)


def _confirm(count: Count, act: acts.ConfirmRecount) -> Count:
    if act.ref not in recount_lines(count):
        raise NotAsked("A and B agree on this piece, so there is nothing to recount. Take a line that differs.")
    _require_untouched(count, act)
    role = _recount_role(count, act.by)
    if any(one.ref == act.ref and one.role is role for one in count.recount):
        raise AlreadyAnswered("This person has confirmed this line; it is recounted once.", piece=act.ref)
    confirmation = Confirmation(act.by, act.at, role, act.ref, act.is_present, act.sight)
    third = act.by if role is Role.C else count.c
    return replace(count, state=CountState.RECOUNTING, c=third, recount=(*count.recount, confirmation))


def _require_untouched(count: Count, act: acts.ConfirmRecount) -> None:
    """Who touched this very piece, even after the verification, does not confirm it."""
    editors = [edit.person for edit in count.edits if edit.ref == act.ref]
    if any(is_same_human(count.people, first=editor, second=act.by.person) for editor in editors):
        raise EditorCannotVerify(
            "This person re-tagged or edited this piece and cannot confirm it. Leave the line to another person.",
            person=act.by.person,
        )


def _recount_role(count: Count, by: Actor) -> Role:
    """Role of a person in the recount; each of A and B on their own device, or a third person on a third one."""
    assert count.a is not None
    assert count.b is not None
    own: dict[PersonId, tuple[Role, Actor]] = {count.b.person: (Role.B, count.b), count.a.person: (Role.A, count.a)}
    if by.person in own:
        role, holder = own[by.person]
        require_same(by, holder)
        require_two_people(count.a, count.b, people=count.people)
        if third_people(count):
            raise ThirdPersonNeeded("A colleague who saw nothing of this count can settle this line. Ask them.")
        return role
    if count.c not in (None, by):
        raise NotYours("Another third person is recounting these lines. Let them finish.")
    require_unseen(count, by.person)
    for holder in (count.a, count.b):
        require_two_people(holder, by, people=count.people, editors=count.barred_from_verifying())
    return Role.C


def _open_cases(count: Count, act: acts.OpenCases) -> Count:
    _require_known(count, act.by)
    subjects = [case.subject for case in (*count.cases, *act.cases)]
    twice = sorted({subject for subject in subjects if subjects.count(subject) > 1})
    if twice:
        raise CaseExists(f"{twice[0]} already has a case in this count. Add to that one.", subject=twice[0])
    opened = replace(count, state=CountState.RESOLVING, cases=(*count.cases, *act.cases))
    _require_covered(opened)
    return opened


def _require_covered(count: Count) -> None:
    """Every finding has a case.

    Raises: CaseNeeded.
    """
    covered = {case.subject for case in count.cases}
    left = [finding for finding in findings(count) if finding.subject not in covered]
    if left:
        raise CaseNeeded(
            f"{left[0].subject} ({left[0].discrepancy}) has no case; {len(left)} left. Open a case for each.",
            subject=left[0].subject,
            n_left=len(left),
        )


def _note_outcome(count: Count, act: acts.NoteOutcome) -> Count:
    if act.by != SERVER and not may_manage(count.people, act.by.person):
        raise NoRight("This person may not decide on cases. Ask a manager.", person=act.by.person)
    if all(case.case != act.case for case in count.cases):
        raise CaseAbsent("This count has no such case. Look it up in the list of cases.", case=act.case)
    cases = tuple(
        replace(case, discrepancy=act.discrepancy, outcome=act.outcome) if case.case == act.case else case
        for case in count.cases
    )
    return replace(count, cases=cases)


def _fix(count: Count, act: acts.FixResult) -> Count:
    _require_known(count, act.by)
    _require_covered(count)
    result = make_result(count)
    return replace(count, state=CountState.RESULT_FIXED, result=result, results_made=result.number)
