"""Wrong PINs as they are kept, by person and device: a server that starts again must not give a guesser new tries.

Ids of people who do not exist are counted like others, else the answer would tell who exists.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from server.clock import in_utc
from server.core.ids import DeviceId, PersonId, ShopId
from server.store.tables import PinTriesRow, table

_TRIES = table(PinTriesRow)


@dataclass(frozen=True, slots=True)
class PinTries:
    """What is known of one person on one device since their last right PIN there."""

    wrong: int = 0
    paused_until: datetime | None = None
    """In UTC; None: no pause yet."""


def tries_of(connection: Connection, shop_id: ShopId, person: PersonId, *, device: DeviceId) -> PinTries:
    """The wrong PINs of a person on a device."""
    row = connection.execute(
        select(_TRIES.c.wrong, _TRIES.c.paused_until).where(*_one(shop_id, person, device=device))
    ).first()
    if row is None:
        return PinTries()
    return PinTries(int(row.wrong), None if row.paused_until is None else in_utc(row.paused_until))


def keep(connection: Connection, shop_id: ShopId, person: PersonId, *, device: DeviceId, tries: PinTries) -> None:
    """Write how often a person was wrong on a device."""
    known = {"wrong": tries.wrong, "paused_until": tries.paused_until}
    changed = connection.execute(update(_TRIES).where(*_one(shop_id, person, device=device)).values(known))
    if changed.rowcount == 0:
        connection.execute(insert(_TRIES).values(shop_id=shop_id, person_id=person, device_id=device, **known))


def forget(connection: Connection, shop_id: ShopId, person: PersonId, *, device: DeviceId) -> None:
    """The person was right on this device."""
    connection.execute(delete(_TRIES).where(*_one(shop_id, person, device=device)))


def forget_all(connection: Connection, shop_id: ShopId, person: PersonId) -> None:
    """The person has a new PIN: what was tried before says nothing of it, on any device."""
    connection.execute(delete(_TRIES).where(_TRIES.c.shop_id == shop_id, _TRIES.c.person_id == person))


def wrong_of_person(connection: Connection, shop_id: ShopId, person: PersonId) -> int:
    """Wrong PINs for a person on all devices."""
    return _sum(connection, _TRIES.c.shop_id == shop_id, _TRIES.c.person_id == person)


def wrong_on_device(connection: Connection, shop_id: ShopId, device: DeviceId) -> int:
    """Wrong PINs on a device for all people."""
    return _sum(connection, _TRIES.c.shop_id == shop_id, _TRIES.c.device_id == device)


def _sum(connection: Connection, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.coalesce(func.sum(_TRIES.c.wrong), 0)).where(*where)).scalar_one())


def _one(shop_id: ShopId, person: PersonId, *, device: DeviceId) -> tuple[ColumnElement[bool], ...]:
    return (_TRIES.c.shop_id == shop_id, _TRIES.c.person_id == person, _TRIES.c.device_id == device)
