"""Device events: what a handheld did, exactly as it said it, numbered by the device without gaps.

Each event stands once, by its id and by its number. What contradicts one that stands is kept beside it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import orjson
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from server.clock import in_utc
from server.core.ids import CountId, DeviceId, PersonId, RoundId, ShopId
from server.store.tables import Device, DeviceConflict, DeviceEvent, Person, SessionRow, table

_EVENTS, _CONFLICTS = table(DeviceEvent), table(DeviceConflict)
_DEVICES, _SESSIONS, _PEOPLE = table(Device), table(SessionRow), table(Person)
SCANNED: Final = "label.scanned"
RETRACTED: Final = "label.retracted"
"""A scan that was a mistake: the code does not count any more, both events stay."""
SEALED: Final = "round.sealed"
# Built once: every seal asks it.
_SELECT_SCANS: Final = (
    select(_EVENTS.c.type, _EVENTS.c.raw)
    .where(
        _EVENTS.c.shop_id == bindparam("shop"),
        _EVENTS.c.round_id == bindparam("round"),
        _EVENTS.c.type.in_((SCANNED, RETRACTED)),
        _EVENTS.c.quarantine.is_(None),
    )
    .order_by(_EVENTS.c.dseq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """One event as it stands."""

    id: str
    device_id: DeviceId
    dseq: int
    person_id: PersonId
    count_id: CountId | None
    round_id: RoundId | None
    type: str
    at: datetime
    """As the device's clock claims."""
    mono_ms: int
    session_id: str
    """The session that carried it."""
    raw: bytes
    quarantine: str | None
    """Code of the refusal that keeps it from counting; None: it was acted on."""


def standing(
    connection: Connection, shop_id: ShopId, device_id: DeviceId, *, ids: Collection[str], dseqs: Collection[int]
) -> list[KeptEvent]:
    """The events that have one of these ids on any device, or one of these numbers on this device."""
    found = connection.execute(
        select(_EVENTS).where(
            _EVENTS.c.shop_id == shop_id,
            or_(
                _EVENTS.c.id.in_(list(ids)),
                and_(_EVENTS.c.device_id == device_id, _EVENTS.c.dseq.in_(list(dseqs))),
            ),
        )
    )
    return [
        KeptEvent(
            id=row.id,
            device_id=DeviceId(row.device_id),
            dseq=row.dseq,
            person_id=PersonId(row.person_id),
            count_id=None if row.count_id is None else CountId(row.count_id),
            round_id=None if row.round_id is None else RoundId(row.round_id),
            type=row.type,
            at=row.at,
            mono_ms=row.mono_ms,
            session_id=row.session_id,
            raw=bytes(row.raw),
            quarantine=row.quarantine,
        )
        for row in found
    ]


def keep(connection: Connection, shop_id: ShopId, events: Iterable[KeptEvent], *, rx: datetime) -> None:
    """Store new events; their ids and numbers must be free."""
    rows = [
        {
            "shop_id": shop_id,
            "id": event.id,
            "device_id": event.device_id,
            "dseq": event.dseq,
            "person_id": event.person_id,
            "count_id": event.count_id,
            "round_id": event.round_id,
            "type": event.type,
            "at": event.at,
            "mono_ms": event.mono_ms,
            "rx": rx,
            "session_id": event.session_id,
            "raw": event.raw,
            "quarantine": event.quarantine,
        }
        for event in events
    ]
    if rows:
        connection.execute(insert(_EVENTS), rows)


def keep_conflict(connection: Connection, shop_id: ShopId, event: KeptEvent, *, rx: datetime) -> None:
    """Store an event that contradicts one that stands; the same bytes again change nothing."""
    digest = sha256(event.raw).digest()
    same = select(_CONFLICTS.c.dseq).where(
        _CONFLICTS.c.shop_id == shop_id,
        _CONFLICTS.c.device_id == event.device_id,
        _CONFLICTS.c.dseq == event.dseq,
        _CONFLICTS.c.sha256 == digest,
    )
    if connection.execute(same).first() is None:
        connection.execute(
            insert(_CONFLICTS).values(
                shop_id=shop_id,
                device_id=event.device_id,
                dseq=event.dseq,
                sha256=digest,
                id=event.id,
                session_id=event.session_id,
                raw=event.raw,
                rx=rx,
            )
        )


def move_mark(connection: Connection, shop_id: ShopId, device_id: DeviceId, *, acked: int, seen_at: datetime) -> None:
    """Note that everything of the device up to `acked` is stored without a gap."""
    connection.execute(
        update(_DEVICES)
        .where(_DEVICES.c.shop_id == shop_id, _DEVICES.c.id == device_id)
        .values(acked=acked, seen_at=seen_at)
    )


def labels_of(connection: Connection, shop_id: ShopId, round_id: RoundId) -> tuple[str, ...]:
    """Codes of the labels scanned in a round and not retracted after, sorted."""
    found = connection.execute(_SELECT_SCANS, {"shop": shop_id, "round": round_id})
    last_word = {orjson.loads(row.raw)["body"]["code"]: row.type for row in found}
    return tuple(sorted(code for code, word in last_word.items() if word == SCANNED))


def times_signed_in(
    connection: Connection, shop_id: ShopId, device_id: DeviceId, *, person_id: PersonId
) -> Sequence[tuple[datetime, datetime | None]]:
    """From when to when a person was the one signed in on a device, oldest first; None: still. Nothing for who is disabled."""
    found = connection.execute(
        select(_SESSIONS.c.opened_at, _SESSIONS.c.closed_at)
        .select_from(
            _SESSIONS.join(
                _PEOPLE, and_(_PEOPLE.c.shop_id == _SESSIONS.c.shop_id, _PEOPLE.c.id == _SESSIONS.c.person_id)
            )
        )
        .where(
            _SESSIONS.c.shop_id == shop_id,
            _SESSIONS.c.device_id == device_id,
            _SESSIONS.c.person_id == person_id,
            _PEOPLE.c.disabled_at.is_(None),
        )
        .order_by(_SESSIONS.c.opened_at)
    )
    return [(in_utc(row.opened_at), None if row.closed_at is None else in_utc(row.closed_at)) for row in found]
