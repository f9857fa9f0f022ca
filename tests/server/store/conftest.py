"""A shop's store for each test, in a folder of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.clock import FixedClock
from server.core.announcement import Announcement
from server.core.ids import ShopId
from server.store.shops import ShopFacts, add_shop
from server.store.unit_of_work import Store, UnitOfWork

OPENING = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)
SHOP = ShopFacts(
    id=ShopId("01890000-0000-7000-8000-000000000001"),
    name="Maison Claire",
    zone="Europe/Paris",
    day_start="04:00",
    currency="EUR",
)


def found(store: Store) -> None:
    """Give the store its one shop."""

    def work(unit: UnitOfWork) -> None:
        add_shop(unit.conn, SHOP, created_at=unit.now)

    store.run(work)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENING)


@pytest.fixture
def heard() -> list[Announcement]:
    """What the listener of `store` was told."""
    return []


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock, heard: list[Announcement]) -> Iterator[Store]:
    with Store(tmp_path / "shop" / "baguier.sqlite3", clock=clock, listener=heard.extend) as opened:
        found(opened)
        yield opened
