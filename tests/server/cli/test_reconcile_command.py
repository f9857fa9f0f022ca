"""`baguier reconcile` on files: good ones, and each way in which a file can be wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tests.server.cli.conftest import Ran

Baguier = Callable[..., Ran]
BOOKS = """sku,place,epc,tid,status,owner,retail_price
B-1,Vitrine 1/P1,3034257BF7194E4000001A85,,in_stock,,405.00
B-2,Vitrine 1/P1,A1,,,,2500.00
B-3,Vitrine 1/P2,A3,,vendu,,
B-4,Vitrine 1/P2,A4,,,Mme Perrin,10
"""
READS = [
    {"id_hex": "3074257bf7194e4000001a85", "place": "Vitrine 1/P1"},
    {"id_hex": "A3", "place": "Vitrine 1/P2"},
    {"id_hex": "FF", "place": "Vitrine 1/P2"},
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    expected, reads = tmp_path / "expected.csv", tmp_path / "reads.jsonl"
    expected.write_text(BOOKS, encoding="utf-8")
    reads.write_text("".join(json.dumps(read) + "\n" for read in READS), encoding="utf-8")
    return expected, reads


def test_the_answer_has_the_shape_of_the_contract(baguier: Baguier, files: tuple[Path, Path]) -> None:
    expected, reads = files

    ran = baguier("reconcile", "--expected", expected, "--reads", reads, "--json")

    assert ran.code == 0
    assert ran.document["place"] == "Vitrine 1"
    assert (ran.document["expected"], ran.document["found"], ran.document["completeness"]) == (3, 1, 0.3333)
    assert len(ran.document["digest"]) == 64
    assert ran.document["discrepancies"] == [
        {
            "class": "MISSING",
            "piece": "B-2",
            "tag": "A1",
            "place": "Vitrine 1/P1",
            "heard_in": None,
            "severity": "critical",
        },
        {
            "class": "MISSING",
            "piece": "B-4",
            "tag": "A4",
            "place": "Vitrine 1/P2",
            "heard_in": None,
            "severity": "critical",
        },
        {
            "class": "SOLD_PRESENT",
            "piece": "B-3",
            "tag": "A3",
            "place": "Vitrine 1/P2",
            "heard_in": "Vitrine 1/P2",
            "severity": "high",
        },
        {
            "class": "UNKNOWN_TAG",
            "piece": None,
            "tag": "FF",
            "place": "Vitrine 1/P2",
            "heard_in": "Vitrine 1/P2",
            "severity": "medium",
        },
    ]


def test_people_get_one_line_a_finding(baguier: Baguier, files: tuple[Path, Path]) -> None:
    expected, reads = files

    ran = baguier("reconcile", "--expected", expected, "--reads", reads)

    assert ran.out.splitlines()[0] == "Vitrine 1: 1 found of 3 expected"
    assert len(ran.out.splitlines()) == 6


def test_the_french_template_as_a_workbook_gives_the_same_digest(
    baguier: Baguier, files: tuple[Path, Path], tmp_path: Path
) -> None:
    expected, reads = files
    workbook = tmp_path / "stock.xlsx"
    book = xlsxwriter.Workbook(workbook)
    sheet = book.add_worksheet()
    headings = ["Référence", "Emplacement", "EPC", "TID", "Statut", "Propriétaire", "Prix de vente TTC"]
    for number, line in enumerate([headings, *(row.split(",") for row in BOOKS.splitlines()[1:])]):
        sheet.write_row(number, 0, line)
    book.close()

    digests = {
        baguier("reconcile", "--expected", path, "--reads", reads, "--json").document["digest"]
        for path in (expected, workbook)
    }

    assert len(digests) == 1


def test_a_french_file_with_decimal_commas_in_windows_letters_is_read(
    baguier: Baguier, files: tuple[Path, Path], tmp_path: Path
) -> None:
    french = tmp_path / "stock.csv"
    french.write_bytes(
        "Référence;Emplacement;EPC;Prix de vente TTC\r\nB-1;Vitrine é/P1;A1;1 999,99 €\r\nB-2;Vitrine é/P1;A2;2 000,00\r\n".encode(
            "cp1252"
        )
    )

    ran = baguier("reconcile", "--expected", french, "--reads", files[1], "--json")

    severities = {row["piece"]: row["severity"] for row in ran.document["discrepancies"] if row["piece"]}
    assert severities == {"B-1": "high", "B-2": "critical"}


def test_last_closing_moves_and_settings_are_used(baguier: Baguier, files: tuple[Path, Path], tmp_path: Path) -> None:
    prior, moves, policy, params = (
        tmp_path / name for name in ("prior.csv", "moves.jsonl", "policy.json", "params.json")
    )
    prior.write_text("sku,place\nB-2,Vitrine 1/P1\nB-4,Vitrine 1/P2\n")
    moves.write_text(
        '{"at": "2026-03-03T08:20:00Z", "kind": "repair", "piece": "B-4", "from": "Vitrine 1/P2", "to": null}\n'
    )
    policy.write_text('{"high_value": 1, "currency": "EUR"}')
    params.write_text('{"margin_cdb": 300, "ghost_reads_min": 1}')

    ran = baguier(
        "reconcile", "--expected", files[0], "--reads", files[1], "--prior", prior, "--moves", moves,
        "--policy", policy, "--params", params, "--json",
    )  # fmt: skip

    classes = {row["piece"]: row["class"] for row in ran.document["discrepancies"]}
    assert classes == {"B-2": "MISSING_OVERNIGHT", "B-4": "LATE_MOVE", "B-3": "SOLD_PRESENT", None: "UNKNOWN_TAG"}


def test_an_empty_file_of_reads_makes_everything_missing(baguier: Baguier, files: tuple[Path, Path]) -> None:
    files[1].write_text("")

    ran = baguier("reconcile", "--expected", files[0], "--reads", files[1], "--json")

    assert (ran.document["found"], ran.document["completeness"]) == (0, 0.0)
    assert [row["class"] for row in ran.document["discrepancies"]] == ["MISSING"] * 3


@pytest.mark.parametrize(
    ("books", "sentence"),
    [
        (
            "place,epc\nX,A1\n",
            "expected.csv has no column 'sku' (French template: 'Référence'); its headings are 'place', 'epc'.",
        ),
        ("sku,epc\nX,A1\n", "expected.csv has no column 'place'"),
        ("sku,Référence,place\nA,B,X\n", "expected.csv: Columns 'sku' and 'Référence' both mean sku"),
        ("sku,place,epc\nA,X,A1\nB,X,12G4\n", "expected.csv, line 3, column 'epc': '12G4' is not hexadecimal"),
        ("sku,place\n,X\n", "expected.csv, line 2, column 'sku': the reference is empty"),
        ("sku,place\nA,X\nA,Y\n", "expected.csv, line 3, column 'sku': reference 'A' stands on line 2 too"),
        (
            "sku,place,status\nA,X,gone\n",
            "expected.csv, line 2, column 'status': 'gone' is not a status; expected one of in_stock",
        ),
        (
            "sku,place,retail_price\nA,X,cheap\n",
            "expected.csv, line 2, column 'retail_price': 'cheap' is not an amount",
        ),
        ("sku,place\nA,/\n", "expected.csv, line 2, column 'place': '/' names no place"),
        ("sku,place\nA,X,Y\n", "expected.csv, line 2: 3 cells for 2 headings"),
        ("", "expected.csv is empty"),
    ],
)
def test_bad_books_are_refused_with_line_and_column(
    baguier: Baguier, files: tuple[Path, Path], books: str, sentence: str
) -> None:
    files[0].write_text(books)

    ran = baguier("reconcile", "--expected", files[0], "--reads", files[1], "--json")

    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(sentence)
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b'{"id_hex": "A1"}', "key 'place': is missing"),
        (b'{"place": "X"}', "key 'id_hex': is missing"),
        (b'{"id_hex": "XY", "place": "X"}', "key 'id_hex': 'XY' is not hexadecimal"),
        (b'{"id_hex": "", "place": "X"}', "key 'id_hex': The tag content is empty"),
        (b'{"id_hex": 12, "place": "X"}', "key 'id_hex': 12 was given; expected text"),
        (b'{"id_hex": "A1", "place": "X", "count": 0}', "key 'count': 0 was given; expected a whole number from 1"),
        (b'{"id_hex": "A1", "place": "X", "count": 1.5}', "key 'count': 1.5 was given"),
        (b'{"id_hex": "A1", "place": "X", "count": true}', "key 'count': True was given"),
        (b'{"id_hex": "A1", "place": "X", "rssi_dbm": "loud"}', "key 'rssi_dbm': 'loud' was given; expected a number"),
        (b'{"id_hex": "A1", "place": "X", "rssi_dbm": NaN}', "NaN is no number of JSON"),
        (b'{"id_hex": "A1", "place": "X", "rssi_dbm": 1e999}', "key 'rssi_dbm': inf was given"),
        (b'{"id_hex": "A1", "place": "X", "rssi_dbm": ' + b"9" * 5_000 + b"}", "is not JSON"),
        (b'{"id_hex": "A1", "id_hex": "A2", "place": "X"}', "key 'id_hex' stands twice"),
        (b'{"id_hex": "A1", "place": "\xff"}', "is not UTF-8: byte FF at 28"),
        (b'["A1"]', "holds ['A1']; expected a JSON object"),
        (b"A1", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b'{"place": "' + b"x" * 70_000, "is longer than 65536 bytes"),
    ],
)
def test_a_bad_read_is_refused_with_its_line(
    baguier: Baguier, files: tuple[Path, Path], line: bytes, sentence: str
) -> None:
    files[1].write_bytes(b'{"id_hex": "A1", "place": "X"}\n\n' + line + b"\n")

    ran = baguier("reconcile", "--expected", files[0], "--reads", files[1], "--json")

    assert ran.code == 2
    assert f"reads.jsonl, line 3, {sentence}" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--policy", '{"high_valu": 1}', "key 'high_valu': is not known here; expected high_value, currency"),
        ("--policy", '{"high_value": "2000"}', "key 'high_value': '2000' was given; expected a whole number"),
        ("--policy", '{"currency": "euro"}', "'euro' is not a currency"),
        ("--params", "6", "holds 6; expected a JSON object"),
        ("--params", "{" + " " * 70_000 + "}", "more than 65536 bytes"),
        ("--moves", '{"at": "yesterday", "kind": "out", "piece": "B-1"}', "line 1, key 'at': 'yesterday' was given"),
        ("--moves", '{"at": "2026-03-03T08:20:00", "kind": "out", "piece": "B-1"}', "has no offset"),
        ("--prior", "place\nX\n", "has no column 'sku'"),
    ],
)
def test_bad_settings_are_refused(
    baguier: Baguier, files: tuple[Path, Path], *, option: str, content: str, sentence: str
) -> None:
    other = files[0].with_name("other")
    other.write_text(content)

    ran = baguier("reconcile", "--expected", files[0], "--reads", files[1], option, other)

    assert ran.code == 2
    assert sentence in ran.err
    assert "other" in ran.err


@pytest.mark.parametrize("option", ["--expected", "--reads", "--policy", "--prior", "--moves", "--params"])
def test_an_absent_file_is_named(baguier: Baguier, files: tuple[Path, Path], option: str) -> None:
    given = {"--expected": files[0], "--reads": files[1]} | {option: files[0].with_name("absent")}

    ran = baguier("reconcile", *(part for pair in given.items() for part in pair))

    assert ran.code == 2
    assert "absent cannot be opened" in ran.err


def test_a_missing_option_is_bad_usage(baguier: Baguier) -> None:
    assert baguier("reconcile").code == 2
