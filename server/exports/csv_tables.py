"""Tables for people's spreadsheets: every cell is text, and no cell can become a formula."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
"""First characters that a spreadsheet takes for a formula, full-width forms too (OWASP, CSV Injection)."""
_INSIDE: Final = re.compile(rf"([;\t\r\n]\s*)(?=[{re.escape(''.join(_FORMULA_STARTS))}])")
"""Where a cell begins for a spreadsheet that parts lines by semicolons, as French ones do, whatever quotes stand around."""


def write_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A CSV table in UTF-8 with its mark, all cells quoted, lines ended by CR LF (RFC 4180).

    What a spreadsheet would take for a formula gets an apostrophe before it; the raw value is in the JSON Lines.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_neutral(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _neutral(cell: str) -> str:
    # Spreadsheets skip leading spaces before they look for a formula.
    safe = _INSIDE.sub(r"\1'", cell)
    return f"'{safe}" if safe.lstrip(" \u00a0\u3000").startswith(_FORMULA_STARTS) else safe
