"""The frozen books."""

import pytest

from server.core.expected import SameReference, freeze
from server.core.ids import Epc, PieceRef, PlacePath, Tid
from server.core.pieces import Piece, Status

SAFE = PlacePath("Safe")


def test_only_pieces_in_stock_with_a_place_are_expected() -> None:
    pieces = [Piece(PieceRef(status.value), SAFE, status) for status in Status] + [Piece(PieceRef("unplaced"), None)]

    assert freeze(pieces).expected() == ("in_stock",)


def test_two_pieces_of_one_reference_are_refused() -> None:
    with pytest.raises(SameReference):
        freeze([Piece(PieceRef("ring-1"), SAFE), Piece(PieceRef("ring-1"), None)])


def test_tags_that_differ_only_in_filter_lead_to_one_entry() -> None:
    stock = freeze(
        [
            Piece(PieceRef("ring-1"), SAFE, epc=Epc("3034257BF7194E4000001A85")),
            Piece(PieceRef("ring-2"), SAFE, epc=Epc("3074257BF7194E4000001A85")),
        ]
    )

    assert list(stock.by_tag.values()) == [("ring-1", "ring-2")]


def test_a_chip_noted_for_two_pieces_leads_to_neither() -> None:
    shared, own = Tid("E2801160"), Tid("E2801161")
    pieces = [
        Piece(PieceRef("ring-1"), SAFE, tid=shared),
        Piece(PieceRef("ring-2"), SAFE, tid=shared),
        Piece(PieceRef("ring-3"), SAFE, tid=own),
    ]

    assert dict(freeze(pieces).by_tid) == {own: "ring-3"}


def test_the_order_of_the_books_does_not_matter() -> None:
    pieces = [Piece(PieceRef(f"ring-{number}"), SAFE) for number in range(5)]

    assert list(freeze(reversed(pieces)).pieces) == list(freeze(pieces).pieces)
