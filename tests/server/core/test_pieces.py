"""Words of the books for status and owner."""

import doctest

import pytest

from server.core import pieces
from server.core.pieces import Owner, PieceError, Status, parse_owner, parse_status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("", Status.IN_STOCK),
        ("En stock", Status.IN_STOCK),
        ("IN_STOCK", Status.IN_STOCK),
        ("réservée", Status.IN_STOCK),
        ("Sorti", Status.OUT),
        ("en réparation", Status.REPAIR),
        ("memo_out", Status.MEMO_OUT),
        ("VENDU", Status.SOLD),
        ("archivée", Status.ARCHIVED),
    ],
)
def test_a_status_is_read_in_french_and_english(word: str, status: Status) -> None:
    assert parse_status(word) is status


def test_an_unknown_status_is_refused_with_the_choices() -> None:
    with pytest.raises(PieceError, match="in_stock, out, repair, memo_out, sold, archived"):
        parse_status("lost?")


@pytest.mark.parametrize(
    ("word", "owner"),
    [
        ("", Owner.OWN),
        ("Propre", Owner.OWN),
        ("confié", Owner.CONSIGNED),
        ("Client", Owner.CUSTOMER),
        ("Mme Perrin", Owner.CONSIGNED),
    ],
)
def test_a_name_in_the_owner_column_is_somebody_else(word: str, owner: Owner) -> None:
    assert parse_owner(word) is owner


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(pieces).failed == 0
