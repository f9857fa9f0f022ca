"""Sign in: somebody of the shop says who they are on a paired device.

Given the device's secret, a person and their PIN; opens a session of one person on one device; promises that guessing is
slow, ends early, and tells a guesser nothing about who exists.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final

from server.core.errors import Conflict, NotAllowed
from server.core.ids import DeviceId, PersonId
from server.store import people, pin_tries, sessions
from server.store.credentials import KnownDevice, secret_sha256
from server.store.people import EnrolledPerson
from server.store.pin_tries import PinTries
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.enrol_person import PinMac, hash_pin, is_pin
from server.usecases.pair_device import revoke_device

SESSION_LIFETIME: Final = timedelta(hours=12)
"""A shop day; the app locks itself long before."""
WRONG_BEFORE_PAUSE: Final = 5
WRONG_BEFORE_REVOKED: Final = 10
WRONG_BEFORE_LOCKED: Final = 100
"""Of a person on all devices together: beyond it the person needs a new PIN. Of a device for all people: it is revoked."""
PAUSE: Final = timedelta(minutes=15)
HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB: a storm of sign-ins must not eat the memory of a small computer."""


class WrongPin(NotAllowed):
    """The person and the PIN do not belong together; which of the two is wrong is not said."""

    code: ClassVar[str] = "wrong_pin"


class PinLocked(Conflict):
    """Too many wrong PINs."""

    code: ClassVar[str] = "pin_locked"


class DeviceWithoutPeople(NotAllowed):
    """Agents and programs act by their own secret; nobody signs in on them."""

    code: ClassVar[str] = "no_sign_in_here"


@dataclass(slots=True)
class PinGuard:
    """Counts wrong PINs by person and device, never by what was typed. The counts are in the store and outlive the server."""

    _hashing: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(HASHES_AT_ONCE))

    def require_open(self, store: Store, person: PersonId, device: DeviceId) -> None:
        """Raises: PinLocked: a pause runs, or the person is locked on every device."""
        shop_id, now = store.shop_id, store.clock.now()
        if store.read(lambda conn: pin_tries.wrong_of_person(conn, shop_id, person)) >= WRONG_BEFORE_LOCKED:
            raise PinLocked(
                "This PIN was tried too often and is locked. Ask for a new one: `baguier user pin`.", minutes=0
            )
        tries = store.read(lambda conn: pin_tries.tries_of(conn, shop_id, person, device=device))
        if tries.paused_until is not None and now < tries.paused_until:
            minutes = -((now - tries.paused_until) // timedelta(minutes=1))
            raise PinLocked(f"Too many wrong PINs. Try again in {minutes} minutes on this device.", minutes=minutes)

    def note_wrong(self, store: Store, person: PersonId, device: DeviceId) -> None:
        """Count a wrong PIN before it is told; too many on a device end the device."""
        store.run(lambda work: _note_wrong(work, person, device))

    def note_right(self, store: Store, person: PersonId, device: DeviceId) -> None:
        """The right PIN on a device forgets the wrong ones there."""
        shop_id = store.shop_id
        if store.read(lambda conn: pin_tries.tries_of(conn, shop_id, person, device=device)) != PinTries():
            store.run(lambda work: pin_tries.forget(work.conn, work.shop_id, person, device=device))

    def is_right(
        self, store: Store, person: PersonId, device: DeviceId, *, pin: str, stored: str | None, pin_mac: PinMac
    ) -> bool:
        """Compare, two at a time, and count the answer. An unknown person takes as long as a known one.

        Raises: PinLocked: a pause runs, or the person is locked on every device.
        """
        with self._hashing:
            # Asked where it is counted: else guesses that are sent at once are all let in before the first is counted.
            self.require_open(store, person, device)
            if stored is None:
                hash_pin("000000", shop=store.shop_id, person=person, pin_mac=pin_mac)
                is_right = False
            else:
                is_right = is_pin(pin, stored, shop=store.shop_id, person=person, pin_mac=pin_mac)
            (self.note_right if is_right else self.note_wrong)(store, person, device)
        return is_right


def _note_wrong(work: UnitOfWork, person: PersonId, device: DeviceId) -> None:
    before = pin_tries.tries_of(work.conn, work.shop_id, person, device=device)
    wrong = before.wrong + 1
    paused_until = work.now + PAUSE if wrong % WRONG_BEFORE_PAUSE == 0 else before.paused_until
    pin_tries.keep(work.conn, work.shop_id, person, device=device, tries=PinTries(wrong, paused_until))
    # Whoever tries one id after the other is a guesser too, and must not fill the disk.
    on_device = pin_tries.wrong_on_device(work.conn, work.shop_id, device)
    if wrong >= WRONG_BEFORE_REVOKED or on_device >= WRONG_BEFORE_LOCKED:
        revoke_device(work, device)


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in."""

    person: EnrolledPerson
    expires_at: datetime


def sign_in(
    store: Store, *, device: KnownDevice, person: PersonId, pin: str, token: str, pin_mac: PinMac, guard: PinGuard
) -> Session:
    """Open a session that `token` (made at the edge, 256 random bits) will stand for; end the one that was open there.

    Raises: DeviceWithoutPeople, PinLocked, WrongPin, SignerDown.
    """
    if device.kind not in {"handheld", "desk"}:
        raise DeviceWithoutPeople(f"{device.name} is a program; sign in on a paired handheld or desk.")
    known = store.read(
        lambda conn: next((one for one in people.people(conn, device.shop_id) if one.id == person), None)
    )
    is_active = known is not None and known.disabled_at is None
    stored = store.read(lambda conn: people.pin_hash(conn, device.shop_id, person)) if is_active else None
    is_right = guard.is_right(store, person, device.id, pin=pin, stored=stored, pin_mac=pin_mac)
    if known is None or not is_right:
        raise WrongPin("This person and this PIN do not belong together. Check both and try again.")
    expires_at = store.clock.now() + SESSION_LIFETIME
    store.run(lambda work: _open(work, device=device, person=person, token=token, expires_at=expires_at))
    return Session(person=known, expires_at=expires_at)


def _open(work: UnitOfWork, *, device: KnownDevice, person: PersonId, token: str, expires_at: datetime) -> None:
    sessions.end_sessions_on(work.conn, device.shop_id, device.id, at=work.now)
    sessions.add_session(
        work.conn,
        device.shop_id,
        session_id=work.new_id(),
        token_sha256=secret_sha256(token),
        person=person,
        device=device.id,
        opened_at=work.now,
        expires_at=expires_at,
    )


def sign_out(work: UnitOfWork, session_id: str) -> None:
    """End a session. Twice changes nothing."""
    sessions.end_session(work.conn, work.shop_id, session_id, at=work.now)
