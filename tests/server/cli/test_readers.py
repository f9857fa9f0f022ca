"""`baguier reader map` as a shop types it."""

import json
from pathlib import Path

import pytest

from reader_drivers.reads import ReaderEntry
from server.__main__ import run
from server.core.ids import PlacePath
from server.store import places
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.describe_readers import describe_readers
from server.usecases.open_shop import open_shop
from server.usecases.pair_device import pair_program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def work(unit: UnitOfWork) -> None:
        open_shop(unit, name="M", zone="Europe/Paris", currency="EUR")
        agent = pair_program(unit, name="pc", kind="agent", secret="s" * 40)
        describe_readers(unit, device_id=agent, readers=[ReaderEntry("vitrine-1", "thingmagic_ff", (1, 2), "idle")])
        tree = places.PlaceTree(unit.conn, unit.shop_id, new_id=unit.new_id, now=unit.now)
        tree.place(PlacePath("Vitrine 1/Plateau 2"))

    with Store(tmp_path / "baguier.sqlite3") as store:
        store.run(work)
    return tmp_path


def test_an_antenna_is_mapped_by_the_path_people_see(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["reader", "map", "vitrine-1", "--antenna", "2", "--data", str(folder)]

    assert run([*command, "--place", " Vitrine 1 / Plateau 2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "Vitrine 1/Plateau 2"
    assert run([*command, "--place", "Vitrine 9"]) == 2
    assert capsys.readouterr().err == (
        "There is no place 'Vitrine 9' in this shop. Give one of its paths, such as Vitrine 1, Vitrine 1/Plateau 2.\n"
    )
