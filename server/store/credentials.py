"""Credentials as they are looked up: a hash comes in, who holds the secret comes out. No secret is ever stored."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, and_, bindparam, select

from server.core.actors import Actor
from server.core.ids import DeviceId, PersonId, ShopId
from server.store.tables import Device, Person, SessionRow, table

_DEVICES = table(Device)
_PEOPLE = table(Person)
_SESSIONS = table(SessionRow)
# Built once: every call of a person asks it.
_SELECT_SIGNED_IN: Final = (
    select(
        _SESSIONS.c.id,
        _SESSIONS.c.shop_id,
        _SESSIONS.c.person_id,
        _SESSIONS.c.device_id,
        _PEOPLE.c.name,
        _PEOPLE.c.rights,
    )
    .select_from(
        _SESSIONS.join(
            _PEOPLE, and_(_PEOPLE.c.shop_id == _SESSIONS.c.shop_id, _PEOPLE.c.id == _SESSIONS.c.person_id)
        ).join(_DEVICES, and_(_DEVICES.c.shop_id == _SESSIONS.c.shop_id, _DEVICES.c.id == _SESSIONS.c.device_id))
    )
    .where(
        _SESSIONS.c.token_sha256 == bindparam("token"),
        _SESSIONS.c.closed_at.is_(None),
        _SESSIONS.c.expires_at > bindparam("now"),
        _PEOPLE.c.disabled_at.is_(None),
        _DEVICES.c.revoked_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that showed its secret."""

    id: DeviceId
    shop_id: ShopId
    kind: str
    """handheld, desk, agent or integration."""
    name: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person on a device, while the session lasts."""

    session_id: str
    shop_id: ShopId
    person_id: PersonId
    name: str
    rights: frozenset[str]
    device_id: DeviceId

    @property
    def actor(self) -> Actor:
        """The person on their device, as the core names who acts."""
        return Actor(self.person_id, self.device_id)


def secret_sha256(secret: str) -> bytes:
    """What is kept of a secret. A plain hash is enough: 256 random bits cannot be guessed."""
    return sha256(secret.encode()).digest()


def device_by_secret(connection: Connection, secret_sha256: bytes) -> KnownDevice | None:
    """The device whose secret has this hash; None: unknown or revoked."""
    row = connection.execute(
        select(_DEVICES.c.id, _DEVICES.c.shop_id, _DEVICES.c.kind, _DEVICES.c.name).where(
            _DEVICES.c.secret_sha256 == secret_sha256, _DEVICES.c.revoked_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return KnownDevice(id=DeviceId(row.id), shop_id=ShopId(row.shop_id), kind=row.kind, name=row.name)


def signed_in(connection: Connection, token_sha256: bytes, *, now: datetime) -> SignedIn | None:
    """Whoever is signed in with this token; None: unknown, ended, disabled, or on a revoked device."""
    row = connection.execute(_SELECT_SIGNED_IN, {"token": token_sha256, "now": now}).first()
    if row is None:
        return None
    return SignedIn(
        session_id=row.id,
        shop_id=ShopId(row.shop_id),
        person_id=PersonId(row.person_id),
        name=row.name,
        rights=frozenset(row.rights.split()),
        device_id=DeviceId(row.device_id),
    )
