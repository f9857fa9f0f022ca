"""A whole copy while the database is in use, and the way back."""

import sqlite3
from pathlib import Path

import pytest

from server.core.errors import Absent
from server.store import log
from server.store.backups import BackupRefused, back_up, restore
from server.store.database import StoreInUse
from server.store.log import LogBroken
from server.store.unit_of_work import Store
from tests.server.store.acts import note


def size_of(path: Path) -> int:
    with Store(path) as store:
        return store.read(lambda connection: log.check(connection, store.shop_id)).size


def test_a_copy_made_beside_a_running_store_holds_what_was_acknowledged(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        store.run(lambda unit, n=number: note(unit, n))  # type: ignore[misc]
    copy = tmp_path / "copy.sqlite3"

    back_up(store.path, copy)
    store.run(note)

    assert copy.stat().st_mode & 0o077 == 0
    assert size_of(copy) == 5


def test_restoring_puts_the_copy_back_and_keeps_the_former_database(store: Store, tmp_path: Path) -> None:
    store.run(note)
    copy = tmp_path / "copy.sqlite3"
    back_up(store.path, copy)
    store.run(note)
    store.close()

    kept, leaves = restore(copy, store.path)

    assert (leaves, size_of(store.path)) == (1, 1)
    assert kept is not None
    kept.rename(tmp_path / "former.sqlite3")
    assert size_of(tmp_path / "former.sqlite3") == 2


def test_a_copy_overwrites_nothing_and_needs_a_database(store: Store, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")

    with pytest.raises(BackupRefused, match="exists already"):
        back_up(store.path, taken)
    with pytest.raises(Absent):
        back_up(tmp_path / "none.sqlite3", tmp_path / "copy")
    assert taken.read_text() == "mine"


def test_nothing_is_restored_under_a_running_server(store: Store, tmp_path: Path) -> None:
    store.run(note)
    back_up(store.path, tmp_path / "copy.sqlite3")

    with pytest.raises(StoreInUse):
        restore(tmp_path / "copy.sqlite3", store.path)


def test_an_altered_copy_is_refused_and_the_database_stays(store: Store, tmp_path: Path) -> None:
    store.run(note)
    copy = tmp_path / "copy.sqlite3"
    back_up(store.path, copy)
    store.close()
    with sqlite3.connect(copy) as stranger:
        trigger = stranger.execute("SELECT sql FROM sqlite_master WHERE name = 'guard_log_leaves_update'").fetchone()[0]
        stranger.execute("DROP TRIGGER guard_log_leaves_update")
        stranger.execute("UPDATE log_leaves SET raw = CAST(replace(raw, 'number', 'numbeR') AS BLOB)")
        stranger.execute(trigger)
    stranger.close()

    with pytest.raises(LogBroken, match="Leaf 0"):
        restore(copy, store.path)
    assert size_of(store.path) == 1


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"not a database" * 100)

    with pytest.raises(BackupRefused, match="not a database"):
        restore(junk, tmp_path / "shop" / "baguier.sqlite3")
