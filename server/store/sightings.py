"""Sighting rows: of each piece the last time by hand and the last time by radio. Made from facts that are kept elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from server.core.ids import PersonId, PieceRef, PlaceId, ShopId
from server.core.sightings import Sighting
from server.store.tables import table
from server.store.tables.trail import SightingRow

_SIGHTINGS = table(SightingRow)


def _newest(statement: Any) -> Any:
    """Complete an insert so that a row that exists gives way to a later moment only."""
    new, old = statement.excluded, _SIGHTINGS.c
    return statement.on_conflict_do_update(
        index_elements=[old.shop_id, old.ref, old.is_by_hand],
        set_={"at_ms": new.at_ms, "place_id": new.place_id, "person_id": new.person_id},
        where=new.at_ms >= old.at_ms,
    )


_UPSERT: Final = {
    "sqlite": _newest(sqlite.insert(_SIGHTINGS)),
    "postgresql": _newest(postgresql.insert(_SIGHTINGS)),
}


def note(connection: Connection, shop_id: ShopId, found: Sequence[Sighting]) -> None:
    """Remember these sightings where they are the newest of their piece and kind; any order gives the same rows."""
    rows = [
        {
            "shop_id": shop_id,
            "ref": one.ref,
            "is_by_hand": one.is_by_hand,
            "at_ms": one.at,
            "place_id": one.place,
            "person_id": one.person,
        }
        for one in found
    ]
    if rows:
        connection.execute(_UPSERT[connection.dialect.name], rows)


def last_of(
    connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]
) -> Mapping[tuple[PieceRef, bool], Sighting]:
    """(piece, whether by hand) → the last sighting, for the pieces that have one."""
    rows = connection.execute(
        select(
            _SIGHTINGS.c.ref,
            _SIGHTINGS.c.is_by_hand,
            _SIGHTINGS.c.at_ms,
            _SIGHTINGS.c.place_id,
            _SIGHTINGS.c.person_id,
        ).where(_SIGHTINGS.c.shop_id == shop_id, _SIGHTINGS.c.ref.in_(list(refs)))
    )
    return {
        (PieceRef(row.ref), row.is_by_hand): Sighting(
            PieceRef(row.ref),
            is_by_hand=row.is_by_hand,
            at=int(row.at_ms),
            place=None if row.place_id is None else PlaceId(row.place_id),
            person=None if row.person_id is None else PersonId(row.person_id),
        )
        for row in rows
    }
