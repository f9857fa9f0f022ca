"""Stock files for the tests, small and in our template."""

from itertools import count

from server.core.ids import PlacePath
from server.imports.mappings import mapping_for
from server.imports.tabular import Table
from server.store.unit_of_work import Store
from server.usecases.import_stock import Choices, Outcome, StockFile, import_stock

HEADER = ("Référence", "Désignation", "Quantité", "Prix de vente TTC", "Emplacement", "Statut", "EPC")


def stock_file(*rows: str) -> StockFile:
    """A file of rows such as `A-1; Alliance; 2; 1200; Vitrine 1`."""
    cells = [
        dict(zip(HEADER, [cell.strip() for cell in row.split(";")] + [""] * len(HEADER), strict=False)) for row in rows
    ]
    table = Table(HEADER, tuple((line, row) for line, row in enumerate(cells, start=2)))
    return StockFile(name="stock.csv", sha256="0" * 64, table=table, mapping=mapping_for(HEADER))


def bring_in(store: Store, *rows: str, place: str | None = None, skip_rejected: bool = False) -> Outcome:
    """Import rows; label suffixes are AAAA2, AAAA3, …"""
    numbers = count(2)
    choices = Choices(place=None if place is None else PlacePath(place), skip_rejected=skip_rejected)
    return store.run(
        lambda unit: import_stock(unit, stock_file(*rows), choices, label_suffix=lambda: f"AAAA{next(numbers)}")
    )
