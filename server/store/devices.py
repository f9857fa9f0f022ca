"""Device rows: what may speak for the shop, and the one-time links by which it came to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from server.core.errors import Absent
from server.core.ids import DeviceId, ShopId
from server.store.tables import Device, Pairing, SessionRow, table

_DEVICES = table(Device)
_PAIRINGS = table(Pairing)
_SESSIONS = table(SessionRow)


@dataclass(frozen=True, slots=True)
class PairedDevice:
    """A device as lists show it; its secret is kept by the device alone."""

    id: DeviceId
    name: str
    kind: str
    """handheld, desk, agent or integration."""
    acked: int
    """Number up to which everything it sent is stored."""
    paired_at: datetime
    revoked_at: datetime | None
    """None: it may speak."""


@dataclass(frozen=True, slots=True)
class OfferedPairing:
    """A one-time link."""

    id: str
    name: str
    kind: str
    expires_at: datetime
    used_at: datetime | None


def devices(connection: Connection, shop_id: ShopId) -> tuple[PairedDevice, ...]:
    """Every device ever paired, in the order of names, then of pairing."""
    rows = connection.execute(
        select(
            _DEVICES.c.id,
            _DEVICES.c.name,
            _DEVICES.c.kind,
            _DEVICES.c.acked,
            _DEVICES.c.paired_at,
            _DEVICES.c.revoked_at,
        )
        .where(_DEVICES.c.shop_id == shop_id)
        .order_by(_DEVICES.c.name, _DEVICES.c.paired_at, _DEVICES.c.id)
    )
    return tuple(
        PairedDevice(
            id=DeviceId(row.id),
            name=row.name,
            kind=row.kind,
            acked=row.acked,
            paired_at=row.paired_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )


def device_named(connection: Connection, shop_id: ShopId, name_or_id: str) -> PairedDevice:
    """The device with this id, or else the one in use with this name. Raises: Absent."""
    found = devices(connection, shop_id)
    for device in found:
        if name_or_id == device.id:
            return device
    for device in found:
        if name_or_id == device.name and device.revoked_at is None:
            return device
    raise Absent(f"No device in use is called {name_or_id[:40]!r}. See `baguier device list`.")


def add_device(
    connection: Connection,
    shop_id: ShopId,
    device: DeviceId,
    *,
    name: str,
    kind: str,
    secret_sha256: bytes,
    at: datetime,
) -> None:
    """Write a new device."""
    connection.execute(
        insert(_DEVICES).values(
            shop_id=shop_id, id=device, name=name, kind=kind, secret_sha256=secret_sha256, acked=0, paired_at=at
        )
    )


def revoke(connection: Connection, shop_id: ShopId, device: DeviceId, *, at: datetime) -> None:
    """Bar a device and end the sessions on it. What it sent stays."""
    connection.execute(
        update(_DEVICES)
        .where(_DEVICES.c.shop_id == shop_id, _DEVICES.c.id == device, _DEVICES.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    connection.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.shop_id == shop_id, _SESSIONS.c.device_id == device, _SESSIONS.c.closed_at.is_(None))
        .values(closed_at=at)
    )


def add_pairing(
    connection: Connection, shop_id: ShopId, offered: OfferedPairing, *, token_sha256: bytes, at: datetime
) -> None:
    """Write a one-time link; only the hash of its token is kept."""
    connection.execute(
        insert(_PAIRINGS).values(
            shop_id=shop_id,
            id=offered.id,
            token_sha256=token_sha256,
            name=offered.name,
            kind=offered.kind,
            made_at=at,
            expires_at=offered.expires_at,
        )
    )


def pairing_by_token(connection: Connection, shop_id: ShopId, token_sha256: bytes) -> OfferedPairing | None:
    """The link with this token. None: there never was one."""
    row = connection.execute(
        select(_PAIRINGS.c.id, _PAIRINGS.c.name, _PAIRINGS.c.kind, _PAIRINGS.c.expires_at, _PAIRINGS.c.used_at).where(
            _PAIRINGS.c.shop_id == shop_id, _PAIRINGS.c.token_sha256 == token_sha256
        )
    ).one_or_none()
    if row is None:
        return None
    return OfferedPairing(id=row.id, name=row.name, kind=row.kind, expires_at=row.expires_at, used_at=row.used_at)


def use_pairing(connection: Connection, shop_id: ShopId, pairing: str, *, device: DeviceId, at: datetime) -> None:
    """Mark a link as used up by a device."""
    connection.execute(
        update(_PAIRINGS)
        .where(_PAIRINGS.c.shop_id == shop_id, _PAIRINGS.c.id == pairing)
        .values(used_at=at, device_id=device)
    )
