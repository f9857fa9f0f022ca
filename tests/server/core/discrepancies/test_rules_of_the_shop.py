"""Each class of discrepancy, in the trade's language: the shop is drawn, the answer is one line a finding."""

from server.core.discrepancies import CLASSES, misplaced
from server.core.discrepancies.finding import Finding, Severity
from server.core.discrepancies.misplaced import Misplaced
from server.core.ids import PieceRef, PlacePath
from tests.server.core.discrepancies.shop_picture import ShopPicture, draw, epc_of


def test_piece_heard_only_next_door_is_misplaced(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1 ring-2
    in Window:        chain-1
    heard in Safe:    ring-1
    heard in Window:  ring-1(-64 dBm) ring-2 chain-1
    """
    findings = list(misplaced.find(shop.comparison))

    assert findings == [
        Misplaced(PieceRef("ring-2"), epc_of("ring-2"), PlacePath("Safe"), PlacePath("Window"), Severity.MEDIUM)
    ]


def test_all_in_place_raises_nothing(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1 ring-2
    heard in Safe:    ring-1 ring-2
    """
    assert shop.findings == []
    assert shop.reconciliation.found == ("ring-1", "ring-2")


def test_silent_piece_is_missing(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1 ring-2
    heard in Safe:    ring-1
    """
    assert shop.findings == ["MISSING ring-2 Safe heard - high"]
    assert shop.reconciliation.found == ("ring-1",)


def test_missing_piece_of_value_or_of_somebody_else_is_critical(shop: ShopPicture) -> None:
    """
    in Safe: ring-1(1999 EUR) ring-2(2000 EUR) ring-3(consigned) ring-4(customer)
    """
    assert shop.findings == [
        "MISSING ring-1 Safe heard - high",
        "MISSING ring-2 Safe heard - critical",
        "MISSING ring-3 Safe heard - critical",
        "MISSING ring-4 Safe heard - critical",
    ]


def test_empty_reads_of_an_empty_shop_are_in_order(shop: ShopPicture) -> None:
    """
    in Safe: ring-1(sold) ring-2(repair) ring-3(archived)
    """
    assert shop.findings == []
    assert shop.reconciliation.expected == ()


def test_surplus_in_an_empty_place_is_never_in_order(shop: ShopPicture) -> None:
    """
    heard in Safe: stranger
    """
    assert shop.findings == [f"UNKNOWN_TAG {epc_of('stranger')} Safe heard Safe medium"]


def test_misplaced_piece_is_not_also_missing(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    in Window:        ring-2
    heard in Window:  ring-1 ring-2
    """
    assert shop.findings == ["MISPLACED ring-1 Safe heard Window medium"]


def test_equal_totals_with_two_pieces_swapped_are_two_findings(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    in Window:        ring-2
    heard in Safe:    ring-2
    heard in Window:  ring-1
    """
    assert shop.findings == ["MISPLACED ring-1 Safe heard Window medium", "MISPLACED ring-2 Window heard Safe medium"]


def test_read_above_or_below_the_home_confirms_it(shop: ShopPicture) -> None:
    """
    in Window/P1:        ring-1
    in Window:           ring-2
    heard in Window:     ring-1
    heard in Window/P1:  ring-2
    """
    assert shop.findings == []


def test_place_whose_name_only_starts_alike_confirms_nothing(shop: ShopPicture) -> None:
    """
    in Window/P1:         ring-1
    heard in Window/P10:  ring-1
    """
    assert shop.findings == ["MISPLACED ring-1 Window/P1 heard Window/P10 medium"]


def test_piece_without_a_place_is_never_missing_but_asked_about_when_heard(shop: ShopPicture) -> None:
    """
    without place:  ring-1 ring-2
    heard in Safe:  ring-1
    """
    assert shop.findings == ["MISPLACED ring-1 - heard Safe medium"]


def test_sold_piece_that_is_heard_is_high(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(sold) ring-2(archived)
    heard in Safe:  ring-1 ring-2
    """
    assert shop.findings == ["SOLD_PRESENT ring-1 Safe heard Safe high", "SOLD_PRESENT ring-2 Safe heard Safe high"]


def test_absent_piece_that_is_heard_should_be_out(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(out) ring-2(repair) ring-3(memo_out) ring-4(out)
    heard in Safe:  ring-1 ring-2 ring-3
    """
    assert shop.findings == [f"SHOULD_BE_OUT ring-{number} Safe heard Safe medium" for number in (1, 2, 3)]


def test_gap_after_a_closing_that_had_the_piece_is_overnight(shop: ShopPicture) -> None:
    """
    in Safe:       ring-1 ring-2
    last closing:  ring-1
    """
    assert shop.findings == ["MISSING ring-2 Safe heard - high", "MISSING_OVERNIGHT ring-1 Safe heard - critical"]


def test_move_logged_since_explains_a_gap_even_overnight(shop: ShopPicture) -> None:
    """
    in Safe:       ring-1 ring-2
    last closing:  ring-1 ring-2
    moved since:   ring-1> ring-2>Window
    """
    assert shop.findings == ["LATE_MOVE ring-1 Safe heard - info", "LATE_MOVE ring-2 Safe heard - info"]


def test_move_that_leads_back_home_explains_nothing(shop: ShopPicture) -> None:
    """
    in Safe:       ring-1
    moved since:   ring-1>Window ring-1>Safe
    """
    assert shop.findings == ["MISSING ring-1 Safe heard - high"]


def test_move_explains_where_the_piece_is_heard_and_no_other_place(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1 ring-2 ring-3(repair)
    heard in Window:  ring-1 ring-2 ring-3
    moved since:      ring-1>Window ring-2>Drawer ring-3>Window
    """
    assert shop.findings == [
        "LATE_MOVE ring-1 Safe heard Window info",
        "LATE_MOVE ring-3 Safe heard Window info",
        "MISPLACED ring-2 Safe heard Window medium",
    ]


def test_piece_sold_after_it_was_read_is_present(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1
    heard in Safe:  ring-1
    moved since:    ring-1>
    """
    assert shop.findings == []


def test_no_move_explains_a_sold_piece_that_is_heard(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(sold)
    heard in Safe:  ring-1
    moved since:    ring-1>Safe
    """
    assert shop.findings == ["SOLD_PRESENT ring-1 Safe heard Safe high"]


def test_one_content_bound_to_two_pieces_is_critical_and_proves_neither(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1 ring-2(tag:ring-1)
    heard in Safe:  ring-1
    """
    assert shop.findings == [
        "DUPLICATE_EPC ring-1 Safe heard Safe critical",
        "DUPLICATE_EPC ring-2 Safe heard Safe critical",
    ]
    assert shop.reconciliation.found == ()


def test_chip_tells_which_of_two_pieces_with_one_content_was_heard(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(tid:A) ring-2(tag:ring-1, tid:B)
    heard in Safe:  ring-1(tid:A)
    """
    assert shop.reconciliation.found == ("ring-1",)
    assert [line.split()[0] for line in shop.findings] == ["DUPLICATE_EPC", "DUPLICATE_EPC"]


def test_one_content_from_two_chips_is_a_clone(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1(tid:A)
    heard in Window:  ring-1(tid:B, -30 dBm)
    heard in Safe:    ring-1(tid:A)
    """
    assert shop.findings == ["DUPLICATE_EPC ring-1 Safe heard Safe critical"]
    assert shop.reconciliation.found == ("ring-1",)


def test_duplicate_content_outranks_every_other_finding(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1(sold) ring-2(out)
    heard in Window:  ring-1(tid:A) ring-1(tid:B) ring-2(tid:C) ring-2(tid:D)
    """
    assert [line.split()[0] for line in shop.findings] == ["DUPLICATE_EPC", "DUPLICATE_EPC"]


def test_unknown_content_from_two_chips_is_a_duplicate(shop: ShopPicture) -> None:
    """
    heard in Safe: stranger(tid:A) stranger(tid:B)
    """
    assert shop.findings == [f"DUPLICATE_EPC {epc_of('stranger')} Safe heard Safe critical"]


def test_label_used_again_after_a_sale_accuses_only_the_piece_in_stock_while_silent(shop: ShopPicture) -> None:
    """
    in Safe: ring-1(sold) ring-2(tag:ring-1)
    """
    assert shop.findings == ["DUPLICATE_EPC ring-2 Safe heard - critical"]


def test_sold_piece_heard_from_another_chip_is_sold_present(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(sold, tid:A)
    heard in Safe:  ring-1(tid:B)
    """
    assert shop.findings == ["SOLD_PRESENT ring-1 Safe heard Safe high"]


def test_content_from_another_chip_alone_confirms_nothing(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(tid:A)
    heard in Safe:  ring-1(tid:B)
    """
    assert shop.findings == ["TAG_MISMATCH ring-1 Safe heard Safe critical"]
    assert shop.reconciliation.found == ()


def test_reads_without_a_chip_s_name_count_while_one_chip_alone_answers(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1(tid:A)
    heard in Safe:    ring-1(tid:A, -65 dBm)
    heard in Window:  ring-1(-40 dBm)
    """
    assert shop.findings == ["MISPLACED ring-1 Safe heard Window medium"]


def test_reencoded_chip_still_finds_its_piece(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1(tid:A)
    heard in Safe:  rewritten(tid:A)
    """
    assert shop.findings == []
    assert shop.reconciliation.found == ("ring-1",)


def test_weaker_hearing_by_six_decibels_is_a_stray(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    heard in Safe:    ring-1(-40 dBm)
    heard in Window:  ring-1(-46 dBm)
    """
    assert shop.findings == []
    assert shop.reconciliation.strays == 1


def test_two_places_within_six_decibels_are_ambiguous(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    heard in Safe:    ring-1(-40 dBm)
    heard in Window:  ring-1(-45 dBm)
    """
    assert shop.findings == ["AMBIGUOUS_LOCATION ring-1 Safe heard Safe medium"]
    assert shop.reconciliation.found == ()


def test_many_weak_reads_do_not_outweigh_one_strong_place(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    heard in Safe:    ring-1(-40 dBm, 2 reads)
    heard in Window:  ring-1(-60 dBm, 900 reads)
    """
    assert shop.findings == []


def test_two_strange_places_leave_no_doubt_that_it_is_not_at_home(shop: ShopPicture) -> None:
    """
    in Safe:          ring-1
    heard in Window:  ring-1(-40 dBm)
    heard in Drawer:  ring-1(-42 dBm)
    """
    assert shop.findings == ["MISPLACED ring-1 Safe heard Window medium"]


def test_unknown_code_counted_fewer_than_three_times_is_a_ghost(shop: ShopPicture) -> None:
    """
    heard in Safe: faint(2 reads) clear(3 reads) chip(1 reads, tid:T) once(9 reads, 1 passes)
    """
    assert [line.split()[1] for line in shop.findings] == sorted([epc_of("clear"), epc_of("chip")])
    assert shop.reconciliation.ghosts == 2


def test_known_code_is_never_a_ghost(shop: ShopPicture) -> None:
    """
    in Safe:        ring-1
    heard in Safe:  ring-1(1 reads, 1 passes)
    """
    assert shop.findings == []


def test_every_class_can_be_found() -> None:
    crowded = draw(
        """
        in Safe: a b(sold) c(out) d e f g(tag:x) h(tag:x) i(tid:I)
        heard in Window: b c d z
        heard in Safe: f(-45 dBm) i(tid:J)
        heard in Drawer: f(-44 dBm)
        last closing: e
        moved since: d>Window
        """
    )
    crowded.pieces.append(draw("in Safe: m").pieces[0])
    crowded.observations += draw("heard in Window: m").observations

    found = {finding.code for finding in crowded.reconciliation.discrepancies}

    declared = {
        member.code
        for module in CLASSES
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Finding) and member.__module__ == module.__name__
    }
    assert found == declared
