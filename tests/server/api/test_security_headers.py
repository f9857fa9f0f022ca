"""Every answer tells the browser what it is, and nobody keeps what the API says."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI, Response

from server.api.security_headers import SECURITY_HEADERS, SecurityHeaders
from tests.server.usecases.count_shop import CountShop


async def answer(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("/healthz", 200, None),
        ("/v1/board", 401, "no-store"),
        ("/v1/nothing", 404, "no-store"),
    ],
)
def test_answers_and_refusals_carry_them(
    counting: tuple[CountShop, FastAPI], path: str, status: int, kept: str | None
) -> None:
    found = asyncio.run(answer(counting[1], path))

    assert found.status_code == status
    assert {name: found.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert found.headers.get("cache-control") == kept


def test_a_route_may_say_how_long_its_answer_is_kept() -> None:
    app = FastAPI()
    app.get("/v1/picture")(lambda: Response(headers={"Cache-Control": "max-age=60"}))
    app.add_middleware(SecurityHeaders)

    found = asyncio.run(answer(app, "/v1/picture"))

    assert found.headers["cache-control"] == "max-age=60"
