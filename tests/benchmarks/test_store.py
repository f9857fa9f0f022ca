"""W1, W2, W3: what an observation costs until it is on the disk.

W1 and W2 compare processor time of all threads: both sides wait for the same one commit, and that wait is the disk's.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server.store import reads
from server.store.unit_of_work import Store, UnitOfWork
from tests.benchmarks.baselines import plain_service
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import ROUNDS, SEED, cpu_cost, wall_cost
from tests.benchmarks.workloads.batches import batch, windows
from tests.benchmarks.workloads.shops import heard_in, open_store, rows_of

ROWS_N = 1_000
"""Of one transaction: the group's cap."""
PLAIN_ROWS_N = 200
"""Of the ORM's transaction: a fifth, so that its rounds do not take minutes."""
TRANSACTIONS_N = 2 * (ROUNDS + 1) + 1
"""A warm-up and all rounds, twice because of the repetition, and one to learn the statement from."""
CALLERS_N = 64
CALLER_ROWS_N = 50
WAVES_N = 4
COMMIT_SLOWER_S = 0.005
"""What a shop computer's disk adds to each commit (performance.md 3.4)."""

Rows = list[dict[str, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "ours") as opened:
        yield opened


def upserts(store: Store, size: int) -> list[Rows]:
    """Rows of one transaction after the other; half of each is heard again, half is new."""
    epcs = windows(size=size, number=TRANSACTIONS_N, seed=SEED)
    return rows_of(store, (batch(seq, one) for seq, one in enumerate(epcs, start=1)))


def adding(rows: Rows) -> Callable[[UnitOfWork], None]:
    return lambda work: reads.add_observations(work.conn, rows)


def through_the_store(store: Store, rows: Rows) -> None:
    store.writer.submit(adding(rows), hot=True, rows=len(rows)).result()


@contextmanager
def raw_database(store: Store, file: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the store's database, opened without SQLAlchemy, with the same promises."""
    with sqlite3.connect(store.path) as original, sqlite3.connect(file, isolation_level=None) as copy:
        original.backup(copy)
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            copy.execute(f"PRAGMA {pragma}")
        yield copy
    original.close()
    copy.close()


def upsert_sql(store: Store, rows: Rows) -> tuple[str, list[str]]:
    """The store's own statement as SQLite sees it, and the order of its parameters."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, _p: object, _x: object, _m: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    through_the_store(store, rows)
    event.remove(Engine, "before_cursor_execute", note)
    statement = next(text for text in seen if "INSERT INTO observations" in text)
    return statement, [column.name for column in reads._OBSERVATIONS.columns]


@pytest.mark.benchmark
def test_upsert_costs_little_more_than_the_database_itself(store: Store, tmp_path: Path, measure: Measure) -> None:
    first, *later = upserts(store, ROWS_N)
    with raw_database(store, tmp_path / "raw.sqlite3") as raw:
        statement, columns = upsert_sql(store, first)
        ours, theirs = iter(later), iter(later)

        def baseline() -> None:
            values = [[row[column] for column in columns] for row in next(theirs)]
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(statement, values)
            raw.execute("COMMIT")

        measure(
            "W1",
            subject=cpu_cost(lambda: through_the_store(store, next(ours)), operations=ROWS_N),
            baseline=cpu_cost(baseline, operations=ROWS_N),
        )


@pytest.mark.benchmark
def test_upsert_against_one_object_per_row(store: Store, tmp_path: Path, measure: Measure) -> None:
    ours, theirs = iter(upserts(store, ROWS_N)), iter(upserts(store, PLAIN_ROWS_N))
    engine = plain_service.open_database(tmp_path / "plain.sqlite3")

    def baseline() -> None:
        with Session(engine) as session:
            for row in next(theirs):
                plain_service.merge_read(session, "round-1", plain_read(row))
            session.commit()

    measure(
        "W2",
        subject=cpu_cost(lambda: through_the_store(store, next(ours)), operations=ROWS_N),
        baseline=cpu_cost(baseline, operations=PLAIN_ROWS_N),
    )
    engine.dispose()


def plain_read(row: dict[str, Any]) -> plain_service.ReadIn:
    return plain_service.ReadIn(
        epc=row["epc"], antenna=row["antenna"], ms=row["first_ms"], rssi_cdbm=row["rssi_max_cdbm"]
    )


@contextmanager
def slow_commits() -> Iterator[None]:
    """Every commit of this process takes `COMMIT_SLOWER_S` longer, as on a disk that really writes."""

    def delay(_connection: Connection) -> None:
        time.sleep(COMMIT_SLOWER_S)

    event.listen(Engine, "commit", delay)
    yield
    event.remove(Engine, "commit", delay)


def closed_loop(store: Store, batches: list[Rows], *, hot: bool) -> None:
    """`CALLERS_N` callers, each of which hands in its next batch when the last one is acknowledged."""
    numbers = count()
    ends: list[Future[None]] = [Future() for _ in range(CALLERS_N)]

    def submit(end: Future[None]) -> None:
        number = next(numbers)
        if number >= len(batches):
            end.set_result(None)
            return
        stored = store.writer.submit(adding(batches[number]), hot=hot, rows=CALLER_ROWS_N)
        stored.add_done_callback(lambda _stored: submit(end))

    for end in ends:
        submit(end)
    wait(ends)


@pytest.mark.benchmark
def test_callers_share_commits(store: Store, measure: Measure) -> None:
    number = CALLERS_N * WAVES_N
    epcs = windows(size=CALLER_ROWS_N, number=number, seed=SEED)
    batches = rows_of(store, (batch(seq, one) for seq, one in enumerate(epcs, start=1)))
    once = sum(row["reads_n"] for rows in batches for row in rows)
    closed_loop(store, batches, hot=True)
    assert heard_in(store) == once
    closed_loop(store, batches, hot=False)
    assert heard_in(store) == 2 * once

    with slow_commits():
        measure(
            "W3",
            subject=wall_cost(lambda: closed_loop(store, batches, hot=True), operations=number),
            baseline=wall_cost(lambda: closed_loop(store, batches, hot=False), operations=number),
            rounds=5,
        )
