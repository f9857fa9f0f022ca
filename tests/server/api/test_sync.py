"""Batches of handhelds over HTTP: the shape, the limits, who may send what, and the word to the readers after a seal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from reader_drivers.reads import Drain, Message
from server.api.context import Context
from server.core.count_states import CountState
from tests.server.usecases.count_shop import AGENT, CLAIRE, ONE, RINGS, CountShop, token
from tests.server.usecases.outbox import Outbox, Wire, stored

Post = Callable[..., Awaitable[httpx.Response]]


def posted(app: FastAPI, body: bytes | list[Wire], *, bearer: str = token("claire", "handheld-1")) -> httpx.Response:
    """One batch, on its own."""
    content = body if isinstance(body, bytes) else json.dumps({"events": body}).encode()

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
            headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json", "Idempotency-Key": "k"}
            return await client.post("/v1/sync/batches", content=content, headers=headers)

    return asyncio.run(post())


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def test_a_batch_is_answered_event_by_event_and_acknowledged(counting: tuple[CountShop, FastAPI]) -> None:
    shop, app = counting
    round_id, outbox = shop.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.scan(99, round_id)
    outbox.seal(round_id)

    reply = posted(app, outbox.events)

    assert reply.status_code == 200, reply.text
    assert reply.json() == {
        "ack_seq": 3,
        "results": [
            {"id": "handheld-1-event-1", "outcome": "accepted", "reason": None},
            {"id": "handheld-1-event-2", "outcome": "quarantined", "reason": "label_unknown"},
            {"id": "handheld-1-event-3", "outcome": "accepted", "reason": None},
        ],
    }
    assert shop.sheet(ONE).state is CountState.SEALED_A


def test_an_agent_is_told_to_drain_what_an_event_has_sealed(counting: tuple[CountShop, FastAPI]) -> None:
    shop, app = counting
    told: list[Message] = []

    async def agent(message: Message) -> None:
        told.append(message)

    context: Context = app.state.context
    context.links.open(AGENT, agent)
    round_id, outbox = shop.begin(ONE), Outbox()
    attachment = shop.hear(round_id, CLAIRE, RINGS[ONE])
    outbox.seal(round_id)

    posted(app, outbox.events)

    assert told == [Drain(attachment)]


def test_another_device_s_events_and_nobody_s_are_refused(counting: tuple[CountShop, FastAPI]) -> None:
    shop, app = counting
    outbox = Outbox()
    outbox.scan(1, shop.begin(ONE))

    assert code(posted(app, outbox.events, bearer=token("claire", "handheld-3"))) == (403, "other_device")
    assert code(posted(app, outbox.events, bearer="nobody")) == (401, "not_signed_in")
    assert stored(shop.store) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "x" * 65},
        {"id": "é"},
        {"dseq": 0},
        {"dseq": 2**53},
        {"dseq": "1"},
        {"dseq": True},
        {"mono_ms": -1},
        {"at": "2026-03-02 08:35"},
        {"at": "2026-02-30T08:35:00.000Z"},
        {"person": None},
        {"more": 1},
    ],
)
def test_a_frame_that_is_none_is_malformed_and_nothing_is_kept(
    counting: tuple[CountShop, FastAPI], change: dict[str, Any]
) -> None:
    shop, app = counting
    outbox = Outbox()
    outbox.scan(1, shop.begin(ONE))
    outbox.scan(2, shop.begin(ONE), **change)

    assert code(posted(app, outbox.events)) == (422, "malformed")
    assert stored(shop.store) == []


def test_a_key_twice_a_body_too_long_and_a_batch_too_large_are_malformed(counting: tuple[CountShop, FastAPI]) -> None:
    shop, app = counting
    round_id, outbox = shop.begin(ONE), Outbox()
    for _ in range(501):
        outbox.add("x", of=round_id)
    twice = json.dumps({"events": outbox.events[:1]}).replace('"dseq": 1', '"dseq": 1, "dseq": 1')

    assert code(posted(app, twice.encode())) == (422, "malformed")
    assert code(posted(app, b'{"events": []}' + b" " * 256 * 1024)) == (422, "malformed")
    assert code(posted(app, outbox.events)) == (422, "malformed")
    assert code(posted(app, b"[" * 100_000)) == (422, "malformed")
    assert posted(app, outbox.events[:500]).json()["ack_seq"] == 500


def test_a_body_of_any_shape_is_kept_and_holds_nothing_up(counting: tuple[CountShop, FastAPI]) -> None:
    _, app = counting
    outbox = Outbox()
    deep: object = 1
    for _ in range(100):
        deep = [deep]
    for body in (None, 1, "text", [1], {"A key": 1}, {"n": "huge"}, {"n": 10**30}, {"half": "\ud800"}, deep):
        outbox.add("later.kind", body)

    raw = json.dumps({"events": outbox.events}).replace('"huge"', "1e400").encode()

    reply = posted(app, raw)

    assert reply.json()["ack_seq"] == len(outbox.events)
    assert {one["outcome"] for one in reply.json()["results"]} == {"quarantined"}
    assert posted(app, raw).json() == reply.json()
