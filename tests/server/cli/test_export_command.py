"""From a stock file to a pack in a stranger's hands: import, trade, export, and verify in another process."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from server.__main__ import run
from server.core.ids import PieceRef
from server.core.log.trust import Trust
from server.core.pieces import Status
from server.exports.canonical_zip import read_zip, write_zip
from server.signer.spawn import SpawnedSigner, spawned_signer
from server.store.unit_of_work import Store
from server.usecases.enrol_person import enrol_person
from server.usecases.move_piece import MoveKind, Wanted, move_piece

STOCK = (
    "Référence;Désignation;Prix de vente TTC;Prix d'achat HT;Emplacement\n"
    "A-1;Alliance;1 200,00;400,00;Vitrine 1\n"
    "A-2;=Jonc;80,00;30,00;Vitrine 2\n"
)
TODAY = datetime.now(UTC).date()
AROUND_NOW = ("--from", str(TODAY - timedelta(days=1)), "--to", str(TODAY))
"""Two shop days: before four in the morning the shop's day is still yesterday."""


@dataclass(frozen=True)
class Exported:
    folder: Path
    data: Path
    pack: Path
    trust: Path
    document: dict[str, Any]


def export(data: Path, out: Path, *more: str) -> int:
    period = AROUND_NOW if "--from" not in more else ()
    return run(["export", "audit", *period, "--out", str(out), *more, "--data", str(data), "--json"])


