"""What an import would do, worked out before anything is written."""

from hypothesis import given
from hypothesis import strategies as st

from server.core.ids import Epc, PieceId, PieceRef, PlacePath
from server.core.pieces import Status
from server.imports.lines import Facts, Line, Reading
from server.imports.plan import Books, KnownPiece, Plan, import_key, plan_import

TAG = Epc("3034257BF7194E4000001A85")


def line(
    reference: str = "ring",
    *,
    quantity: int = 1,
    name: str = "Alliance",
    row: int = 2,
    options: tuple[str, ...] = (),
    place: str | None = None,
    epc: Epc | None = None,
) -> Line:
    return Line(
        row=row,
        reference=reference,
        options=options,
        quantity=quantity,
        facts=Facts(name=name),
        place=None if place is None else PlacePath(place),
        epc=epc,
        epc_column="EPC",
    )


def known_after(*lines: Line, status: Status = Status.IN_STOCK) -> dict[str, KnownPiece]:
    """The books after these lines were applied."""
    found: dict[str, KnownPiece] = {}
    for one in lines:
        for ordinal in range(1, one.quantity + 1):
            key = import_key("shopify", one, ordinal)
            found[key] = KnownPiece(
                id=PieceId(key),
                ref=PieceRef(f"BAG-{len(found) + 1:06d}"),
                facts=one.facts.to_text(),
                facts_n=1,
                place=one.place,
                status=status,
                epc=one.epc,
            )
    return found


def plan(*lines: Line, books: Books | None = None) -> Plan:
    return plan_import(Reading(lines, (), 0), source="shopify", books=books or Books())


def test_a_quantity_of_three_makes_three_pieces_with_their_own_keys() -> None:
    planned = plan(line(quantity=3))

    assert [new.key for new in planned.new] == [f'["shopify","ring",[],{n}]' for n in (1, 2, 3)]


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["Alliance", "Jonc"])), max_size=8))
def test_the_same_file_twice_changes_nothing(rows: list[tuple[int, str]]) -> None:
    lines = [line(f"ref-{n}", quantity=q, name=name, row=n + 2) for n, (q, name) in enumerate(rows)]

    again = plan(*lines, books=Books(known=known_after(*lines)))

    assert again.is_empty
    assert again.unchanged == sum(quantity for quantity, _ in rows)
    assert again.rejected == ()


def test_another_name_is_a_change_of_the_same_piece() -> None:
    books = Books(known=known_after(line()))

    planned = plan(line(name="Alliance or"), books=books)

    assert [changed.piece.ref for changed in planned.changed] == ["BAG-000001"]
    assert planned.new == ()


def test_a_larger_quantity_adds_only_what_is_new() -> None:
    planned = plan(line(quantity=3), books=Books(known=known_after(line(quantity=2))))

    assert [new.key for new in planned.new] == ['["shopify","ring",[],3]']
    assert planned.unchanged == 2


def test_a_smaller_quantity_asks_and_removes_nothing() -> None:
    planned = plan(line(quantity=1), books=Books(known=known_after(line(quantity=3))))

    assert [(ask.kind, ask.piece.ref) for ask in planned.proposed] == [("fewer", "BAG-000003"), ("fewer", "BAG-000002")]
    assert planned.new == ()
    assert planned.changed == ()


def test_quantity_zero_is_skipped_and_asks_about_the_piece_that_was_there() -> None:
    assert plan(line(quantity=0)).skipped == 1
    planned = plan(line(quantity=0), books=Books(known=known_after(line())))

    assert [ask.kind for ask in planned.proposed] == ["fewer"]


def test_a_sold_piece_explains_a_smaller_quantity() -> None:
    books = Books(known=known_after(line(quantity=1), status=Status.SOLD))

    assert plan(line(quantity=0), books=books).proposed == ()


def test_a_question_that_waits_is_not_asked_again() -> None:
    known = known_after(line(quantity=2))
    waiting = frozenset({(known['["shopify","ring",[],2]'].id, "fewer")})

    assert plan(line(quantity=1), books=Books(known=known, asked=waiting)).is_empty


def test_another_place_in_the_file_asks_and_moves_nothing() -> None:
    books = Books(known=known_after(line(place="Vitrine 1")))

    (ask,) = plan(line(place="Vitrine 2"), books=books).proposed

    assert (ask.kind, ask.place) == ("place", PlacePath("Vitrine 2"))


def test_a_file_that_says_no_place_asks_nothing() -> None:
    assert plan(line(), books=Books(known=known_after(line(place="Vitrine 1")))).is_empty


def test_variants_of_a_product_are_different_pieces() -> None:
    planned = plan(line(options=("52",)), line(options=("54",), row=3))

    assert len({new.key for new in planned.new}) == 2


def test_a_row_that_repeats_another_is_rejected() -> None:
    planned = plan(line(row=2), line(row=9))

    (rejected,) = planned.rejected
    assert rejected.row == 9
    assert "repeats 'ring' of line 2" in rejected.reason


def test_one_tag_is_on_one_piece() -> None:
    in_file = plan(line("a", epc=TAG), line("b", row=3, epc=TAG))
    in_shop = plan(line("a", epc=TAG), books=Books(epcs_in_use={TAG: PieceId("other")}))
    on_three = plan(line("a", epc=TAG, quantity=3))

    assert [rejected.row for rejected in in_file.rejected] == [3]
    assert "already in use" in in_shop.rejected[0].reason
    assert "its own row" in on_three.rejected[0].reason


def test_a_tag_known_for_its_piece_is_no_complaint_but_another_is() -> None:
    tagged = line("a", epc=TAG)
    books = Books(known=known_after(tagged), epcs_in_use={TAG: PieceId("a")})

    assert plan(tagged, books=books).is_empty
    assert "piece in hand" in plan(line("a", epc=Epc("E2801160")), books=books).rejected[0].reason
