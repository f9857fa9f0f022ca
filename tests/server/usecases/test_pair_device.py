"""A browser, an agent or a program gets a secret by which the shop knows it."""

from datetime import timedelta

import pytest

from server.clock import FixedClock
from server.core.errors import Absent, Malformed
from server.core.log.events import EventType, Leaf
from server.store import devices, log
from server.store.credentials import device_by_secret, secret_sha256
from server.store.unit_of_work import Store
from server.usecases.pair_device import (
    LINK_LIFETIME,
    PairingUnknown,
    PairingUsed,
    offer_pairing,
    pair_program,
    redeem_pairing,
    revoke_device,
)


def leaf_types(store: Store) -> list[EventType]:
    return [Leaf.from_bytes(one.raw).type for one in store.read(lambda c: log.leaves(c, store.shop_id))][1:]


def test_a_link_makes_one_device_once(shop: Store) -> None:
    shop.run(lambda unit: offer_pairing(unit, name="Claire's phone", kind="handheld", token="link"))
    assert leaf_types(shop) == []

    device = shop.run(lambda unit: redeem_pairing(unit, token="link", secret="made on the phone"))

    known = shop.read(lambda c: device_by_secret(c, secret_sha256("made on the phone")))
    assert known is not None
    assert (known.id, known.kind, known.name) == (device, "handheld", "Claire's phone")
    assert leaf_types(shop) == [EventType.DEVICE_PAIRED]
    with pytest.raises(PairingUsed, match="revoke the device"):
        shop.run(lambda unit: redeem_pairing(unit, token="link", secret="thief"))
    assert shop.read(lambda c: device_by_secret(c, secret_sha256("thief"))) is None


def test_a_link_ends_with_its_time(shop: Store, shop_clock: FixedClock) -> None:
    shop.run(lambda unit: offer_pairing(unit, name="phone", kind="handheld", token="link"))
    shop_clock.advance(LINK_LIFETIME)

    with pytest.raises(PairingUnknown, match="time is over"):
        shop.run(lambda unit: redeem_pairing(unit, token="link", secret="s"))


def test_a_link_is_good_until_just_before_its_time(shop: Store, shop_clock: FixedClock) -> None:
    shop.run(lambda unit: offer_pairing(unit, name="phone", kind="desk", token="link"))
    shop_clock.advance(LINK_LIFETIME - timedelta(seconds=1))

    assert shop.run(lambda unit: redeem_pairing(unit, token="link", secret="s"))


def test_a_name_is_kept_in_the_form_that_records_hold(shop: Store) -> None:
    agent = shop.run(lambda unit: pair_program(unit, name="Caisse de re\u0301serve", kind="agent", secret="token"))

    known = shop.read(lambda c: device_by_secret(c, secret_sha256("token")))
    assert known is not None
    assert (known.id, known.name) == (agent, "Caisse de r\u00e9serve")


def test_an_unknown_link_is_refused(shop: Store) -> None:
    with pytest.raises(PairingUnknown):
        shop.run(lambda unit: redeem_pairing(unit, token="guess", secret="s"))


def test_an_agent_is_known_by_its_token_until_it_is_revoked(shop: Store) -> None:
    agent = shop.run(lambda unit: pair_program(unit, name="Counter PC", kind="agent", secret="token"))
    assert shop.read(lambda c: device_by_secret(c, secret_sha256("token"))) is not None

    shop.run(lambda unit: revoke_device(unit, "Counter PC"))
    shop.run(lambda unit: revoke_device(unit, agent))

    assert shop.read(lambda c: device_by_secret(c, secret_sha256("token"))) is None
    assert leaf_types(shop) == [EventType.DEVICE_PAIRED, EventType.DEVICE_REVOKED]


def test_no_secret_is_in_the_database(shop: Store) -> None:
    shop.run(lambda unit: pair_program(unit, name="pc", kind="agent", secret="SECRET-OF-THE-AGENT"))
    shop.run(lambda unit: offer_pairing(unit, name="phone", kind="desk", token="SECRET-OF-THE-LINK"))
    shop.close()

    files = b"".join(file.read_bytes() for file in shop.path.parent.iterdir() if file.is_file())
    assert b"SECRET-OF" not in files


def test_a_revoked_name_may_be_used_again(shop: Store) -> None:
    first = shop.run(lambda unit: pair_program(unit, name="pc", kind="agent", secret="a"))
    shop.run(lambda unit: revoke_device(unit, "pc"))
    second = shop.run(lambda unit: pair_program(unit, name="pc", kind="agent", secret="b"))

    assert shop.read(lambda c: devices.device_named(c, shop.shop_id, "pc")).id == second != first


def test_each_kind_is_paired_in_its_own_way(shop: Store) -> None:
    with pytest.raises(Malformed, match="agent has no link"):
        shop.run(lambda unit: offer_pairing(unit, name="pc", kind="agent", token="t"))
    with pytest.raises(Malformed, match="handheld gets no token"):
        shop.run(lambda unit: pair_program(unit, name="phone", kind="handheld", secret="s"))
    with pytest.raises(Malformed, match="not a name"):
        shop.run(lambda unit: pair_program(unit, name=" ", kind="agent", secret="s"))
    with pytest.raises(Absent, match="baguier device list"):
        shop.run(lambda unit: revoke_device(unit, "pc"))
