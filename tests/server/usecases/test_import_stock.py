"""A file of pieces becomes pieces of the shop, whole or not at all, and once however often it comes."""

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from server.core.announcement import Announcement
from server.core.errors import Malformed
from server.core.ids import PieceRef
from server.core.log.events import EventType, Leaf
from server.store import log, places, stock
from server.store.tables import Label, Move, PieceFacts, Proposal, Row, table
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.import_stock import Choices, import_stock
from server.usecases.open_shop import ShopExists, open_shop
from tests.server.usecases.stock_files import bring_in, stock_file

TWO_ROWS = ("A-1; Alliance; 2; 1 200,00; Vitrine 1/Plateau 2", "A-2; Jonc; 1; 80; ")


def rows_of(store: Store, model: type[Row]) -> list[Any]:
    return list(store.read(lambda connection: connection.execute(select(table(model))).all()))


def leaves(store: Store) -> list[Leaf]:
    return [Leaf.from_bytes(one.raw) for one in store.read(lambda c: log.leaves(c, store.shop_id))]


def snapshot(store: Store) -> list[list[Any]]:
    return [rows_of(store, model) for model in (PieceFacts, Label, Move, Proposal)] + [list(leaves(store))]


def test_pieces_get_references_labels_places_and_one_leaf(shop: Store) -> None:
    outcome = bring_in(shop, *TWO_ROWS)

    found = shop.read(lambda c: stock.pieces(c, shop.shop_id))
    paths = shop.read(lambda c: places.paths(c, shop.shop_id))
    assert [piece.ref for piece in found] == ["BAG-000001", "BAG-000002", "BAG-000003"]
    assert [paths.get(piece.place_id) if piece.place_id else None for piece in found] == [
        "Vitrine 1/Plateau 2",
        "Vitrine 1/Plateau 2",
        None,
    ]
    assert [piece.retail_minor for piece in found] == [120000, 120000, 8000]
    assert [label.code for label in rows_of(shop, Label)] == [
        "BAG-000001.AAAA2",
        "BAG-000002.AAAA3",
        "BAG-000003.AAAA4",
    ]
    opened, applied = leaves(shop)
    assert opened.type is EventType.SHOP_OPENED
    assert applied.type is EventType.IMPORT_APPLIED
    assert applied.subject.id == outcome.import_id
    assert (applied.body["new"], applied.body["first_ref"], applied.body["places_new"]) == (3, "BAG-000001", 2)
    assert {move.leaf_seq for move in rows_of(shop, Move)} == {applied.seq}


def test_no_free_text_of_the_file_reaches_the_log(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS)

    raw = b"".join(one.raw for one in shop.read(lambda c: log.leaves(c, shop.shop_id)))
    assert b"Alliance" not in raw
    assert b"stock.csv" not in raw
    assert b"Maison Claire" not in raw


def test_the_same_file_twice_changes_nothing(shop: Store, announced: list[Announcement]) -> None:
    bring_in(shop, *TWO_ROWS)
    before = snapshot(shop)
    announced.clear()

    outcome = bring_in(shop, *TWO_ROWS)

    assert (outcome.plan.unchanged, outcome.import_id) == (3, None)
    assert snapshot(shop) == before
    assert announced == []


def test_a_changed_price_is_a_further_description_of_the_same_piece(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS)

    bring_in(shop, "A-1; Alliance; 2; 1 300,00; Vitrine 1/Plateau 2")

    piece = shop.read(lambda c: stock.piece_by_ref(c, shop.shop_id, PieceRef("BAG-000001")))
    facts = [json.loads(row.body)["retail_minor"] for row in rows_of(shop, PieceFacts) if row.piece_id == piece.id]
    assert piece.retail_minor == 130000
    assert facts == [120000, 130000]


