"""Antenna homes: which place an antenna of a reader stands for. The log keeps what they were."""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from server.core.ids import PlaceId, ShopId
from server.store.tables import AntennaHome, table

_HOMES = table(AntennaHome)


def set_home(
    connection: Connection, shop_id: ShopId, *, reader_id: str, antenna: int, place_id: PlaceId, at: datetime
) -> None:
    """Let an antenna stand for a place from now on, whatever it stood for before."""
    changed = connection.execute(
        update(_HOMES)
        .where(_HOMES.c.shop_id == shop_id, _HOMES.c.reader_id == reader_id, _HOMES.c.antenna == antenna)
        .values(place_id=place_id, mapped_at=at)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(_HOMES).values(
                shop_id=shop_id, reader_id=reader_id, antenna=antenna, place_id=place_id, mapped_at=at
            )
        )
