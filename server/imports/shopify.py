"""Shopify: its product export, older layout (Handle, Variant SKU …) and current (URL handle, SKU …).

A product has one row for each variant, then rows that only hold further images. Title and type stand on its first row. The
file has no currency: amounts are in the shop's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from server.imports.lines import CellError, Facts, Line, Reading, Rejected, Row
from server.imports.tabular import Table

NAME: Final = "shopify"


@dataclass(frozen=True, slots=True)
class Layout:
    """Headings of one layout."""

    product: str
    """Shopify calls it the handle: the same text on every row of a product."""
    quantity: str
    price: str
    sku: str
    barcode: str
    options: tuple[str, str, str]
    title: str = "Title"
    category: str = "Type"
    vendor: str = "Vendor"
    cost: str = "Cost per item"

    def columns(self) -> frozenset[str]:
        """Every heading that is read."""
        own = (self.product, self.quantity, self.price, self.sku, self.barcode, self.title, self.category)
        return frozenset((*own, self.vendor, self.cost, *self.options))


OLDER: Final = Layout(
    product="Handle",
    quantity="Variant Inventory Qty",
    price="Variant Price",
    sku="Variant SKU",
    barcode="Variant Barcode",
    options=("Option1 Value", "Option2 Value", "Option3 Value"),
)
CURRENT: Final = Layout(
    product="URL handle",
    quantity="Inventory quantity",
    price="Price",
    sku="SKU",
    barcode="Barcode",
    options=("Option1 value", "Option2 value", "Option3 value"),
)
LAYOUTS: Final = (OLDER, CURRENT)
"""In the order in which they are tried."""
_NO_VARIANT: Final = "Default Title"
"""What Shopify writes as the option of a product without variants."""


def layout_of(header: Iterable[str]) -> Layout | None:
    """The layout whose handle, quantity and price columns the file has; None: not a product export."""
    present = set(header)
    return next((one for one in LAYOUTS if {one.product, one.quantity, one.price} <= present), None)


def is_shopify(header: Iterable[str]) -> bool:
    """Whether the headings are those of a product export."""
    return layout_of(header) is not None


def read_shopify(table: Table, *, currency: str) -> Reading:
    """Understand every row. `currency` is the shop's. Rows that cannot be understood are rejected, the others stand."""
    layout = layout_of(table.header)
    if layout is None:
        raise AssertionError("read_shopify is for files that is_shopify recognises")
    lines: list[Line] = []
    rejected: list[Rejected] = []
    skipped = 0
    first_rows: dict[str, Row] = {}
    for number, cells in table.rows:
        row = Row(number, cells)
        try:
            product = first_rows.setdefault(_reference(row, layout), row)
            if _is_image_only(cells, layout):
                skipped += 1
            else:
                lines.append(_line(row, product, layout=layout, currency=currency))
        except CellError as error:
            rejected.append(Rejected(row.number, error.column, error.reason))
    unused = tuple(heading for heading in table.header if heading not in layout.columns())
    return Reading(tuple(lines), tuple(rejected), skipped, unused)


def _reference(row: Row, layout: Layout) -> str:
    reference = row.text(layout.product)
    if not reference:
        raise CellError(layout.product, "The row has no handle; each row needs its product's.")
    return reference


def _is_image_only(cells: Mapping[str, str], layout: Layout) -> bool:
    variant = (layout.quantity, layout.price, layout.sku, layout.barcode, *layout.options)
    return not any(cells.get(column) for column in variant)


def _line(row: Row, product: Row, *, layout: Layout, currency: str) -> Line:
    title = product.text(layout.title)
    if not title:
        raise CellError(layout.title, "The product has no title; its first row needs one.")
    values = [row.text(column) for column in layout.options]
    while values and not values[-1]:
        values.pop()
    options = () if values == [_NO_VARIANT] else tuple(values)
    cost = row.amount(layout.cost, currency, decimal=".")
    details = {"supplier": product.text(layout.vendor), "purchase_minor": None if cost is None else cost.minor}
    return Line(
        row=row.number,
        reference=_reference(row, layout),
        options=options,
        quantity=row.quantity(layout.quantity),
        facts=Facts(
            name=f"{title} ({', '.join(filter(None, options))})" if options else title,
            category=product.text(layout.category),
            sku=row.text(layout.sku),
            # Shopify writes an apostrophe before a barcode so that a spreadsheet keeps its leading zeros.
            barcode=row.text(layout.barcode).removeprefix("'"),
            retail=row.amount(layout.price, currency, decimal="."),
            details={name: value for name, value in details.items() if value},
        ),
    )
