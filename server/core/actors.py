"""Actors: who acts in a count, and from which device they identified themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.core.ids import DeviceId, PersonId


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at one device. A device is where a person identifies and seals; a reader is not a device."""

    person: PersonId
    device: DeviceId


SERVER: Final = Actor(PersonId("server"), DeviceId("server"))
"""Acts of the clock: a missed deadline, a count nobody came back to. It holds no right and fills no role."""


class Role(StrEnum):
    """What a person is in one count; a role is not a right."""

    A = "a"
    """Counts first."""
    B = "b"
    """Verifies; never the person or the device of A."""
    C = "c"
    """Third person, only for the lines where A and B differ."""

    def letter(self) -> str:
        """How lists, leaves and people write the role: `A`, `B` or `C`."""
        return self.value.upper()


@dataclass(frozen=True, slots=True)
class PersonRights:
    """What one person might do when the count was opened; later changes of rights touch later counts only."""

    person: PersonId
    human: str
    """Same text = same human being. Two accounts found to be one person share it, so they count as one."""
    may_count: bool
    may_manage: bool


def human_of(people: Iterable[PersonRights], person: PersonId) -> str:
    """The human behind an account; an account outside the snapshot stands for itself."""
    for rights in people:
        if rights.person == person:
            return rights.human
    return person


def is_same_human(people: Iterable[PersonRights], *, first: PersonId, second: PersonId) -> bool:
    """Whether two accounts are one human being, by the snapshot `people`."""
    snapshot = tuple(people)
    return human_of(snapshot, first) == human_of(snapshot, second)


def may_count(people: Iterable[PersonRights], person: PersonId) -> bool:
    """Whether the snapshot gives this person the right to count."""
    return any(rights.person == person and rights.may_count for rights in people)


def may_manage(people: Iterable[PersonRights], person: PersonId) -> bool:
    """Whether the snapshot gives this person the right to decide on cases."""
    return any(rights.person == person and rights.may_manage for rights in people)
