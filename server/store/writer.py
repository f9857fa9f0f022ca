"""Writer: the one thread that changes the shop's records, in the order in which it was asked.

Hot units (readers' batches) that are already queued share one commit, each in a savepoint of its own, so that one that
fails takes nothing from the others. All other units have a transaction to themselves.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from sqlalchemy import Connection, Engine

from server.core.announcement import Announcement
from server.core.errors import Conflict

if TYPE_CHECKING:
    from server.store.unit_of_work import UnitOfWork

T = TypeVar("T")

GROUP_ROWS_MAX: Final = 1_000
"""Rows of one shared commit: larger groups gain little and hold up the others (performance.md 5)."""
GROUP_S_MAX: Final = 0.025
"""Seconds after which a group commits although more is queued: keeps an acknowledgement under two frames."""
BACKLOG_ROWS_MAX: Final = 10_000
"""Rows waiting beyond which hot work should not be acknowledged any more; the agents' spools take over."""
UNITS_MAX: Final = 20_000
"""Units waiting beyond which further ones are refused."""

_LOG = logging.getLogger(__name__)


class StoreBusy(Conflict):
    """Too much is waiting to be written."""

    code: ClassVar[str] = "store_busy"


class StoreClosed(Conflict):
    """The store was closed."""

    code: ClassVar[str] = "store_closed"


class NotStored(Conflict):
    """The transaction was lost before its commit; nothing of it is stored."""

    code: ClassVar[str] = "not_stored"


Listener = Callable[[Sequence[Announcement]], None]
"""Takes the announcements of one committed unit, in the writer's thread; must not wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    work: "Callable[[UnitOfWork], Any]"
    future: Future[Any]
    is_hot: bool
    rows: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A unit that ran without error and waits for the commit."""

    unit: _Unit
    answer: Any
    announcements: tuple[Announcement, ...]


class Writer:
    """A queue of units and the thread that runs them."""

    def __init__(self, engine: Engine, *, open_unit: "Callable[[Connection], UnitOfWork]", listener: Listener) -> None:
        self._engine = engine
        self._open_unit = open_unit
        self._listener = listener
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._is_open = True
        self._waiting_units = 0
        self._waiting_rows = 0
        self._thread = threading.Thread(target=self._serve, name="baguier-writer", daemon=True)
        self._thread.start()

    def submit(self, work: "Callable[[UnitOfWork], T]", *, hot: bool = False, rows: int = 1) -> Future[T]:
        """Queue a unit. Its future is done only after the commit is on the disk, or holds the error that undid it.

        `hot` units share commits; `rows` is how many rows the unit will write, for the group's cap.
        Raises: StoreClosed, StoreBusy.
        """
        future: Future[T] = Future()
        with self._gate:
            if not self._is_open:
                raise StoreClosed("The store is closed; start the server again.")
            if self._waiting_units >= UNITS_MAX:
                raise StoreBusy(
                    f"{UNITS_MAX} acts are waiting to be written. Try again in a moment; keep what you have."
                )
            self._waiting_units += 1
            self._waiting_rows += rows
            self._queue.put(_Unit(work=work, future=future, is_hot=hot, rows=rows))
        return future

    @property
    def backlog_rows(self) -> int:
        """Rows of the units that are queued or running."""
        return self._waiting_rows

    @property
    def is_overloaded(self) -> bool:
        """True: stop acknowledging hot work until the backlog has shrunk."""
        return self._waiting_rows > BACKLOG_ROWS_MAX

    def close(self) -> bool:
        """Refuse new units, finish the queued ones, end the thread. False: it was closed before."""
        with self._gate:
            if not self._is_open:
                return False
            self._is_open = False
            self._queue.put(None)
        self._thread.join()
        return True

    def _serve(self) -> None:
        unit = self._queue.get()
        while unit is not None:
            following = self._transact(unit)
            unit = self._queue.get() if following is _NOTHING else following

    def _transact(self, first: _Unit) -> _Unit | None:
        """Run one transaction; give the unit that was taken from the queue but does not belong to it."""
        began_s = time.monotonic()
        group: list[_Unit] = []
        kept: list[_Kept] = []
        following: _Unit | None = first
        rows = 0
        try:
            with self._engine.connect() as connection, connection.begin():
                while following is first or (following is not None and following.is_hot):
                    group.append(following)
                    rows += following.rows
                    kept.extend(self._attempt(connection, following))
                    is_full = rows >= GROUP_ROWS_MAX or time.monotonic() - began_s >= GROUP_S_MAX
                    following = _NOTHING if is_full or not first.is_hot else self._next()
                _require_transaction(connection)
        except Exception as error:  # noqa: BLE001 - top of the thread: whoever asked must be told
            if not group:  # Not even begun: another program holds the lock.
                group, rows = [first], first.rows
            for failed in group:
                if not failed.future.done():
                    failed.future.set_exception(error)
            kept = []
            following = _NOTHING if following in group else following
        with self._gate:
            self._waiting_units -= len(group)
            self._waiting_rows -= rows
        self._deliver(kept)
        return following

    def _next(self) -> _Unit | None:
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return _NOTHING

    def _attempt(self, connection: Connection, unit: _Unit) -> list[_Kept]:
        """Run one unit in a savepoint; its own error goes to its own caller and undoes only what it did."""
        if not unit.future.set_running_or_notify_cancel():
            return []
        connection.exec_driver_sql("SAVEPOINT unit")
        work = self._open_unit(connection)
        try:
            answer = unit.work(work)
            work.settle()
        except Exception as error:  # noqa: BLE001 - the caller of this unit gets it, the writer goes on
            work.release()
            _require_transaction(connection)
            connection.exec_driver_sql("ROLLBACK TO unit")
            connection.exec_driver_sql("RELEASE unit")
            unit.future.set_exception(error)
            return []
        work.release()
        _require_transaction(connection)
        connection.exec_driver_sql("RELEASE unit")
        return [_Kept(unit=unit, answer=answer, announcements=tuple(work.announcements))]

    def _deliver(self, kept: Sequence[_Kept]) -> None:
        """Tell the listener, then the callers: all of it is on the disk."""
        for one in kept:
            if one.announcements:
                try:
                    self._listener(one.announcements)
                except Exception:  # noqa: BLE001 - top of the thread, and the caller is owed its answer
                    # What is stored stays stored; a viewer resynchronises.
                    _LOG.exception("The listener failed on %d announcements", len(one.announcements))
            one.unit.future.set_result(one.answer)


_NOTHING: Final = _Unit(work=lambda _work: None, future=Future(), is_hot=False, rows=0)
"""Stands for "nothing is queued", where None stands for "close"."""


def _require_transaction(connection: Connection) -> None:
    """SQLite undoes a whole transaction on a full disk, and the driver's commit is then silent: look before."""
    if not getattr(connection.connection.dbapi_connection, "in_transaction", True):
        raise NotStored("The transaction was undone by the database (disk full or failing). Nothing of it is stored.")
