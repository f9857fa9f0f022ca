"""Backups: a whole copy of the database while it is in use, and the way back."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import ClassVar

from sqlalchemy.exc import DatabaseError

from server.core.errors import Absent, Conflict
from server.store import log, shops
from server.store.database import DataFolderLock, read_engine
from server.store.guards import check_guards


class BackupRefused(Conflict):
    """The copy cannot be made or put back."""

    code: ClassVar[str] = "backup_refused"


def back_up(database: Path, copy: Path) -> int:
    """Write one committed moment of the database to the file `copy`; give its size in bytes.

    The copy is forced to the disk and readable by its owner only. Raises: Absent: no database. BackupRefused: `copy` exists.
    """
    if not database.exists():
        raise Absent(f"There is no database at {database}. Name the shop's folder with --data.")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise BackupRefused(f"{copy} exists already. Choose another name; a backup overwrites nothing.") from error
    except OSError as error:
        raise BackupRefused(f"{copy} cannot be written: {error.strerror}.") from error
    source, target = sqlite3.connect(f"file:{database.absolute()}?mode=ro", uri=True), sqlite3.connect(copy)
    try:
        source.backup(target)
        # One file, without a write-ahead log beside it that could be left behind when it is carried away.
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
        source.close()
    _force_to_disk(copy)
    return copy.stat().st_size


def restore(copy: Path, database: Path) -> tuple[Path | None, int]:
    """Put `copy` in the place of the database; give the former file and the number of leaves restored.

    The copy's guards and its whole tree are checked before anything is touched, and the former database is kept beside it.
    The signer remembers a longer log than an older copy holds, and will not sign until two people decide.
    Raises: StoreInUse. Absent. GuardsMissing, LogBroken, BackupRefused: the copy is no sound database of a shop.
    """
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with DataFolderLock(database.parent):
        leaves = _checked_leaves(copy)
        arriving = database.with_name(f"{database.name}.arriving")
        shutil.copyfile(copy, arriving)
        arriving.chmod(0o600)
        _force_to_disk(arriving)
        kept = _set_aside(database)
        arriving.replace(database)
        _force_to_disk(database.parent)
    return kept, leaves


def _checked_leaves(copy: Path) -> int:
    engine = read_engine(copy)
    try:
        with engine.begin() as connection:
            check_guards(connection)
            shop_id = shops.only_shop(connection)
            if shop_id is None:
                raise BackupRefused(f"{copy} holds no shop.")
            return log.check(connection, shop_id).size
    except DatabaseError as error:
        raise BackupRefused(
            f"{copy} is not a database of Baguier. Choose a file made by `baguier db backup`."
        ) from error
    finally:
        engine.dispose()


def _set_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    # Closing the last connection folds the write-ahead log into the file, so that one file is the whole database.
    sqlite3.connect(database).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    number = 1
    while (kept := database.with_name(f"{database.name}.before-restore-{number}")).exists():
        number += 1
    database.rename(kept)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return kept


def _force_to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
