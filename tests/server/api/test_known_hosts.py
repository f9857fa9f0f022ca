"""A stranger's page that gives this computer a name of its own is not let in."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from server.api.known_hosts import LOOPBACK_HOSTS, KnownHosts


def answer(*hosts: bytes, is_demo: bool = False, kind: str = "http") -> int:
    """Status, or the code with which a WebSocket is closed before it opens."""
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    scope: Scope = {"type": kind, "method": "GET", "path": "/", "headers": [(b"host", host) for host in hosts]}
    served = KnownHosts(PlainTextResponse("in"), hosts=LOOPBACK_HOSTS | {"shop.example"}, is_demo=is_demo)
    asyncio.run(served(scope, receive, send))
    return int(said[0].get("status") or said[0]["code"])


@pytest.mark.parametrize("host", [b"localhost:8000", b"127.0.0.1", b"[::1]:8000", b"SHOP.example", b"shop.example:443"])
def test_our_own_names_are_served(host: bytes) -> None:
    assert answer(host) == 200


@pytest.mark.parametrize(
    "hosts", [(b"evil.example",), (b"claire.localhost:8000",), (b"localhost", b"evil.example"), ()]
)
def test_other_names_two_names_and_none_are_not(hosts: tuple[bytes, ...]) -> None:
    assert answer(*hosts) == 421
    assert answer(*hosts, kind="websocket") == 1008


def test_a_demonstration_has_a_name_for_each_device() -> None:
    assert answer(b"claire.localhost:8000", is_demo=True) == 200
    assert answer(b"claire.localhost.evil.example", is_demo=True) == 421
