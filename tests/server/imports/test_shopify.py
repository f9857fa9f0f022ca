"""Shopify's product export, older and current layout."""

from pathlib import Path

import pytest

from server.core.money import Money
from server.imports.lines import Reading
from server.imports.mappings import UnknownFile, mapping_for
from server.imports.shopify import read_shopify
from server.imports.tabular import Table, read_table

REAL_EXPORT = Path(__file__).resolve().parents[4] / "shared" / "data" / "shopify_jewelery.csv"
OLDER = (
    "Handle,Title,Type,Vendor,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,"
    "Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Cost per item,Image Src\n"
)
CURRENT = (
    "Title,URL handle,Type,Vendor,SKU,Barcode,Option1 name,Option1 value,Option2 name,Option2 value,Option3 name,"
    "Option3 value,Price,Cost per item,Inventory quantity,Product image URL\n"
)


def table(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def reading(tmp_path: Path, rows: str, head: str = OLDER) -> Reading:
    return read_shopify(table(tmp_path, head + rows), currency="EUR")


def test_a_variant_row_is_a_line_and_an_image_row_is_skipped(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        "ring,Alliance,Bague,Atelier,Taille,52,,,,,AL-52,2,1250.00,'0376001,400.00,a.jpg\n"
        "ring,,,,,54,,,,,AL-54,1,1250.00,,,b.jpg\n"
        "ring,,,,,,,,,,,,,,,c.jpg\n",
    )

    assert found.skipped == 1
    assert found.rejected == ()
    first, second = found.lines
    assert (first.row, first.reference, first.options, first.quantity) == (2, "ring", ("52",), 2)
    assert first.facts.name == "Alliance (52)"
    assert (first.facts.sku, first.facts.barcode) == ("AL-52", "0376001")
    assert first.facts.retail == Money(125000, "EUR")
    assert first.facts.details == {"supplier": "Atelier", "purchase_minor": 40000}
    assert (second.row, second.options, second.facts.category) == (3, ("54",), "Bague")


def test_a_product_without_variants_has_no_options(tmp_path: Path) -> None:
    found = reading(tmp_path, "moon,Lune,Collier,,Title,Default Title,,,,,,1,10.00,,,\n")

    assert found.lines[0].options == ()
    assert found.lines[0].facts.name == "Lune"


def test_the_current_layout_reads_the_same(tmp_path: Path) -> None:
    old = reading(tmp_path, "ring,Alliance,Bague,Atelier,Taille,52,,,,,AL-52,2,1250.00,376,400.00,a.jpg\n")
    new = reading(tmp_path, "Alliance,ring,Bague,Atelier,AL-52,376,Taille,52,,,,,1250.00,400.00,2,a.jpg\n", CURRENT)

    assert new.lines == old.lines


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",Alliance,,,,,,,,,,1,10.00,,,", "Handle", "no handle"),
        ("ring,,,,,,,,,,,1,10.00,,,", "Title", "no title"),
        ("ring,Alliance,,,,,,,,,,one,10.00,,,", "Variant Inventory Qty", "not a quantity"),
        ("ring,Alliance,,,,,,,,,,-3,10.00,,,", "Variant Inventory Qty", "negative"),
        ("ring,Alliance,,,,,,,,,,1.5,10.00,,,", "Variant Inventory Qty", "not a quantity"),
        ("ring,Alliance,,,,,,,,,,99999,10.00,,,", "Variant Inventory Qty", "by weight"),
        ("ring,Alliance,,,,,,,,,,1,ten,,,", "Variant Price", "not an amount"),
        ("ring,Alliance,,,,,,,,,,1,-10.00,,,", "Variant Price", "negative"),
        ("ring,Alliance,,,,,,,,,,1,10.005,,,", "Variant Price", "decimals"),
        ("ring,Alli\x07ance,,,,,,,,,,1,10.00,,,", "Title", "cannot be shown"),
        (f"ring,{'x' * 500},,,,,,,,,,1,10.00,,,", "Title", "500 characters"),
    ],
)
def test_a_row_that_cannot_be_taken_says_where_and_why(tmp_path: Path, row: str, column: str, reason: str) -> None:
    found = reading(tmp_path, f"{row}\nmoon,Lune,,,,,,,,,,1,10.00,,,\n")

    (rejected,) = found.rejected
    assert (rejected.row, rejected.column) == (2, column)
    assert reason in rejected.reason
    assert [line.reference for line in found.lines] == ["moon"]


def test_shopifys_inventory_export_is_not_taken_for_products(tmp_path: Path) -> None:
    inventory = table(tmp_path, "Handle,Title,Option1 Name,Option1 Value,SKU,On hand (current)\nring,A,,,,1\n")

    with pytest.raises(UnknownFile, match="Handle, Title"):
        mapping_for(inventory.header)


@pytest.mark.skipif(not REAL_EXPORT.exists(), reason="the public sample export is not on this machine")
def test_the_public_sample_gives_twenty_pieces_from_forty_one_rows() -> None:
    found_table = read_table(REAL_EXPORT)
    found = mapping_for(found_table.header).read(found_table, currency="USD")

    assert len(found_table.rows) == 41
    assert sum(line.quantity for line in found.lines) == 20
    assert found.skipped + sum(line.quantity == 0 for line in found.lines) == 21
    assert found.rejected == ()
