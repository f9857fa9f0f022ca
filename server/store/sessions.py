"""Sessions as they are kept: who is signed in on which device, known by the hash of a token alone."""

from datetime import datetime

from sqlalchemy import Connection, insert, update

from server.core.ids import DeviceId, PersonId, ShopId
from server.store.tables import SessionRow, table

_SESSIONS = table(SessionRow)


def end_sessions_on(connection: Connection, shop_id: ShopId, device: DeviceId, *, at: datetime) -> None:
    """End whatever session is open on a device: one person at a time identifies there."""
    connection.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.shop_id == shop_id, _SESSIONS.c.device_id == device, _SESSIONS.c.closed_at.is_(None))
        .values(closed_at=at)
    )


def add_session(
    connection: Connection,
    shop_id: ShopId,
    *,
    session_id: str,
    token_sha256: bytes,
    person: PersonId,
    device: DeviceId,
    opened_at: datetime,
    expires_at: datetime,
) -> None:
    """Write a session that begins now."""
    connection.execute(
        insert(_SESSIONS).values(
            shop_id=shop_id,
            id=session_id,
            token_sha256=token_sha256,
            person_id=person,
            device_id=device,
            opened_at=opened_at,
            expires_at=expires_at,
        )
    )


def end_session(connection: Connection, shop_id: ShopId, session_id: str, *, at: datetime) -> None:
    """End one session; ending it twice changes nothing."""
    connection.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.shop_id == shop_id, _SESSIONS.c.id == session_id, _SESSIONS.c.closed_at.is_(None))
        .values(closed_at=at)
    )
