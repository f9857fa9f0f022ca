"""Counts: open, seal, search, verify, recount. Every refusal comes from the core; a route only parses and shapes."""

import secrets
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from server.api.auth import Person
from server.api.context import context_of
from server.api.count_shown import CountShown, PieceNamed, count_shown, pieces_named
from server.api.strict_json import Asked, StrictRoute
from server.clock import from_ms
from server.core.actors import Actor
from server.core.count_result import present_by_b
from server.core.count_sheet import Count
from server.core.count_states import REVEALED_STATES
from server.core.ids import CountId, PieceRef
from server.core.log.events import format_time
from server.core.sealed_sets import Reason, salted_digest
from server.store import counts, readers, tours
from server.store.credentials import SignedIn
from server.store.readers import ReaderChoice
from server.store.unit_of_work import UnitOfWork
from server.usecases import verify_count
from server.usecases.open_count import open_count
from server.usecases.seal_round import SealAsked, SealOutcome, ask_seal_in
from server.usecases.search import open_search

router = APIRouter(prefix="/v1/counts", tags=["counts"], route_class=StrictRoute)
T = TypeVar("T")
Id = Annotated[str, Path(max_length=64)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
LABELS_MAX = 5_000
"""Labels of one request: more than any tray or safe holds."""


class SealWanted(Asked):
    """What a person seals with."""

    labels: list[Code] = Field(default=[], max_length=LABELS_MAX)
    """Codes of the labels they scanned."""
    accept_gap: str | None = Field(default=None, max_length=500)
    """None: wait for every reader. Else why what is missing is accepted; the verification is then blind."""


class Quantity(Asked):
    """How many pieces the person sees."""

    pieces: int = Field(ge=0, le=100_000)


class PieceWord(Asked):
    """One of the two: the code on the label of a piece in the hand, or the reference of one that is not there."""

    label: Code | None = None
    absent: Code | None = None


class Labels(Asked):
    """Every label of the place."""

    labels: list[Code] = Field(max_length=LABELS_MAX)


class Why(Asked):
    """A person's reason."""

    reason: str = Field(min_length=1, max_length=500)


class ReaderShown(BaseModel):
    """A reader that may listen for a count."""

    name: str
    protocol: str
    is_connected: bool
    """False: its agent is away; an attachment waits until it is back."""


class SealShown(BaseModel):
    """Where a seal stands."""

    is_sealed: bool
    waiting: int
    """Attachments that are not drained; the seal follows by itself."""
    count: CountShown


class SearchShown(BaseModel):
    """A search: what is silent, and the round for what is found."""

    round: str
    silent: list[PieceNamed]
    until: str
    count: CountShown


class FiguresShown(BaseModel):
    """Both results beside what was expected, as sets of pieces."""

    expected: list[str]
    known_missing: list[str]
    a: list[str]
    b: list[str] | None
    """null: not revealed yet."""
    present: list[str] | None
    """null: the result is not fixed."""
    missing: list[str] | None
    exceptions: list[str] | None
    late: list[str]
    """Heard after the seal of a round that did not have them; part of no set and no result."""
    cases: list[dict[str, str]]


@router.get("/{count_id}")
def show(request: Request, count_id: Id, person: Person) -> CountShown:
    """A count without figures."""
    store = context_of(request).store

    def shown(conn: Connection) -> CountShown:
        return count_shown(conn, store.shop_id, counts.load(conn, store.shop_id, CountId(count_id)), by=person.actor)

    return store.read(shown)


@router.get("/{count_id}/readers")
def list_readers(request: Request, count_id: Id, person: Person) -> list[ReaderShown]:
    """The readers that may listen here: those of the place, else those of no place; and the scanners."""
    del person
    context = context_of(request)

    def found(conn: Connection) -> tuple[ReaderChoice, ...]:
        tours.of_count(conn, context.store.shop_id, CountId(count_id))
        return readers.for_count(conn, context.store.shop_id, CountId(count_id))

    return [
        ReaderShown(name=one.name, protocol=one.protocol, is_connected=context.links.is_open(one.agent))
        for one in context.store.read(found)
    ]


@router.post("/{count_id}/round", status_code=201)
async def open_it(request: Request, count_id: Id, person: Person) -> CountShown:
    """Open a planned count and begin the first round. Asked twice by the same person, the same round."""
    return await _change(request, person, lambda work, by: open_count(work, CountId(count_id), by))


@router.post("/{count_id}/seal", status_code=202)
async def seal(request: Request, count_id: Id, asked: SealWanted, person: Person) -> SealShown:
    """Seal my open round: the readers are asked to finish, and the seal follows their last batch."""
    gap = None if asked.accept_gap is None else _reason(asked.accept_gap)
    by = person.actor

    def work(unit: UnitOfWork) -> tuple[SealOutcome, CountShown]:
        outcome = ask_seal_in(unit, CountId(count_id), by=by, asked=SealAsked(tuple(asked.labels), gap))
        return outcome, count_shown(unit.conn, unit.shop_id, outcome.count, by=by)

    context = context_of(request)
    outcome, shown = await context.written(work)
    await context.links.drain(outcome.draining)
    return SealShown(is_sealed=outcome.is_sealed, waiting=outcome.waiting, count=shown)


@router.post("/{count_id}/search", status_code=201)
async def search(request: Request, count_id: Id, person: Person) -> SearchShown:
    """After my seal: what is silent, and a minute to find it. The round is sealed like any other."""
    by = person.actor

    def work(unit: UnitOfWork) -> SearchShown:
        found = open_search(unit, CountId(count_id), by)
        assert found.count.search_until is not None
        return SearchShown(
            round=found.round,
            silent=pieces_named(unit.conn, unit.shop_id, found.silent),
            until=format_time(from_ms(found.count.search_until)),
            count=count_shown(unit.conn, unit.shop_id, found.count, by=by),
        )

    return await context_of(request).written(work)


@router.post("/{count_id}/verification", status_code=201)
async def claim(request: Request, count_id: Id, person: Person) -> CountShown:
    """Take the verification for ten minutes. 409 `already_verifying`, `searching`, `same_person`, `same_device`."""
    return await _change(request, person, lambda work, by: verify_count.claim(work, CountId(count_id), by))


@router.post("/{count_id}/quantity")
async def key_quantity(request: Request, count_id: Id, asked: Quantity, person: Person) -> CountShown:
    """How many pieces I see in the tray, said before any figure is shown."""
    return await _change(
        request,
        person,
        lambda work, by: verify_count.key_quantity(work, CountId(count_id), by, n_pieces=asked.pieces),
    )


@router.post("/{count_id}/answers")
async def answer(request: Request, count_id: Id, asked: PieceWord, person: Person) -> CountShown:
    """One asked piece is in my hand, or not there."""
    word = _word(asked)
    return await _change(request, person, lambda work, by: verify_count.answer(work, CountId(count_id), by, word=word))


@router.post("/{count_id}/labels")
async def scan_labels(request: Request, count_id: Id, asked: Labels, person: Person) -> CountShown:
    """Every label of the place, when quantity and tags disagree."""
    labels = tuple(asked.labels)
    return await _change(
        request, person, lambda work, by: verify_count.scan_labels(work, CountId(count_id), by, labels=labels)
    )


@router.post("/{count_id}/verification/seal")
async def seal_verification(request: Request, count_id: Id, person: Person) -> CountShown:
    """I am done: both results are shown side by side."""
    return await _change(request, person, lambda work, by: verify_count.seal_verification(work, CountId(count_id), by))


@router.post("/{count_id}/recount")
async def confirm_recount(request: Request, count_id: Id, asked: PieceWord, person: Person) -> CountShown:
    """My word on a piece where the two rounds differ."""
    word = _word(asked)
    return await _change(
        request, person, lambda work, by: verify_count.confirm_recount(work, CountId(count_id), by, word=word)
    )


@router.post("/{count_id}/solo")
async def go_solo(request: Request, count_id: Id, asked: Why, person: Person) -> CountShown:
    """I go on alone, with a reason; the count never becomes green."""
    reason = _reason(asked.reason)
    return await _change(
        request, person, lambda work, by: verify_count.go_solo(work, CountId(count_id), by, reason=reason)
    )


@router.post("/{count_id}/solo/reveal")
async def reveal_solo(request: Request, count_id: Id, person: Person) -> CountShown:
    """Alone, after the quantity and the draw: show the result."""
    return await _change(request, person, lambda work, by: verify_count.reveal_solo(work, CountId(count_id), by))


@router.get("/{count_id}/figures")
async def figures(request: Request, count_id: Id, person: Person) -> FiguresShown:
    """Expected, A and B. It is written down who saw them; 403 `counting_blind` before the own seal."""
    count = await context_of(request).written(
        lambda work: verify_count.show_figures(work, CountId(count_id), person.actor)
    )
    is_revealed = count.state in REVEALED_STATES
    b = sorted(present_by_b(count)) if is_revealed and count.b is not None else None
    result = count.result
    return FiguresShown(
        expected=[piece.ref for piece in count.expected],
        known_missing=list(count.known_missing),
        a=sorted(count.present_by_a()),
        b=None if b is None else list(b),
        present=None if result is None else list(result.present),
        missing=None if result is None else list(result.missing),
        exceptions=None if result is None else list(result.exceptions),
        late=sorted({ref for one in count.late for ref in one.refs}),
        cases=[
            {"case": one.case, "discrepancy": one.discrepancy, "subject": one.subject, "outcome": one.outcome}
            for one in count.cases
        ],
    )


def _word(asked: PieceWord) -> verify_count.Word:
    return verify_count.Word(label=asked.label, absent=None if asked.absent is None else PieceRef(asked.absent))


def _reason(text: str) -> Reason:
    return salted_digest(text, salt=secrets.token_bytes(32))


async def _change(request: Request, person: SignedIn, act: Callable[[UnitOfWork, Actor], Count]) -> CountShown:
    by = person.actor

    def work(unit: UnitOfWork) -> CountShown:
        return count_shown(unit.conn, unit.shop_id, act(unit, by), by=by)

    return await context_of(request).written(work)
