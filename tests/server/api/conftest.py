"""Servers for the tests of the API: one of its own where a test changes something, one for all where it does not.

`counting` is no process: an application without a signer behind it, for what needs no PIN.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from server.api.app import create_app
from server.clock import FixedClock
from server.feed.bridge import FeedBridge
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from tests.server.running import RunningServer, running_server
from tests.server.seeds import seeded_folder
from tests.server.usecases.conftest import OPENING
from tests.server.usecases.count_shop import CountShop


@pytest.fixture(scope="module")
def idle_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """For tests that change nothing, so that they need not each start a server."""
    folder = tmp_path_factory.mktemp("shop")
    seeded_folder(folder)
    with running_server(folder) as started:
        yield started


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    seeded_folder(tmp_path)
    with running_server(tmp_path) as started:
        yield started


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[tuple[CountShop, FastAPI]]:
    hub = Hub("epoch")
    bridge = FeedBridge(hub)
    clock = FixedClock(OPENING)
    with Store(tmp_path / "baguier.sqlite3", clock=clock, listener=bridge) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        shop = CountShop(store, clock)
        shop.plan()
        yield shop, create_app(store, hub, bridge, signer=SignerClient(tmp_path / "no-signer"))
