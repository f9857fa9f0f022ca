"""The API's page names every call, and no program of another host runs beside the app."""

import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI

from tests.server.usecases.count_shop import CountShop


@pytest.fixture
def app(counting: tuple[CountShop, FastAPI]) -> FastAPI:
    return counting[1]


async def answer(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        return await client.get(path)


def test_the_page_names_every_call_with_its_sentence(app: FastAPI) -> None:
    page = asyncio.run(answer(app, "/docs"))

    calls = [f"{method.upper()} {path}" for path, of in app.openapi()["paths"].items() for method in of]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert [call for call in calls if f"<code>{call}</code>" not in page.text] == []
    assert "Take a batch in. Each event counts once" in page.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_no_page_beside_the_app_runs_anything_from_elsewhere(app: FastAPI, path: str) -> None:
    page = asyncio.run(answer(app, path))

    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert re.findall(r"<script|src=|//", page.text) == []
