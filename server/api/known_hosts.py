"""Known hosts: the names by which this server may be asked, so that a stranger's page cannot reach it under a name of its own.

A page of `evil.example` whose name suddenly leads to this computer (DNS rebinding) would otherwise be let in as if it were ours.
"""

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.problems import problem

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
DEMO_DOMAIN: Final = ".localhost"
"""Each name below it leads to this computer (RFC 6761): separate devices of a demonstration in one browser."""
POLICY_VIOLATION: Final = 1008


class KnownHosts:
    """Answers 421 to requests whose Host is not one of `hosts` (lower case, without port), before any route sees them."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], is_demo: bool = False) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._is_demo = is_demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is known. The sentence tells whoever set the shop up what to set."""
        if scope["type"] not in {"http", "websocket"} or self._is_known(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "host_unknown"})
        else:
            sentence = (
                "This server does not answer to that name. Open it as http://localhost, or start it with "
                "BAGUIER_PUBLIC_URL set to the address that people type."
            )
            await problem(421, "host_unknown", sentence=sentence)(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1:
            return False
        host = host_of(given[0].decode("latin-1"))
        return host in self._hosts or (self._is_demo and host.endswith(DEMO_DOMAIN))


def host_of(authority: str) -> str:
    """The host of `host:port`, in lower case; an IPv6 address keeps its brackets."""
    host = authority.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
