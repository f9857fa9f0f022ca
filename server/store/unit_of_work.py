"""Unit of work: one act of the shop, stored whole or not at all, acknowledged only when it is on the disk.

Flow: a use case is a function of a UnitOfWork; the writer runs it in a transaction; after the commit the announcements
go to the listener and only then is the caller told.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeVar

import uuid_utils
from sqlalchemy import Connection
from sqlmodel import Session

from server.clock import Clock, SystemClock, to_ms
from server.core.announcement import Announcement
from server.core.errors import Conflict
from server.core.ids import ShopId
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Subject
from server.settings import database_path
from server.store import log, shops
from server.store.database import DataFolderLock, read_engine, write_engine
from server.store.guards import check_guards
from server.store.migrations import require_head
from server.store.writer import Listener, Writer

T = TypeVar("T")


FIRST_COMMAND = (
    "This data folder has no shop yet. Import its stock first: baguier import stock.csv --data DIR "
    "--shop 'Maison Claire' --zone Europe/Paris --currency EUR."
)


class NoShopYet(Conflict):
    """The data folder has no shop."""

    code: ClassVar[str] = "no_shop_yet"


def new_id() -> str:
    """A fresh opaque id: UUIDv7, so that keys made one after the other lie side by side."""
    return str(uuid_utils.uuid7())


@dataclass(slots=True)
class UnitOfWork:
    """What a use case may touch while it runs. It is of no use afterwards."""

    conn: Connection
    """The write connection, inside its transaction. Never committed by a use case."""
    now: datetime
    """The moment this unit began, aware, in UTC: one time for everything it writes."""
    make_id: Callable[[], str] = new_id
    announcements: list[Announcement] = field(default_factory=list)
    _session: Session | None = None
    _shop: ShopId | None = None

    @property
    def shop_id(self) -> ShopId:
        """The shop of this data folder.

        Raises: NoShopYet: the first command has not been given yet.
        """
        if self._shop is None:
            self._shop = shops.only_shop(self.conn)
        if self._shop is None:
            raise NoShopYet(FIRST_COMMAND)
        return self._shop

    @property
    def session(self) -> Session:
        """A session on the same transaction, made when first asked for. Its commit ends a savepoint only."""
        if self._session is None:
            self._session = Session(bind=self.conn, expire_on_commit=False, join_transaction_mode="create_savepoint")
        return self._session

    def new_id(self) -> str:
        """A fresh opaque id."""
        return self.make_id()

    def append_leaf(
        self,
        type: EventType,  # noqa: A002 - the leaf's own word for it
        subject: Subject,
        body: Mapping[str, JsonValue],
        *,
        actor: str,
        actor_kind: ActorKind,
        device: str | None = None,
        dseq: int | None = None,
        at: datetime | None = None,
    ) -> int:
        """Add one leaf to the shop's log in this transaction; give its index.

        `at` is when it happened as claimed; without it, now. Texts about people never belong
        in `body`: the log knows people by id alone.
        """
        entry = log.Entry(
            type=type,
            subject=subject,
            body=body,
            actor=actor,
            actor_kind=actor_kind,
            device=device,
            dseq=dseq,
            at=self.now if at is None else at,
        )
        return log.append(self.conn, self.shop_id, entry, event_id=self.new_id(), rx=self.now)

    def announce(self, topic: str, type: str, body: Mapping[str, JsonValue]) -> None:  # noqa: A002 - the wire's word
        """Tell the viewers of a topic, once this unit is committed; if it fails, nobody hears of it."""
        self.announcements.append(Announcement(topic=topic, type=type, body=body, at_ms=to_ms(self.now)))

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of this unit that may fail alone: its error undoes what it wrote and announced, and is raised on."""
        announced = len(self.announcements)
        try:
            with self.conn.begin_nested():
                yield
        except Exception:
            del self.announcements[announced:]
            raise

    def settle(self) -> None:
        """Write what the session still holds. Called by the writer before the unit is kept."""
        if self._session is not None:
            self._session.commit()

    def release(self) -> None:
        """Let go of the session. Called by the writer, whatever happened."""
        if self._session is not None:
            self._session.close()


def _silent(_announcements: object) -> None:
    """The listener of a store that nobody watches."""


class Store:
    """The shop's records, opened by one process: a writer with one thread, and a pool of readers.

    Opening creates an empty database, refuses one of another version or without its guards, and holds the data folder
    until `close`. Raises: StoreInUse, SchemaOutdated, GuardsMissing.
    """

    def __init__(
        self,
        where: Path | str,
        *,
        clock: Clock | None = None,
        listener: Listener = _silent,
        make_id: Callable[[], str] = new_id,
    ) -> None:
        self.path = where if isinstance(where, Path) else database_path(where)
        self.clock = clock or SystemClock()
        self.new_id = make_id
        self._shop_id: ShopId | None = None
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as opening:
            lock = DataFolderLock(self.path.parent)
            opening.callback(lock.release)
            self._write_engine = write_engine(self.path)
            opening.callback(self._write_engine.dispose)
            require_head(self._write_engine)
            self._read_engine = read_engine(self.path)
            opening.callback(self._read_engine.dispose)
            self.read(check_guards)
            # All is well: what was opened stays open until `close`, in whose order it is let go of.
            self._held = opening.pop_all()
        self.writer = Writer(
            self._write_engine,
            open_unit=lambda conn: UnitOfWork(conn, self.clock.now(), make_id=make_id, _shop=self._shop_id),
            listener=listener,
        )

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on a read-only connection that sees one committed moment. Safe from any thread."""
        with self._read_engine.begin() as connection:
            return query(connection)

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Submit a unit and wait until it is on the disk: for commands and tests, not for the server's loop."""
        return self.writer.submit(work).result()

    @property
    def shop_id(self) -> ShopId:
        """The shop of this data folder. Raises: NoShopYet."""
        found = self.find_shop()
        if found is None:
            raise NoShopYet(FIRST_COMMAND)
        return found

    def find_shop(self) -> ShopId | None:
        """The shop of this data folder. None: it has none yet."""
        if self._shop_id is None:
            # Kept once found: a folder's shop never changes.
            self._shop_id = self.read(shops.only_shop)
        return self._shop_id

    def close(self) -> None:
        """Finish the queued units, close the database and let go of the data folder. May be called twice."""
        if not self.writer.close():
            return
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
