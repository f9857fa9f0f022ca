"""The tour over HTTP: planned on the first request, in the shape the app reads, signed with the own PIN only."""

import pytest

from server.core.signing_words import MEANINGS
from tests.server.api.test_counts import (
    PINS,
    Handheld,
    Site,
    code,
    count_first,
    ok,
    sign,
    signer_folder,
    site,
    told,
    verify,
)
from tests.server.contracts import require_contract
from tests.server.usecases.count_shop import ONE, RINGS, TWO

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow


def test_the_tour_of_now_has_the_members_the_app_reads_and_no_figure(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: object) -> None:
        count = await count_first(site, claire, ONE, list(RINGS[ONE]))
        tour = ok(await claire.get("/v1/tours/current"))

        assert set(tour) == {"id", "occasion", "shop_day", "now", "counts"}
        assert (tour["occasion"], tour["shop_day"], len(tour["counts"])) == ("opening", "2026-03-02", 2)
        mine = next(one for one in tour["counts"] if one["id"] == count)
        assert mine == {
            "id": count,
            "place": ONE,
            "path": "Plateau 1",
            "state": "SEALED_A",
            "my_role": "A",
            "due_at": "2026-03-02T09:30:00.000Z",
            "partner": None,
            "has_recount": False,
            "has_signed": False,
        }
        seen_by_marc = next(
            one for one in ok(await marc.get(f"/v1/tours/{tour['id']}"))["counts"] if one["id"] == count
        )
        assert (seen_by_marc["my_role"], seen_by_marc["partner"]) == (None, "Claire")
        require_contract("tour", {"one_sealed": tour})

    told(site, story)


def test_a_list_shows_every_line_and_names_what_is_not_ready(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: object) -> None:
        ready = await count_first(site, claire, ONE, list(RINGS[ONE]))
        waiting = await count_first(site, claire, TWO, list(RINGS[TWO]))
        ok(await marc.post(f"/v1/counts/{ready}/verification"))
        await verify(marc, ready, 4)
        tour = ok(await claire.get("/v1/tours/current"))["id"]
        listed = ok(await claire.get(f"/v1/tours/{tour}/list"))

        assert [line["count"] for line in listed["lines"]] == [ready]
        assert (listed["lines"][0]["present"], listed["lines"][0]["quantity_b"]) == (4, 4)
        assert listed["left_out"] == [waiting]
        require_contract("list", {"one_line": listed})

    told(site, story)


def test_a_list_says_how_far_the_partner_is(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: object) -> None:
        count = await count_first(site, claire, ONE, list(RINGS[ONE]))
        ok(await marc.post(f"/v1/counts/{count}/verification"))
        await verify(marc, count, 4)
        tour = ok(await claire.get("/v1/tours/current"))["id"]
        address = f"/v1/tours/{tour}/list"

        assert ok(await claire.get(address))["partner"] == {"name": "Marc", "state": "not_started", "at": None}
        at = "2026-03-02T08:35:00.000Z"
        assert ok(await marc.get(address))["partner"] == {"name": "Claire", "state": "reading", "at": at}
        ok(await sign(claire, tour))
        assert ok(await marc.get(address))["partner"] == {"name": "Claire", "state": "signed", "at": at}

    told(site, story)


def test_a_wrong_pin_and_a_list_that_was_not_shown_sign_nothing(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: object) -> None:
        count = await count_first(site, claire, ONE, list(RINGS[ONE]))
        ok(await marc.post(f"/v1/counts/{count}/verification"))
        await verify(marc, count, 4)
        tour = ok(await claire.get("/v1/tours/current"))["id"]
        listed = ok(await claire.get(f"/v1/tours/{tour}/list"))
        body = {
            "list_no": listed["list_no"],
            "lines_sha256": listed["lines_sha256"],
            "meaning": MEANINGS["fr"],
            "opened_at": "2026-03-02T08:35:00.000Z",
            "pin": PINS["marc"],
        }
        address = f"/v1/tours/{tour}/signatures"

        assert code(await claire.post(address, body)) == (403, "wrong_pin")
        body["pin"] = PINS["claire"]
        assert code(await claire.post(address, body | {"lines_sha256": "0" * 64})) == (409, "list_changed")
        assert code(await claire.post(address, body | {"opened_at": "this morning"})) == (422, "malformed")
        assert code(await claire.post(address, body | {"opened_at": "0001-01-01T00:00:00+14:00"})) == (422, "malformed")
        assert code(await claire.post(address, body | {"opened_at": "2026-03-01T08:35:00Z"})) == (
            409,
            "list_time_wrong",
        )
        assert code(await claire.post(address, body | {"opened_at": "2026-03-02T09:35:00Z"})) == (
            409,
            "list_time_wrong",
        )
        assert code(await claire.post(address, body | {"meaning": "I saw nothing."})) == (422, "meaning_unknown")
        assert code(await claire.post(address, body | {"extra": 1})) == (422, "malformed")
        assert (await claire.post(address, body)).status_code == 201
        assert code(await claire.post(address, body)) == (409, "nothing_to_sign")
        assert (await sign(marc, tour)).status_code == 201

    told(site, story)
