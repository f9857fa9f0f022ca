"""The oracle's rules, each on a shop small enough to see."""

import dataclasses
import datetime as dt

import pytest

from simulators.catalogue import Piece
from simulators.oracle import Finding, judge
from simulators.shop import Chip, Move, Shop

T0 = dt.datetime(2026, 3, 3, 8, tzinfo=dt.UTC)
TRAY, OTHER, SAFE_TRAY = "Vitrine 1/Plateau 1", "Vitrine 1/Plateau 2", "Coffre/Plateau 1"
RING = Piece("BAG-000001", "Alliance", TRAY, b"\x01\x01", b"\x02\x01", "BAG-000001.AAAAA", "in_stock", "", 45_000)


def chip(place: str = TRAY, *, epc: bytes = RING.epc, tid: bytes = RING.tid) -> Chip:
    return Chip(epc, tid, place, -50)


def findings(*chips: Chip, piece: Piece = RING, prior: bool = False, moved: bool = False) -> list[Finding]:
    shop = Shop(
        counted_at=T0,
        pieces=(piece,),
        chips=chips,
        ports=(),
        prior=((piece.ref, piece.place),) if prior else (),
        late_moves=(Move(T0, "sale", piece.ref, piece.place, None),) if moved else (),
        history=(),
    )
    return list(judge(shop).findings)


def finding(kind: str, severity: str, *, place: str = TRAY, heard_in: str = "") -> list[Finding]:
    return [Finding(kind, RING.ref, "0101", place, heard_in, severity)]


def with_status(status: str) -> Piece:
    return dataclasses.replace(RING, status=status)


def test_piece_heard_in_its_tray_is_no_finding() -> None:
    assert findings(chip(), prior=True) == []


def test_piece_heard_nowhere_is_missing() -> None:
    assert findings() == finding("MISSING", "high")


@pytest.mark.parametrize("change", [{"retail_cents": 200_000}, {"owner": "Mme Perrin"}])
def test_dear_or_not_owned_piece_is_critically_missing(change: dict[str, object]) -> None:
    assert findings(piece=dataclasses.replace(RING, **change)) == finding("MISSING", "critical")  # type: ignore[arg-type]


def test_piece_of_the_last_closing_is_missing_overnight() -> None:
    assert findings(prior=True) == finding("MISSING_OVERNIGHT", "critical")


def test_late_move_explains_more_than_the_night_does() -> None:
    assert findings(prior=True, moved=True) == finding("LATE_MOVE", "info")


def test_piece_heard_elsewhere_is_misplaced_and_not_missing() -> None:
    assert findings(chip(OTHER), prior=True) == finding("MISPLACED", "medium", heard_in=OTHER)


def test_safe_confirms_the_trays_it_holds() -> None:
    assert findings(chip("Coffre/Plateau 2"), piece=dataclasses.replace(RING, place=SAFE_TRAY)) == []


def test_tray_confirms_a_piece_kept_by_its_showcase_only() -> None:
    assert findings(chip(TRAY), piece=dataclasses.replace(RING, place="Vitrine 1")) == []


@pytest.mark.parametrize("status", ["out", "repair", "memo_out"])
def test_piece_that_is_out_and_heard_should_be_out(status: str) -> None:
    assert findings(chip(), piece=with_status(status)) == finding("SHOULD_BE_OUT", "medium", heard_in=TRAY)
    assert findings(piece=with_status(status)) == []


@pytest.mark.parametrize("status", ["sold", "archived"])
def test_sold_piece_that_is_heard_is_sold_present(status: str) -> None:
    assert findings(chip(OTHER), piece=with_status(status)) == finding("SOLD_PRESENT", "high", heard_in=OTHER)
    assert findings(piece=with_status(status)) == []


@pytest.mark.parametrize("status", ["in_stock", "sold", "out"])
def test_one_code_on_two_chips_goes_before_everything_else(status: str) -> None:
    clone = chip(OTHER, tid=b"\x09\x09")

    assert findings(clone, chip(), piece=with_status(status)) == finding("DUPLICATE_EPC", "critical", heard_in=TRAY)


def test_of_two_chips_the_one_bound_to_the_piece_says_where_it_is() -> None:
    assert findings(chip(tid=b"\x09\x09"), chip(OTHER)) == finding("DUPLICATE_EPC", "critical", heard_in=OTHER)


def test_tag_of_no_piece_is_unknown_where_it_is_heard() -> None:
    unknown = chip(OTHER, epc=b"\x0f\x0f")

    assert findings(chip(), unknown) == [Finding("UNKNOWN_TAG", "", "0F0F", OTHER, OTHER, "medium")]
