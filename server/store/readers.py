"""Readers as people choose them: which may listen for a place, and which of them only scan barcodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, select

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


def homes_of(connection: Connection, shop_id: ShopId, reader_id: str) -> Mapping[int, PlaceId]:
    """Antenna → the place it stands for, of one reader; empty: the reader has no home."""
    rows = connection.execute(
        select(_HOMES.c.antenna, _HOMES.c.place_id).where(_HOMES.c.shop_id == shop_id, _HOMES.c.reader_id == reader_id)
    )
    return {int(row.antenna): PlaceId(row.place_id) for row in rows}


def is_scanner(connection: Connection, shop_id: ShopId, reader_id: str) -> bool:
    """Whether a reader gives barcodes alone."""
    wanted = select(_READERS.c.protocol).where(_READERS.c.shop_id == shop_id, _READERS.c.id == reader_id)
    return connection.execute(wanted).scalar() in SCANNER_PROTOCOLS
