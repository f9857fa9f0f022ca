"""What a count shows to whom: the round and its kind, what is asked, and pieces only to who must act on them."""

from typing import Any

import httpx
import pytest

from server.core.ids import RoundId
from server.store.tables import AntennaHome, Reader
from server.store.unit_of_work import UnitOfWork
from tests.server.api.test_counts import Handheld, Site, code, count_at, count_first, ok, signer_folder, site, told
from tests.server.contracts import require_contract
from tests.server.usecases.count_shop import AGENT, CLAIRE, MARC, ONE, PAD, RINGS, TWO, label, ref

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow
LABELS = [label(number) for number in RINGS[TWO]]


def round_of(shown: dict[str, Any]) -> tuple[str | None, bool, str | None]:
    return shown["round_kind"], shown["round"] is not None, shown["search_until"]


def test_the_first_person_goes_from_round_to_search_to_nothing(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: httpx.AsyncClient) -> None:
        address = f"/v1/counts/{await count_at(claire, TWO)}"
        planned = ok(await claire.get(address))
        opened = ok(await claire.post(f"{address}/round"))
        assert (round_of(planned), round_of(opened)) == ((None, False, None), ("A1", True, None))
        assert opened["path"] == "Plateau 2"
        site.shop.drained(site.shop.hear(RoundId(opened["round"]), CLAIRE, [5, 6]))
        sealed = ok(await claire.post(f"{address}/seal", {"labels": [label(7)]}))["count"]
        assert round_of(sealed) == (None, False, None)

        search = ok(await claire.post(f"{address}/search"))
        assert search["silent"] == [{"reference": ref(8), "name": "Ring 8"}]
        assert round_of(search["count"]) == ("A2", True, "2026-03-02T08:36:00.000Z")
        assert search["round"] == search["count"]["round"]
        assert round_of(ok(await marc.get(address))) == (None, False, None)
        require_contract("search", {"one_silent": search})

        ok(await claire.post(f"{address}/seal", {}))
        assert round_of(ok(await claire.get(address))) == (None, False, None)

    told(site, story)


def test_the_verifier_is_asked_for_the_quantity_then_for_pieces_by_name(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: httpx.AsyncClient) -> None:
        address = f"/v1/counts/{await count_first(site, claire, ONE, list(RINGS[ONE]))}"
        claimed = ok(await marc.post(f"{address}/verification"))
        assert (claimed["quantity"], claimed["asks"], claimed["round_kind"]) == ("needed", [], None)
        assert claimed["round"] is not None
        keyed = ok(await marc.post(f"{address}/quantity", {"pieces": 4}))
        assert (keyed["quantity"], len(keyed["asks"])) == ("keyed", 4)
        answered = ok(await marc.post(f"{address}/answers", {"label": label(1)}))
        assert [ask["answer"] for ask in answered["asks"]] == ["present", "unanswered", "unanswered", "unanswered"]
        assert answered["asks"][0] == {
            "reference": ref(1),
            "name": "Ring 1",
            "reason": keyed["asks"][0]["reason"],
            "answer": "present",
        }
        seen_by_claire = ok(await claire.get(address))
        assert (seen_by_claire["asks"], seen_by_claire["quantity"], seen_by_claire["labels"]) == ([], None, None)

    told(site, story)


def test_a_blind_round_that_differs_needs_every_label_and_then_a_word_of_both(site: Site) -> None:
    async def story(claire: Handheld, marc: Handheld, _: httpx.AsyncClient) -> None:
        count = await count_first(site, claire, TWO, [5, 6, 7])
        address = f"/v1/counts/{count}"
        blind = ok(await marc.post(f"{address}/verification"))
        assert (blind["mode"], blind["round_kind"], blind["quantity"]) == ("blind", "B1", "needed")
        keyed = ok(await marc.post(f"{address}/quantity", {"pieces": 3}))
        assert (keyed["quantity"], keyed["asks"], keyed["labels"]) == ("keyed", [], None)
        site.shop.drained(site.shop.hear(RoundId(blind["round"]), MARC, [5, 6, 7, 8]))
        shown = ok(await marc.post(f"{address}/seal", {}))["count"]
        assert (shown["round_kind"], shown["round"]) == (None, blind["round"])
        asking = shown
        assert shown["labels"] is None
        for ask in shown["asks"]:
            shown = ok(await marc.post(f"{address}/answers", {"label": label(int(ask["reference"][-6:]))}))
        assert shown["labels"] == "needed"
        assert ok(await claire.get(address))["labels"] is None
        assert ok(await marc.post(f"{address}/labels", {"labels": LABELS}))["labels"] is None

        differing = ok(await marc.post(f"{address}/verification/seal"))
        assert differing["state"] == "REVEALED"
        assert differing["recount"] == [{"reference": ref(8), "name": "Ring 8", "my_word": None}]
        nadia = Handheld(marc._client, "nadia", "handheld-3")
        said = ok(await nadia.post(f"{address}/recount", {"label": label(8)}))
        assert said["recount"] == [] or said["recount"][0]["my_word"] == "present"
        examples = {"blind_claimed": blind, "asking": asking, "labels_needed": shown, "differing": differing}
        require_contract(
            "count", {"planned": ok(await claire.get(f"/v1/counts/{await count_at(claire, ONE)}"))} | examples
        )

    told(site, story)


def map_pad_to_one(work: UnitOfWork) -> None:
    """The pad becomes a cabinet of tray 1, and a scanner and another pad appear."""
    shop = {"shop_id": work.shop_id}
    for name, protocol in (("douchette", "barcode_line"), ("sled", "nordicid_nur")):
        work.session.add(Reader(**shop, id=name, device_id=AGENT, name=name, protocol=protocol, seen_at=work.now))
    home = AntennaHome(**shop, reader_id="reader-pad", antenna=1, place_id=ONE, mapped_at=work.now)
    work.session.add(home)


def test_a_count_names_the_readers_of_its_place_else_the_homeless_and_always_the_scanners(site: Site) -> None:
    site.store.run(map_pad_to_one)

    async def story(claire: Handheld, _: Handheld, client: httpx.AsyncClient) -> None:
        found = {
            place: ok(await claire.get(f"/v1/counts/{await count_at(claire, place)}/readers")) for place in (ONE, TWO)
        }
        assert [one["name"] for one in found[ONE]] == ["douchette", PAD]
        assert [one["name"] for one in found[TWO]] == ["douchette", "sled"]
        assert found[TWO][1] == {"name": "sled", "protocol": "nordicid_nur", "is_connected": False}
        assert code(await claire.get("/v1/counts/none/readers")) == (404, "tour_absent")
        require_contract("readers", {"mapped": found[ONE], "homeless": found[TWO]})

    told(site, story)
