"""The composition root for HTTP: wires the store, the hub and the routes into one application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from server.api import problems
from server.api.agent_links import AgentLinks
from server.api.context import PASS_MIN_MS, Context
from server.api.docs_page import mount_docs
from server.api.jobs import keep_leases, keep_plans, keep_recorded, keep_signed
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
from server.api.security_headers import SecurityHeaders
from server.api.static_app import mount_app
from server.feed.bridge import FeedBridge
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.unit_of_work import Store
from server.usecases.sign_in import PinGuard

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
    app.add_middleware(SecurityHeaders)
    return app
