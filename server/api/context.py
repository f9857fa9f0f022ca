"""What the routes share: made once by the composition root, handed to each request through the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from starlette.requests import HTTPConnection

from server.api.agent_links import AgentLinks
from server.api.lists_read import ListsRead
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.hear_round import RoundsHeard
from server.usecases.sign_in import PinGuard

T = TypeVar("T")

PASS_MIN_MS: Final = 100
"""A tag heard again after this time has begun a new pass (readers whose protocol tells no end of a pass)."""


@dataclass(frozen=True, slots=True)
class Context:
    """One running server."""

    store: Store
    hub: Hub
    links: AgentLinks
    signer: SignerClient
    pin_guard: PinGuard
    lists_read: ListsRead = field(default_factory=ListsRead)
    rounds_heard: RoundsHeard = field(default_factory=RoundsHeard)
    pass_min_ms: int = PASS_MIN_MS
    """What agents are told; simulated antennas take turns faster than real ones."""

    async def written(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work on the writer; what it gives is on the disk. Raises what the unit raised."""
        return await asyncio.wrap_future(self.store.writer.submit(work))


def context_of(connection: HTTPConnection) -> Context:
    """The server that answers this connection."""
    found = connection.app.state.context
    assert isinstance(found, Context)
    return found
