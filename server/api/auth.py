"""Who is asking: a bearer token in, a known device or a signed-in person out. There are no cookies to steal or to forge with."""

from typing import Annotated, ClassVar, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from server.api.context import Context, context_of
from server.core.errors import NotAllowed
from server.store.credentials import KnownDevice, SignedIn, device_by_secret, secret_sha256, signed_in

TOKEN_CHARACTERS_MAX: Final = 200
"""Longer tokens are not ours; they are refused before they are hashed."""
PROTOCOL_PREFIX: Final = "bearer."
"""A browser cannot set headers on a WebSocket: it offers the sub-protocol `bearer.<token>` beside `baguier.v1`."""


WATCHERS: Final = frozenset({"manage", "own", "read"})
"""Any of these rights shows what is missing in the whole shop: the board, its live line and the cases."""


class OriginUnknown(NotAllowed):
    """A page of another host opens a connection here."""

    code: ClassVar[str] = "origin_unknown"


class RightMissing(NotAllowed):
    """The person has not the right that this act needs."""

    code: ClassVar[str] = "right_missing"


class NotSignedIn(NotAllowed):
    """No token, or one that is unknown, ended or revoked."""

    code: ClassVar[str] = "not_signed_in"


def bearer_token(connection: HTTPConnection) -> str:
    """The token of a request or of a WebSocket's opening.

    Raises: NotSignedIn: there is none, or it is too long.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        offered = [word.strip() for word in connection.headers.get("sec-websocket-protocol", "").split(",")]
        token = next((word.removeprefix(PROTOCOL_PREFIX) for word in offered if word.startswith(PROTOCOL_PREFIX)), "")
    if not token or len(token) > TOKEN_CHARACTERS_MAX:
        raise NotSignedIn("Nobody is signed in. Sign in on a paired device and try again; nothing is lost.")
    return token.strip()


def require_own_origin(connection: HTTPConnection) -> None:
    """Refuse a page that was not loaded from the host it connects to; a program names no origin.

    For WebSockets: a browser opens them from any page, and asks nobody.
    Raises: OriginUnknown.
    """
    origins, hosts = connection.headers.getlist("origin"), connection.headers.getlist("host")
    if not origins:
        return
    scheme, _, authority = origins[0].lower().partition("://")
    if len(origins) > 1 or scheme not in {"http", "https"} or [authority] != [host.lower() for host in hosts]:
        raise OriginUnknown("This page was loaded from another address. Open the app at the server's own one.")


def known_device(context: Context, token: str) -> KnownDevice:
    """The device that holds this secret. Raises: NotSignedIn: unknown or revoked."""
    device = context.store.read(lambda conn: device_by_secret(conn, secret_sha256(token)))
    if device is None:
        raise NotSignedIn("This device is not paired with this shop. Open a new link from `baguier device pair`.")
    return device


def known_agent(context: Context, connection: HTTPConnection) -> KnownDevice:
    """The agent that opened this connection. Raises: NotSignedIn."""
    device = known_device(context, bearer_token(connection))
    if device.kind != "agent":
        raise NotSignedIn("This agent is not paired with this shop. Run `baguier device pair --kind agent` again.")
    return device


def person_of(context: Context, connection: HTTPConnection) -> SignedIn:
    """The person signed in on this connection. Raises: NotSignedIn."""
    now = context.store.clock.now()
    found = context.store.read(lambda conn: signed_in(conn, secret_sha256(bearer_token(connection)), now=now))
    if found is None:
        raise NotSignedIn("The session has ended. Sign in again; what waits on the device is kept.")
    return found


def _signed_in_person(connection: HTTPConnection) -> SignedIn:
    return person_of(context_of(connection), connection)


Person = Annotated[SignedIn, Depends(_signed_in_person)]
"""Parameter of a route that only a signed-in person may call."""
