"""Whoever reads a pack finds what happened: nothing more, nothing less, and never from a member that was changed."""

import json
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from simulators.demo import findings
from tests.simulators.demo.packs import PackStory, a_day, seal

STOLEN = {
    "piece": "ring-1",
    "class": "MISSING",
    "home": "Tray 1",
    "heard_in": None,
    "outcome": "UNDER_INVESTIGATION",
}
CARRIED_HOME = {
    "piece": "ring-2",
    "class": "MISPLACED",
    "home": "Tray 1",
    "heard_in": "Tray 2",
    "outcome": "FOUND_ELSEWHERE",
}
TRUTH: dict[str, Any] = {"cases": [STOLEN, CARRIED_HOME], "by_hand": ["pearl-1"]}


def compared(
    folder: Path, capsys: pytest.CaptureFixture[str], *, story: PackStory, truth: dict[str, Any] = TRUTH
) -> tuple[int, dict[str, Any]]:
    (folder / "truth.json").write_text(json.dumps(truth))
    code = findings.main([str(story.write(folder / "pack.zip")), "--truth", str(folder / "truth.json")])
    printed = capsys.readouterr().out
    return code, json.loads(printed) if printed else {}


def test_a_pack_that_tells_the_truth_is_equal_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = compared(tmp_path, capsys, story=a_day())

    assert code == 0
    assert said["found"] == TRUTH


def test_the_window_of_a_loss_runs_from_the_last_seal_that_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = compared(tmp_path, capsys, story=a_day())

    assert said["windows"] == [{"piece": "ring-1", "class": "MISSING", "loss_window_min": 600}]


def test_a_theft_more_in_the_truth_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tampered = deepcopy(TRUTH)
    tampered["cases"].append({**STOLEN, "piece": "pearl-1", "home": "Tray 2"})

    code, said = compared(tmp_path, capsys, story=a_day(), truth=tampered)

    assert code == 1
    assert [one["piece"] for one in said["lacks"]["cases"]] == ["pearl-1"]


def test_a_case_that_did_not_happen_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = a_day()
    story.case_opened("closing Tray 2", "case-3", "id of Tray 2", discrepancy="QUANTITY_GAP")

    code, said = compared(tmp_path, capsys, story=story)

    assert code == 1
    assert [one["class"] for one in said["has_more"]["cases"]] == ["QUANTITY_GAP"]


def test_a_stolen_piece_that_is_said_to_be_there_by_its_label_is_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = a_day()
    story.leaves = [leaf for leaf in story.leaves if "case-1" not in json.dumps(leaf)]
    story.sealed("closing Tray 1", seal("b1", 0, by_hand=("ring-1",)))

    code, said = compared(tmp_path, capsys, story=story)

    assert code == 1
    assert (said["lacks"]["cases"], said["has_more"]["by_hand"]) == ([STOLEN], ["ring-1"])


def test_a_piece_that_a_reader_heard_in_the_same_count_is_not_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = a_day()
    story.sealed("closing Tray 2", seal("b1", 0, "pearl-1"))

    _, said = compared(tmp_path, capsys, story=story)

    assert said["found"]["by_hand"] == []


@pytest.mark.parametrize("member", ["log/events.jsonl", "expected", "sealed"])
def test_a_member_that_was_changed_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], member: str
) -> None:
    whole = a_day().write(tmp_path / "whole.zip")
    with zipfile.ZipFile(whole) as pack, zipfile.ZipFile(tmp_path / "changed.zip", "w") as changed:
        victim = next(name for name in pack.namelist() if name.startswith(member))
        for name in pack.namelist():
            changed.writestr(name, pack.read(name) + (b" " if name == victim else b""))
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))

    code = findings.main([str(tmp_path / "changed.zip"), "--truth", str(tmp_path / "truth.json")])

    assert code == 2
    assert "cannot be compared" in capsys.readouterr().err
