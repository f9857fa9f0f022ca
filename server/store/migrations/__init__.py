"""Migrations: forward only; logged tables gain nullable columns or new tables, nothing else.

Until the first release the initial migration may be rewritten, so it builds the present tables.
Alembic loads only when a database really has to be changed.
"""

from pathlib import Path
from typing import ClassVar, Final

from sqlalchemy import Engine, inspect

from server.core.errors import Conflict
from server.store.guards import install_guards

HEAD: Final = "0001"
"""The revision that this version of the program works with."""


class SchemaOutdated(Conflict):
    """The database was made by another version of the program."""

    code: ClassVar[str] = "schema_outdated"


def revision_of(engine: Engine) -> str | None:
    """The revision of a database. None: it is empty."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def upgrade(engine: Engine) -> str:
    """Bring the database to HEAD in one transaction and put the guards back; give the revision."""
    from alembic import command
    from alembic.config import Config

    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        install_guards(connection)
    return HEAD


def require_head(engine: Engine) -> None:
    """Create the tables of an empty database; refuse one of another version.

    Raises: SchemaOutdated: the database is older or newer than the program.
    """
    found = revision_of(engine)
    if found is None:
        upgrade(engine)
    elif found != HEAD:
        raise SchemaOutdated(
            f"The database has revision {found}, this program needs {HEAD}. Make a backup, then run `baguier db upgrade`.",
            found=found,
            needed=HEAD,
        )
