"""Stock files as shops export them, and as they break."""

from pathlib import Path

import pytest
import xlsxwriter

from server.imports.tabular import ROWS_MAX, Table, TableError, read_table


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "stock.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_every_usual_encoding_and_separator_reads_the_same(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [["Référence", "Emplacement"], ["B-1", "Vitrine é"], ["B-2", "Coffre"]]
    text = "\r\n".join(separator.join(line) for line in lines) + "\r\n"

    table = read_table(written(tmp_path, text.encode(encoding)))

    assert table == Table(
        ("Référence", "Emplacement"),
        (
            (2, {"Référence": "B-1", "Emplacement": "Vitrine é"}),
            (3, {"Référence": "B-2", "Emplacement": "Coffre"}),
        ),
    )


def test_rows_are_numbered_by_the_line_they_start_on(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, '\nsku,title\n"A","two\nlines"\n\nB,one\n'))

    assert [(line, row["sku"]) for line, row in table.rows] == [(3, "A"), (6, "B")]


def test_excel_s_own_separator_line_is_obeyed(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "sep=|\nsku|place\nA|X\n"))

    assert table.rows == ((3, {"sku": "A", "place": "X"}),)


def test_decimal_commas_in_the_cells_do_not_change_the_separator(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "sku;price\nA;1 234,50\nB;2,5\nC;3,5\n"))

    assert table.rows[0][1] == {"sku": "A", "price": "1 234,50"}


def test_a_workbook_reads_like_the_csv(tmp_path: Path) -> None:
    path = tmp_path / "stock.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("empty")
    sheet = book.add_worksheet("stock")
    for row, cells in enumerate([["sku", "barcode", "retail_price"], ["A", 3014260115531, 12.5], ["B", "0012", ""]]):
        sheet.write_row(row, 0, cells)
    book.close()

    table = read_table(path)

    assert table.rows == (
        (2, {"sku": "A", "barcode": "3014260115531", "retail_price": "12.5"}),
        (3, {"sku": "B", "barcode": "0012", "retail_price": ""}),
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("sku,sku\nA,B\n", "line 1: heading 'sku' stands twice"),
        ("sku,place\nA,X,Y\n", "line 2: 3 cells for 2 headings"),
        ('sku,place\nA,"X\n', "line 2: .*quotes"),
        (b"sku,place\nA,\x81\n", "line 2: byte 81"),
        (b"sku\x00,place\n", "not a text file"),
        (b"PK\x03\x04 nothing", "looks like an Excel workbook"),
        (f"sku,place\nA,{'x' * 200_000}\n", "line 2"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(TableError, match=sentence):
        read_table(written(tmp_path, content))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"absent\.csv cannot be opened"):
        read_table(tmp_path / "absent.csv")


def test_more_rows_than_the_limit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="more than 200000 rows"):
        read_table(written(tmp_path, "sku\n" + "A\n" * (ROWS_MAX + 1)))
