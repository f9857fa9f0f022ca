"""An answer that is lost is asked for again: each POST can be sent twice and does its work once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from server.core.ids import RoundId
from server.store import log
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, PAD, RINGS, TWO, CountShop, label, ref, token

NATURAL: Final = {
    "/v1/counts/{count_id}/round": "the person's open round is given again",
    "/v1/counts/{count_id}/seal": "the first labels stand",
    "/v1/counts/{count_id}/search": "the open search is given again",
    "/v1/counts/{count_id}/verification": "the claim is renewed",
    "/v1/counts/{count_id}/quantity": "said once, then 409",
    "/v1/counts/{count_id}/answers": "said once a piece, then 409",
    "/v1/counts/{count_id}/labels": "scanned once, then 409",
    "/v1/counts/{count_id}/verification/seal": "sealed once, then 409",
    "/v1/counts/{count_id}/recount": "said once a piece, then 409",
    "/v1/counts/{count_id}/solo": "decided once, then 409",
    "/v1/counts/{count_id}/solo/reveal": "revealed once, then 409",
    "/v1/cases/{case_id}/investigation": "it is being looked into already",
    "/v1/cases/{case_id}/decision": "decided once, then 409",
    "/v1/rounds/{round_id}/attachments": "the open attachment is given again",
    "/v1/rounds/{round_id}/drain": "the same readers are asked again",
    "/v1/sync/batches": "an event counts once by its id and number; see test_sync",
    "/v1/tours/{tour_id}/signatures": "a line bears one signature of a person; see test_counts",
    "/v1/sessions": "a device has one session; the one before is ended",
    "/v1/device-pairings/claim": "a link works once",
}
"""Every POST that needs no `Idempotency-Key`, and why."""
DEVICES: Final = {"claire": "handheld-1", "marc": "handheld-2"}


def posts_of(app: FastAPI) -> dict[str, APIRoute]:
    routes = {one.path: one.original_route for one in iter_route_contexts(app.routes) if "POST" in (one.methods or ())}
    return {path: route for path, route in routes.items() if path is not None and isinstance(route, APIRoute)}


def test_every_post_takes_a_key_or_says_why_it_needs_none(counting: tuple[CountShop, FastAPI]) -> None:
    _, app = counting
    without = {
        path
        for path, route in posts_of(app).items()
        if "Idempotency-Key" not in {header.alias for header in route.dependant.header_params}
    }

    assert without == set(NATURAL)


class Twice:
    """People to whom the line is bad: they say everything twice."""

    def __init__(self, client: httpx.AsyncClient, shop: CountShop) -> None:
        self._client = client
        self.shop = shop

    async def twice(self, person: str, path: str, body: Any = None) -> Any:
        """The first answer. The second is the same or a 409, and adds nothing to the log."""
        device = DEVICES.get(person, "handheld-3")
        headers = {"Authorization": f"Bearer {token(person, device)}"}
        first = await self._client.post(f"/v1/{path}", json=body, headers=headers)
        assert first.is_success, (path, first.text)
        size = self.size()
        second = await self._client.post(f"/v1/{path}", json=body, headers=headers)
        assert second.status_code == 409 or second.json() == first.json(), (path, second.text)
        assert self.size() == size, path
        self.shop.checkpoint()
        return first.json()

    def size(self) -> int:
        return self.shop.store.read(lambda conn: log.head(conn, self.shop.store.shop_id)).size

    async def count(self, place: str, heard: list[int]) -> str:
        """Claire opens and seals a place; the reader is attached and drained on the way."""
        count = self.shop.count_of(place)  # type: ignore[arg-type]
        opened = await self.twice("claire", f"counts/{count}/round")
        round_id = RoundId(opened["round"])
        attachment = self.shop.hear(round_id, CLAIRE, heard)
        await self.twice("claire", f"rounds/{round_id}/attachments", {"reader": PAD})
        assert await self.twice("claire", f"rounds/{round_id}/drain") == {"attachments": 1}
        self.shop.drained(attachment)
        assert (await self.twice("claire", f"counts/{count}/seal", {}))["is_sealed"]
        self.shop.go_on(count)
        return count


def told(counting: tuple[CountShop, FastAPI], story: Callable[[Twice], Awaitable[None]]) -> None:
    shop, app = counting

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
            await story(Twice(client, shop))

    asyncio.run(run())


@pytest.mark.slow
def test_a_challenge_said_twice_is_one_challenge(counting: tuple[CountShop, FastAPI]) -> None:
    async def story(people: Twice) -> None:
        count = await people.count(ONE, list(RINGS[ONE]))
        await people.twice("marc", f"counts/{count}/verification")
        keyed = await people.twice("marc", f"counts/{count}/quantity", {"pieces": 4})
        for asked in keyed["asks"]:
            body = {"label": label(int(asked["reference"][-6:]))}
            await people.twice("marc", f"counts/{count}/answers", body)
        shown = await people.twice("marc", f"counts/{count}/verification/seal")
        assert shown["state"] == "REVEALED"

    told(counting, story)


@pytest.mark.slow
def test_a_search_and_a_missing_piece_said_twice_are_one_search_and_one_case(
    counting: tuple[CountShop, FastAPI],
) -> None:
    async def story(people: Twice) -> None:
        count = await people.count(TWO, [5, 6])
        found = await people.twice("claire", f"counts/{count}/search")
        assert [one["reference"] for one in found["silent"]] == [ref(7), ref(8)]
        await people.twice("claire", f"counts/{count}/seal", {"labels": [label(7)]})
        claimed = await people.twice("marc", f"counts/{count}/verification")
        people.shop.drained(people.shop.hear(RoundId(claimed["round"]), MARC, [5, 6]))
        await people.twice("marc", f"counts/{count}/quantity", {"pieces": 3})
        await people.twice("marc", f"counts/{count}/seal", {})
        await people.twice("marc", f"counts/{count}/labels", {"labels": [label(5), label(6), label(7)]})
        await people.twice("marc", f"counts/{count}/verification/seal")
        (case,) = people.shop.sheet(TWO).cases
        await people.twice("paul", f"cases/{case.case}/investigation")
        await people.twice("paul", f"cases/{case.case}/decision", {"outcome": "under_investigation"})
        await people.twice("paul", f"cases/{case.case}/decision", {"outcome": "found_here", "label": label(8)})

    told(counting, story)


@pytest.mark.slow
def test_going_on_alone_said_twice_is_said_once(counting: tuple[CountShop, FastAPI]) -> None:
    async def story(people: Twice) -> None:
        count = await people.count(ONE, list(RINGS[ONE]))
        await people.twice("claire", f"counts/{count}/solo", {"reason": "my colleague is ill"})
        keyed = await people.twice("claire", f"counts/{count}/quantity", {"pieces": 4})
        for asked in keyed["asks"]:
            body = {"label": label(int(asked["reference"][-6:]))}
            await people.twice("claire", f"counts/{count}/answers", body)
        await people.twice("claire", f"counts/{count}/solo/reveal")

    told(counting, story)


@pytest.mark.slow
def test_a_line_where_two_differ_is_settled_once(counting: tuple[CountShop, FastAPI]) -> None:
    async def story(people: Twice) -> None:
        count = await people.count(ONE, [1, 2, 3])
        claimed = await people.twice("marc", f"counts/{count}/verification")
        people.shop.drained(people.shop.hear(RoundId(claimed["round"]), MARC, list(RINGS[ONE])))
        await people.twice("marc", f"counts/{count}/quantity", {"pieces": 4})
        sealed = await people.twice("marc", f"counts/{count}/seal", {})
        for asked in sealed["count"]["asks"]:
            body = {"label": label(int(asked["reference"][-6:]))}
            await people.twice("marc", f"counts/{count}/answers", body)
        await people.twice("marc", f"counts/{count}/verification/seal")
        settled = await people.twice("nadia", f"counts/{count}/recount", {"label": label(4)})
        assert settled["state"] == "RESOLVING"

    told(counting, story)
