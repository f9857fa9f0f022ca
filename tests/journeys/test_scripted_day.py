"""A whole day of each story against the real server, agent and readers; its pack says what happened, and a lie shows."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from server.cli.demo import SCRIPT_PASS_MS, STORIES, running_demo
from server.cli.demo_scripted import EXIT_DIFFERENT, play_day
from tests.journeys.scripted_days import AT_ONCE, Day, play

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SEED = 1


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Day, Path]]:
    """Each story is played once for all tests."""
    folders = [tmp_path_factory.mktemp(story) for story in STORIES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = list(pool.map(lambda story, folder: play(story, SEED, folder), STORIES, folders))
    return {day.story: (day, folder) for day, folder in zip(played, folders, strict=True)}


@pytest.mark.parametrize("story", STORIES)
def test_the_pack_says_what_happened_and_no_read_is_lost(days: dict[str, tuple[Day, Path]], story: str) -> None:
    day, folder = days[story]

    assert day.code == 0, day.line()
    assert day.told is not None
    stolen = {"theft": 1, "two": 2}.get(story, 0)
    absent = stolen + (story == "dead-tag")
    two = ["Claire Aubert", "Marc Delaunay"]
    assert day.told["opening"] == {"expected": 300, "found": 300, "discrepancies": 0, "signed_by": two}
    assert day.told["closing"] == {
        "expected": 299,
        "found": 299 - absent,
        "discrepancies": absent,
        "signed_by": two,
    }
    assert [theft["class"] for theft in day.told["thefts"]] == ["MISSING"] * stolen
    assert all(600 < theft["loss_window_min"] < 700 for theft in day.told["thefts"])
    assert day.told["stolen"] == (day.told["thefts"][0] if stolen else None)
    assert day.told["lost"] == []
    assert 0.99 < day.told["reads_stored"] / day.told["reads_sent"] <= 1
    assert Path(day.told["pack"]) == folder / "pack.zip"
    assert (folder / "trust.json").exists()


def test_a_theft_more_in_the_truth_is_noticed(days: dict[str, tuple[Day, Path]], tmp_path: Path) -> None:
    _, folder = days["theft"]
    truth = json.loads((folder / "truth.json").read_text())
    truth["cases"].append({**truth["cases"][0], "piece": "BAG-000001"})
    (tmp_path / "truth.json").write_text(json.dumps(truth))

    command = [sys.executable, "-m", "simulators", "findings", str(folder / "pack.zip"), "--truth"]
    compared = subprocess.run([*command, str(tmp_path / "truth.json")], capture_output=True, text=True, check=False)

    assert compared.returncode == 1
    assert [one["piece"] for one in json.loads(compared.stdout)["lacks"]["cases"]] == ["BAG-000001"]


@pytest.mark.parametrize("lie", ["label", "quantity"])
def test_a_stolen_piece_that_both_people_pretend_to_have_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: str
) -> None:
    with running_demo(tmp_path / "shop", port=0, seed=SEED, pass_ms=SCRIPT_PASS_MS) as running:
        code = play_day(running, story="theft", seed=SEED, as_json=True, lie=lie)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    stolen = told["thefts"][0]["piece"]

    assert told["verify"] == "verified"
    if lie == "label":
        # They kept its label and scanned it: the pack says that both of them did, and that no reader heard the piece.
        assert code == EXIT_DIFFERENT
        assert told["truth"]["has_more"] == {"cases": [], "by_hand": [stolen]}
    else:
        # A number alone hides nothing: the readers miss the piece, and so does the scan of every label.
        assert code == 0
        assert told["thefts"][0]["class"] == "MISSING"
