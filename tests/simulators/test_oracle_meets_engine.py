"""`baguier reconcile`, met only through its command line, says of whole simulated shops what the oracle says."""

import json
import pathlib
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from simulators.oracle import Verdict, judge
from simulators.shop import make_shop
from simulators.shop_files import oracle_lines, write_shop

pytestmark = pytest.mark.slow

SEEDS = (101, 102, 103)


def reconcile(folder: pathlib.Path, *more: str, reads: str = "reads.jsonl") -> dict[str, Any]:
    files = ["--expected", str(folder / "expected.csv"), "--reads", str(folder / reads)]
    command = [sys.executable, "-m", "server", "reconcile", *files, *more, "--json"]
    answered = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answered.returncode in {0, 1}, answered.stderr
    answer = json.loads(answered.stdout)
    assert isinstance(answer, dict)
    return answer


def sorted_lines(lines: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(line, sort_keys=True) for line in lines)


def assert_agrees(answer: dict[str, Any], verdict: Verdict) -> None:
    assert sorted_lines(answer["discrepancies"]) == sorted_lines(list(oracle_lines(verdict)))
    assert (answer["expected"], answer["found"]) == (verdict.expected, verdict.found)


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_shop_with_its_night_and_late_moves(seed: int, tmp_path: pathlib.Path) -> None:
    shop = make_shop(seed=seed, pieces=150 + seed, days=3)
    write_shop(shop, tmp_path, seed=seed)

    answer = reconcile(tmp_path, "--prior", str(tmp_path / "prior.csv"), "--moves", str(tmp_path / "moves.jsonl"))

    assert_agrees(answer, judge(shop))


def test_books_and_reads_alone(tmp_path: pathlib.Path) -> None:
    shop = make_shop(seed=104, pieces=220)
    write_shop(shop, tmp_path, seed=104)

    assert_agrees(reconcile(tmp_path), judge(shop, with_history=False))


def test_order_of_the_reads_changes_nothing(tmp_path: pathlib.Path) -> None:
    write_shop(make_shop(seed=105, pieces=130), tmp_path, seed=105)
    lines = (tmp_path / "reads.jsonl").read_text().splitlines(keepends=True)
    random.Random(5).shuffle(lines)
    (tmp_path / "shuffled.jsonl").write_text("".join(lines))

    first, second = reconcile(tmp_path), reconcile(tmp_path, reads="shuffled.jsonl")

    assert first == second
