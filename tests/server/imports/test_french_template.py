"""Our own stock file, as French shops fill it in."""

from pathlib import Path

import pytest
import xlsxwriter

from server.core.ids import Epc, PlacePath
from server.core.money import Money
from server.core.pieces import Owner, Status
from server.imports.french_template import read_template
from server.imports.lines import Reading
from server.imports.mappings import UnknownFile, mapping_for
from server.imports.tabular import read_table

HEAD = "Référence;Désignation;Catégorie;Prix de vente TTC;Prix d'achat HT;Poids total g;Emplacement;Propriétaire;Statut;EPC;Déposant"
ROW = "A-12;Solitaire « Étoile »;Bague;1 234,50 €;600,00;3,45;Boutique/Vitrine 3/Plateau 5;confié;;3034257bf7194e4000001a85;M. Œuvrard"


def reading(tmp_path: Path, *rows: str, head: str = HEAD, encoding: str = "cp1252") -> Reading:
    path = tmp_path / "stock.csv"
    path.write_bytes("\r\n".join((head, *rows, "")).encode(encoding))
    return read_template(read_table(path), currency="EUR")


def test_a_windows_file_with_semicolons_and_decimal_commas_is_read(tmp_path: Path) -> None:
    found = reading(tmp_path, ROW)

    (line,) = found.lines
    assert found.rejected == ()
    assert (line.row, line.reference, line.quantity, line.status) == (2, "A-12", 1, Status.IN_STOCK)
    assert line.place == PlacePath("Vitrine 3/Plateau 5")
    assert line.epc == Epc("3034257BF7194E4000001A85")
    assert line.facts.name == "Solitaire « Étoile »"
    assert line.facts.owner is Owner.CONSIGNED
    assert line.facts.retail == Money(123450, "EUR")
    assert line.facts.details == {"depositor": "M. Œuvrard", "purchase_minor": 60000, "weight_mg": 3450}


def test_a_workbook_gives_the_same_line_as_the_csv(tmp_path: Path) -> None:
    path = tmp_path / "stock.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for column, (heading, text) in enumerate(zip(HEAD.split(";"), ROW.split(";"), strict=True)):
            sheet.write_string(0, column, heading)
            if heading == "Prix de vente TTC":
                sheet.write_number(1, column, 1234.5)
            else:
                sheet.write_string(1, column, text)
    table = read_table(path)

    assert mapping_for(table.header).name == "template"
    assert read_template(table, currency="EUR").lines == reading(tmp_path, ROW).lines


def test_english_headings_are_the_same_columns(tmp_path: Path) -> None:
    found = reading(
        tmp_path, "A-12,Ring,1234.50,Showcase 3/Tray 5", head="sku,title,retail_price,place", encoding="utf-8"
    )

    assert found.lines[0].facts.retail == Money(123450, "EUR")
    assert found.lines[0].place == PlacePath("Showcase 3/Tray 5")


def test_a_quantity_column_makes_several_pieces_of_a_row(tmp_path: Path) -> None:
    found = reading(tmp_path, "A-12;Créoles;3", "A-13;Jonc;", head="Référence;Désignation;Quantité")

    assert [line.quantity for line in found.lines] == [3, 1]
    assert found.unused == ()


def test_columns_we_do_not_know_are_named(tmp_path: Path) -> None:
    assert reading(tmp_path, "A-12;Jonc;x", head="Référence;Désignation;Humeur").unused == ("Humeur",)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"Référence": ""}, "Référence", "own"),
        ({"Désignation": ""}, "Désignation", "no designation"),
        ({"Prix de vente TTC": "12,345,6"}, "Prix de vente TTC", "separators"),
        ({"Poids total g": "lourd"}, "Poids total g", "not a weight"),
        ({"Poids total g": "1,2345"}, "Poids total g", "not a weight"),
        ({"EPC": "30-ZZ"}, "EPC", "not the content of a tag"),
        ({"Statut": "perdu ?"}, "Statut", "not a status"),
        ({"Emplacement": "/"}, "Emplacement", "names no place"),
    ],
)
def test_a_row_that_cannot_be_taken_says_where_and_why(
    tmp_path: Path, cells: dict[str, str], column: str, reason: str
) -> None:
    filled = dict(zip(HEAD.split(";"), ROW.split(";"), strict=True)) | cells

    found = reading(tmp_path, ";".join(filled.values()), "B-1;Jonc;;;;;;;;;")

    (rejected,) = found.rejected
    assert (rejected.row, rejected.column) == (2, column)
    assert reason in rejected.reason
    assert [line.reference for line in found.lines] == ["B-1"]


def test_a_mapping_asked_for_by_name_must_fit_the_headings(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("Référence;Désignation\nA;B\n", encoding="utf-8")
    header = read_table(path).header

    with pytest.raises(UnknownFile, match="not those of shopify"):
        mapping_for(header, "shopify")
    with pytest.raises(UnknownFile, match="no mapping 'odoo'"):
        mapping_for(header, "odoo")
