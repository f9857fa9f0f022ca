"""The desk's board: gaps of a sealed tray, then cases; nothing of it to who counts blind, and nothing lost on the way to it."""

from typing import Any

import httpx
import pytest

from server.core.ids import RoundId
from tests.server.api.test_counts import Handheld, Site, code, count_at, count_first, ok, signer_folder, site, told
from tests.server.contracts import require_contract
from tests.server.usecases.count_shop import MARC, ONE, RINGS, TWO, label, ref, token

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow
EIGHT = {"reference": ref(8), "name": "Ring 8", "value_minor": 90_008, "currency": "EUR", "home": "Plateau 2"}


async def desk(client: httpx.AsyncClient) -> Any:
    """What Paul, who manages and never counts, sees."""
    return ok(await Handheld(client, "paul", "handheld-3").get("/v1/board"))


def kinds(row: dict[str, Any]) -> list[str]:
    return [step["kind"] for step in row["trail"]]


async def verify_blind(site: Site, marc: Handheld, count: str, numbers: list[int]) -> dict[str, Any]:
    """From the claim to the reveal: Marc hears `numbers` and keys as many."""
    claimed = ok(await marc.post(f"/v1/counts/{count}/verification"))
    site.shop.drained(site.shop.hear(RoundId(claimed["round"]), MARC, numbers))
    ok(await marc.post(f"/v1/counts/{count}/quantity", {"pieces": len(numbers)}))
    for ask in ok(await marc.post(f"/v1/counts/{count}/seal", {}))["count"]["asks"]:
        ok(await marc.post(f"/v1/counts/{count}/answers", {"label": label(int(ask["reference"][-6:]))}))
    revealed: dict[str, Any] = ok(await marc.post(f"/v1/counts/{count}/verification/seal"))
    return revealed


def test_a_gap_is_to_be_confirmed_until_a_case_takes_its_place(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        assert (await desk(client))["rows"] == []
        count = await count_first(site, claire, TWO, [5, 6, 7])
        gapped = await desk(client)
        (row,) = gapped["rows"]
        assert EIGHT.items() <= row.items()
        assert row["id"] == f"gap/{count}/{ref(8)}"
        assert (row["is_confirmed"], row["finding"], row["state"]) == (False, "missing", "to_be_confirmed")
        assert (row["last_seen"], row["last_heard"], row["heard_in"]) == (None, None, None)
        assert gapped["progress"] == {"done": 0, "all": 2}
        assert gapped["last_count_at"] == row["found_missing_at"] == "2026-03-02T08:35:00.000Z"

        assert (await verify_blind(site, marc, count, [5, 6, 7]))["state"] == "RESOLVING"
        cased = await desk(client)
        (row,) = cased["rows"]
        assert EIGHT.items() <= row.items()
        assert (row["is_confirmed"], row["number"], row["state"], row["finding"]) == (True, 1, "open", "missing")
        assert kinds(row) == ["opened"]
        assert cased["progress"] == {"done": 1, "all": 2}
        require_contract("board", {"gap": gapped, "case": cased})

    told(site, story)


def test_a_case_is_with_who_began_to_search_for_the_piece(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        count = await count_first(site, claire, TWO, [5, 6, 7])
        await verify_blind(site, marc, count, [5, 6, 7])
        (row,) = (await desk(client))["rows"]
        assert row["assignee"] is None

        ok(await Handheld(client, "paul", "handheld-3").post(f"/v1/cases/{row['id']}/investigation"))
        (row,) = (await desk(client))["rows"]
        assert (row["assignee"], row["state"]) == ("Paul", "investigating")

    told(site, story)


def test_what_the_search_finds_leaves_the_board_and_was_seen_by_hand(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        count = await count_first(site, claire, TWO, [5, 6])
        assert [row["reference"] for row in (await desk(client))["rows"]] == [ref(7), ref(8)]
        ok(await claire.post(f"/v1/counts/{count}/search"))
        ok(await claire.post(f"/v1/counts/{count}/seal", {"labels": [label(8)]}))
        assert [row["reference"] for row in (await desk(client))["rows"]] == [ref(7)]

        site.shop.evening()
        evening = await count_first(site, claire, TWO, [5, 6, 7])
        (row,) = [one for one in (await desk(client))["rows"] if evening in one["id"]]
        assert row["last_seen"] == {"at": "2026-03-02T08:35:15.000Z", "path": "Plateau 2", "by": "Claire"}
        assert kinds(row) == ["missed", "seen"]

    told(site, story)


def test_a_piece_of_another_tray_is_shown_where_it_was_heard(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        short = await count_first(site, claire, TWO, [5, 6, 7])
        await count_first(site, claire, ONE, [*RINGS[ONE], 8])
        (row,) = (await desk(client))["rows"]
        assert (row["home"], row["heard_in"]) == ("Plateau 2", "Plateau 1")
        assert row["last_heard"] == {"at": "2026-03-02T08:35:15.000Z", "path": "Plateau 1"}

        await verify_blind(site, marc, short, [5, 6, 7])
        long = await count_at(claire, ONE)
        await verify_blind(site, marc, long, [*RINGS[ONE], 8])
        (row,) = (await desk(client))["rows"]
        assert (row["finding"], row["home"], row["heard_in"]) == ("misplaced", "Plateau 2", "Plateau 1")

    told(site, story)


def test_a_move_by_a_person_is_a_sighting_and_a_step_of_the_trail(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {token('paul', 'handheld-3')}", "Idempotency-Key": "key-1"}
        ok(await client.post("/v1/moves", headers=headers, json={"piece": ref(8), "kind": "moved", "place": ONE}))
        await count_first(site, claire, ONE, list(RINGS[ONE]))
        (row,) = (await desk(client))["rows"]
        assert row["last_seen"] == {"at": "2026-03-02T08:35:00.000Z", "path": "Plateau 1", "by": "Paul"}
        assert kinds(row) == ["missed", "moved", "seen"]

    told(site, story)


def test_the_board_is_for_who_manages_owns_or_reads_and_for_nobody_who_is_counting(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        assert code(await claire.get("/v1/board")) == (403, "no_right")
        site.shop.give_rights("claire", "count manage")
        count = await count_at(claire, ONE)
        ok(await claire.get("/v1/board"))
        ok(await claire.post(f"/v1/counts/{count}/round"))
        for device in ("handheld-1", "handheld-3"):
            assert code(await Handheld(client, "claire", device).get("/v1/board")) == (403, "counting_blind")

    told(site, story)


def test_who_saw_a_gap_on_the_board_makes_no_blind_round_of_that_count(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        site.shop.give_rights("marc", "count read")
        clean, short = await count_first(site, claire, ONE, list(RINGS[ONE])), await count_first(site, claire, TWO, [5])
        ok(await marc.get("/v1/board"))
        steps = site.store.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM transitions").scalar())
        ok(await marc.get("/v1/board"))
        assert site.store.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM transitions").scalar()) == steps

        assert code(await marc.post(f"/v1/counts/{short}/verification")) == (409, "not_blind")
        assert (await marc.post(f"/v1/counts/{clean}/verification")).is_success

    told(site, story)


def test_who_never_counts_looks_at_the_board_without_writing(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, client: httpx.AsyncClient) -> None:
        await count_first(site, claire, TWO, [5])
        before = changes(site)
        await desk(client)
        assert changes(site) == before

    told(site, story)


def changes(site: Site) -> Any:
    """A number that rises with every commit of anybody."""
    return site.store.read(lambda conn: conn.exec_driver_sql("PRAGMA data_version").scalar())
