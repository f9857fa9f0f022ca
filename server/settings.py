"""Settings: where the shop's records lie and how the server is reached, read once at the edge."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.core.errors import Malformed

DATABASE_FILE = "baguier.sqlite3"
"""Name of the shop's database inside the data folder."""
DEMO_CLOCK_FILE = "demo-clock"
"""Its presence in a data folder says: a demonstration. It holds the clock's offset in whole milliseconds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value, built by the command line and handed down in parts."""

    data: Path
    """Folder of this shop: database, lock, signer state. Made with mode 0700 when absent."""
    database: Path
    """The SQLite file; inside `data` unless a database address says otherwise."""
    public_url: str | None
    """The address that handhelds use (https, or http://localhost). None: only on this computer."""

    @property
    def demo_clock(self) -> Path:
        """Where a demonstration's clock is kept; a real shop has no such file."""
        return self.data / DEMO_CLOCK_FILE


def settings_from(
    *,
    data: Path | None = None,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Build the settings from the options, then from the environment.

    `data` wins over BAGUIER_DATA, `database_url` over BAGUIER_DATABASE_URL. Only `sqlite:///PATH` is served.

    Raises: Malformed: neither a data folder nor a database address was given, or the address is not SQLite.
    """
    around = os.environ if environment is None else environment
    url = database_url or around.get("BAGUIER_DATABASE_URL")
    named = data or (Path(around["BAGUIER_DATA"]) if around.get("BAGUIER_DATA") else None)
    if url is None and named is None:
        raise Malformed(
            "No data folder was given. Name the folder that holds the shop's records with --data DIR or BAGUIER_DATA."
        )
    database = database_path(url) if url is not None else None
    folder = named or (database or Path()).parent
    return Settings(
        data=folder.absolute(),
        database=(database or folder / DATABASE_FILE).absolute(),
        public_url=around.get("BAGUIER_PUBLIC_URL") or None,
    )


def database_path(url: str) -> Path:
    """The file of a `sqlite:///PATH` address.

    Raises: Malformed: another kind of database, or no path.
    """
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise Malformed(
            f"The database address {url.split(':', 1)[0]}:… is not served; this version keeps its records in SQLite. "
            "Give sqlite:///PATH or use --data DIR."
        )
    return Path(url.removeprefix(prefix))
