"""Signing in tells a guesser nothing, slows guessing down, ends it, and binds one person to one device."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from server.clock import FixedClock
from server.core.ids import PersonId, ShopId
from server.store import devices
from server.store.credentials import KnownDevice, device_by_secret, signed_in
from server.store.shops import ShopFacts, add_shop
from server.store.unit_of_work import Store
from server.usecases.enrol_person import change_pin, disable_person, enrol_person
from server.usecases.pair_device import offer_pairing, pair_program, redeem_pairing
from server.usecases.sign_in import (
    PAUSE,
    WRONG_BEFORE_LOCKED,
    WRONG_BEFORE_REVOKED,
    DeviceWithoutPeople,
    PinGuard,
    PinLocked,
    WrongPin,
    sign_in,
)

PIN = "470912"
SECRET = "s" * 43
MORNING = datetime(2026, 3, 2, 7, 35, tzinfo=UTC)


def pin_mac(value: str) -> bytes:
    """A stand-in for the signer at its port: any keyed hash will do."""
    return sha256(b"pepper" + value.encode()).digest()


class Shop:
    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock, self.guard, self.token = store, clock, PinGuard(), ""
        facts = ShopFacts(ShopId("shop-1"), name="Maison", zone="Europe/Paris", day_start="04:00", currency="EUR")
        store.run(lambda work: add_shop(work.conn, facts, created_at=work.now))
        self.claire = enrol_person(store, name="Claire", rights=["count"], pin=PIN, pin_mac=pin_mac)
        self.handheld = self.pair("handheld-1", SECRET)

    def pair(self, name: str, secret: str) -> KnownDevice:
        token = f"link of {name} {'x' * 20}"
        self.store.run(lambda work: offer_pairing(work, name=name, kind="handheld", token=token))
        self.store.run(lambda work: redeem_pairing(work, token=token, secret=secret))
        return self.device(secret)

    def device(self, secret: str) -> KnownDevice:
        found = self.store.read(lambda conn: device_by_secret(conn, sha256(secret.encode()).digest()))
        assert found is not None
        return found

    def try_pin(self, pin: str, *, person: PersonId | None = None, device: KnownDevice | None = None) -> None:
        self.token = secrets.token_urlsafe(32)
        sign_in(
            self.store,
            device=device or self.handheld,
            person=person or self.claire,
            pin=pin,
            token=self.token,
            pin_mac=pin_mac,
            guard=self.guard,
        )

    def is_signed_in(self) -> bool:
        token = sha256(self.token.encode()).digest()
        return self.store.read(lambda conn: signed_in(conn, token, now=self.clock.now())) is not None


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock(MORNING)
    with Store(tmp_path / "shop.sqlite3", clock=clock) as store:
        yield Shop(store, clock)


def test_the_right_pin_opens_a_session_that_ends_with_the_day(shop: Shop) -> None:
    shop.try_pin(PIN)

    assert shop.is_signed_in()
    shop.clock.advance(timedelta(hours=12))
    assert not shop.is_signed_in()


def test_an_unknown_person_and_a_wrong_pin_are_told_the_same(shop: Shop) -> None:
    with pytest.raises(WrongPin) as wrong:
        shop.try_pin("000001")
    with pytest.raises(WrongPin) as unknown:
        shop.try_pin(PIN, person=PersonId("nobody"))

    assert wrong.value.sentence == unknown.value.sentence


def test_five_wrong_pins_pause_the_person_on_that_device_only(shop: Shop) -> None:
    other = shop.pair("handheld-2", "o" * 43)
    for _ in range(5):
        with pytest.raises(WrongPin):
            shop.try_pin("000001")

    with pytest.raises(PinLocked, match="minutes"):
        shop.try_pin(PIN)
    shop.try_pin(PIN, device=other)
    shop.clock.advance(PAUSE)
    shop.try_pin(PIN)


def test_guesses_sent_at_once_are_counted_one_by_one(shop: Shop) -> None:
    def guess(number: int) -> type[Exception] | None:
        try:
            shop.try_pin(f"{number:06d}")
        except (PinLocked, WrongPin) as refusal:
            return type(refusal)
        return None

    with ThreadPoolExecutor(max_workers=12) as pool:
        answers = list(pool.map(guess, range(12)))

    # Two are compared at once, so one more than five may be under way when the pause begins.
    assert answers.count(WrongPin) in (5, 6)
    assert answers.count(PinLocked) == 12 - answers.count(WrongPin)


def test_ten_wrong_pins_revoke_the_device(shop: Shop) -> None:
    for number in range(WRONG_BEFORE_REVOKED):
        with pytest.raises(WrongPin):
            shop.try_pin("000001")
        if number == 4:
            shop.clock.advance(PAUSE)

    known = shop.store.read(lambda conn: device_by_secret(conn, sha256(SECRET.encode()).digest()))
    assert known is None


def is_known(shop: Shop, secret: str) -> bool:
    return shop.store.read(lambda conn: device_by_secret(conn, sha256(secret.encode()).digest())) is not None


def guess_until_locked(shop: Shop) -> None:
    """On many devices, for one that guesses more than nine times is revoked."""
    others = [shop.pair(f"guess-{number}", f"{number:043d}") for number in range(WRONG_BEFORE_LOCKED // 9 + 1)]
    for number in range(WRONG_BEFORE_LOCKED):
        shop.guard.note_wrong(shop.store, shop.claire, others[number // 9].id)


def test_a_person_guessed_at_on_many_devices_is_locked_everywhere(shop: Shop) -> None:
    guess_until_locked(shop)

    with pytest.raises(PinLocked, match="locked"):
        shop.guard.require_open(shop.store, shop.claire, shop.handheld.id)


def test_a_new_pin_unlocks_a_person_and_ends_what_the_old_one_opened(shop: Shop) -> None:
    shop.try_pin(PIN)
    guess_until_locked(shop)
    change_pin(shop.store, shop.claire, pin="550188", pin_mac=pin_mac)

    assert not shop.is_signed_in()
    with pytest.raises(WrongPin):
        shop.try_pin(PIN)
    shop.try_pin("550188")
    assert shop.is_signed_in()


def test_a_server_that_starts_again_gives_no_new_tries(shop: Shop) -> None:
    for _ in range(5):
        with pytest.raises(WrongPin):
            shop.try_pin("000001")

    shop.guard = PinGuard()

    with pytest.raises(PinLocked, match="15 minutes"):
        shop.try_pin(PIN)
    shop.clock.advance(PAUSE)
    for _ in range(5):
        with pytest.raises(WrongPin):
            shop.try_pin("000001")
    assert not is_known(shop, SECRET)


def test_the_right_pin_forgets_the_wrong_ones(shop: Shop) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongPin):
                shop.try_pin("000001")
        shop.try_pin(PIN)

    assert is_known(shop, SECRET)


def test_somebody_who_does_not_exist_is_paused_like_others(shop: Shop) -> None:
    for _ in range(5):
        with pytest.raises(WrongPin):
            shop.try_pin(PIN, person=PersonId("nobody"))

    with pytest.raises(PinLocked, match="minutes"):
        shop.try_pin(PIN, person=PersonId("nobody"))


def test_a_device_that_tries_one_id_after_the_other_is_ended(shop: Shop) -> None:
    for number in range(WRONG_BEFORE_LOCKED):
        assert is_known(shop, SECRET)
        shop.guard.note_wrong(shop.store, PersonId(f"person-{number}"), shop.handheld.id)

    assert not is_known(shop, SECRET)


def test_a_disabled_person_cannot_sign_in_and_loses_the_session(shop: Shop) -> None:
    shop.try_pin(PIN)
    shop.store.run(lambda work: disable_person(work, "Claire"))

    assert not shop.is_signed_in()
    with pytest.raises(WrongPin):
        shop.try_pin(PIN)


def test_a_revoked_device_ends_its_session(shop: Shop) -> None:
    shop.try_pin(PIN)
    shop.store.run(lambda work: devices.revoke(work.conn, work.shop_id, shop.handheld.id, at=work.now))

    assert not shop.is_signed_in()


def test_a_second_person_on_a_device_ends_the_first_ones_session(shop: Shop) -> None:
    shop.try_pin(PIN)
    marc = enrol_person(shop.store, name="Marc", rights=["count"], pin="118822", pin_mac=pin_mac)
    sign_in(
        shop.store,
        device=shop.handheld,
        person=marc,
        pin="118822",
        token="m" * 43,
        pin_mac=pin_mac,
        guard=shop.guard,
    )

    assert not shop.is_signed_in()


def test_nobody_signs_in_on_an_agent(shop: Shop) -> None:
    shop.store.run(lambda work: pair_program(work, name="counter-pc", kind="agent", secret="a" * 43))

    with pytest.raises(DeviceWithoutPeople):
        shop.try_pin(PIN, device=shop.device("a" * 43))
