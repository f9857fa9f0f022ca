"""The API as a page: every call with its sentence, made of the OpenAPI document and of nothing from elsewhere.

The framework's own page loads its program from another host. Here it would run beside the app and could read what a device
keeps: its secret, its session and its outbox.
"""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from fastapi import FastAPI, Response

PATH: Final = "/docs"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Baguier API</title></head><body>
<h1>Baguier API</h1>
<p>Bodies, answers and limits are in the OpenAPI document: <a href="{document}">{document}</a></p>
<dl>
{calls}
</dl>
</body></html>
"""


def mount_docs(app: FastAPI) -> None:
    """Serve the page at `/docs`."""

    @app.get(PATH, include_in_schema=False)
    def docs() -> Response:
        page = _PAGE.format(document=escape(str(app.openapi_url)), calls="\n".join(_calls(app.openapi())))
        return Response(page, media_type="text/html")


def _calls(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            said = call.get("description") or call.get("summary", "")
            yield f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{escape(said)}</dd>"
