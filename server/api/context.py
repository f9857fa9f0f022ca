"""What the routes share: made once by the composition root, handed to each request through the application's state."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from server.api.agent_links import AgentLinks
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.unit_of_work import Store
from server.usecases.sign_in import PinGuard


@dataclass(frozen=True, slots=True)
class Context:
    """One running server."""

    store: Store
    hub: Hub
    links: AgentLinks
    signer: SignerClient
    pin_guard: PinGuard


def context_of(connection: HTTPConnection) -> Context:
    """The server that answers this connection."""
    found = connection.app.state.context
    assert isinstance(found, Context)
    return found
