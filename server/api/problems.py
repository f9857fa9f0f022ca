"""From a refused act to an HTTP answer: the only place that knows both. The shape is RFC 9457's problem document."""

from collections.abc import Sequence
from typing import Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from server.core.errors import Absent, DomainError, Malformed, NotAllowed

STATUS_OF_CODE: Final = {"signer_down": 503, "not_signed_in": 401}
"""Codes whose status does not follow from their class."""


def status_of(error: DomainError) -> int:
    """404 absent, 403 not allowed, 422 malformed, 409 for every other refusal: the state says no."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    if isinstance(error, Absent):
        return 404
    if isinstance(error, NotAllowed):
        return 403
    return 422 if isinstance(error, Malformed) else 409


def problem(status: int, code: str, *, sentence: str, facts: dict[str, str | int | bool] | None = None) -> Response:
    """A problem document with a stable `code` for programs and a sentence for people."""
    body = {
        "type": f"urn:baguier:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": sentence,
        "facts": facts or {},
    }
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def _first_fault(faults: Sequence[dict[str, object]]) -> str:
    where = faults[0].get("loc", ())
    path = ".".join(str(part) for part in where) if isinstance(where, tuple | list) else str(where)
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{path}: {faults[0].get('msg', 'not valid')}{more}. Nothing was stored; correct it and send it again."


def install(app: FastAPI) -> None:
    """Answer every refusal of `app` with a problem document."""

    @app.exception_handler(DomainError)
    async def refused(request: Request, error: DomainError) -> Response:
        del request
        return problem(status_of(error), error.code, sentence=error.sentence, facts=error.facts)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        del request
        return problem(422, "malformed", sentence=_first_fault([dict(fault) for fault in error.errors()]))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, DomainError):
            # The framework wraps what a body's parser raises; the refusal inside is the answer.
            return await refused(request, error.__cause__)
        code = {404: "absent", 405: "method_not_allowed", 401: "not_signed_in"}.get(error.status_code, "refused")
        return problem(error.status_code, code, sentence=f"{request.method} {request.url.path}: {error.detail}.")

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        # The server's log has the error itself; whoever asked learns nothing of the inside.
        del request, error
        return problem(500, "internal", sentence="The server failed. Nothing was stored; try again, then tell support.")
