"""Bodies that come in: capped, and refused when a key stands twice, since two programs may each believe another of the two."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from server.core.errors import Malformed

BODY_BYTES_MAX: Final = 256 * 1024
"""The largest body of a person's or a program's call; a batch of 500 handheld events is about 150 kB."""


def parse_json(raw: bytes) -> object:
    """The value that `raw` holds.

    Raises: Malformed: not UTF-8 JSON, a key twice in one object, or a number that is not finite.
    """
    try:
        return json.loads(raw, object_pairs_hook=_object, parse_constant=_not_finite)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {error}. Nothing was stored; send it again corrected.") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, value in pairs:
        if key in members:
            raise Malformed(f"The key {key[:40]!r} stands twice in one object. Nothing was stored; send each key once.")
        members[key] = value
    return members


def _not_finite(word: str) -> object:
    raise Malformed(f"{word} is not a JSON number. Nothing was stored; send a finite number or null.")


class Asked(BaseModel):
    """A body of ours: no unknown members, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class StrictRequest(Request):
    """A request whose body is read no further than its limit and parsed strictly."""

    async def body(self) -> bytes:
        """The whole body. Raises: Malformed: longer than `BODY_BYTES_MAX`."""
        if not hasattr(self, "_body"):
            pieces, size = [], 0
            async for piece in self.stream():
                size += len(piece)
                if size > BODY_BYTES_MAX:
                    raise Malformed(
                        f"The body is longer than {BODY_BYTES_MAX} bytes. Nothing was stored; send it in parts."
                    )
                pieces.append(piece)
            self._body = b"".join(pieces)
        return self._body

    async def json(self) -> Any:
        """The body as a JSON value; see `parse_json`."""
        return parse_json(await self.body())


class StrictRoute(APIRoute):
    """A route that hands its function only bodies that were parsed strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler behind a `StrictRequest`."""
        answer = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await answer(StrictRequest(request.scope, request.receive))

        return strict