def verify(pack: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """As a stranger runs it: another process, without the shop's folder."""
    command = [sys.executable, "-m", "server", "verify", str(pack), *more, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, json.loads(ended.stdout)


def state_of(document: dict[str, Any], name: str) -> str:
    return next(str(one["state"]) for one in document["properties"] if one["property"] == name)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A shop of two pieces: one lent and back, then sold; the trust file was handed out before the sale."""
    folder = tmp_path_factory.mktemp("shop")
    data, stock = folder / "data", folder / "stock.csv"
    stock.write_text(STOCK, encoding="utf-8")
    founding = ["--shop", "Maison Claire", "--zone", "Europe/Paris", "--currency", "EUR"]
    assert run(["import", str(stock), "--data", str(data), *founding]) == 0
    ring = PieceRef("BAG-000001")
    with Store(data / "baguier.sqlite3") as store, spawned_signer(data) as signer:
        claire = enrol_person(store, name="Claire", rights=["manage"], pin="470912", pin_mac=signer.pin_mac)
        out = Wanted(ref=ring, kind=MoveKind.OUT, away=Status.REPAIR, person=claire)
        store.run(lambda unit: move_piece(unit, out))
        store.run(lambda unit: move_piece(unit, Wanted(ref=ring, kind=MoveKind.BACK, person=claire)))
    assert run(["trust", "export", "--out", str(folder / "trust.json"), "--data", str(data)]) == 0
    with Store(data / "baguier.sqlite3") as store:
        store.run(lambda unit: move_piece(unit, Wanted(ref=ring, kind=MoveKind.SALE, person=claire, ticket="T-118")))
    assert export(data, folder / "pack.zip") == 0
    members = read_zip((folder / "pack.zip").read_bytes()).members
    return Exported(folder, data, folder / "pack.zip", folder / "trust.json", json.loads(members["manifest.json"]))


@pytest.mark.slow
def test_a_stranger_with_the_trust_file_finds_nothing_broken(exported: Exported) -> None:
    code, said = verify(exported.pack, "--trust", str(exported.trust))

    held = {name: state_of(said, name) for name in ("BYTES", "APPEND-ONLY", "COMPLETE", "TAIL")}
    assert held == dict.fromkeys(("BYTES", "APPEND-ONLY", "COMPLETE", "TAIL"), "ok")
    # A shop that never closed a count has nothing that two people signed: the verifier does not call that verified.
    unclosed = {name: state_of(said, name) for name in ("TWO PEOPLE", "BLIND")}
    assert unclosed == {"TWO PEOPLE": "cannot tell", "BLIND": "cannot tell"}
    assert code == 2


@pytest.mark.slow
def test_without_a_trust_file_a_stranger_can_tell_nothing(exported: Exported) -> None:
    code, said = verify(exported.pack)

    assert (code, state_of(said, "BYTES")) == (2, "cannot tell")


@pytest.mark.slow
@pytest.mark.parametrize("member", ["moves.jsonl", "tables/pieces.csv", "log/events.jsonl", "keys/log.vkey"])
def test_a_changed_member_is_broken_and_named(exported: Exported, tmp_path: Path, member: str) -> None:
    members = dict(read_zip(exported.pack.read_bytes()).members)
    members[member] = members[member].replace(b"a", b"b", 1)
    (tmp_path / "changed.zip").write_bytes(write_zip(members))

    code, said = verify(tmp_path / "changed.zip", "--trust", str(exported.trust))

    broken = next(one for one in said["properties"] if one["property"] == "BYTES")
    assert (code, broken["state"], broken["first_bad"]) == (1, "broken", member)


@pytest.mark.slow
def test_the_pack_tells_the_moves_and_the_log_tells_the_export(exported: Exported) -> None:
    members = read_zip(exported.pack.read_bytes()).members

    moves = [json.loads(line) for line in members["moves.jsonl"].splitlines()]
    leaves = [json.loads(line) for line in members["log/events.jsonl"].splitlines()]
    assert [(one["piece"][-1], one["kind"]) for one in moves] == [
        ("1", "entered"),
        ("2", "entered"),
        ("1", "out"),
        ("1", "back"),
        ("1", "sale"),
    ]
    assert all(leaves[one["leaf"]]["type"] in {"import.applied", "piece.moved"} for one in moves)
    assert (leaves[-1]["type"], leaves[-1]["body"]["profile"]) == ("export.made", "insurer")
    assert (exported.document["size"], exported.document["is_demo"]) == (len(leaves), False)
    pieces = members["tables/pieces.csv"].decode("utf-8-sig")
    assert '"\'=Jonc"' in pieces
    assert '"120000","40000"' in pieces
    assert '"Claire"' in members["tables/moves.csv"].decode("utf-8-sig")


@pytest.mark.slow
def test_an_auditor_gets_no_amounts_and_no_names(exported: Exported, tmp_path: Path) -> None:
    assert export(exported.data, tmp_path / "audit.zip", "--profile", "auditor") == 0

    members = read_zip((tmp_path / "audit.zip").read_bytes()).members
    tables = b"".join(raw for path, raw in members.items() if path.startswith("tables/"))
    assert not any(word in tables for word in (b"120000", b"40000", b"minor", b"Claire"))


@pytest.mark.slow
@pytest.mark.parametrize("period", [("2020-01-01", "2020-01-31"), ("2999-01-01", "2999-01-31")])
def test_moves_outside_the_period_are_left_out_and_the_log_stays_whole(
    exported: Exported, tmp_path: Path, period: tuple[str, str]
) -> None:
    assert export(exported.data, tmp_path / "old.zip", "--from", period[0], "--to", period[1]) == 0

    members = read_zip((tmp_path / "old.zip").read_bytes()).members
    assert members["moves.jsonl"] == b""
    assert len(members["log/events.jsonl"].splitlines()) == json.loads(members["manifest.json"])["size"]
    code, said = verify(tmp_path / "old.zip", "--trust", str(exported.trust))
    assert (code, state_of(said, "COMPLETE")) == (2, "ok")


@pytest.mark.slow
def test_both_commands_are_refused_while_another_command_holds_the_folder(
    exported: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(exported.data / "baguier.sqlite3"):
        codes = (
            export(exported.data, exported.folder / "no.zip"),
            run(["trust", "export", "--out", str(exported.folder / "no.json"), "--data", str(exported.data)]),
        )

    said = capsys.readouterr()
    assert codes == (1, 1)
    assert said.err.count("is in use by process") == 2
    assert len(said.err.splitlines()) == 2
    assert not list(exported.folder.glob("no.*"))


@pytest.mark.slow
def test_a_file_that_cannot_be_written_leaves_nothing_behind(
    exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()

    codes = [export(exported.data, tmp_path / name) for name in ("folder", "x" * 300)]

    assert codes == [2, 2]
    assert capsys.readouterr().err.count("cannot be written") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.slow
def test_a_signer_that_runs_already_is_asked_at_its_socket(exported: Exported, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    command = ["trust", "export", "--out", str(trust), "--data", str(exported.data)]
    # Unix sockets have short names, shorter than a test's folder may be.
    with TemporaryDirectory() as short:
        signer = SpawnedSigner.start(exported.data, Path(short) / "s")
        try:
            alone, asked = run(command), run([*command, "--signer", str(Path(short) / "s")])
        finally:
            signer.stop()

    assert (alone, asked) == (2, 0)
    held, before = (Trust.from_json(path.read_bytes()) for path in (trust, exported.trust))
    assert (held.origin, held.vkeys) == (before.origin, before.vkeys)
    assert held.held()[-1].size > before.held()[-1].size


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--from", "2026-03-02", "--to", "2026-03-01", "--out", "x.zip"), "is no period"),
        ((*AROUND_NOW, "--out", "/nowhere/x.zip"), "folder that exists"),
        ((*AROUND_NOW, "--out", "x.zip"), "has no shop yet"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], complaint: str
) -> None:
    code = run(["export", "audit", *arguments, "--data", str(tmp_path / "shop")])

    said = capsys.readouterr()
    assert (code, said.out, said.err.count("\n")) == (2, "", 1)
    assert complaint in said.err
    assert not Path("x.zip").exists()
