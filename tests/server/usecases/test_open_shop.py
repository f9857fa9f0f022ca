"""The first act in an empty folder."""

from pathlib import Path

from server.clock import FixedClock
from server.store.shops import shop_facts
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from tests.server.usecases.conftest import OPENING


def test_a_name_is_kept_in_the_form_that_records_hold(tmp_path: Path) -> None:
    with Store(tmp_path / "baguier.sqlite3", clock=FixedClock(OPENING)) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Rene\u0301", zone="Europe/Paris", currency="EUR"))

        assert store.read(lambda c: shop_facts(c, store.shop_id)).name == "Maison Ren\u00e9"
