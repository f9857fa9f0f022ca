"""`baguier import` as a shop types it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.__main__ import run
from server.store.unit_of_work import Store

REAL_EXPORT = Path(__file__).resolve().parents[4] / "shared" / "data" / "shopify_jewelery.csv"
NEW_SHOP = ("--shop", "Maison Claire", "--zone", "Europe/Paris", "--currency", "EUR")
EXPORT = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Image Src\n"
    "ring,Alliance,Taille,52,AL-52,2,1250.00,,a.jpg\n"
    "ring,,,,,,,,b.jpg\n"
    "moon,Lune,Title,Default Title,,0,10.00,,\n"
)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass(frozen=True)
class Terminal:
    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        code = run(["import", *arguments, "--data", str(self.folder / "shop")])
        said = self.capture.readouterr()
        return Said(code, said.out, said.err)

    def file(self, text: str, name: str = "export.csv") -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("BAGUIER_DATA", raising=False)
    return Terminal(tmp_path, capsys)


def test_a_first_import_opens_the_shop_and_a_second_changes_nothing(terminal: Terminal) -> None:
    first = terminal(terminal.file(EXPORT), *NEW_SHOP, "--json")
    second = terminal(terminal.file(EXPORT), "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.document == {
        "mapping": "shopify",
        "applied": True,
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "skipped": 2,
        "rejected": [],
        "proposed": [],
        "unused_columns": ["Option1 Name", "Image Src"],
    }
    assert second.document == {**first.document, "new": 0, "unchanged": 2}


def test_an_empty_folder_asks_for_shop_zone_and_currency_and_stays_empty(terminal: Terminal) -> None:
    said = terminal(terminal.file(EXPORT))

    assert said.code == 2
    assert "baguier import stock.csv --data DIR --shop 'Maison Claire' --zone" in said.err
    assert not (terminal.folder / "shop").exists()


def test_a_rejected_row_stops_the_import_and_says_line_column_and_reason(terminal: Terminal) -> None:
    bad = EXPORT + "lost,Perdu,,,,x,1.00,,\n"

    said = terminal(terminal.file(bad), *NEW_SHOP, "--json")

    assert said.code == 1
    assert said.document["applied"] is False
    assert said.document["new"] == 2
    assert said.document["rejected"] == [
        {
            "row": 5,
            "column": "Variant Inventory Qty",
            "reason": "'x' is not a quantity; expected a whole number such as 1.",
        }
    ]
    assert "line 5, Variant Inventory Qty" in said.err
    assert terminal(terminal.file(EXPORT), "--json").document["new"] == 2


def test_skip_rejected_applies_the_other_rows(terminal: Terminal) -> None:
    bad = terminal.file(EXPORT + "lost,Perdu,,,,x,1.00,,\n")

    said = terminal(bad, *NEW_SHOP, "--skip-rejected", "--json")

    assert said.code == 0
    assert said.document["applied"] is True
    assert terminal(bad, "--skip-rejected", "--json").document["unchanged"] == 2


def test_a_dry_run_writes_nothing_at_all(terminal: Terminal) -> None:
    said = terminal(terminal.file(EXPORT), "--dry-run", "--currency", "EUR", "--json")

    assert (said.code, said.document["new"], said.document["applied"]) == (0, 2, False)
    assert not (terminal.folder / "shop").exists()


def test_a_dry_run_works_while_another_command_holds_the_folder_but_an_import_is_refused(terminal: Terminal) -> None:
    terminal(terminal.file(EXPORT), *NEW_SHOP)

    with Store(terminal.folder / "shop" / "baguier.sqlite3"):
        dry = terminal(terminal.file(EXPORT), "--dry-run", "--json")
        real = terminal(terminal.file(EXPORT))

    assert (dry.code, dry.document["unchanged"]) == (0, 2)
    assert real.code == 2
    assert "is in use by process" in real.err


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("a,b\n1,2\n", (), "not those of any file we know"),
        (EXPORT, ("--mapping", "odoo"), "no mapping 'odoo'"),
        (EXPORT, ("--place", "/"), "names no place"),
        ("", (), "empty"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_two(
    terminal: Terminal, text: str, options: tuple[str, ...], complaint: str
) -> None:
    said = terminal(terminal.file(text), *NEW_SHOP, *options)

    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_without_a_data_folder_the_command_says_how_to_name_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BAGUIER_DATA", raising=False)
    (tmp_path / "e.csv").write_text(EXPORT, encoding="utf-8")

    assert run(["import", str(tmp_path / "e.csv")]) == 2
    assert "--data DIR" in capsys.readouterr().err


@pytest.mark.skipif(not REAL_EXPORT.exists(), reason="the public sample export is not on this machine")
def test_the_public_sample_gives_twenty_pieces_once(terminal: Terminal) -> None:
    first = terminal(str(REAL_EXPORT), *NEW_SHOP, "--place", "Vitrine 1/Plateau 1", "--json")
    second = terminal(str(REAL_EXPORT), "--json")

    assert (first.code, first.document["new"], first.document["skipped"]) == (0, 20, 21)
    assert (second.document["new"], second.document["changed"], second.document["unchanged"]) == (0, 0, 20)
    assert second.document["proposed"] == []
