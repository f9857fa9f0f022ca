"""A whole count over HTTP: two people on two devices, a clean tray and one with a missing ring; one person cannot do both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.api.app import create_app
from server.clock import FixedClock
from server.core.ids import CountId, RoundId
from server.core.log.events import EventType, Leaf
from server.core.signing_words import MEANINGS
from server.feed.bridge import FeedBridge
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.signer.spawn import spawned_signer
from server.store import log
from server.store.tables import Person, table
from server.store.unit_of_work import Store
from server.usecases.enrol_person import hash_pin
from server.usecases.open_shop import open_shop
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.usecases.count_shop import (
    CLAIRE,
    MARC,
    ONE,
    RINGS,
    TWO,
    CountShop,
    label,
    ref,
    token,
)

PINS = {"claire": "135790", "marc": "246801"}
Reply = httpx.Response
VERIFIER_WORDS: list[tuple[str, dict[str, Any] | None]] = [
    ("quantity", {"pieces": 4}),
    ("answers", {"label": label(1)}),
    ("labels", {"labels": [label(1)]}),
    ("verification/seal", None),
]
"""Every route by which a verifier speaks."""


@dataclass
class Site:
    """A running application and the shop behind it."""

    app: Any
    shop: CountShop
    signer: SignerClient

    @property
    def store(self) -> Store:
        return self.shop.store

    def checkpoint(self) -> None:
        sign_checkpoint(self.store, self.signer)


class Handheld:
    """One person signed in on one device."""

    def __init__(self, client: httpx.AsyncClient, person: str, device: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token(person, device)}"}
        self.person = person

    async def get(self, path: str) -> Reply:
        return await self._client.get(path, headers=self._headers)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Reply:
        return await self._client.post(path, headers=self._headers, json=body)


@pytest.fixture(scope="module")
def signer_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, SignerClient]]:
    folder = tmp_path_factory.mktemp("signer")
    with spawned_signer(folder) as signer:
        yield folder, signer


@pytest.fixture
def site(tmp_path: Path, signer_folder: tuple[Path, SignerClient]) -> Iterator[Site]:
    _, signer = signer_folder
    hub = Hub("epoch")
    bridge = FeedBridge(hub)
    clock = FixedClock(datetime(2026, 3, 2, 8, 35, tzinfo=UTC))
    with Store(tmp_path / "baguier.sqlite3", clock=clock, listener=bridge) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        shop = CountShop(store, clock, keeps_checkpoints=False)
        for person, pin in PINS.items():
            hashed = hash_pin(pin, shop=store.shop_id, person=person, pin_mac=signer.pin_mac)  # type: ignore[arg-type]
            set_pin(store, person, hashed)
        app = create_app(store, hub, bridge, signer=signer)
        site = Site(app, shop, signer)
        site.checkpoint()
        yield site


def set_pin(store: Store, person: str, hashed: str) -> None:
    people = table(Person)
    store.run(lambda work: work.conn.execute(update(people).where(people.c.id == person).values(pin_hash=hashed)))


def told(site: Site, story: Callable[[Handheld, Handheld, httpx.AsyncClient], Awaitable[None]]) -> None:
    """Run a story of Claire and Marc against the application."""

    async def run() -> None:
        transport = httpx.ASGITransport(app=site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await story(Handheld(client, "claire", "handheld-1"), Handheld(client, "marc", "handheld-2"), client)

    asyncio.run(run())


def ok(reply: Reply) -> Any:
    assert reply.is_success, reply.text
    return reply.json()


def code(reply: Reply) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def count_at(who: Handheld, place: str) -> str:
    tour = ok(await who.get("/v1/tours/current"))
    return str(next(one["id"] for one in tour["counts"] if one["place"] == place))


async def count_first(site: Site, who: Handheld, place: str, numbers: list[int]) -> str:
    """Open, let the pad hear, seal, let the log be signed, and go on to the next tray."""
    count = await count_at(who, place)
    opened = ok(await who.post(f"/v1/counts/{count}/round"))
    by = CLAIRE if who.person == "claire" else MARC
    site.shop.drained(site.shop.hear(RoundId(opened["round"]), by, numbers))
    sealed = ok(await who.post(f"/v1/counts/{count}/seal", {}))
    assert sealed["is_sealed"]
    site.checkpoint()
    site.shop.go_on(CountId(count))
    return count


async def verify(who: Handheld, count: str, n_pieces: int) -> dict[str, Any]:
    """Quantity and asks, after the claim and the blind round if one was due."""
    keyed = ok(await who.post(f"/v1/counts/{count}/quantity", {"pieces": n_pieces}))
    for asked in keyed["asks"]:
        ok(await who.post(f"/v1/counts/{count}/answers", {"label": label(int(asked["reference"][-6:]))}))
    shown: dict[str, Any] = ok(await who.post(f"/v1/counts/{count}/verification/seal"))
    return shown


async def sign(who: Handheld, tour: str) -> Reply:
    listed = ok(await who.get(f"/v1/tours/{tour}/list"))
    body = {
        "list_no": listed["list_no"],
        "lines_sha256": listed["lines_sha256"],
        "meaning": MEANINGS["fr"],
        "opened_at": "2026-03-02T08:35:00.000Z",
        "pin": PINS[who.person],
        "read_exceptions": [line["count"] for line in listed["lines"]],
    }
    return await who.post(f"/v1/tours/{tour}/signatures", body)


@pytest.mark.slow
def test_two_people_on_two_devices_count_a_clean_tray_and_one_with_a_missing_ring(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: httpx.AsyncClient) -> None:
        clean = await count_first(site, claire, ONE, list(RINGS[ONE]))
        short = await count_first(site, claire, TWO, [5, 6, 7])

        assert ok(await marc.post(f"/v1/counts/{clean}/verification"))["mode"] == "challenge"
        assert (await verify(marc, clean, 4))["state"] == "REVEALED"

        claimed = ok(await marc.post(f"/v1/counts/{short}/verification"))
        assert claimed["mode"] == "blind"
        site.shop.drained(site.shop.hear(RoundId(claimed["round"]), MARC, [5, 6, 7]))
        assert code(await marc.get(f"/v1/counts/{short}/figures")) == (403, "counting_blind")
        ok(await marc.post(f"/v1/counts/{short}/quantity", {"pieces": 3}))
        sealed = ok(await marc.post(f"/v1/counts/{short}/seal", {}))
        for asked in sealed["count"]["asks"]:
            ok(await marc.post(f"/v1/counts/{short}/answers", {"label": label(int(asked["reference"][-6:]))}))
        assert ok(await marc.post(f"/v1/counts/{short}/verification/seal"))["state"] == "RESOLVING"
        (case,) = ok(await marc.get(f"/v1/counts/{short}/figures"))["cases"]
        assert (case["subject"], case["discrepancy"]) == (ref(8), "MISSING")

        tour = ok(await claire.get("/v1/tours/current"))["id"]
        ok(await sign(claire, tour))
        ok(await sign(marc, tour))
        assert states(ok(await claire.get(f"/v1/tours/{tour}"))) == {
            clean: "SIGNED_OFF",
            short: "SIGNED_OFF_WITH_EXCEPTIONS",
        }
        site.checkpoint()
        assert set(states(ok(await claire.get(f"/v1/tours/{tour}"))).values()) == {"CLOSED"}

    told(site, story)
    raw = site.store.read(lambda conn: log.leaves(conn, site.store.shop_id))
    kinds = [Leaf.from_bytes(one.raw).type for one in raw]
    assert kinds.count(EventType.SIGNATURE_MADE) == 2
    assert kinds.count(EventType.COUNT_CLOSED) == 2


def states(tour: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["state"] for one in tour["counts"]}


@pytest.mark.slow
def test_one_person_cannot_do_both_whatever_the_route(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        elsewhere, marc_on_hers = Handheld(client, "claire", "handheld-3"), Handheld(client, "marc", "handheld-1")
        count = await count_first(site, claire, ONE, list(RINGS[ONE]))

        for who in (claire, elsewhere):
            assert code(await who.post(f"/v1/counts/{count}/verification")) == (409, "same_person")
        assert code(await marc_on_hers.post(f"/v1/counts/{count}/verification")) == (409, "same_device")

        ok(await marc.post(f"/v1/counts/{count}/verification"))
        for who in (claire, elsewhere, marc_on_hers):
            for path, body in VERIFIER_WORDS:
                reply = await who.post(f"/v1/counts/{count}/{path}", body)
                assert code(reply) == (409, "not_yours"), (path, reply.text)
        await verify(marc, count, 4)

        tour = ok(await claire.get("/v1/tours/current"))["id"]
        ok(await sign(claire, tour))
        for who in (claire, elsewhere):
            assert code(await who.get(f"/v1/tours/{tour}/list")) == (409, "nothing_to_sign")
        assert code(await sign(marc_on_hers, tour)) == (409, "same_device")
        assert states(ok(await marc.get(f"/v1/tours/{tour}")))[count] == "SIGNED_ONE"

    told(site, story)


@pytest.mark.slow
def test_a_device_that_counts_blind_is_told_no_figure_and_no_list(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        count = await count_at(claire, ONE)
        opened = ok(await claire.post(f"/v1/counts/{count}/round"))
        on_another = Handheld(client, "claire", "handheld-3")

        for who in (claire, on_another):
            assert code(await who.get(f"/v1/counts/{count}/figures")) == (403, "counting_blind")
        assert (opened["asks"], opened["recount"], opened["mode"]) == ([], [], None)
        assert code(await claire.post(f"/v1/counts/{count}/search")) == (409, "wrong_state")
        assert ref(1) not in (await claire.get(f"/v1/counts/{count}")).text
        assert ref(1) not in (await claire.get("/v1/tours/current")).text
        assert ok(await marc.get(f"/v1/counts/{count}"))["round"] is None

    told(site, story)


@pytest.mark.slow
def test_what_does_not_exist_or_cannot_be_read_is_said_so(site: Site) -> None:
    async def story(claire: Handheld, _: Handheld, client: httpx.AsyncClient) -> None:
        assert code(await claire.get("/v1/counts/none")) == (404, "count_absent")
        assert code(await claire.get("/v1/tours/none")) == (404, "tour_absent")
        assert code(await claire.get("/v1/cases/none")) == (404, "case_absent")
        assert code(await client.get("/v1/tours/current")) == (401, "not_signed_in")
        count = await count_at(claire, ONE)
        assert code(await claire.post(f"/v1/counts/{count}/quantity", {"pieces": "4"})) == (422, "malformed")
        assert code(await claire.post(f"/v1/counts/{count}/seal", {})) == (404, "round_absent")
        assert code(await claire.post(f"/v1/counts/{count}/verification")) == (409, "wrong_state")

    told(site, story)
