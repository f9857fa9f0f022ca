"""Two worlds that differ only in what the books expect: until the own seal nobody can tell from any answer which one it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from reader_drivers.reads import Batch, PassRow, ReadRow
from server.api.app import create_app
from server.clock import FixedClock
from server.core.actors import Actor
from server.core.announcement import Announcement
from server.core.count_acts import SEARCH_OFFER_MS
from server.core.ids import PlaceId, RoundId
from server.feed.bridge import FeedBridge
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.tables import PieceState, Shop, table
from server.store.unit_of_work import Store
from server.usecases.accept_reads import accept_batch
from server.usecases.attach_reader import attach_reader, note_drained, note_listening
from server.usecases.hear_round import RoundsHeard
from server.usecases.open_shop import open_shop
from tests.server.api.test_counts import Handheld, Site, count_at, signer_folder, told
from tests.server.contracts import plain_text
from tests.server.usecases.count_shop import AGENT, CLAIRE, MARC, ONE, PAD, STRANGE, TWO, CountShop, epc

__all__ = ["signer_folder"]
"""A fixture of the count tests, used here by name."""

pytestmark = pytest.mark.slow
AT = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)
LIES_HERE = (1, 2, 3, 4, STRANGE)
"""What the tray's round hears in every world."""
GETS = (
    "/v1/tours/current",
    "/v1/counts/{count}",
    "/v1/counts/{count}/readers",
    "/v1/counts/{count}/figures",
    "/v1/pieces",
    "/v1/cases",
    "/v1/board",
    "/v1/me",
)
POSTS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("round", None),
    ("search", None),
    ("verification", None),
    ("answers", {"absent": "BAG-000008"}),
    ("recount", {"absent": "BAG-000008"}),
    ("labels", {"labels": []}),
    ("verification/seal", None),
)
WORLDS: dict[str, dict[int, PlaceId]] = {
    "all_is_here": {},
    "one_is_silent": {8: ONE},
    "one_is_too_much": {4: TWO},
    "nothing_is_expected": {1: TWO, 2: TWO, 3: TWO, 4: TWO},
}
"""Name → the rings that the books put elsewhere than usual."""


def world(folder: Path, signer: SignerClient, elsewhere: dict[int, PlaceId]) -> list[str]:
    """Everything that Claire, then Marc, is answered and told live up to their own seals, one text for each."""
    folder.mkdir()
    said: list[Announcement] = []
    hub = Hub("epoch")
    clock = FixedClock(AT)
    with Store(folder / "baguier.sqlite3", clock=clock, listener=said.extend) as store:
        store.run(lambda work: open_shop(work, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        shop = CountShop(store, clock)
        store.run(lambda work: work.conn.execute(update(table(Shop)).values(body='{"always_blind":true}')))
        states = table(PieceState)
        for number, place in elsewhere.items():
            moved = update(states).where(states.c.piece_id == f"piece-{number}").values(place_id=place)
            store.run(lambda work, moved=moved: work.conn.execute(moved))  # type: ignore[misc]
        shop.give_rights("claire", "count read")
        site = Site(create_app(store, hub, FeedBridge(hub), signer=signer), shop, signer)
        texts: list[str] = []
        told(site, lambda claire, marc, _: both_rounds(site, (claire, marc), said=said, texts=texts))
        return texts


async def both_rounds(
    site: Site, people: tuple[Handheld, Handheld], *, said: list[Announcement], texts: list[str]
) -> None:
    claire, marc = people
    count = await count_at(claire, ONE)
    said.clear()
    opened = await claire.post(f"/v1/counts/{count}/round")
    answers = [opened, *await whole_turn(site, claire, CLAIRE, count=count, round_id=opened.json()["round"])]
    texts.append(plain_text([*(shown(answer) for answer in answers), *live(said)]))
    site.shop.checkpoint()
    # Whether a search is due is the one bit that is told; its time passes in every world.
    site.shop.clock.advance(timedelta(milliseconds=SEARCH_OFFER_MS))

    said.clear()
    claimed = await marc.post(f"/v1/counts/{count}/verification")
    assert claimed.json()["mode"] == "blind"
    keyed = await marc.post(f"/v1/counts/{count}/quantity", {"pieces": 4})
    answers = [claimed, keyed, *await whole_turn(site, marc, MARC, count=count, round_id=claimed.json()["round"])]
    texts.append(plain_text([*(shown(answer) for answer in answers[:-1]), *live(said)]))


async def whole_turn(site: Site, who: Handheld, by: Actor, *, count: str, round_id: str) -> list[httpx.Response]:
    """Every question a person can ask while their reader listens, and the seal."""
    attachment, end = listen(site.shop, by, RoundId(round_id))
    answers = [await who.get(path.format(count=count)) for path in GETS]
    answers += [await who.post(f"/v1/counts/{count}/{path}", body) for path, body in POSTS]
    site.shop.store.run(lambda work: note_drained(work, device_id=AGENT, attachment_id=attachment, to_seq=end))
    sealed = await who.post(f"/v1/counts/{count}/seal", {})
    assert sealed.json()["is_sealed"], sealed.text
    return [*answers, sealed]


def listen(shop: CountShop, by: Actor, round_id: RoundId) -> tuple[str, int]:
    """The pad hears the tray for twenty passes; gives the attachment and its last batch."""
    store, heard = shop.store, RoundsHeard()
    attached = store.run(
        lambda work: attach_reader(work, round_id=round_id, reader=PAD, person_id=by.person, device_id=by.device)
    ).attachment.id
    start = shop.batches + 1
    store.run(lambda work: note_listening(work, device_id=AGENT, attachment_id=attached, from_seq=start))
    for _ in range(4):
        shop.batches += 1
        reads = tuple(ReadRow(bytes.fromhex(epc(n)), None, 1, 0, 9, 9, 5, -45_000, -5_000) for n in LIES_HERE)
        batch = Batch(shop.batches, PAD, 0, tuple(PassRow(1, n, 0, 9) for n in range(5)), reads, ())
        raw = b"batch-%d" % shop.batches
        store.run(
            lambda work, batch=batch, raw=raw: accept_batch(  # type: ignore[misc]
                work, device_id=AGENT, batch=batch, raw=raw, heard=heard
            )
        )
    return attached, shop.batches


def shown(answer: httpx.Response) -> list[Any]:
    return [answer.request.url.path, answer.status_code, answer.json()]


def live(said: list[Announcement]) -> list[Any]:
    """What was told on the topics that a person who counts may watch."""
    return [[one.topic, one.type, dict(one.body)] for one in said if one.topic != "board"]


def test_until_the_own_seal_no_answer_depends_on_what_is_expected(
    tmp_path: Path, signer_folder: tuple[Path, SignerClient]
) -> None:
    worlds = {name: world(tmp_path / name, signer_folder[1], books) for name, books in WORLDS.items()}

    first = worlds.pop("all_is_here")
    assert '"stage": "stable"' in first[0]
    for name, texts in worlds.items():
        assert texts == first, name
