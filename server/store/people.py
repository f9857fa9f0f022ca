"""People rows: who works in the shop, with which rights, and the hash of the PIN."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from server.core.errors import Absent
from server.core.ids import PersonId, ShopId
from server.store.tables import Person, SessionRow, table

_PEOPLE = table(Person)
_SESSIONS = table(SessionRow)


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    """A person as lists show them; never with the PIN's hash."""

    id: PersonId
    name: str
    rights: tuple[str, ...]
    language: str
    enrolled_at: datetime
    disabled_at: datetime | None
    """None: may sign in."""


def people(connection: Connection, shop_id: ShopId) -> tuple[EnrolledPerson, ...]:
    """Everyone ever enrolled, in the order of names. A shop has at most some dozens."""
    rows = connection.execute(
        select(
            _PEOPLE.c.id,
            _PEOPLE.c.name,
            _PEOPLE.c.rights,
            _PEOPLE.c.language,
            _PEOPLE.c.enrolled_at,
            _PEOPLE.c.disabled_at,
        )
        .where(_PEOPLE.c.shop_id == shop_id)
        .order_by(_PEOPLE.c.name)
    )
    return tuple(
        EnrolledPerson(
            id=PersonId(row.id),
            name=row.name,
            rights=tuple(row.rights.split()),
            language=row.language,
            enrolled_at=row.enrolled_at,
            disabled_at=row.disabled_at,
        )
        for row in rows
    )


def person_named(connection: Connection, shop_id: ShopId, name_or_id: str) -> EnrolledPerson:
    """The person with this name or id. Raises: Absent."""
    for person in people(connection, shop_id):
        if name_or_id in (person.name, person.id):
            return person
    raise Absent(f"Nobody is called {name_or_id[:40]!r} in this shop. See `baguier user list`.")


def pin_hash(connection: Connection, shop_id: ShopId, person: PersonId) -> str | None:
    """The stored hash of a person who may sign in. None: unknown or disabled."""
    return connection.execute(
        select(_PEOPLE.c.pin_hash).where(
            _PEOPLE.c.shop_id == shop_id, _PEOPLE.c.id == person, _PEOPLE.c.disabled_at.is_(None)
        )
    ).scalar()


def add_person(connection: Connection, shop_id: ShopId, person: EnrolledPerson, *, hashed_pin: str) -> None:
    """Write a new person; the name must be free."""
    connection.execute(
        insert(_PEOPLE).values(
            shop_id=shop_id,
            id=person.id,
            name=person.name,
            rights=" ".join(person.rights),
            language=person.language,
            pin_hash=hashed_pin,
            pin_set_at=person.enrolled_at,
            enrolled_at=person.enrolled_at,
        )
    )


def disable_person(connection: Connection, shop_id: ShopId, person: PersonId, *, at: datetime) -> None:
    """Bar a person from signing in and end their sessions. What they did stays."""
    connection.execute(
        update(_PEOPLE)
        .where(_PEOPLE.c.shop_id == shop_id, _PEOPLE.c.id == person, _PEOPLE.c.disabled_at.is_(None))
        .values(disabled_at=at)
    )
    _end_sessions(connection, shop_id, person, at=at)


def set_pin(connection: Connection, shop_id: ShopId, person: PersonId, *, hashed_pin: str, at: datetime) -> None:
    """Replace a person's PIN and end the sessions that the old one opened."""
    connection.execute(
        update(_PEOPLE)
        .where(_PEOPLE.c.shop_id == shop_id, _PEOPLE.c.id == person)
        .values(pin_hash=hashed_pin, pin_set_at=at)
    )
    _end_sessions(connection, shop_id, person, at=at)


def _end_sessions(connection: Connection, shop_id: ShopId, person: PersonId, *, at: datetime) -> None:
    connection.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.shop_id == shop_id, _SESSIONS.c.person_id == person, _SESSIONS.c.closed_at.is_(None))
        .values(closed_at=at)
    )
