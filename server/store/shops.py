"""Shop rows: which shop a data folder belongs to, and its day, zone and currency."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from server.core.ids import ShopId
from server.store.tables import Shop, table

_SHOPS = table(Shop)


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """A shop as commands and pages need it."""

    id: ShopId
    name: str
    zone: str
    """IANA time zone."""
    day_start: str
    """Local HH:MM at which a shop day begins."""
    currency: str
    """ISO 4217."""


def only_shop(connection: Connection) -> ShopId | None:
    """The shop of this data folder. None: it has none yet."""
    found = connection.execute(select(_SHOPS.c.id).order_by(_SHOPS.c.created_at, _SHOPS.c.id).limit(1)).scalar()
    return None if found is None else ShopId(found)


def shop_facts(connection: Connection, shop_id: ShopId) -> ShopFacts:
    """The facts of a shop that exists."""
    row = connection.execute(
        select(_SHOPS.c.name, _SHOPS.c.zone, _SHOPS.c.day_start, _SHOPS.c.currency).where(_SHOPS.c.id == shop_id)
    ).one()
    return ShopFacts(id=shop_id, name=row.name, zone=row.zone, day_start=row.day_start, currency=row.currency)


def add_shop(connection: Connection, shop: ShopFacts, *, created_at: datetime) -> None:
    """Write a new shop."""
    connection.execute(
        insert(_SHOPS).values(
            id=shop.id,
            name=shop.name,
            zone=shop.zone,
            day_start=shop.day_start,
            currency=shop.currency,
            body="{}",
            created_at=created_at,
        )
    )
