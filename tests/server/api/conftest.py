"""Servers for the tests of the API: one of its own where a test changes something, one for all where it does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.running import RunningServer, running_server
from tests.server.seeds import seeded_folder


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
