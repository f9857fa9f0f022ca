"""Tabular files: CSV as shops really export it, and XLSX, read into one shape with the line number of every row.

CSV: UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1252; `;`, `,` or tab. XLSX and XLS: values only, first sheet
with content, formulas are never run. Every refusal names the file, the line and what to change.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar, Final

from server.core.errors import Malformed

FILE_BYTES_MAX: Final = 50 * 1024 * 1024
"""Ten times the largest stock export seen (100,000 pieces with text); what is larger is not a stock file."""
ROWS_MAX: Final = 200_000
LINE_CHARACTERS_MAX: Final = 100_000
"""A product page as HTML in one cell stays below this; a missing closing quote does not."""
UNPACKED_BYTES_MAX: Final = 400 * 1024 * 1024
"""An XLSX is a ZIP: what it claims to unpack to is checked before anything is unpacked."""
_DELIMITERS: Final = ";,\t"
_ZIP_MAGIC: Final = b"PK\x03\x04"
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class TableError(Malformed):
    """A file that cannot be read as a table. Facts: `file`, and `line` where one is known."""

    code: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, as text."""

    header: tuple[str, ...]
    """Headings as in the file, without surrounding spaces; columns without a heading are left out."""
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    """(line where the row starts, counted from 1; heading → text without surrounding spaces). Blank rows are left out."""


def read_table(path: Path) -> Table:
    """Read a CSV, XLSX or XLS file. The content decides, not the name.

    Raises `TableError`: absent, too large, not text, bad quoting, no heading, a heading twice, a row with more cells than
    headings. A row with fewer cells is filled with empty text: Excel leaves trailing separators out.
    """
    raw = _bytes_of(path)
    if raw.startswith((_ZIP_MAGIC, _OLE_MAGIC)):
        return _table(path, _spreadsheet_rows(path, raw))
    return _table(path, _csv_rows(path, _text_of(path, raw)))


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise TableError(
                f"{path.name} has {size} bytes; a stock file has at most {FILE_BYTES_MAX}.", file=path.name
            )
        raw = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path.name} cannot be opened: {error.strerror}. Check the path.", file=path.name) from error
    if not raw.strip():
        raise TableError(
            f"{path.name} is empty; expected a line of headings and one line for each piece.", file=path.name
        )
    return raw


def _text_of(path: Path, raw: bytes) -> str:
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise TableError(
                f"{path.name}, line {line}: byte {raw[error.start]:02X} is text neither in UTF-8 nor in Windows-1252. "
                "Save the file again as CSV UTF-8.",
                file=path.name,
                line=line,
            ) from error
    if "\x00" in text:
        raise TableError(
            f"{path.name} is not a text file nor an Excel workbook; export it as CSV or XLSX.", file=path.name
        )
    return text


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    first, _, rest = text.partition("\n")
    lines_skipped = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, lines_skipped = first.strip()[-1], rest, 1
    else:
        delimiter = _delimiter_of(text)
    # The limit is on one cell; the reader's own default would refuse long product pages without saying where.
    csv.field_size_limit(LINE_CHARACTERS_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = lines_skipped + 1
    try:
        for cells in reader:
            yield line, cells
            line = lines_skipped + reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"{path.name}, line {line}: {error}. Check the quotes of the row that starts there.",
            file=path.name,
            line=line,
        ) from error


def _delimiter_of(text: str) -> str:
    """The separator that the first line with content uses most, quoted parts aside; `;` wins a tie, as in French Excel."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _spreadsheet_rows(path: Path, raw: bytes) -> Iterator[tuple[int, list[str]]]:
    import python_calamine

    try:
        if raw.startswith(_ZIP_MAGIC):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > UNPACKED_BYTES_MAX:
                raise TableError(
                    f"{path.name} unpacks to {unpacked} bytes; at most {UNPACKED_BYTES_MAX}.", file=path.name
                )
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        for name in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if any(any(cell != "" for cell in row) for row in rows):
                break
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise TableError(
            f"{path.name} looks like an Excel workbook but cannot be read ({error}). Save it again as XLSX or CSV.",
            file=path.name,
        ) from error
    for line, row in enumerate(rows, start=1):
        yield line, [_cell_text(cell) for cell in row]


def _cell_text(cell: object) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            # Excel keeps barcodes as numbers; 3014260115531.0 is the barcode 3014260115531.
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell)


def _table(path: Path, records: Iterable[tuple[int, list[str]]]) -> Table:
    header: list[str] | None = None
    rows: list[tuple[int, Mapping[str, str]]] = []
    for line, record in records:
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if header is None:
            header = _header(path, line, cells=cells)
        elif len(rows) == ROWS_MAX:
            raise TableError(f"{path.name} has more than {ROWS_MAX} rows; split it.", file=path.name, line=line)
        else:
            rows.append((line, _row(path, line, cells=cells, header=header)))
    if header is None:
        raise TableError(
            f"{path.name} is empty; expected a line of headings and one line for each piece.", file=path.name
        )
    return Table(tuple(filter(None, header)), tuple(rows))


def _header(path: Path, line: int, *, cells: list[str]) -> list[str]:
    for place, heading in enumerate(cells):
        if heading and heading in cells[:place]:
            raise TableError(
                f"{path.name}, line {line}: heading {heading!r} stands twice; each column needs its own.",
                file=path.name,
                line=line,
            )
    return cells


def _row(path: Path, line: int, *, cells: list[str], header: list[str]) -> Mapping[str, str]:
    surplus = next((cell for cell in cells[len(header) :] if cell), None)
    if surplus is not None:
        raise TableError(
            f"{path.name}, line {line}: {len(cells)} cells for {len(header)} headings (the first without heading is "
            f"{surplus[:40]!r}). Put quotes around text that holds the separator.",
            file=path.name,
            line=line,
        )
    filled = cells + [""] * (len(header) - len(cells))
    return {heading: text for heading, text in zip(header, filled, strict=False) if heading}
