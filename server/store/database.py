"""Database: how the one file is opened for writing, for reading, and by one server only."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from server.core.errors import Absent, Conflict

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
"""How long a statement waits for another process's lock: longer than the longest import transaction measured."""
READERS_MAX = 8
"""Connections for reading at once; one more waits its turn."""
LOCK_FILE = "baguier.lock"


class StoreInUse(Conflict):
    """Another process has this data folder open for writing."""

    code: ClassVar[str] = "store_in_use"


class DataFolderLock:
    """Holds the data folder for one process; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            raise StoreInUse(
                f"The data folder {folder} is in use by process {holder or '(unknown)'}. "
                "Stop that server or command first, or choose another folder with --data.",
                folder=str(folder),
                holder=holder,
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let another process open the folder. Called once."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def write_engine(path: Path) -> Engine:
    """The engine of the one writer: one connection, BEGIN IMMEDIATE, every commit forced to the disk.

    The file is made when it does not exist, readable by its owner only.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000
        )
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")
        path.chmod(0o600)
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _take_the_write_lock(connection: Connection) -> None:
        # Without this the driver opens no transaction before a SELECT, and two writers lose each other's updates.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def read_engine(path: Path) -> Engine:
    """The engine of all readers: cannot write, and each transaction sees one moment of the database.

    Raises: Absent: there is no such file.
    """
    if not path.exists():
        raise Absent(
            f"There is no database at {path}. Give the folder that holds the shop's records with --data, "
            "or create one with `baguier db upgrade`.",
            path=str(path),
        )

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        connection.execute("PRAGMA query_only=ON")
        return connection

    engine = create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=READERS_MAX, max_overflow=0
    )

    @event.listens_for(engine, "begin")
    def _begin_a_snapshot(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def read_once(path: Path, query: Callable[[Connection], T]) -> T:
    """Ask the database one question without holding its folder, so also while a server runs. Raises: Absent: no database."""
    engine = read_engine(path)
    try:
        with engine.begin() as connection:
            return query(connection)
    finally:
        engine.dispose()
