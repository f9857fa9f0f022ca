"""Template: our own stock file, with French headings or their English aliases; one row is one piece.

`Emplacement` is a path below the shop; a first step that only says "the shop" is left out. A column `Quantité` may say that a
row stands for several pieces alike.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from server.core.errors import DomainError, Malformed
from server.core.ids import Epc, PlacePath, Tid
from server.core.log.canonical import JsonValue
from server.core.pieces import Status, parse_owner, parse_status
from server.core.places import place_path
from server.core.tabular_columns import columns_of, folded_heading
from server.imports.lines import CellError, Facts, Line, Reading, Rejected, Row
from server.imports.tabular import Table

NAME: Final = "template"
_QUANTITY: Final = frozenset({"quantite", "qte", "quantity", "qty"})
"""Headings of the optional quantity, folded."""
_FOREIGN: Final = frozenset({"handle", "url handle"})
"""Headings by which Shopify and Lightspeed name a product: their SKU is shared by pieces alike and identifies none."""
_SHOP_WORDS: Final = frozenset({"boutique", "magasin", "shop"})
"""First steps of a path that only name the shop, as the template's own example does; a place path starts below it."""
_DETAILS: Final = (
    "collection", "type", "depositor", "slip_no", "due_on", "metal", "fineness", "supplier", "entered_on", "left_on",
    "serial", "hallmark", "register_no", "photos",
)  # fmt: skip
"""Columns that are kept as they are written."""


def is_template(header: Iterable[str]) -> bool:
    """Whether the headings have a reference and a designation, in French or English, and are not another system's."""
    headings = tuple(header)
    if _FOREIGN & {folded_heading(heading) for heading in headings}:
        return False
    try:
        return {"sku", "title"} <= columns_of(headings).keys()
    except Malformed:
        return False


def read_template(table: Table, *, currency: str) -> Reading:
    """Understand every row. `currency` is the shop's; a row in another currency is rejected."""
    columns = columns_of(table.header)
    quantity = next((heading for heading in table.header if folded_heading(heading) in _QUANTITY), None)
    lines: list[Line] = []
    rejected: list[Rejected] = []
    for number, cells in table.rows:
        try:
            lines.append(_line(Row(number, cells), columns, quantity=quantity, currency=currency))
        except CellError as error:
            rejected.append(Rejected(number, error.column, error.reason))
    known = {*columns.values(), quantity}
    return Reading(tuple(lines), tuple(rejected), 0, tuple(heading for heading in table.header if heading not in known))


def _line(row: Row, columns: Mapping[str, str], *, quantity: str | None, currency: str) -> Line:
    reference = row.text(columns["sku"])
    if not reference:
        raise CellError(columns["sku"], "The row has no reference; each piece needs its own.")
    name = row.text(columns["title"])
    if not name:
        raise CellError(columns["title"], "The row has no designation; say in a few words what the piece is.")
    stated = row.text(columns.get("currency"))
    if stated and stated != currency:
        raise CellError(columns["currency"], f"The row is in {stated}; the shop's books are in {currency}.")
    epc = row.hexadecimal(columns.get("epc"))
    tid = row.hexadecimal(columns.get("tid"))
    return Line(
        row=row.number,
        reference=reference,
        quantity=1 if quantity is None or not row.text(quantity) else row.quantity(quantity),
        facts=Facts(
            name=name,
            category=row.text(columns.get("category")),
            barcode=row.text(columns.get("barcode")),
            own_ref=reference,
            owner=parse_owner(row.text(columns.get("owner"))),
            retail=row.amount(columns.get("retail_price"), currency),
            details=_details(row, columns, currency=currency),
        ),
        place=_place(row, columns.get("place")),
        status=_status(row, columns.get("status")),
        epc=None if epc is None else Epc(epc),
        tid=None if tid is None else Tid(tid),
        epc_column=columns.get("epc", ""),
    )


def _details(row: Row, columns: Mapping[str, str], *, currency: str) -> Mapping[str, JsonValue]:
    details: dict[str, JsonValue] = {}
    for name in _DETAILS:
        if text := row.text(columns.get(name)):
            details[name] = text
    for name, key in (("purchase_price", "purchase_minor"), ("replacement_value", "replacement_minor")):
        if (amount := row.amount(columns.get(name), currency)) is not None:
            details[key] = amount.minor
    if (weight := row.text(columns.get("weight_g"))) != "":
        details["weight_mg"] = _milligrams(columns["weight_g"], weight)
    return details


def _milligrams(column: str, text: str) -> int:
    """Grams with up to three decimals, comma or point, in milligrams."""
    whole, _, fraction = text.replace(",", ".").removesuffix("g").strip().partition(".")
    is_weight = whole.isascii() and whole.isdigit() and len(whole) <= 7 and (fraction + "0").isdigit()
    if not is_weight or fraction[3:].strip("0"):
        raise CellError(column, f"{text[:40]!r} is not a weight in grams; expected one such as 3,45.")
    return int(whole) * 1000 + int(fraction[:3].ljust(3, "0"))


def _place(row: Row, column: str | None) -> PlacePath | None:
    text = row.text(column)
    if column is None or not text:
        return None
    try:
        path = place_path(text)
    except DomainError as error:
        raise CellError(column, error.sentence) from error
    first, _, rest = path.partition("/")
    if folded_heading(first) in _SHOP_WORDS:
        return PlacePath(rest) if rest else None
    return path


def _status(row: Row, column: str | None) -> Status:
    text = row.text(column)
    if column is None:
        return Status.IN_STOCK
    try:
        return parse_status(text)
    except DomainError as error:
        raise CellError(column, error.sentence) from error
