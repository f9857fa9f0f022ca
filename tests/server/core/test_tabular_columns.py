"""The French template and its English aliases name the same columns."""

import doctest

import pytest

from server.core import tabular_columns
from server.core.errors import Malformed
from server.core.tabular_columns import ALIASES, canonical_column, columns_of


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Référence", "sku"),
        ("REFERENCE", "sku"),
        ("sku", "sku"),
        ("Emplacement", "place"),
        ("Prix de vente TTC", "retail_price"),
        ("retail_price", "retail_price"),
        ("Prix d’achat HT", "purchase_price"),
        ("N° livre de police", "register_no"),
        ("Code-barres", "barcode"),
        ("Titre ‰", "fineness"),
        ("Statut", "status"),
        ("unrelated", None),
        ("", None),
    ],
)
def test_a_heading_is_found_whatever_its_case_accents_and_punctuation(heading: str, name: str | None) -> None:
    assert canonical_column(heading) == name


def test_no_heading_stands_for_two_columns() -> None:
    folded = [
        tabular_columns.folded_heading(alias)
        for name, aliases in ALIASES.items()
        for alias in {tabular_columns.folded_heading(heading) for heading in (name, *aliases)}
    ]

    assert len(folded) == len(set(folded))


def test_two_headings_for_one_column_are_refused_by_name() -> None:
    with pytest.raises(Malformed, match="'Référence' and 'sku' both mean sku"):
        columns_of(["Référence", "Désignation", "sku"])


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(tabular_columns).failed == 0
