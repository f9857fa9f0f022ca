"""Cases over HTTP: shown to who is not counting them blind, decided by who may."""

from typing import Any

import httpx
import pytest

from server.core.ids import RoundId
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
from tests.server.usecases.count_shop import MARC, ONE, TWO, label, ref

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow


async def lose_a_ring(site: Site, claire: Handheld, marc: Handheld) -> dict[str, Any]:
    """Both find three rings of four in the first tray; give the case."""
    count = await count_first(site, claire, ONE, [1, 2, 3])
    claimed = ok(await marc.post(f"/v1/counts/{count}/verification"))
    site.shop.drained(site.shop.hear(RoundId(claimed["round"]), MARC, [1, 2, 3]))
    ok(await marc.post(f"/v1/counts/{count}/quantity", {"pieces": 3}))
    sealed = ok(await marc.post(f"/v1/counts/{count}/seal", {}))
    for asked in sealed["count"]["asks"]:
        ok(await marc.post(f"/v1/counts/{count}/answers", {"label": label(int(asked["reference"][-6:]))}))
    ok(await marc.post(f"/v1/counts/{count}/verification/seal"))
    (case,) = ok(await marc.get("/v1/cases"))
    assert isinstance(case, dict)
    return case


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
