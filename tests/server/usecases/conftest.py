"""A shop that was just opened, for the use cases."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.clock import FixedClock
from server.core.announcement import Announcement
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop

OPENING = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)


@pytest.fixture
def shop_clock() -> FixedClock:
    return FixedClock(OPENING)


@pytest.fixture
def announced() -> list[Announcement]:
    """What viewers of `shop` were told."""
    return []


@pytest.fixture
def shop(tmp_path: Path, shop_clock: FixedClock, announced: list[Announcement]) -> Iterator[Store]:
    with Store(tmp_path / "shop" / "baguier.sqlite3", clock=shop_clock, listener=announced.extend) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        yield store
