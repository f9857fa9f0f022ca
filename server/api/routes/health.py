"""Health: whether the server answers, and whether it can take scans."""

from fastapi import APIRouter, Request, Response

from server.api.context import context_of
from server.api.problems import problem
from server.store.shops import only_shop

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """200: the server answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "not ready: the answer says why"}})
def readyz(request: Request) -> Response:
    """200: scans can be taken. 503: there is no shop yet, or too much waits to be written."""
    context = context_of(request)
    if context.store.read(only_shop) is None:
        return problem(503, "no_shop_yet", sentence="There is no shop yet. Import a stock file with --shop first.")
    if context.store.writer.is_overloaded:
        return problem(
            503, "store_busy", sentence="Too much waits to be written. Devices keep their scans and send later."
        )
    return Response('{"status":"ok"}', media_type="application/json")
