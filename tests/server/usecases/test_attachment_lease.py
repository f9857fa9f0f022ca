"""A reader listens on a lease: a handheld that died must not keep it on the air."""

from datetime import timedelta

import pytest

from server.clock import FixedClock
from server.core.ids import RoundId
from server.store import attachments
from server.store.unit_of_work import Store
from server.usecases.attach_reader import LEASE, Attached, attach_reader, end_lapsed
from tests.server.usecases.count_shop import AGENT, CLAIRE, ONE, PAD, CountShop

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def counting(shop: Store, shop_clock: FixedClock) -> tuple[CountShop, RoundId]:
    planned = CountShop(shop, shop_clock)
    planned.plan()
    return planned, planned.begin(ONE)


def attach(shop: CountShop, round_id: RoundId) -> Attached:
    return shop.store.run(
        lambda work: attach_reader(
            work, round_id=round_id, reader=PAD, person_id=CLAIRE.person, device_id=CLAIRE.device
        )
    )


def is_ending(shop: CountShop) -> bool:
    (found,) = shop.store.read(lambda conn: attachments.open_ones(conn, shop.store.shop_id, device_id=AGENT))
    return found.is_ending


def test_what_nobody_renews_is_drained_once(counting: tuple[CountShop, RoundId]) -> None:
    shop, round_id = counting
    attached = attach(shop, round_id)

    shop.clock.advance(LEASE)
    assert shop.store.run(end_lapsed) == ()
    assert not is_ending(shop)
    shop.clock.advance(MOMENT)

    assert shop.store.run(end_lapsed) == ((AGENT, attached.attachment.id),)
    assert is_ending(shop)
    assert shop.store.run(end_lapsed) == ()


def test_asking_again_renews_the_lease(counting: tuple[CountShop, RoundId]) -> None:
    shop, round_id = counting
    first = attach(shop, round_id)

    shop.clock.advance(LEASE)
    assert attach(shop, round_id).attachment.id == first.attachment.id
    shop.clock.advance(LEASE)

    assert shop.store.run(end_lapsed) == ()


def test_a_device_that_comes_back_listens_again_once_the_reader_is_free(counting: tuple[CountShop, RoundId]) -> None:
    shop, round_id = counting
    first = attach(shop, round_id)
    shop.clock.advance(LEASE + MOMENT)
    shop.store.run(end_lapsed)

    # Until the agent has said its last word the lapsed one ends; a new one would hear what belongs to it.
    assert attach(shop, round_id).attachment.id == first.attachment.id
    assert is_ending(shop)
    shop.drained(first.attachment.id)

    assert attach(shop, round_id).attachment.id != first.attachment.id
    assert not is_ending(shop)
