"""Enrol a person: somebody of the shop may sign in with a PIN, with the rights they were given.

Given a name, rights and a PIN made at the edge; writes the person and a leaf that knows them by id alone; promises that the
database without the signer's pepper gives no PIN away, although there are only a million.
"""

import unicodedata
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from server.core.errors import Conflict, Malformed
from server.core.ids import PersonId, ShopId
from server.core.log.events import ActorKind, EventType, Subject
from server.store import people, pin_tries
from server.store.people import EnrolledPerson
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.open_shop import SYSTEM_ACTOR

RIGHTS: Final = ("count", "manage", "own", "read")
"""What a person may be allowed, in the order in which they are kept. Roles in a count are no rights."""
LANGUAGES: Final = ("fr", "en")
PIN_DIGITS: Final = 6
_ALIKE: Final = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE"})
"""Alphabets with letters that look the same: a colleague's name written with one of another is another name."""
_ARGON2_MEMORY_KIB: Final = 64 * 1024
_ARGON2_PASSES: Final = 3
"""64 MiB and three passes, about 0.1 s: decisions.md 6.10."""

PinMac = Callable[[str], bytes]
"""HMAC under the signer's pepper; 32 bytes."""


class NameTaken(Conflict):
    """Somebody of the shop already has this name."""

    code: ClassVar[str] = "name_taken"


class PersonDisabled(Conflict):
    """The person may not sign in any more."""

    code: ClassVar[str] = "person_disabled"


def enrol_person(
    store: Store, *, name: str, rights: Iterable[str], pin: str, pin_mac: PinMac, language: str = "fr"
) -> PersonId:
    """Write a person; give their id. The slow hash is made before the transaction, so nobody waits for it.

    Raises: Malformed: an empty name, an unknown right or language, a PIN that is not six digits. NameTaken. SignerDown.
    """
    shop_id = store.shop_id
    person_id = PersonId(store.new_id())
    cleaned, kept = _checked_name(name), _checked_rights(rights)
    if language not in LANGUAGES:
        raise Malformed(f"{language[:10]!r} is not a language of ours; expected one of {', '.join(LANGUAGES)}.")
    hashed = hash_pin(pin, shop=shop_id, person=person_id, pin_mac=pin_mac)

    def work(unit: UnitOfWork) -> None:
        if any(_looks(one.name) == _looks(cleaned) for one in people.people(unit.conn, shop_id)):
            raise NameTaken(f"Somebody called {cleaned!r} is enrolled already. Add a second name to tell them apart.")
        person = EnrolledPerson(
            id=person_id, name=cleaned, rights=kept, language=language, enrolled_at=unit.now, disabled_at=None
        )
        people.add_person(unit.conn, shop_id, person, hashed_pin=hashed)
        unit.append_leaf(
            EventType.PERSON_ENROLLED,
            Subject("person", person_id),
            {"rights": list(kept)},
            actor=SYSTEM_ACTOR,
            actor_kind=ActorKind.SYSTEM,
        )

    store.run(work)
    return person_id


def disable_person(unit: UnitOfWork, name_or_id: str) -> PersonId:
    """Bar a person from signing in, from now on. Doing it twice writes nothing. Raises: Absent."""
    person = people.person_named(unit.conn, unit.shop_id, name_or_id)
    if person.disabled_at is None:
        people.disable_person(unit.conn, unit.shop_id, person.id, at=unit.now)
        unit.append_leaf(
            EventType.PERSON_DISABLED,
            Subject("person", person.id),
            {},
            actor=SYSTEM_ACTOR,
            actor_kind=ActorKind.SYSTEM,
        )
    return person.id


def change_pin(store: Store, person_id: PersonId, *, pin: str, pin_mac: PinMac) -> None:
    """Give a person a new PIN: the old one ends with the sessions it opened, and wrong tries are forgotten, a lock with them.

    Raises: Absent. PersonDisabled. Malformed: not six digits. SignerDown.
    """
    hashed = hash_pin(pin, shop=store.shop_id, person=person_id, pin_mac=pin_mac)

    def work(unit: UnitOfWork) -> None:
        person = people.person_named(unit.conn, unit.shop_id, person_id)
        if person.disabled_at is not None:
            raise PersonDisabled(f"{person.name} is barred from signing in, so no PIN helps. Enrol them anew.")
        people.set_pin(unit.conn, unit.shop_id, person.id, hashed_pin=hashed, at=unit.now)
        pin_tries.forget_all(unit.conn, unit.shop_id, person.id)
        unit.append_leaf(
            EventType.PERSON_PIN_CHANGED,
            Subject("person", person.id),
            {},
            actor=SYSTEM_ACTOR,
            actor_kind=ActorKind.SYSTEM,
        )

    store.run(work)


def hash_pin(pin: str, *, shop: ShopId, person: PersonId, pin_mac: PinMac) -> str:
    """Argon2id over the signer's HMAC of shop, person and PIN: equal PINs of two people have nothing in common.

    Raises: Malformed: not six digits. SignerDown.
    """
    from argon2 import PasswordHasher

    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        raise Malformed(f"A PIN has {PIN_DIGITS} digits.")
    hasher = PasswordHasher(time_cost=_ARGON2_PASSES, memory_cost=_ARGON2_MEMORY_KIB, parallelism=1)
    return hasher.hash(pin_mac(_pin_message(pin, shop=shop, person=person)))


def is_pin(pin: str, stored: str, *, shop: ShopId, person: PersonId, pin_mac: PinMac) -> bool:
    """Whether `pin` is the one behind `stored`. Takes about 0.1 s and 64 MiB; at most two at once. Raises: SignerDown."""
    from argon2 import PasswordHasher
    from argon2.exceptions import VerifyMismatchError

    try:
        return PasswordHasher().verify(stored, pin_mac(_pin_message(pin[:64], shop=shop, person=person)))
    except VerifyMismatchError:
        return False


def _pin_message(pin: str, *, shop: ShopId, person: PersonId) -> str:
    # Neither id holds a space, so no two triples give one message.
    return f"{shop} {person} {pin}"


def _checked_name(text: str) -> str:
    # A record holds names in form NFC alone; a terminal of macOS may send the accent as a character of its own.
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 100 or not name.isprintable():
        raise Malformed(f"{text[:40]!r} is not a name; give up to 100 characters that can be shown.")
    if len(_ALIKE & {unicodedata.name(char, "").split(" ")[0] for char in _looks(name)}) > 1:
        raise Malformed(f"{name[:40]!r} mixes alphabets whose letters look alike. Write the name in one of them.")
    return name


def _looks(name: str) -> str:
    """What two names have in common that a reader cannot tell apart: case, and letters of another width or font."""
    return unicodedata.normalize("NFKC", name).casefold()


def _checked_rights(rights: Iterable[str]) -> tuple[str, ...]:
    wanted = set(rights)
    unknown = sorted(wanted - set(RIGHTS))
    if unknown or not wanted:
        raise Malformed(
            f"{', '.join(unknown)[:80] or 'No right'} was given; expected one or more of {', '.join(RIGHTS)}."
        )
    return tuple(right for right in RIGHTS if right in wanted)
