"""The demonstration's shop: seeded through the use cases, and floor.json says exactly what the shop knows."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from reader_drivers.agent.settings import load_settings
from server.cli.demo_shop import OPENING, READERS, ZONE, DemoFolder, FolderNotEmpty, seed_shop
from server.core.ids import PlaceId
from server.settings import settings_from
from server.store import log, readers
from server.store.expected import pieces_of_labels
from server.store.unit_of_work import Store
from server.usecases.shop_clock import clock_to_serve
from simulators.demo.floor import Floor
from simulators.demo.stock_file import stock_csv

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    made = DemoFolder(settings_from(data=tmp_path_factory.mktemp("demo") / "shop", environment={}))
    made.make()
    made.stock.write_text(stock_csv(seed=3))
    seed_shop(made, port=8123)
    return made


@pytest.fixture
def store(folder: DemoFolder) -> Iterator[Store]:
    with Store(folder.settings.database, clock=clock_to_serve(folder.settings, is_demo=True)) as opened:
        yield opened


def floor_of(folder: DemoFolder) -> dict[str, Any]:
    return dict(json.loads(folder.floor.read_text()))


def test_every_piece_has_its_tag_its_tray_and_the_code_of_its_label(folder: DemoFolder, store: Store) -> None:
    pieces: list[Mapping[str, Any]] = floor_of(folder)["pieces"]
    stock = {line.split(",")[0]: line for line in stock_csv(seed=3).splitlines()}

    codes = store.read(lambda conn: pieces_of_labels(conn, store.shop_id, [one["label"] for one in pieces]))
    assert codes == {one["label"]: one["ref"] for one in pieces}
    assert len(pieces) == 300
    for number, one in enumerate(pieces, start=1):
        line = stock[f"MB-{number:04d}"]
        assert one["epc"] in line
        assert one["tid"] in line
        assert f",{one['path']}," in line
        assert 10_000 <= one["retail_minor"] <= 1_500_000
    assert any(one["retail_minor"] >= 200_000 for one in pieces)
    assert len({one["epc"] for one in pieces} | {one["tid"] for one in pieces}) == 600


def test_each_antenna_stands_for_its_tray(folder: DemoFolder, store: Store) -> None:
    for reader in floor_of(folder)["readers"]:
        for spot in reader["antennas"]:
            assert spot["path"] == f"{READERS[reader['name']]}/Plateau {spot['antenna']}"
            assert antennas(store, reader["name"], spot["place_id"]) == (spot["antenna"],)


def antennas(store: Store, reader: str, place: PlaceId) -> tuple[int, ...]:
    def asked(conn: Connection) -> tuple[int, ...]:
        found = readers.reader_by_name(conn, store.shop_id, reader)
        assert found is not None
        return readers.antennas_at_home(conn, store.shop_id, reader_id=found[0], place_id=place)

    return store.read(asked)


def test_it_is_a_demonstration_and_opens_at_its_hour(folder: DemoFolder, store: Store) -> None:
    now = Floor(folder.floor).now()

    assert store.read(lambda conn: log.is_demo(conn, store.shop_id))
    assert (now.date(), now.hour) == (datetime.now(UTC).astimezone(ZONE).date(), OPENING.hour)
    assert OPENING.minute <= now.minute <= OPENING.minute + 2


def test_secrets_are_their_owner_s_only_and_the_agent_can_start(folder: DemoFolder) -> None:
    for name in ("floor.json", "agent.token", "demo-clock", "baguier.sqlite3"):
        assert (folder.root / name).stat().st_mode & 0o077 == 0
    settings = load_settings(folder.agent_toml)
    assert settings.demo_clock_file == folder.settings.demo_clock
    assert [reader.name for reader in settings.readers] == [*READERS, "douchette"]
    assert len({one["pin"] for one in floor_of(folder)["people"]}) == 4


def test_nothing_is_ever_seeded_into_a_folder_that_holds_something(folder: DemoFolder, tmp_path: Path) -> None:
    (tmp_path / "diary").touch()

    for full in (folder, DemoFolder(settings_from(data=tmp_path, environment={}))):
        with pytest.raises(FolderNotEmpty, match="--data"):
            full.make()
