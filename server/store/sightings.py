"""Sighting rows: of each piece the last time by hand and the last time by radio. Made from facts that are kept elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, true
from sqlalchemy.dialects import postgresql, sqlite

from server.core.ids import PersonId, PieceRef, PlaceId, ShopId
from server.core.sightings import Sighting
from server.store.tables import table
from server.store.tables.trail import SightingRow
from server.store.text_lists import text_list, texts_in

_SIGHTINGS = table(SightingRow)
_REFS: Final = texts_in("refs")
_SHARED: Final = [column for column in _SIGHTINGS.c if column.name != "ref"]
"""What the pieces of one sighting have in common."""
# SQLite takes ON CONFLICT after a select for a join unless the select has a WHERE.
_SEEN: Final = select(_REFS.c.value, *(bindparam(f"its_{one.name}", type_=one.type) for one in _SHARED)).where(true())


def _newest(statement: Any) -> Any:
    """Complete an insert of a row for each piece, so that a row that exists gives way to a later moment only."""
    filled = statement.from_select(["ref", *(one.name for one in _SHARED)], _SEEN)
    new, old = filled.excluded, _SIGHTINGS.c
    return filled.on_conflict_do_update(
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
    for one in found:
        if one.refs:
            seen = {
                "refs": text_list(one.refs),
                "its_shop_id": shop_id,
                "its_is_by_hand": one.is_by_hand,
                "its_at_ms": one.at,
                "its_place_id": one.place,
                "its_person_id": one.person,
            }
            connection.execute(_UPSERT[connection.dialect.name], seen)


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
            (PieceRef(row.ref),),
            is_by_hand=row.is_by_hand,
            at=int(row.at_ms),
            place=None if row.place_id is None else PlaceId(row.place_id),
            person=None if row.person_id is None else PersonId(row.person_id),
        )
        for row in rows
    }
