"""Rounds: a person lets readers listen for their round, and ends it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from reader_drivers.reads import Listen
from server.api.auth import Person
from server.api.context import context_of
from server.api.strict_json import Asked, StrictRoute
from server.core.ids import RoundId
from server.usecases.attach_reader import attach_reader, attachments_to_drain

router = APIRouter(prefix="/v1/rounds", tags=["rounds"], route_class=StrictRoute)

Id = Annotated[str, Path(max_length=64)]


class AttachmentAsked(Asked):
    """Which reader is to listen."""

    reader: str = Field(min_length=1, max_length=200)


class AttachmentShown(BaseModel):
    """A reader that listens, or will as soon as its agent is back."""

    id: str
    reader: str
    is_connected: bool


class Draining(BaseModel):
    """How many readers were asked to finish."""

    attachments: int


@router.post("/{round_id}/attachments", status_code=201)
async def attach(request: Request, round_id: Id, *, asked: AttachmentAsked, person: Person) -> AttachmentShown:
    """Let a reader listen for this round. Asked twice, the same attachment is given: no `Idempotency-Key` is needed."""
    context = context_of(request)
    attached = await context.written(
        lambda work: attach_reader(
            work,
            round_id=RoundId(round_id),
            reader=asked.reader,
            person_id=person.person_id,
            device_id=person.device_id,
        )
    )
    one = attached.attachment
    await context.links.drain((attached.agent, ended) for ended in attached.ended)
    is_connected = await context.links.tell(
        attached.agent, Listen(one.id, one.reader, attached.antennas, context.pass_min_ms)
    )
    return AttachmentShown(id=one.id, reader=one.reader, is_connected=is_connected)


@router.post("/{round_id}/drain", status_code=202)
async def drain(request: Request, round_id: Id, person: Person) -> Draining:
    """Ask every reader of this round to send what it still holds and stop. Asked twice, it is the same."""
    context = context_of(request)
    waiting = await context.written(
        lambda work: attachments_to_drain(
            work, round_id=RoundId(round_id), person_id=person.person_id, device_id=person.device_id
        )
    )
    await context.links.drain(waiting)
    return Draining(attachments=len(waiting))
