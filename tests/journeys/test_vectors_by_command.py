"""Every published vector through the command that a person has: readers' frames, tags' contents, labels."""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from reader_drivers.agent.__main__ import main as agent
from reader_drivers.agent.protocols import PROTOCOLS, ProtocolEntry
from tests.reader_drivers.conformance import UNKNOWABLE, load_vectors

pytestmark = pytest.mark.slow
COMMANDS = {
    "tds_epc": ("tag", "decode"),
    "epc_memory": ("tag", "decode", "--memory", "bank"),
    "tid": ("tag", "decode", "--memory", "tid"),
    "gs1_barcode": ("barcode", "parse"),
}
UNSAID = {"note", "meaning", "kind"}
"""Remarks, and how a vector's file names what the command names otherwise."""


def part_of(said: Any, expected: Any) -> Any:
    """Of what was said, what the vector speaks of: a command may say more."""
    if isinstance(expected, dict) and isinstance(said, dict):
        return {key: part_of(said.get(key), value) for key, value in expected.items()}
    return said


def in_turn(frames: Iterable[str]) -> list[str]:
    """Frames, each once where it stands several times in a row: one with several tags is explained by a line for each."""
    return [frame for frame, _ in groupby(frames)]


@pytest.mark.parametrize("entry", PROTOCOLS, ids=lambda entry: str(entry.name))
def test_every_frame_is_explained_by_the_agents_decode(
    entry: ProtocolEntry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, vector in enumerate(load_vectors(entry.name)):
        capture = tmp_path / f"{number}.hex"
        capture.write_text(vector["hex"])

        assert agent(["decode", entry.name, str(capture), "--hex", "--direction", vector["direction"]]) == 0
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

        good = [line for line in said if line["event"] != "rejected"]
        if vector.get("kind") == "stream":
            assert in_turn(line["hex"] for line in good) == in_turn(vector["meaning"]["frames"]), vector["id"]
        elif vector["valid"]:
            expected = {key: value for key, value in vector["meaning"].items() if key not in UNKNOWABLE}
            assert len(said) >= 1, vector["id"]
            assert part_of(good[0], expected) == expected, vector["id"]
        else:
            assert good == [], vector["id"]
            assert said[0]["reason"].startswith(vector["expect_error"]), vector["id"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_tag_and_label_is_explained_by_the_servers_commands(name: str) -> None:
    vectors = [vector for vector in load_vectors(name) if "pc" not in vector and "\n" not in vector.get("data", "")]
    texts = "".join((vector.get("data") or vector["hex"]) + "\n" for vector in vectors)
    run = subprocess.run(
        [sys.executable, "-m", "server", *COMMANDS[name], "-", "--json"],
        input=texts.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    answers = [json.loads(line) for line in run.stdout.split(b"\n") if line]

    assert len(answers) == len(vectors)
    for vector, answer in zip(vectors, answers, strict=True):
        if not vector["valid"]:
            # A factory identity is no EPC, and is kept as a raw tag: the vectors state both.
            assert "error" in answer or answer.get("scheme") == "raw", vector["id"]
            continue
        assert "error" not in answer, vector["id"]
        expected = vector.get("meaning", {}) | {key: vector[key] for key in ("ais", "uri") if key in vector}
        known = {key: value for key, value in expected.items() if key in answer and key not in UNSAID}
        assert known, vector["id"]
        assert {key: answer[key] for key in known} == known, vector["id"]
