"""What the routes share: made once by the composition root, handed to each request through the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import HTTPConnection

from server.api.agent_links import AgentLinks
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.sign_in import PinGuard

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """One running server."""

    store: Store
    hub: Hub
    links: AgentLinks
    signer: SignerClient
    pin_guard: PinGuard

    async def written(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work on the writer; what it gives is on the disk. Raises what the unit raised."""
        return await asyncio.wrap_future(self.store.writer.submit(work))


def context_of(connection: HTTPConnection) -> Context:
    """The server that answers this connection."""
    found = connection.app.state.context
    assert isinstance(found, Context)
    return found
