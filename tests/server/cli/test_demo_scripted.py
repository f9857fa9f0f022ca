"""The end of a scripted day in a jeweller's words, and when it counts as true."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.cli.demo_scripted import Played, Reads, in_words

STOLEN = {"piece": "BAG-000007", "class": "MISSING", "home": "Vitrine 1/Plateau 1", "heard_in": None}
MOVED = {"piece": "BAG-000009", "class": "MISPLACED", "home": "Coffre/Plateau 1", "heard_in": "Vitrine 2/Plateau 3"}
CASES = [{**STOLEN, "outcome": "UNDER_INVESTIGATION"}, {**MOVED, "outcome": "FOUND_ELSEWHERE"}]


def tour(found: int, expected: int, n: int) -> Mapping[str, Any]:
    return {"expected": expected, "found": found, "discrepancies": n, "signed_by": ["Claire Aubert", "Marc Delaunay"]}


@pytest.fixture
def played() -> Played:
    return Played(
        day={
            "pieces": 300,
            "places": 12,
            "opening": tour(300, 300, 0),
            "closing": tour(297, 299, 2),
            "thefts": [{"piece": "BAG-000007", "class": "MISSING"}],
            "sold": "BAG-000001",
            "shown": "BAG-000002",
        },
        verified={"exit": 0, "verdict": "verified"},
        compared={
            "is_equal": True,
            "found": {"cases": CASES, "by_hand": ["BAG-000011"]},
            "lacks": {"cases": [], "by_hand": []},
            "has_more": {"cases": [], "by_hand": []},
            "windows": [{"piece": "BAG-000007", "class": "MISSING", "loss_window_min": 655}],
        },
        reads=Reads(30_002, 30_001, frozenset()),
        pack=Path("shop/pack.zip"),
        wall_s=24.5,
    )


def test_a_day_is_told_in_a_jeweller_s_words(played: Played) -> None:
    assert in_words(played).splitlines() == [
        "Opening: 300 of 300 pieces, nothing to explain, signed by Claire Aubert and Marc Delaunay.",
        "Sold BAG-000001; shown to a client and back: BAG-000002.",
        "Closing: 297 of 299 pieces, 2 pieces to explain, signed by Claire Aubert and Marc Delaunay.",
        "BAG-000007 of Vitrine 1/Plateau 1 is missing, lost within 10 h 55 min; under investigation.",
        "BAG-000009 of Coffre/Plateau 1 is in the wrong tray: Vitrine 2/Plateau 3; found elsewhere.",
        "BAG-000011: its tag is silent, it was found by its label.",
        "Readers sent 30002 reads, 30001 are stored: nothing that was heard is lost.",
        "A stranger's verdict on the pack: verified. It says exactly what happened.",
    ]


def test_what_the_pack_lacks_and_what_it_has_too_much_is_said(played: Played) -> None:
    compared = {
        **played.compared,
        "is_equal": False,
        "lacks": {"cases": CASES[:1], "by_hand": []},
        "has_more": {"cases": [], "by_hand": ["BAG-000007"]},
    }

    lines = in_words(replace(played, compared=compared)).splitlines()

    assert lines[-3:] == [
        "A stranger's verdict on the pack: verified. It does not say what happened.",
        "It happened and is not in the pack: BAG-000007 of Vitrine 1/Plateau 1 is missing; under investigation.",
        "It is in the pack and did not happen: BAG-000007 is there by its label alone.",
    ]


def test_a_day_is_true_only_if_its_pack_is_verified_equal_and_no_tag_is_lost(played: Played) -> None:
    assert played.is_true
    assert not replace(played, verified={"exit": 2, "verdict": "cannot tell"}).is_true
    assert not replace(played, compared={**played.compared, "is_equal": False}).is_true
    assert not replace(played, reads=Reads(10, 9, frozenset({"3034AB"}))).is_true


def test_the_last_line_has_every_field_of_the_contract_and_the_window_of_the_loss(played: Played) -> None:
    document = played.document()

    assert document["stolen"] == {"piece": "BAG-000007", "class": "MISSING", "loss_window_min": 655}
    assert document["thefts"] == [document["stolen"]]
    assert document["verify"] == "verified"
    assert (document["reads_sent"], document["reads_stored"], document["lost"]) == (30_002, 30_001, [])
    wanted = {
        "pieces",
        "places",
        "opening",
        "closing",
        "stolen",
        "reads_sent",
        "reads_stored",
        "pack",
        "verify",
        "wall_s",
    }
    assert wanted <= document.keys()
