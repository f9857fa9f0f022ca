"""Cases: what people do about the findings of counts."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from server.api.auth import WATCHERS, Person, RightMissing
from server.api.context import context_of
from server.api.strict_json import Asked, StrictRoute
from server.clock import from_ms, to_ms
from server.core.cases import Case, CaseAct, Decide, Investigate, Outcome
from server.core.errors import Malformed
from server.core.ids import CaseId, PieceRef, PlaceId
from server.core.log.events import format_time
from server.core.sealed_sets import salted_digest
from server.store import cases
from server.store.credentials import SignedIn
from server.store.unit_of_work import UnitOfWork
from server.usecases.decide_case import decide_case
from server.usecases.verify_count_blindness import require_not_blind_about

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=StrictRoute)
Id = Annotated[str, Path(max_length=64)]


class DecisionAsked(Asked):
    """A decision with what it rests on."""

    outcome: str = Field(max_length=40)
    """A word of the list of outcomes, such as found_here or under_investigation."""
    is_sighted: bool = False
    """True: I have the piece in my hand."""
    label: str | None = Field(default=None, min_length=1, max_length=64)
    """The code scanned on the piece's own label: needed for found_here, where nobody's word is enough."""
    document: str | None = Field(default=None, max_length=200)
    """Reference of the sale, memo, repair slip or claim."""
    reason: str | None = Field(default=None, max_length=500)


class CaseShown(BaseModel):
    """A case as people who may see it know it."""

    id: str
    subject: str
    discrepancy: str
    count: str
    state: str
    outcome: str | None
    opened_at: str
    decided_by: str | None


@router.get("")
def open_cases(request: Request, person: Person) -> list[CaseShown]:
    """Cases that nobody has decided, oldest first, for who manages, owns or reads.

    403 `counting_blind` while I count one of their places blind.
    """
    store = context_of(request).store
    found = store.read(lambda conn: cases.open_ones(conn, store.shop_id))
    _require_seen(request, person, found)
    return [_shown(case) for case in found]


@router.get("/{case_id}")
def show(request: Request, case_id: Id, person: Person) -> CaseShown:
    """One case."""
    store = context_of(request).store
    case = store.read(lambda conn: cases.load(conn, store.shop_id, CaseId(case_id)))
    _require_seen(request, person, (case,))
    return _shown(case)


@router.post("/{case_id}/decision")
async def decide(request: Request, case_id: Id, asked: DecisionAsked, person: Person) -> CaseShown:
    """Decide, with what I saw or the paper I hold."""
    try:
        outcome = Outcome(asked.outcome)
    except ValueError as error:
        words = ", ".join(one.value for one in Outcome)
        raise Malformed(f"{asked.outcome!r} is no outcome; expected one of {words}.") from error
    reason = None if asked.reason is None else salted_digest(asked.reason, salt=secrets.token_bytes(32))

    def work(unit: UnitOfWork) -> Case:
        act = Decide(person.actor, to_ms(unit.now), outcome, asked.is_sighted, asked.document, reason=reason)
        return decide_case(unit, CaseId(case_id), act, label=asked.label)

    return _shown(await context_of(request).written(work))


@router.post("/{case_id}/investigation")
async def investigate(request: Request, case_id: Id, person: Person) -> CaseShown:
    """Somebody looks into it."""

    def work(unit: UnitOfWork) -> Case:
        act: CaseAct = Investigate(person.actor, to_ms(unit.now))
        return decide_case(unit, CaseId(case_id), act)

    return _shown(await context_of(request).written(work))


def _require_seen(request: Request, person: SignedIn, found: tuple[Case, ...]) -> None:
    """Refuse to name a piece or place that this person counts blind, and all cases to who only counts.

    A case begins when its count is revealed and recounted: no blind round of it is left, so a look ends nobody's blindness.
    """
    if not person.rights & WATCHERS:
        raise RightMissing(f"{person.name} may not see the cases. Ask a colleague who manages, owns or reads.")
    store = context_of(request).store
    subjects = [case.subject for case in found]
    store.read(
        lambda conn: require_not_blind_about(
            conn,
            store.shop_id,
            person.person_id,
            refs=[PieceRef(subject) for subject in subjects],
            places=[PlaceId(subject) for subject in subjects],
        )
    )


def _shown(case: Case) -> CaseShown:
    return CaseShown(
        id=case.case,
        subject=case.subject,
        discrepancy=case.discrepancy,
        count=case.count,
        state=case.state.value,
        outcome=None if case.outcome is None else case.outcome.value,
        opened_at=format_time(from_ms(case.opened_at)),
        decided_by=case.decided_by,
    )