def test_a_smaller_quantity_is_asked_once_and_removes_nothing(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS)

    bring_in(shop, "A-1; Alliance; 1; 1 200,00; Vitrine 1/Plateau 2")
    again = bring_in(shop, "A-1; Alliance; 1; 1 200,00; Vitrine 1/Plateau 2")

    assert len(shop.read(lambda c: stock.pieces(c, shop.shop_id))) == 3
    assert [row.kind for row in rows_of(shop, Proposal)] == ["fewer"]
    assert again.import_id is None


def test_nothing_is_applied_while_a_row_is_rejected(shop: Store) -> None:
    outcome = bring_in(shop, *TWO_ROWS, "A-3; Collier; many; 10; ")

    assert [rejected.row for rejected in outcome.plan.rejected] == [4]
    assert outcome.import_id is None
    assert shop.read(lambda c: stock.pieces(c, shop.shop_id)) == ()
    assert len(leaves(shop)) == 1


def test_the_other_rows_are_applied_when_asked(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS, "A-3; Collier; many; 10; ", skip_rejected=True)

    assert len(shop.read(lambda c: stock.pieces(c, shop.shop_id))) == 3
    assert leaves(shop)[1].body["rejected"] == 1


def test_pieces_without_a_place_go_where_the_person_says(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS, place="Coffre")

    paths = shop.read(lambda c: places.paths(c, shop.shop_id))
    found = shop.read(lambda c: stock.pieces(c, shop.shop_id))
    assert [paths[piece.place_id] for piece in found if piece.place_id][2] == "Coffre"


def test_an_import_that_fails_leaves_nothing(shop: Store) -> None:
    bring_in(shop, "A-0; Bague; 1; 1; ")
    before = snapshot(shop)

    with pytest.raises(Malformed, match="64"):
        shop.run(_import_with_bad_label)

    assert snapshot(shop) == before


def _import_with_bad_label(unit: UnitOfWork) -> None:
    def refuse() -> str:
        raise Malformed("64")

    import_stock(unit, stock_file(*TWO_ROWS), Choices(), label_suffix=refuse)


def test_a_tag_named_in_the_file_is_bound_to_its_piece(shop: Store) -> None:
    bring_in(shop, "A-1; Alliance; 1; 10; ; ; 3034257bf7194e4000001a85")

    tags = shop.read(lambda c: stock.tags_in_use(c, shop.shop_id))
    piece = shop.read(lambda c: stock.pieces(c, shop.shop_id))[0]
    assert dict(tags) == {"3034257BF7194E4000001A85": piece.id}


def test_a_folder_has_one_shop(shop: Store) -> None:
    with pytest.raises(ShopExists, match="already has a shop"):
        shop.run(lambda unit: open_shop(unit, name="Other", zone="Europe/Paris", currency="EUR"))


@pytest.mark.parametrize(
    ("name", "zone", "currency", "complaint"),
    [
        ("", "Europe/Paris", "EUR", "shop's name"),
        ("M", "Paris", "EUR", "time zone"),
        ("M", "../etc/passwd", "EUR", "time zone"),
        ("M", "Europe/Paris", "euro", "currency"),
    ],
)
def test_a_shop_needs_a_name_a_zone_and_a_currency(
    tmp_path_factory: pytest.TempPathFactory, name: str, zone: str, currency: str, complaint: str
) -> None:
    with Store(tmp_path_factory.mktemp("new") / "b.sqlite3") as store, pytest.raises(Malformed, match=complaint):
        store.run(lambda unit: open_shop(unit, name=name, zone=zone, currency=currency))


def test_one_import_key_stands_for_one_piece_in_the_database_too(shop: Store) -> None:
    bring_in(shop, *TWO_ROWS)

    with pytest.raises(IntegrityError, match="never overwritten"):
        shop.run(
            lambda unit: unit.conn.exec_driver_sql(
                "INSERT OR REPLACE INTO import_keys SELECT shop_id, key, piece_id, import_id FROM import_keys"
            )
        )
