"""Lines: what one row of a stock file says of pieces, and how its cells are read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from server.core.errors import DomainError
from server.core.ids import Epc, PlacePath, Tid
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.money import Money, parse_amount
from server.core.pieces import Owner, Status

TEXT_CHARACTERS_MAX: Final = 400
"""Longest text of a piece: four lines of a screen. What is longer is a page of text, not a name."""
PIECES_PER_ROW_MAX: Final = 500
"""A row that says more stands for bulk goods, which are counted by weight, not piece by piece."""


class CellError(Exception):
    """A cell that cannot be taken. The row is rejected with this column and reason; the import goes on."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not understood, and what to change."""

    row: int
    """Line of the file, counted from 1."""
    column: str
    """Heading as in the file."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The description of a piece as a file gives it."""

    name: str
    category: str = ""
    sku: str = ""
    barcode: str = ""
    own_ref: str = ""
    """The shop's own stock number."""
    owner: Owner = Owner.OWN
    retail: Money | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    """What is kept but never searched: metal, weight, supplier, purchase price in minor units."""

    def to_text(self) -> str:
        """Canonical JSON: two descriptions are the same if and only if this is."""
        return canonical.encode(
            {
                "name": self.name,
                "category": self.category,
                "sku": self.sku,
                "barcode": self.barcode,
                "own_ref": self.own_ref,
                "owner": self.owner.value,
                "retail_minor": None if self.retail is None else self.retail.minor,
                "currency": None if self.retail is None else self.retail.currency,
                "details": dict(self.details),
            }
        ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: so many pieces of one description."""

    row: int
    reference: str
    """Handle or own reference: what the source calls it."""
    options: tuple[str, ...] = ()
    """Values such as a colour and a size; () without variants."""
    quantity: int
    facts: Facts
    place: PlacePath | None = None
    """None: the file does not say."""
    status: Status = Status.IN_STOCK
    epc: Epc | None = None
    tid: Tid | None = None
    epc_column: str = ""
    """Heading of the tag's column, for a complaint about it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as its mapping understands it."""

    lines: tuple[Line, ...]
    rejected: tuple[Rejected, ...]
    skipped: int
    """Rows without a piece, such as those that only hold a further image."""
    unused: tuple[str, ...] = ()
    """Headings that the mapping does not know; their columns are left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table with its line number."""

    number: int
    cells: Mapping[str, str]

    def text(self, column: str | None) -> str:
        """The text of a column in composed letters and single spaces; empty without such a column.

        Raises: CellError: too long, or with characters that cannot be shown.
        """
        if column is None:
            return ""
        text = " ".join(unicodedata.normalize("NFC", self.cells.get(column, "")).split())
        if len(text) > TEXT_CHARACTERS_MAX:
            raise CellError(column, f"The text has {len(text)} characters; at most {TEXT_CHARACTERS_MAX}. Shorten it.")
        if not text.isprintable():
            raise CellError(column, "The text holds a character that cannot be shown. Type it again.")
        return text

    def amount(self, column: str | None, currency: str, *, decimal: str | None = None) -> Money | None:
        """An amount of money, or None for an empty cell. Raises: CellError: not an amount, or negative."""
        text = self.text(column)
        if column is None or not text:
            return None
        try:
            amount = parse_amount(text, currency, decimal=decimal)
        except DomainError as error:
            raise CellError(column, error.sentence) from error
        if amount.minor < 0:
            raise CellError(column, f"{text!r} is negative; a price is zero or more.")
        return amount

    def quantity(self, column: str) -> int:
        """How many pieces. Raises: CellError: not a whole number from 0 to PIECES_PER_ROW_MAX."""
        text = self.text(column)
        if not re.fullmatch(r"-?[0-9]{1,9}(?:[.,]0+)?", text, re.ASCII):
            raise CellError(column, f"{text!r} is not a quantity; expected a whole number such as 1.")
        number = int(re.split(r"[.,]", text)[0])
        if number < 0:
            raise CellError(column, f"The quantity {number} is negative; correct it in the source, then export again.")
        if number > PIECES_PER_ROW_MAX:
            raise CellError(
                column,
                f"{number} pieces in one row; at most {PIECES_PER_ROW_MAX}. Goods in bulk are counted by weight: take "
                "the row out and register a lot.",
            )
        return number

    def hexadecimal(self, column: str | None) -> str | None:
        """Content of a tag in upper-case hex, or None for an empty cell. Raises: CellError: not whole bytes of hex."""
        text = self.text(column).replace(" ", "").upper()
        if column is None or not text:
            return None
        if not re.fullmatch(r"(?:[0-9A-F]{2}){4,62}", text, re.ASCII):
            raise CellError(
                column, f"{text[:40]!r} is not the content of a tag; expected hex such as 3034257BF7194E4000001A85."
            )
        return text
