"""Trays of labelled pieces with a planned count for each: what a person counts by hand, one tray a request."""

from sqlalchemy import insert

from server.core.ids import CountId
from server.store import tours
from server.store.tables import Label, Piece, PieceState, Place, table
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.plan_tour import current_tour
from tests.benchmarks.workloads.shops import SHOP


def labels_of(tray: int, *, size: int) -> list[str]:
    """Codes of the labels of one tray."""
    return [f"BAG-{number:06d}.K3Q7Z" for number in _numbers(tray, size)]


def plan_trays(store: Store, *, trays: int, size: int) -> list[CountId]:
    """Put `size` pieces in each tray and plan today's counts; gives them in the order of the trays."""
    for tray in range(trays):
        store.run(lambda work, tray=tray: _fill(work, tray, size))  # type: ignore[misc]
    tour = store.run(current_tour).id
    rows = store.read(lambda conn: tours.count_rows(conn, SHOP, tour))
    counts = {row.place_id: row.id for row in rows}
    return [next(count for place, count in counts.items() if place == _place(tray)) for tray in range(trays)]


def _place(tray: int) -> str:
    return f"tray-{tray:02}"


def _numbers(tray: int, size: int) -> range:
    return range(tray * size + 1, (tray + 1) * size + 1)


def _fill(work: UnitOfWork, tray: int, size: int) -> None:
    place = {"shop_id": SHOP, "id": _place(tray), "name": _place(tray), "kind": "tray", "created_at": work.now}
    work.conn.execute(insert(table(Place)), place)
    pieces, states, labels = [], [], []
    for number, code in zip(_numbers(tray, size), labels_of(tray, size=size), strict=True):
        piece = f"piece-{number}"
        pieces.append(
            {"shop_id": SHOP, "id": piece, "ref": f"BAG-{number:06d}", "number": number, "created_at": work.now}
        )
        states.append(
            {"shop_id": SHOP, "piece_id": piece, "place_id": _place(tray), "name": piece}
            | {"retail_minor": 90_000, "currency": "EUR", "facts_n": 1}
        )
        labels.append({"shop_id": SHOP, "code": code, "piece_id": piece, "made_at": work.now})
    work.conn.execute(insert(table(Piece)), pieces)
    work.conn.execute(insert(table(PieceState)), states)
    work.conn.execute(insert(table(Label)), labels)
