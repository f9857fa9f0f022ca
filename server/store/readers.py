"""Reader rows: what agents say of their readers, which place each antenna stands for, and which reader may listen for a place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, insert, select, update

from server.core.ids import CountId, DeviceId, PlaceId, ShopId
from server.store.tables import AntennaHome, Count, Reader, table

_READERS, _HOMES, _COUNTS = table(Reader), table(AntennaHome), table(Count)
SCANNER_PROTOCOLS: Final = frozenset({"barcode_line", "barcode_ssi", "hid_keyboard", "hid_pos"})
"""Protocols that give barcodes and hear no tag: beside any reader, for any place."""


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """A reader that may listen for a place."""

    name: str
    protocol: str
    agent: DeviceId


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """A reader as its agent describes it."""

    name: str
    protocol: str
    body: str
    """State and antennas, canonical JSON."""


def for_count(connection: Connection, shop_id: ShopId, count_id: CountId) -> tuple[ReaderChoice, ...]:
    """The readers mapped to the place of a count, else those mapped to none, and all scanners; in order of names."""
    place = select(_COUNTS.c.place_id).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id == count_id).scalar_subquery()
    rows = connection.execute(
        select(
            _READERS.c.name,
            _READERS.c.protocol,
            _READERS.c.device_id,
            _HOMES.c.reader_id.is_(None).label("is_homeless"),
            (_HOMES.c.place_id == place).label("is_here"),
        )
        .select_from(
            _READERS.outerjoin(
                _HOMES, and_(_HOMES.c.shop_id == _READERS.c.shop_id, _HOMES.c.reader_id == _READERS.c.id)
            )
        )
        .where(_READERS.c.shop_id == shop_id)
        .distinct()
        .order_by(_READERS.c.name, _READERS.c.device_id)
    ).all()
    has_own = any(row.is_here and row.protocol not in SCANNER_PROTOCOLS for row in rows)
    found = [
        ReaderChoice(row.name, row.protocol, DeviceId(row.device_id))
        for row in rows
        if row.protocol in SCANNER_PROTOCOLS or (row.is_here if has_own else row.is_homeless)
    ]
    return tuple(dict.fromkeys(found))


def describe_reader(
    connection: Connection, shop_id: ShopId, *, device_id: DeviceId, reader: ReaderFacts, seen_at: datetime, new_id: str
) -> None:
    """Keep what an agent says of one of its readers; `new_id` is used when it is heard of for the first time."""
    changed = connection.execute(
        update(_READERS)
        .where(_READERS.c.shop_id == shop_id, _READERS.c.device_id == device_id, _READERS.c.name == reader.name)
        .values(body=reader.body, seen_at=seen_at)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(_READERS).values(
                shop_id=shop_id,
                id=new_id,
                device_id=device_id,
                name=reader.name,
                protocol=reader.protocol,
                serial="",
                region="",
                body=reader.body,
                seen_at=seen_at,
            )
        )


def reader_by_name(connection: Connection, shop_id: ShopId, name: str) -> tuple[str, DeviceId] | None:
    """Id of the reader called `name` and the agent that speaks for it; of two with one name, the one seen last."""
    row = connection.execute(
        select(_READERS.c.id, _READERS.c.device_id)
        .where(_READERS.c.shop_id == shop_id, _READERS.c.name == name)
        .order_by(_READERS.c.seen_at.desc(), _READERS.c.id)
        .limit(1)
    ).first()
    return None if row is None else (row.id, DeviceId(row.device_id))


def set_home(
    connection: Connection, shop_id: ShopId, *, reader_id: str, antenna: int, place_id: PlaceId, at: datetime
) -> None:
    """Let an antenna stand for a place from now on, whatever it stood for before. The log keeps what that was."""
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


def homes_of(connection: Connection, shop_id: ShopId, reader_id: str) -> Mapping[int, PlaceId]:
    """Antenna → the place it stands for, of one reader; empty: the reader has no home."""
    rows = connection.execute(
        select(_HOMES.c.antenna, _HOMES.c.place_id).where(_HOMES.c.shop_id == shop_id, _HOMES.c.reader_id == reader_id)
    )
    return {int(row.antenna): PlaceId(row.place_id) for row in rows}


def antennas_at_home(connection: Connection, shop_id: ShopId, *, reader_id: str, place_id: PlaceId) -> tuple[int, ...]:
    """Antennas of a reader that stand for `place_id`, ascending; none: the reader has no home."""
    found = connection.execute(
        select(_HOMES.c.antenna)
        .where(_HOMES.c.shop_id == shop_id, _HOMES.c.reader_id == reader_id, _HOMES.c.place_id == place_id)
        .order_by(_HOMES.c.antenna)
    )
    return tuple(found.scalars())


def is_scanner(connection: Connection, shop_id: ShopId, reader_id: str) -> bool:
    """Whether a reader gives barcodes alone."""
    wanted = select(_READERS.c.protocol).where(_READERS.c.shop_id == shop_id, _READERS.c.id == reader_id)
    return connection.execute(wanted).scalar() in SCANNER_PROTOCOLS
