"""A stocktake service as an ordinary team would write it: FastAPI, SQLModel, one session per request.

Reads come in as a pydantic list; each is looked up and merged. A count updates each item and writes a history row.
SQLite with WAL and full synchronisation: the same promise of durability as ours.

Run: python -m tests.benchmarks.baselines.plain_service DATABASE; prints its port on the first line.
"""

import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from pydantic import Field as Constrained
from sqlalchemy import Engine, event
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

HexEpc = Annotated[str, Constrained(pattern="^[0-9A-F]{24}$")]


class ItemRow(SQLModel, table=True):
    """One piece of stock."""

    __tablename__ = "plain_items"
    id: int | None = Field(default=None, primary_key=True)
    epc: str = Field(unique=True)
    place: str = Field(index=True)
    quantity: int = 1
    counted_at: datetime | None = None
    counted_by: str | None = None


class HistoryRow(SQLModel, table=True):
    """One entry of an item's history."""

    __tablename__ = "plain_history"
    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="plain_items.id", index=True)
    kind: str
    quantity: int
    by: str
    at: datetime


class SeenRow(SQLModel, table=True):
    """What a session heard of one tag at one antenna."""

    __tablename__ = "plain_seen"
    session_id: str = Field(primary_key=True)
    epc: str = Field(primary_key=True)
    antenna: int = Field(primary_key=True)
    reads_n: int
    first_ms: int
    last_ms: int
    rssi_max_cdbm: int


class ReadIn(BaseModel):
    """One read as a client sends it."""

    epc: HexEpc
    antenna: Annotated[int, Constrained(ge=0, le=255)]
    ms: Annotated[int, Constrained(ge=0)]
    rssi_cdbm: Annotated[int, Constrained(ge=-20_000, le=0)]


class ReadsIn(BaseModel):
    """Some reads of one session."""

    session_id: str
    reads: list[ReadIn]


class CountedIn(BaseModel):
    """One counted item."""

    id: int
    quantity: Annotated[int, Constrained(ge=0)]


class CountsIn(BaseModel):
    """A count of some items by one person."""

    by: str
    items: list[CountedIn]


def merge_read(session: Session, session_id: str, read: ReadIn) -> None:
    """Look the tag up and add this read to it."""
    seen = session.get(SeenRow, (session_id, read.epc, read.antenna))
    if seen is None:
        first = {"reads_n": 1, "first_ms": read.ms, "last_ms": read.ms, "rssi_max_cdbm": read.rssi_cdbm}
        session.add(SeenRow(session_id=session_id, epc=read.epc, antenna=read.antenna, **first))
        return
    seen.reads_n += 1
    seen.first_ms = min(seen.first_ms, read.ms)
    seen.last_ms = max(seen.last_ms, read.ms)
    seen.rssi_max_cdbm = max(seen.rssi_max_cdbm, read.rssi_cdbm)
    session.add(seen)


def open_database(file: Path) -> Engine:
    """The database with its tables."""
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables[name] for name in TABLES])
    return engine


TABLES = ("plain_items", "plain_history", "plain_seen")


def open_session(request: Request) -> Iterator[Session]:
    """A session for one request."""
    with Session(request.app.state.engine) as session:
        yield session


Opened = Annotated[Session, Depends(open_session)]


def application(engine: Engine) -> FastAPI:
    """The service."""
    app = FastAPI()
    app.state.engine = engine

    @app.post("/items", status_code=201)
    def add_items(epcs: list[HexEpc], session: Opened) -> list[int]:
        rows = [ItemRow(epc=epc, place="tray") for epc in epcs]
        session.add_all(rows)
        session.commit()
        return [row.id for row in rows if row.id is not None]

    @app.post("/reads")
    def add_reads(batch: ReadsIn, session: Opened) -> dict[str, int]:
        for read in batch.reads:
            merge_read(session, batch.session_id, read)
        session.commit()
        return {"stored": len(batch.reads)}

    @app.get("/reads/{session_id}/count")
    def count_reads(session_id: str, session: Opened) -> int:
        return session.exec(select(func.sum(SeenRow.reads_n)).where(col(SeenRow.session_id) == session_id)).one() or 0

    @app.post("/counts")
    def count_items(counted: CountsIn, session: Opened) -> dict[str, int]:
        at = datetime.now(UTC)
        for one in counted.items:
            item = session.get(ItemRow, one.id)
            if item is None or item.id is None:
                raise HTTPException(404, f"no item {one.id}")
            item.quantity, item.counted_at, item.counted_by = one.quantity, at, counted.by
            session.add(item)
            session.add(HistoryRow(item_id=item.id, kind="count", quantity=one.quantity, by=counted.by, at=at))
        session.commit()
        return {"counted": len(counted.items)}

    return app


def main() -> None:
    """Serve on a free port of loopback until ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(application(open_database(Path(sys.argv[1]))), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
