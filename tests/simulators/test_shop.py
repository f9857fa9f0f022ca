"""The simulated shop: the same for the same seed, with every kind of discrepancy, heard as its radio hears."""

import csv
import json
import pathlib
from collections import Counter

import pytest

from simulators.__main__ import main
from simulators.catalogue import PREFIX
from simulators.epc import encode_giai96, encode_sgtin96
from simulators.oracle import SEVERITIES, judge
from simulators.shop import TRAY_PIECES, make_shop, ports_of, trays
from simulators.shop_files import reads_of, tags_of, write_shop
from simulators.tags import parse_tags

SHOP = make_shop(seed=7, pieces=300, days=3)


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(path: pathlib.Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# GS1 TDS 2.3 annex E.3; llrpkit emulator capture; node-epc tests; sllurp capture from a real reader; chafon-rfid tests.
@pytest.mark.parametrize(
    ("epc", "expected"),
    [
        (encode_giai96("9521141", 5678, filter_value=3), "3476451FD40000000000162E"),
        (encode_giai96("0614141", 0, filter_value=1), "3434257BF400000000000000"),
        (encode_giai96("0123456", 144115188075855873, filter_value=1), "343407890200000000000001"),
        (encode_sgtin96("0614141", indicator=8, item="12345", serial=6789), "3034257BF7194E4000001A85"),
        (encode_sgtin96("1234567", indicator=1, item="23456", serial=137438953473), "30344B5A1C78902000000001"),
        (
            encode_sgtin96("68100645113", indicator=9, item="7", serial=8263304295, filter_value=0),
            "3005FB63AC1F3841EC880467",
        ),
        (encode_sgtin96("360844", indicator=0, item="990478", serial=1705305), "3039606303C74380001A0559"),
        (encode_sgtin96("50712192365", indicator=8, item="8", serial=0, filter_value=6), "30C579D5D4ADB60000000000"),
    ],
)
def test_published_tag_is_encoded_bit_for_bit(epc: bytes, expected: str) -> None:
    assert epc.hex().upper() == expected


def test_number_that_does_not_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(ValueError, match="nothing is cut off"):
        encode_sgtin96("0614141", indicator=8, item="12345", serial=1 << 38)
    with pytest.raises(ValueError, match="nothing is cut off"):
        encode_giai96("9521141", 1 << 58)
    with pytest.raises(ValueError, match="6 to 12 digits"):
        encode_giai96("95211", 1)
    with pytest.raises(ValueError, match="12 digits together"):
        encode_sgtin96("0614141", indicator=8, item="1234", serial=1)


def test_same_seed_writes_the_same_bytes(tmp_path: pathlib.Path) -> None:
    for name in ("a", "b"):
        assert main(["shop", "--seed", "11", "--pieces", "120", "--days", "2", "--out", str(tmp_path / name)]) == 0
    write_shop(make_shop(seed=12, pieces=120, days=2), tmp_path / "c", seed=12)

    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_every_kind_of_discrepancy_is_there() -> None:
    assert {finding.kind for finding in judge(SHOP).findings} == set(SEVERITIES)


def test_without_history_every_silent_piece_is_missing() -> None:
    full, plain = judge(SHOP), judge(SHOP, with_history=False)
    full_kinds = Counter(finding.kind for finding in full.findings)
    silent = full_kinds["MISSING"] + full_kinds["MISSING_OVERNIGHT"] + full_kinds["LATE_MOVE"]

    assert Counter(finding.kind for finding in plain.findings)["MISSING"] == silent > full_kinds["MISSING"] > 0
    assert (plain.expected, plain.found) == (full.expected, full.found)


def test_found_and_silent_and_misplaced_make_the_expected_stock() -> None:
    verdict = judge(SHOP)
    kinds = Counter(finding.kind for finding in verdict.findings)
    absent = kinds["MISSING"] + kinds["MISSING_OVERNIGHT"] + kinds["LATE_MOVE"] + kinds["MISPLACED"]

    assert verdict.found == verdict.expected - absent


@pytest.mark.parametrize("pieces", [1, 2, 19, 20, 24, 26, 130])
def test_small_shop_stands_and_its_trays_hold_at_most_twenty_five(pieces: int) -> None:
    shop = make_shop(seed=3, pieces=pieces)

    assert len(shop.pieces) == pieces
    assert judge(shop).expected > 0
    assert len(trays(pieces)) * TRAY_PIECES >= pieces
    assert len({piece.epc for piece in shop.pieces}) == len({piece.tid for piece in shop.pieces}) == pieces


@pytest.mark.parametrize(("pieces", "days"), [(0, 1), (5, 0)])
def test_shop_of_nothing_is_refused(pieces: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        make_shop(seed=1, pieces=pieces, days=days)


def test_history_is_told_in_order_and_each_piece_moves_from_where_it_was() -> None:
    where = dict.fromkeys((piece.ref for piece in SHOP.pieces), "unknown")
    for move in SHOP.history:
        if move.source is not None and where[move.piece] != "unknown":
            assert where[move.piece] == move.source, move
        where[move.piece] = move.target or ""

    assert [move.at for move in SHOP.history] == sorted(move.at for move in SHOP.history)


def test_every_tray_is_heard_by_one_antenna_and_the_safe_by_the_sled() -> None:
    paths = trays(2400)
    ports = ports_of(paths)

    assert sorted(port.place for port in ports) == sorted(
        {p if not p.startswith("Coffre/") else "Coffre" for p in paths}
    )
    assert max(port.antenna for port in ports) == 4
    assert len({(port.reader_id, port.antenna) for port in ports}) == len(ports)


def test_strongest_antenna_is_the_one_of_the_tray_by_more_than_the_margin() -> None:
    strengths: dict[object, dict[object, float]] = {}
    for read in reads_of(SHOP, seed=7):
        rssi_sum, count = read["rssi_sum"], read["count"]
        assert isinstance(rssi_sum, int)
        assert isinstance(count, int)
        strengths.setdefault(read["tid_hex"], {})[read["place"]] = rssi_sum / count / 100
    truth = {chip.tid.hex().upper(): SHOP.heard_place(chip.place) for chip in SHOP.chips}

    assert strengths.keys() == truth.keys()
    for tid, heard in strengths.items():
        best, *others = sorted(heard, key=lambda place: -heard[place])
        assert best == truth[str(tid)]
        assert all(heard[best] - heard[other] > 6 for other in others)


def test_files_say_what_the_shop_is(tmp_path: pathlib.Path) -> None:
    write_shop(SHOP, tmp_path, seed=7)
    with (tmp_path / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["sku"] for row in rows] == [piece.ref for piece in SHOP.pieces]
    assert {row["status"] for row in rows} == {"in_stock", "out", "repair", "memo_out", "sold", "archived"}
    assert set(lines(tmp_path / "oracle_with_history.jsonl")[0]) == {
        "class",
        "piece",
        "tag",
        "place",
        "heard_in",
        "severity",
    }
    assert {line["kind"] for line in lines(tmp_path / "moves.jsonl")} <= {"sale", "out", "repair", "memo_out"}
    for reader, tags in tags_of(SHOP):
        assert parse_tags((tmp_path / "tags" / f"{reader}.jsonl").read_text()) == tags
    assert all(int(PREFIX) == int.from_bytes(chip.epc, "big") >> 58 & 0xFFFFFF for chip in SHOP.chips)
