"""Sync: what handhelds did is taken in, in the order in which it happened, and acknowledged once it is on the disk."""

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from server.api.auth import Person
from server.api.complaints import complaints
from server.api.context import context_of
from server.api.strict_json import Asked, StrictRoute
from server.core.log.canonical import WHOLE_MAX
from server.usecases.take_events import EVENT_CONFLICT, EVENTS_MAX, read_event, take_events

SALT_BYTES: Final = 32
router = APIRouter(prefix="/v1/sync", tags=["sync"], route_class=StrictRoute)
Word = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")]
"""An id or a type: printable ASCII."""


class EventSent(Asked):
    """One fact of a device. A type that the server does not know is kept and does not count."""

    id: Word
    device: Word
    dseq: int = Field(ge=1, le=WHOLE_MAX)
    """1 for the device's first event, no gaps."""
    person: Word
    count: Word | None
    round: Word | None
    type: Word
    """label.scanned and label.retracted with {code}, round.sealed with {} or {accept_gap}."""
    at: str = Field(max_length=24)
    """By the device's clock, as 2026-03-02T08:35:00.000Z."""
    mono_ms: int = Field(ge=0, le=WHOLE_MAX)
    body: Any


class BatchSent(Asked):
    """Events of the device that sends them, rising by number."""

    events: list[EventSent] = Field(max_length=EVENTS_MAX)


class ResultShown(BaseModel):
    """What became of one event."""

    id: str
    outcome: str
    """accepted, duplicate or quarantined."""
    reason: str | None
    """Why it does not count; null: it counts."""


class BatchTaken(BaseModel):
    """The device may forget its events up to `ack_seq`; what follows a gap has no result and is sent again."""

    ack_seq: int
    results: list[ResultShown]


@router.post("/batches")
async def take(request: Request, asked: BatchSent, person: Person) -> BatchTaken:
    """Take a batch in. Each event counts once by its id and number, so the `Idempotency-Key` of a batch decides nothing."""
    context = context_of(request)
    events = [read_event(dict(event), session_id=person.session_id) for event in asked.events]
    by = person.actor
    received = await context.written(
        lambda work: take_events(work, events, by=by, make_salt=lambda: secrets.token_bytes(SALT_BYTES))
    )
    await context.links.drain(received.draining)
    conflicts = [one.id for one in received.results if one.reason == EVENT_CONFLICT]
    if conflicts:
        complaints().warning("event_conflict", device=person.device_id, events=conflicts)
    return BatchTaken(
        ack_seq=received.ack_seq,
        results=[ResultShown(id=one.id, outcome=one.outcome.value, reason=one.reason) for one in received.results],
    )
