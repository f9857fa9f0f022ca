"""A database comes to this program's version in one step or not at all."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from server.store.database import write_engine
from server.store.guards import check_guards
from server.store.migrations import HEAD, require_head, revision_of, upgrade
from server.store.tables import METADATA


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return write_engine(tmp_path / "b.sqlite3")


# SQLAlchemy cannot reflect an index over an expression; such indexes are covered by the tests of what they refuse.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrated_database_is_the_one_the_program_expects(engine: Engine) -> None:
    upgrade(engine)

    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
        check_guards(connection)
    assert revision_of(engine) == HEAD
    engine.dispose()


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        before = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").all()

    upgrade(engine)
    require_head(engine)

    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").all() == before
    engine.dispose()


def test_an_upgrade_that_fails_half_way_leaves_the_database_as_it_was(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("server.store.migrations.install_guards", fail)

    with pytest.raises(OSError, match="No space"):
        upgrade(engine)

    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
    assert revision_of(engine) is None
    engine.dispose()
