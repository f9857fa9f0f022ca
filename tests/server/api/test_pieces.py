"""Where the books put the pieces is what a count finds out: nobody reads it who may still be asked to look blind."""

from typing import Any

import httpx
import pytest

from tests.server.api.test_counts import Handheld, Site, count_at, count_first, ok, signer_folder, site, told, verify
from tests.server.usecases.count_shop import ONE, RINGS

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow


async def shows_places(who: Handheld) -> bool:
    page: dict[str, Any] = ok(await who.get("/v1/pieces"))
    assert page["shows_places"] is any(piece["place"] or piece["status"] for piece in page["pieces"])
    return bool(page["shows_places"])


def test_places_are_kept_from_who_could_verify_an_open_count_and_shown_to_who_never_counts(site: Site) -> None:
    site.shop.give_rights("marc", "count read")
    site.shop.give_rights("nadia", "count read")

    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        paul, nadia = Handheld(client, "paul", "handheld-3"), Handheld(client, "nadia", "handheld-3")
        count = await count_at(claire, ONE)
        assert [await shows_places(who) for who in (marc, nadia, paul)] == [True, True, True]

        await count_first(site, claire, ONE, list(RINGS[ONE]))
        assert [await shows_places(who) for who in (marc, nadia, paul)] == [False, False, True]

        ok(await marc.post(f"/v1/counts/{count}/verification"))
        assert not await shows_places(marc)
        assert (await verify(marc, count, 4))["state"] == "REVEALED"
        assert [await shows_places(who) for who in (marc, nadia, paul)] == [True, False, True]

        ok(await nadia.get(f"/v1/counts/{count}/figures"))
        assert await shows_places(nadia)

    told(site, story)
