import csv
import io

import pytest

from server.exports.csv_tables import write_csv


def cells_of(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "|calc",
        "   -2+3",
    ],
)
def test_no_cell_can_become_a_formula(cell: str) -> None:
    (_, (read,)) = cells_of(write_csv(["name"], [[cell]]))

    assert read.startswith("'")
    assert read.replace("'", "") == cell


@pytest.mark.parametrize("parted_by", [",", ";", "\t"])
@pytest.mark.parametrize(
    "cell", ["Bague;=1+1;x", "Bague; =1+1;x", "Bague\t@x\ty", "Bague\n=1+1\nx", "a;\u00a0＝1;x", ";;-1;x"]
)
def test_no_part_of_a_cell_becomes_a_formula_where_lines_are_parted_otherwise(cell: str, parted_by: str) -> None:
    text = write_csv(["ref", "name"], [["BAG-000001", cell]]).decode("utf-8-sig")

    parts = [part for row in csv.reader(io.StringIO(text), delimiter=parted_by) for part in row]
    assert [part for part in parts if part.strip().startswith(("=", "@", "-", "＝"))] == []


def test_other_cells_are_kept_as_they_are() -> None:
    rows = [["Bague « Étoile », or 18 ct", 'a "quote", and a comma', "1,234"], ["", "0", "A=1"], ["a; b", "a;b=1", ""]]

    assert cells_of(write_csv(["a", "b", "c"], rows))[1:] == rows


def test_table_starts_with_the_mark_that_makes_spreadsheets_read_utf_8() -> None:
    raw = write_csv(["é"], [])

    assert raw == b'\xef\xbb\xbf"\xc3\xa9"\r\n'
