"""The web app's files: served by the shop's own server, so that no other host is ever asked for code."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.api.problems import problem

STATIC: Final = Path(__file__).resolve().parents[1] / "static"
"""Where `make ui` builds the app; absent in a checkout that was not built."""
FOREVER: Final = "public, max-age=31536000, immutable"
"""Files below assets/ carry a hash of their content in their name."""


class AppFiles(StaticFiles):
    """Static files whose shell is always asked for again and whose hashed parts never are."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, with how long a browser may keep it."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOREVER if path.startswith("assets/") else "no-cache"
        return response


def mount_app(app: FastAPI, folder: Path = STATIC) -> bool:
    """Serve the web app at `/`. False: it was not built; the API works without it."""
    if not (folder / "index.html").is_file():
        return False
    app.add_route("/v1/{rest:path}", _no_such_path, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    app.mount("/", AppFiles(directory=folder, html=True), name="app")
    return True


async def _no_such_path(request: Request) -> Response:
    """Answer for the API's unknown paths, which would otherwise fall through to the app's files."""
    return problem(404, "absent", sentence=f"{request.method} {request.url.path}: there is no such address.")
