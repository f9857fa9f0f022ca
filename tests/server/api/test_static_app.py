"""The app's shell is asked for again each time, its hashed parts never; the API needs no app."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.api.static_app import mount_app


async def answer(folder: Path, path: str) -> httpx.Response:
    app = FastAPI()
    assert mount_app(app, folder)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        return await client.get(path)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Baguier</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("1")
    return tmp_path


@pytest.mark.parametrize(("path", "kept"), [("/", "no-cache"), ("/assets/app-1a2b.js", "immutable")])
def test_each_file_says_how_long_it_may_be_kept(built: Path, path: str, kept: str) -> None:
    import asyncio

    found = asyncio.run(answer(built, path))

    assert found.status_code == 200
    assert kept in found.headers["cache-control"]


def test_an_app_that_was_not_built_is_not_served(tmp_path: Path) -> None:
    assert not mount_app(FastAPI(), tmp_path)
