"""Sign-off: the two-person rule in its one place, and the acts that end a count.

Rights are those of the snapshot taken at OPEN. The rule is asked when B claims, seals and answers, in the recount, at
each signature, again at close, and for a void; the database and the pack verifier ask it once more on their own.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

from server.core import count_acts as acts
from server.core.actors import Actor, PersonRights, Role, is_same_human, may_count
from server.core.count_errors import (
    AlreadySigned,
    EditorCannotVerify,
    NoRight,
    NotCovered,
    NotYours,
    PhotoNeeded,
    ResultChanged,
    SameDevice,
    SamePerson,
    TooEarly,
)
from server.core.count_sheet import Count, CountSignature, Mode
from server.core.count_states import CountState
from server.core.ids import PersonId
from server.core.sealed_sets import require_reason

EndingAct = acts.ReopenResult | acts.Sign | acts.Close | acts.Miss | acts.Abandon | acts.Void
"""The acts that this module decides on."""


def require_two_people(
    first: Actor, second: Actor, *, people: Collection[PersonRights], editors: Collection[PersonId] = ()
) -> None:
    """The two-person rule. `second` verifies, confirms or signs beside `first`.

    `people` is the snapshot of OPEN; accounts of one human count as one. `editors` may not be second.
    Owners and managers are not exempt.
    Raises: NoRight, SamePerson, SameDevice, EditorCannotVerify.
    """
    if not may_count(people, second.person):
        raise NoRight(
            "This person had no right to count when the count was opened. Ask a colleague who has it.",
            person=second.person,
        )
    if is_same_human(people, first=first.person, second=second.person):
        raise SamePerson(
            "This person already stands on the other side of this count. Another person must do this step.",
            person=second.person,
        )
    if first.device == second.device:
        raise SameDevice(
            "This device already serves the other person in this count. Use another device.", device=second.device
        )
    if any(is_same_human(people, first=editor, second=second.person) for editor in editors):
        raise EditorCannotVerify(
            "This person re-tagged or edited a piece of this count and cannot verify it. Ask another colleague.",
            person=second.person,
        )


def require_right(count: Count, person: PersonId) -> None:
    """Refuse a person who had no right to count at OPEN.

    Raises: NoRight.
    """
    if not may_count(count.people, person):
        raise NoRight(
            "This person had no right to count when the count was opened. Ask a colleague who has it.", person=person
        )


def require_same(actor: Actor, holder: Actor | None) -> None:
    """Refuse anyone but the person who holds the step, on the device where they hold it.

    Raises: NotYours.
    """
    if actor != holder:
        raise NotYours("This step belongs to another person or device. Continue where it was begun.")


def apply_ending(count: Count, act: EndingAct) -> Count:
    """The count after one ending act; `advance` has checked the table."""
    match act:
        case acts.ReopenResult():
            return _reopen(count, act)
        case acts.Sign():
            return _sign(count, act)
        case acts.Close():
            return _close(count, act)
        case acts.Miss():
            return _miss(count, act)
        case acts.Abandon():
            return _abandon(count, act)
        case acts.Void():
            return _void(count, act)
        case _:
            assert_never(act)


def signer_of(count: Count, role: Role) -> Actor | None:
    """Who holds a signing role; None: nobody yet, or C, who does not sign."""
    return {Role.A: count.a, Role.B: count.b}.get(role)


def _reopen(count: Count, act: acts.ReopenResult) -> Count:
    require_right(count, act.by.person)
    require_reason(act.reason)
    return replace(
        count,
        state=CountState.RESOLVING,
        result=None,
        signatures=(),
        voided_signatures=count.voided_signatures + count.signatures,
        signed_off_as=None,
    )


def _sign(count: Count, act: acts.Sign) -> Count:
    assert count.result is not None
    _require_result(count, act)
    if count.mode is Mode.SOLO:
        return _sign_alone(count, act)
    assert count.a is not None
    assert count.b is not None
    holder = signer_of(count, act.role)
    if holder is None or holder.person != act.by.person:
        raise NotYours("This line is signed by those who counted and verified it. Sign in as one of them.")
    _require_signing_pair(count, act)
    signed = replace(count, signatures=(*count.signatures, _signature(act)))
    if len(signed.signatures) == 1:
        return replace(signed, state=CountState.SIGNED_ONE)
    state = CountState.SIGNED_OFF_WITH_EXCEPTIONS if count.result.exceptions else CountState.SIGNED_OFF
    return replace(signed, state=state, signed_off_as=state)


def _require_result(count: Count, act: acts.Sign) -> None:
    assert count.result is not None
    if (act.result_no, act.result_sha256) != (count.result.number, count.result.sha256):
        raise ResultChanged(
            "The line has changed since this list was prepared. Prepare the list again, read it, and sign.",
            count=count.plan.count,
            result_no=count.result.number,
        )
    if any(signature.role is act.role for signature in count.signatures):
        raise AlreadySigned("This role has signed this line. The other person signs next.", role=act.role.value)


def _require_signing_pair(count: Count, act: acts.Sign) -> None:
    assert count.a is not None
    assert count.b is not None
    editors = count.barred_from_verifying()
    if act.role is Role.A:
        # A may have edited a piece: only verifying is barred. B is asked again, beside the device A signs on.
        require_two_people(act.by, count.b, people=count.people, editors=editors)
    else:
        require_two_people(count.a, act.by, people=count.people, editors=editors)
    if count.c is not None:
        # The device of the third person stays theirs for the whole count.
        require_two_people(count.c, act.by, people=count.people)
    for signature in count.signatures:
        require_two_people(signature.by, act.by, people=count.people)


def _sign_alone(count: Count, act: acts.Sign) -> Count:
    assert count.a is not None
    if act.role is not Role.A or act.by.person != count.a.person:
        raise NotYours("This count was made by one person, who signs it as its counter.")
    if count.plan.occasion is acts.Occasion.CLOSING and act.photo_sha256 is None:
        raise PhotoNeeded("Closing alone needs a photo of the tray with the code on the screen. Take it, then sign.")
    state = CountState.SIGNED_OFF_SINGLE
    return replace(count, signatures=(_signature(act),), state=state, signed_off_as=state)


def _signature(act: acts.Sign) -> CountSignature:
    return CountSignature(
        signature=act.signature,
        role=act.role,
        by=act.by,
        at=act.at,
        result_no=act.result_no,
        result_sha256=act.result_sha256,
        list_no=act.list_no,
        statement_sha256=act.statement_sha256,
        photo_sha256=act.photo_sha256,
    )


def _close(count: Count, act: acts.Close) -> Count:
    if count.mode is not Mode.SOLO:
        first, second = sorted(count.signatures, key=lambda signature: signature.role)
        require_two_people(first.by, second.by, people=count.people, editors=count.barred_from_verifying())
    if act.checkpoint_size < act.signatures_size:
        raise NotCovered(
            "The log keeper has not yet signed a checkpoint over these signatures. Wait for it, then close.",
            signatures_size=act.signatures_size,
            checkpoint_size=act.checkpoint_size,
        )
    return replace(count, state=CountState.CLOSED, closed_by_checkpoint=act.checkpoint_size)


def _miss(count: Count, act: acts.Miss) -> Count:
    if act.at < count.plan.deadline:
        raise TooEarly("The count can still be done in time. It is missed only after its deadline.")
    return replace(count, state=CountState.MISSED)


def _abandon(count: Count, act: acts.Abandon) -> Count:
    assert count.touched_at is not None
    if act.at < count.touched_at + count.policy.abandon_ms:
        raise TooEarly("People were at this count a short while ago. Finish it, or set it aside with two people.")
    return replace(count, state=CountState.ABANDONED)


def _void(count: Count, act: acts.Void) -> Count:
    require_reason(act.reason)
    require_right(count, act.by.person)
    require_two_people(act.by, act.confirmed_by, people=count.people)
    return replace(count, state=CountState.VOIDED, reason=act.reason, confirmed_by=act.confirmed_by)
