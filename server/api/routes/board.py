"""Board: the open cases and the gaps to be confirmed, as one snapshot that a screen asks for again at each live message."""

import asyncio
from typing import ClassVar, Final

import orjson
from fastapi import APIRouter, Request, Response

from server.api.auth import WATCHERS, Person
from server.api.context import Context, context_of
from server.api.strict_json import StrictRoute
from server.core.errors import NotAllowed
from server.core.ids import CountId
from server.store.credentials import SignedIn
from server.usecases.show_board import Board, note_seen, show_board

router = APIRouter(prefix="/v1/board", tags=["board"], route_class=StrictRoute)
TOPIC: Final = "board"


class NoBoard(NotAllowed):
    """The person has no right that shows the board."""

    code: ClassVar[str] = "no_right"


@router.get("", response_model=Board)
async def show(request: Request, person: Person) -> Response:
    """Everything that is open now. 403 `counting_blind` while I have a round that is not sealed."""
    context = context_of(request)
    # Read before the snapshot: what is announced in between is told again, and never lost.
    head = context.hub.epoch, context.hub.heads([TOPIC])[TOPIC]
    shown, unseen = await asyncio.to_thread(_snapshot, context, person, head=head)
    if "count" in person.rights and unseen:
        # Once for each count and person; who may not count can never verify, so their looking ends no blindness.
        by = person.actor
        await context.written(lambda work: note_seen(work, unseen, by))
    return Response(orjson.dumps(shown), media_type="application/json")


def _snapshot(context: Context, person: SignedIn, *, head: tuple[str, int]) -> tuple[Board, tuple[CountId, ...]]:
    store = context.store
    if not person.rights & WATCHERS:
        raise NoBoard("The board is for those who manage, own or read. Open your tour instead.")
    return store.read(
        lambda conn: show_board(conn, store.shop_id, viewer=person.person_id, now=store.clock.now(), head=head)
    )
