"""Place rows: the shop's tree, and paths made from it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from server.core.errors import Absent
from server.core.ids import PlaceId, PlacePath, ShopId
from server.store.tables import Place, table

_PLACES = table(Place)
# Built once: every answer about a count names its place.
_SELECT_IN_USE: Final = select(_PLACES.c.id, _PLACES.c.parent_id, _PLACES.c.name).where(
    _PLACES.c.shop_id == bindparam("shop"), _PLACES.c.retired_at.is_(None)
)


def paths(connection: Connection, shop_id: ShopId) -> Mapping[PlaceId, PlacePath]:
    """The present path of every place that is not retired, in the order of paths. A shop has at most some hundreds."""
    rows = connection.execute(_SELECT_IN_USE, {"shop": shop_id}).all()
    parts = {str(row.id): (row.parent_id, str(row.name)) for row in rows}

    def path_of(place: str) -> str:
        parent, name = parts[place]
        return f"{path_of(parent)}/{name}" if parent in parts else name

    found = {PlaceId(place): PlacePath(path_of(place)) for place in parts}
    return dict(sorted(found.items(), key=lambda one: one[1]))


def require_place(connection: Connection, shop_id: ShopId, place: PlaceId) -> None:
    """Do nothing if the place exists and is in use. Raises: Absent."""
    found = connection.execute(
        select(_PLACES.c.id).where(_PLACES.c.shop_id == shop_id, _PLACES.c.id == place, _PLACES.c.retired_at.is_(None))
    ).first()
    if found is None:
        raise Absent(f"No place {place[:40]!r} in this shop. Choose one from the list of places.")


class PlaceTree:
    """The places of a shop by path, with the missing ones made when they are first asked for."""

    def __init__(self, connection: Connection, shop_id: ShopId, *, new_id: Callable[[], str], now: datetime) -> None:
        self._connection = connection
        self._shop_id = shop_id
        self._new_id = new_id
        self._now = now
        self._by_path = {path: place for place, path in paths(connection, shop_id).items()}
        self.made: list[PlaceId] = []
        """Places that did not exist, parents first."""

    def place(self, path: PlacePath) -> PlaceId:
        """The place at `path`, made with its parents when absent."""
        found = self._by_path.get(path)
        if found is not None:
            return found
        above, _, name = path.rpartition("/")
        parent = self.place(PlacePath(above)) if above else None
        made = PlaceId(self._new_id())
        self._connection.execute(
            insert(_PLACES).values(
                shop_id=self._shop_id,
                id=made,
                parent_id=parent,
                name=name,
                kind="place",
                body="{}",
                created_at=self._now,
            )
        )
        self._by_path[path] = made
        self.made.append(made)
        return made
