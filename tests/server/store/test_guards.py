"""The database refuses to change, delete or overwrite what was logged, moved or signed."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from server.core.errors import Conflict
from server.store.guards import GuardsMissing, guard_statements
from server.store.migrations import SchemaOutdated
from server.store.tables import GUARDED, METADATA, table
from server.store.unit_of_work import Store
from tests.server.store.acts import note
from tests.server.store.conftest import SHOP, found

SAME_LEAF = (
    "INTO log_leaves (shop_id, seq, event_id, type, subject_kind, subject_id, rx, raw, leaf_hash) "
    "SELECT shop_id, seq, event_id, type, subject_kind, subject_id, rx, x'00', leaf_hash FROM log_leaves"
)
SAME_EVENT = (
    "INTO log_leaves (shop_id, seq, event_id, type, subject_kind, subject_id, rx, raw, leaf_hash) "
    "SELECT shop_id, seq + 7, event_id, type, subject_kind, subject_id, rx, x'00', leaf_hash FROM log_leaves"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaves SET raw = x'00'",
        "UPDATE log_leaves SET seq = seq + 1",
        "DELETE FROM log_leaves",
        f"INSERT OR REPLACE {SAME_LEAF}",
        f"INSERT OR IGNORE {SAME_LEAF}",
        f"REPLACE {SAME_LEAF}",
        f"INSERT OR REPLACE {SAME_EVENT}",
        f"INSERT {SAME_LEAF} WHERE true ON CONFLICT DO UPDATE SET raw = x'00'",
    ],
)
def test_a_leaf_is_never_changed_deleted_or_overwritten(store: Store, statement: str) -> None:
    store.run(note)

    with pytest.raises(IntegrityError, match="never"):
        store.run(lambda unit: unit.conn.exec_driver_sql(statement))


def test_another_program_without_our_settings_is_refused_too(store: Store) -> None:
    store.run(note)
    store.close()

    with sqlite3.connect(store.path) as stranger:
        for statement in (
            "UPDATE log_leaves SET raw = x'00'",
            "DELETE FROM log_leaves",
            f"REPLACE {SAME_LEAF}",
            f"REPLACE {SAME_EVENT}",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                stranger.execute(statement)
    stranger.close()


def test_every_table_of_facts_has_its_three_guards() -> None:
    names = [name for name, _ in guard_statements()]

    assert len(names) == 3 * len(GUARDED) == len(set(names))
    for fact in ("moves", "transitions", "sealed_sets", "expected_sets", "signatures", "signature_lines", "closures"):
        assert f"guard_{fact}_delete" in names


def test_opening_refuses_a_database_whose_guard_was_dropped_or_weakened(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    Store(path).close()
    with sqlite3.connect(path) as stranger:
        stranger.execute("DROP TRIGGER guard_log_leaves_update")
        stranger.execute("CREATE TRIGGER guard_log_leaves_update BEFORE UPDATE ON log_leaves BEGIN SELECT 1; END")
    stranger.close()

    with pytest.raises(GuardsMissing, match="guard_log_leaves_update"):
        Store(path)


def test_opening_refuses_a_database_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    Store(path).close()
    with sqlite3.connect(path) as stranger:
        stranger.execute("UPDATE alembic_version SET version_num = '9999'")
    stranger.close()

    with pytest.raises(SchemaOutdated, match="revision 9999"):
        Store(path)


def test_every_key_begins_with_the_shop() -> None:
    for one in METADATA.sorted_tables:
        if one.name == "shops":
            continue
        assert next(iter(one.primary_key.columns)).name == "shop_id", one.name
        for index in one.indexes:
            assert next(iter(index.expressions)).key == "shop_id", index.name  # type: ignore[union-attr]


def test_every_constraint_has_a_name() -> None:
    for one in METADATA.sorted_tables:
        assert all(constraint.name for constraint in one.constraints), one.name
        assert all(index.name for index in one.indexes), one.name


def test_a_second_store_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(Conflict, match=r"in use by process \d+.*Stop that server")
    with Store(tmp_path / "b.sqlite3"), refused as refusal:
        Store(tmp_path / "b.sqlite3")
    assert refusal.value.code == "store_in_use"

    Store(tmp_path / "b.sqlite3").close()


def test_the_database_is_readable_by_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0
    assert store.path.parent.stat().st_mode & 0o077 == 0


def test_a_commit_reaches_the_disk(store: Store) -> None:
    settings = store.run(
        lambda unit: [
            unit.conn.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        ]
    )

    assert settings == [2, "wal", 1]


def test_core_tables_and_models_are_the_same() -> None:
    assert all(table(model) in METADATA.sorted_tables for model in GUARDED)


def test_a_found_shop_is_the_shop_of_the_folder(tmp_path: Path) -> None:
    with Store(tmp_path / "b.sqlite3") as fresh:
        found(fresh)

        assert fresh.shop_id == SHOP.id
