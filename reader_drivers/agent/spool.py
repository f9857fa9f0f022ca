"""Spool: batches on this computer's disk until the server has them, and the attachments that were open.

One SQLite file. A sequence number is given and its batch stored in the same transaction, with fsync before the call
returns, so a number that was ever told is never given twice and never missing. Used from one thread.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

SPOOL_BATCHES_MAX: Final = 1_000_000
"""More than a day of ten batches a second without a server. Beyond it reading stops: losing reads silently is worse."""
LOCK_WAIT_S: Final = 1.0
"""An agent that is just ending gives the file up within this time."""
CLOSED_ATTACHMENTS_MAX: Final = 1_000
"""Closed attachments are remembered, so that a repeated `drain` gets the same answer; older ones are forgotten."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS state (
  one INTEGER PRIMARY KEY CHECK (one = 1), last_seq INTEGER NOT NULL, acked_seq INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO state VALUES (1, 0, 0);
CREATE TABLE IF NOT EXISTS batches (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS attachments (
  id TEXT PRIMARY KEY, reader TEXT NOT NULL, antennas TEXT NOT NULL, pass_min_ms INTEGER NOT NULL,
  from_seq INTEGER NOT NULL, to_seq INTEGER
) STRICT;
"""


class SpoolFull(RuntimeError):
    """The quota for unsent batches is used up, or the disk is full; nothing was stored."""

    code = "spool_full"


class SpoolTaken(RuntimeError):
    """Another agent runs on this data folder; two would give the same numbers to different reads."""

    code = "spool_taken"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stretch of one reader's reads that the server asked for."""

    id: str
    reader: str
    antennas: tuple[int, ...]
    """Empty: all antennas of the reader."""
    pass_min_ms: int
    from_seq: int
    to_seq: int | None
    """None: still open."""


class Spool:
    """See the module. Every method is one durable transaction or one query."""

    def __init__(
        self, path: Path, *, batches_max: int = SPOOL_BATCHES_MAX, closed_max: int = CLOSED_ATTACHMENTS_MAX
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._batches_max = batches_max
        self._closed_max = closed_max
        # The runner gives it a thread of its own, made after this object.
        self._connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise SpoolTaken(f"The spool {path} cannot be opened ({error}); is another agent running on it?") from error

    def close(self) -> None:
        """Give the file up."""
        self._connection.close()

    def last_seq(self) -> int:
        """Highest sequence ever given; 0: none."""
        return self._number("SELECT last_seq FROM state")

    def acked_seq(self) -> int:
        """Everything up to here is with the server."""
        return self._number("SELECT acked_seq FROM state")

    def append(self, makers: Sequence[Callable[[int], bytes]]) -> int:
        """Store one batch per maker, each called with its sequence. Gives the last sequence.

        Raises: SpoolFull: the unsent batches would be more than the quota, or the disk has no room.
        """
        try:
            return self._append(makers)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            raise SpoolFull("The disk has no room for unsent batches.") from error

    def _append(self, makers: Sequence[Callable[[int], bytes]]) -> int:
        with self._transaction():
            held = self._number("SELECT last_seq - acked_seq FROM state")
            if held + len(makers) > self._batches_max:
                raise SpoolFull(f"{held} batches wait for the server; the quota is {self._batches_max}.")
            first = self.last_seq() + 1
            rows = [(seq, make(seq)) for seq, make in enumerate(makers, start=first)]
            self._connection.executemany("INSERT INTO batches (seq, body) VALUES (?, ?)", rows)
            self._connection.execute("UPDATE state SET last_seq = last_seq + ?", (len(rows),))
            return first + len(rows) - 1

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """The next batches behind `seq`, in order, at most `limit`."""
        query = "SELECT seq, body FROM batches WHERE seq > ? ORDER BY seq LIMIT ?"
        return list(self._connection.execute(query, (seq, limit)))

    def trim(self, acked_seq: int) -> None:
        """Forget batches that the server has. A number beyond the last one given moves the sequence there.

        That happens when this disk was replaced: going on below the server's number would give numbers twice.
        """
        # Not fsynced: a forgotten trim only sends batches again. The next append carries it to the disk.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self._transaction():
            self._connection.execute("DELETE FROM batches WHERE seq <= ?", (acked_seq,))
            self._connection.execute(
                "UPDATE state SET acked_seq = max(acked_seq, ?1), last_seq = max(last_seq, ?1)", (acked_seq,)
            )
        self._connection.execute("PRAGMA synchronous = FULL")

    def attachment(self, attachment_id: str) -> Attachment | None:
        """The attachment with this id, open or remembered; None: never seen or forgotten."""
        found = self._attachments("WHERE id = ?", attachment_id)
        return found[0] if found else None

    def open_attachments(self) -> list[Attachment]:
        """Attachments without an end, in the order of their beginning: what to resume after a restart."""
        return self._attachments("WHERE to_seq IS NULL")

    def open_attachment(
        self, attachment_id: str, reader: str, *, antennas: tuple[int, ...], pass_min_ms: int
    ) -> Attachment:
        """Begin an attachment with the next sequence; one that exists already is given as it is."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO attachments SELECT ?, ?, ?, ?, last_seq + 1, NULL FROM state",
                (attachment_id, reader, msgspec.json.encode(antennas).decode(), pass_min_ms),
            )
        opened = self.attachment(attachment_id)
        assert opened is not None
        return opened

    def close_attachment(self, attachment_id: str) -> int:
        """End an attachment at the last sequence given; gives its end. One closed before keeps its first end."""
        with self._transaction():
            self._connection.execute(
                "UPDATE attachments SET to_seq = (SELECT last_seq FROM state) WHERE id = ? AND to_seq IS NULL",
                (attachment_id,),
            )
            self._connection.execute(
                "DELETE FROM attachments WHERE to_seq IS NOT NULL AND rowid NOT IN"
                " (SELECT rowid FROM attachments WHERE to_seq IS NOT NULL ORDER BY rowid DESC LIMIT ?)",
                (self._closed_max,),
            )
        closed = self.attachment(attachment_id)
        return self.last_seq() if closed is None or closed.to_seq is None else closed.to_seq

    def _attachments(self, where: str, *values: str) -> list[Attachment]:
        query = f"SELECT id, reader, antennas, pass_min_ms, from_seq, to_seq FROM attachments {where} ORDER BY rowid"  # noqa: S608 - `where` is one of our own two.
        return [
            Attachment(id_, reader, tuple(msgspec.json.decode(antennas)), pass_min_ms, from_seq, to_seq)
            for id_, reader, antennas, pass_min_ms, from_seq, to_seq in self._connection.execute(query, values)
        ]

    def _number(self, query: str) -> int:
        (number,) = self._connection.execute(query).fetchone()
        return int(number)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)


class _Transaction:
    """BEGIN IMMEDIATE to COMMIT, or ROLLBACK when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            # SQLite itself rolls back when the disk is full.
            self._connection.execute("ROLLBACK")
