"""Guards: the database itself refuses to change, delete or overwrite what was counted, moved, signed or logged.

They stop mistakes and ordinary tools. Someone who owns the file can drop them; the log's tree shows that afterwards.
"""

from collections.abc import Iterator
from typing import ClassVar

from sqlalchemy import Connection, Table, UniqueConstraint

from server.core.errors import Conflict
from server.store.tables import GUARDED, table


class GuardsMissing(Conflict):
    """The database lacks a guard or holds an altered one."""

    code: ClassVar[str] = "guards_missing"


def install_guards(connection: Connection) -> None:
    """Put every guard in place, replacing what stood there. Called after each upgrade."""
    for name, statement in guard_statements():
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(statement)


def check_guards(connection: Connection) -> None:
    """Compare the guards in the database with ours, word for word.

    Raises: GuardsMissing: names the first guard that is absent or different.
    """
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    present = {str(row[0]): str(row[1]) for row in rows}
    for name, statement in guard_statements():
        if present.get(name) != statement:
            raise GuardsMissing(
                f"The guard {name} of the database is missing or was altered. "
                "Keep a copy of the file, run `baguier log check`, then `baguier db upgrade` to put it back.",
                guard=name,
            )


def guard_statements() -> Iterator[tuple[str, str]]:
    """Name and SQL of every guard, in a fixed order."""
    for model in GUARDED:
        guarded = table(model)
        for verb in ("UPDATE", "DELETE"):
            yield _guard(guarded, verb=verb, when="", why="changed or deleted")
        # REPLACE deletes the old row without the delete trigger unless a pragma is set, so the insert is stopped first.
        same = " OR ".join(f"({match})" for match in _matches(guarded))
        taken = f"WHEN EXISTS (SELECT 1 FROM {guarded.name} WHERE {same}) "  # noqa: S608 - names of our own tables
        yield _guard(guarded, verb="INSERT", when=taken, why="overwritten")


def _guard(guarded: Table, *, verb: str, when: str, why: str) -> tuple[str, str]:
    name = f"guard_{guarded.name}_{verb.lower()}"
    refusal = f"SELECT RAISE(ABORT, 'rows of {guarded.name} are never {why}')"
    return name, f"CREATE TRIGGER {name} BEFORE {verb} ON {guarded.name} {when}BEGIN {refusal}; END"


def _matches(guarded: Table) -> Iterator[str]:
    """One condition for each key by which a new row could collide with an old one."""
    keys = [[column.name for column in guarded.primary_key.columns]]
    keys += sorted(
        [column.name for column in constraint.columns]
        for constraint in guarded.constraints
        if isinstance(constraint, UniqueConstraint)
    )
    for columns in keys:
        yield " AND ".join(f"{column} = NEW.{column}" for column in columns)
