"""The composition root for HTTP: wires the store, the hub and the routes into one application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from server.api import problems
from server.api.agent_links import AgentLinks
from server.api.context import PASS_MIN_MS, Context
from server.api.docs_page import mount_docs
from server.api.routes import (
    agent_stream,
    board,
    cases,
    counts,
    health,
    live,
    moves,
    pieces,
    rounds,
    sessions,
    sync,
    tours,
)
from server.api.static_app import mount_app
from server.core.announcement import Announcement
from server.core.errors import DomainError
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.checkpoints import signed_size
from server.store.unit_of_work import NoShopYet, Store
from server.usecases.attach_reader import LEASE, end_lapsed
from server.usecases.close_counts import close_covered
from server.usecases.close_counts_overdue import end_overdue
from server.usecases.make_records import make_records
from server.usecases.sign_checkpoint import sign_checkpoint
from server.usecases.sign_in import PinGuard

LOG = structlog.get_logger()

ROUTERS: Final = (
    health.router,
    sessions.router,
    moves.router,
    pieces.router,
    tours.router,
    counts.router,
    cases.router,
    board.router,
    rounds.router,
    sync.router,
    agent_stream.router,
    live.router,
)
SIGN_EVERY_S: Final = 1.0
"""A leaf is unsigned for about this long: the tail that a thief of the whole machine could still cut."""
LEASES_EVERY_S: Final = 5.0
"""How much longer than its lease a reader may stay on the air for a handheld that died."""
PLANS_EVERY_S: Final = 60.0
"""How late an overdue count may be ended when nobody looks at its tour."""
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class FeedBridge:
    """Carries announcements from the writer's thread to the loop that owns the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Publish from now on."""
        self._loop = loop

    def __call__(self, stored: Sequence[Announcement]) -> None:
        """Take the announcements of one commit, in the writer's thread. Before the loop runs nobody watches."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hub.publish, stored)


def sign_and_close(store: Store, signer: SignerClient, *, signed: int) -> int:
    """Sign what was added to the log, then close the counts that this covers; give the signed size."""
    size = sign_checkpoint(store, signer)
    if size != signed:
        store.run(close_covered)
    return size


def record_ended(store: Store, signer: SignerClient, *, looked_at: int) -> int:
    """Make the records of tours that ended, if more was signed since the last look; give the signed size."""
    size = store.read(lambda conn: signed_size(conn, store.shop_id))
    if size != looked_at:
        make_records(store, signer)
    return size


async def keep_signed(store: Store, signer: SignerClient) -> None:
    """Sign the log within a second of its growing, for as long as the server runs; say once when it cannot."""
    await _keep(
        lambda signed: sign_and_close(store, signer, signed=signed),
        every_s=SIGN_EVERY_S,
        failure="checkpoint_not_signed",
    )


async def keep_recorded(store: Store, signer: SignerClient) -> None:
    """Make each tour's record within seconds of its end. A job of its own: a page takes longer than a signature may wait."""
    await _keep(
        lambda size: record_ended(store, signer, looked_at=size), every_s=SIGN_EVERY_S, failure="record_not_made"
    )


async def keep_plans(store: Store) -> None:
    """End what is overdue, once a minute: plans that nobody took, counts that were left."""
    await _keep(lambda _: len(store.run(end_overdue)), every_s=PLANS_EVERY_S, failure="overdue_not_ended")


async def keep_leases(store: Store, links: AgentLinks) -> None:
    """Take readers off the air whose handheld no longer asks for them. After a start every device first gets time to ask."""
    await asyncio.sleep(LEASE.total_seconds())
    while True:
        try:
            await links.drain(await asyncio.to_thread(store.run, end_lapsed))
        except NoShopYet:
            pass
        except DomainError as refusal:
            LOG.warning("lease_not_ended", code=refusal.code, sentence=refusal.sentence)
        await asyncio.sleep(LEASES_EVERY_S)


async def _keep(step: Callable[[int], int], *, every_s: float, failure: str) -> None:
    """Take a step again and again in a thread of its own, with what the last good one gave; say once why one is refused."""
    was_refused, reached = "", 0
    while True:
        try:
            reached = await asyncio.to_thread(step, reached)
            was_refused = ""
        except NoShopYet:
            pass
        except DomainError as refusal:
            if refusal.code != was_refused:
                LOG.warning(failure, code=refusal.code, sentence=refusal.sentence)
            was_refused = refusal.code
        await asyncio.sleep(every_s)


def create_app(
    store: Store, hub: Hub, bridge: FeedBridge, *, signer: SignerClient, pass_min_ms: int = PASS_MIN_MS
) -> FastAPI:
    """The application of one running server. `store` must have `bridge` as its listener."""
    links = AgentLinks()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        bridge.start(asyncio.get_running_loop())
        kept = (keep_signed(store, signer), keep_recorded(store, signer), keep_plans(store), keep_leases(store, links))
        jobs = [asyncio.create_task(one) for one in kept]
        yield
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    app = FastAPI(
        title="Baguier",
        version="0.1.0",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context = Context(
        store=store, hub=hub, links=links, signer=signer, pin_guard=PinGuard(), pass_min_ms=pass_min_ms
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    mount_docs(app)
    mount_app(app)

    @app.middleware("http")
    async def guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(SECURITY_HEADERS)
        if request.url.path.startswith("/v1/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app
