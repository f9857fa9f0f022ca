"""The engine against the simulators' oracle, which is written apart from it: files in, answers compared."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.shop import make_shop
from simulators.shop_files import write_shop
from tests.server.cli.conftest import Ran

SEEDS = range(24)


def json_lines(path: Path) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def in_order(rows: list[dict[str, str | None]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_reconcile_finds_what_the_truth_implies(baguier: Callable[..., Ran], tmp_path: Path, seed: int) -> None:
    write_shop(make_shop(seed=seed, pieces=300), tmp_path, seed=seed)
    files = ("--expected", tmp_path / "expected.csv", "--reads", tmp_path / "reads.jsonl")
    history = ("--prior", tmp_path / "prior.csv", "--moves", tmp_path / "moves.jsonl")

    plain = baguier("reconcile", *files, "--json").document
    full = baguier("reconcile", *files, *history, "--json").document

    assert in_order(plain["discrepancies"]) == in_order(json_lines(tmp_path / "oracle.jsonl"))
    assert in_order(full["discrepancies"]) == in_order(json_lines(tmp_path / "oracle_with_history.jsonl"))
    summary = json.loads((tmp_path / "oracle_summary.json").read_text(encoding="utf-8"))
    assert {key: full[key] for key in summary} == summary
    assert {key: plain[key] for key in summary} == summary


def test_reads_in_reverse_order_have_the_same_digest(baguier: Callable[..., Ran], tmp_path: Path) -> None:
    write_shop(make_shop(seed=99, pieces=60), tmp_path, seed=99)
    reads = tmp_path / "reads.jsonl"
    files = ("--expected", tmp_path / "expected.csv", "--reads", reads, "--json")

    before = baguier("reconcile", *files).document
    reads.write_text("\n".join(reversed(reads.read_text(encoding="utf-8").splitlines())), encoding="utf-8")

    assert baguier("reconcile", *files).document == before
