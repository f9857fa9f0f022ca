"""Cases over HTTP: shown to who is not counting them blind, decided by who may."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from server.core.ids import CountId, RoundId
from server.usecases.decide_case import DECIDED_PERIOD
from tests.server.api.test_counts import (
    Handheld,
    Site,
    code,
    count_at,
    count_first,
    ok,
    signer_folder,
    site,
    told,
)
from tests.server.usecases.count_shop import MARC, ONE, TWO, label, ref, token

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow


async def lose_rings(site: Site, claire: Handheld, marc: Handheld, *, found: list[int]) -> None:
    """Both find these of the four rings in the first tray; the others have cases."""
    count = await count_first(site, claire, ONE, found)
    claimed = ok(await marc.post(f"/v1/counts/{count}/verification"))
    site.shop.drained(site.shop.hear(RoundId(claimed["round"]), MARC, found))
    ok(await marc.post(f"/v1/counts/{count}/quantity", {"pieces": len(found)}))
    sealed = ok(await marc.post(f"/v1/counts/{count}/seal", {}))
    for asked in sealed["count"]["asks"]:
        ok(await marc.post(f"/v1/counts/{count}/answers", {"label": label(int(asked["reference"][-6:]))}))
    ok(await marc.post(f"/v1/counts/{count}/verification/seal"))


async def lose_a_ring(site: Site, claire: Handheld, marc: Handheld) -> dict[str, Any]:
    """Both find three rings of four; give the case."""
    await lose_rings(site, claire, marc, found=[1, 2, 3])
    (opened,) = site.shop.sheet_of(CountId(await count_at(claire, ONE))).cases
    return {"id": opened.case, "subject": opened.subject}


def test_a_manager_decides_with_a_paper_and_nobody_without_the_right(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        paul = Handheld(client, "paul", "handheld-3")
        case = await lose_a_ring(site, claire, marc)
        address = f"/v1/cases/{case['id']}/decision"
        sold = {"outcome": "sold_not_posted", "document": "ticket 4711"}

        assert code(await marc.post(address, sold)) == (403, "no_right")
        assert code(await paul.post(address, {"outcome": "sold_not_posted"})) == (409, "evidence_needed")
        assert code(await paul.post(address, {"outcome": "lost_in_space"})) == (422, "malformed")
        assert ok(await paul.post(f"/v1/cases/{case['id']}/investigation"))["state"] == "investigating"
        assert ok(await paul.post(address, sold))["state"] == "decided"
        assert ok(await paul.get("/v1/cases")) == []
        assert ok(await paul.get(f"/v1/cases/{case['id']}"))["decided_by"] == "paul"

    told(site, story)


def test_who_counts_the_place_blind_sees_none_of_its_cases_on_any_device(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        case = await lose_a_ring(site, claire, marc)
        assert case["subject"] == ref(4)
        for name in ("claire", "marc"):
            site.shop.give_rights(name, "count read")
        site.shop.evening()
        again = await count_at(claire, ONE)
        ok(await claire.post(f"/v1/counts/{again}/round"))
        elsewhere = Handheld(client, "claire", "handheld-3")

        for who in (claire, elsewhere):
            assert code(await who.get("/v1/cases")) == (403, "counting_blind")
            assert code(await who.get(f"/v1/cases/{case['id']}")) == (403, "counting_blind")
        assert len(ok(await marc.get("/v1/cases"))) == 1
        ok(await marc.post(f"/v1/counts/{await count_at(marc, TWO)}/round"))
        assert len(ok(await marc.get("/v1/cases"))) == 1, "another tray's case is no secret to him"

    told(site, story)


def test_a_ring_is_found_here_by_its_own_label_alone(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        paul = Handheld(client, "paul", "handheld-3")
        case = await lose_a_ring(site, claire, marc)
        address, found = f"/v1/cases/{case['id']}/decision", {"outcome": "found_here", "is_sighted": True}

        assert code(await paul.post(address, found)) == (409, "evidence_needed")
        assert code(await paul.post(address, found | {"label": label(3)})) == (409, "evidence_needed")
        assert code(await paul.post(address, found | {"label": "BAG-000004.GUESS"})) == (422, "label_unknown")
        assert ok(await paul.post(address, {"outcome": "found_here", "label": label(4)}))["state"] == "decided"

    told(site, story)


def test_who_only_counts_sees_no_case(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        case = await lose_a_ring(site, claire, marc)

        for who in (claire, marc):
            assert code(await who.get("/v1/cases")) == (403, "right_missing")
            assert code(await who.get(f"/v1/cases/{case['id']}")) == (403, "right_missing")
        for right in ("manage", "own", "read"):
            site.shop.give_rights("paul", right)
            assert len(ok(await Handheld(client, "paul", "handheld-3").get("/v1/cases"))) == 1

    told(site, story)


SOLD = {"outcome": "sold_not_posted", "document": "ticket 4711"}


def test_a_manager_who_records_the_sale_of_a_missing_ring_does_not_decide_its_case(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        for name in ("marc", "nadia"):
            site.shop.give_rights(name, "count manage")
        case = await lose_a_ring(site, claire, marc)
        paul, nadia = Handheld(client, "paul", "handheld-3"), Handheld(client, "nadia", "handheld-3")
        yesterday = {
            "piece": ref(4),
            "kind": "sale",
            "at": "2026-03-01T17:00:00Z",
            "ticket": "4711",
            "witness": "nadia",
        }
        headers = {"Authorization": f"Bearer {token('paul', 'handheld-3')}", "Idempotency-Key": "the sale of ring 4"}
        moved = await client.post("/v1/moves", json=yesterday, headers=headers)
        assert moved.status_code == 201
        address = f"/v1/cases/{case['id']}/decision"

        for paper in (SOLD, SOLD | {"outcome": "declared_lost"}, SOLD | {"is_sighted": True}):
            assert code(await paul.post(address, paper)) == (409, "self_approval")
        assert code(await nadia.post(address, SOLD)) == (409, "self_approval")
        assert ok(await paul.post(address, {"outcome": "under_investigation"}))["state"] == "investigating"
        assert ok(await marc.post(address, SOLD))["decided_by"] == "marc"

    told(site, story)


def test_a_verifier_cannot_split_a_loss_under_the_limit(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: httpx.AsyncClient) -> None:
        site.shop.give_rights("marc", "count manage")
        await lose_rings(site, claire, marc, found=[1])
        first, second, third = (f"/v1/cases/{case['id']}/decision" for case in ok(await marc.get("/v1/cases")))

        # 900 each: two stay below the limit of 2,000, the third would pass it.
        assert ok(await marc.post(first, SOLD))["state"] == "decided"
        assert ok(await marc.post(second, SOLD))["state"] == "decided"
        assert code(await marc.post(third, SOLD)) == (409, "over_limit")
        site.shop.clock.advance(DECIDED_PERIOD)
        assert code(await marc.post(third, SOLD)) == (409, "over_limit")
        site.shop.clock.advance(timedelta(seconds=1))
        assert ok(await marc.post(third, SOLD))["state"] == "decided"

    told(site, story)
