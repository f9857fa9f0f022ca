"""One act is stored whole or not at all, and acknowledged only when stored."""

import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from server.core.announcement import Announcement
from server.core.log import merkle
from server.store import log
from server.store.tables import LogLeaf, Person, table
from server.store.unit_of_work import NoShopYet, Store, UnitOfWork
from server.store.writer import NotStored, StoreBusy, StoreClosed
from tests.server.store.acts import note
from tests.server.store.conftest import OPENING, SHOP


def leaf_count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(table(LogLeaf))).scalar_one())


def test_eight_threads_make_one_log_without_gaps(store: Store) -> None:
    def append_fifty(thread: int) -> list[int]:
        futures = [store.writer.submit(partial(note, number=thread * 100 + n)) for n in range(50)]
        return [future.result() for future in futures]

    with ThreadPoolExecutor(8) as pool:
        indexes = [index for given in pool.map(append_fifty, range(8)) for index in given]

    assert sorted(indexes) == list(range(400))
    stored = store.read(lambda connection: log.leaves(connection, SHOP.id))
    frontier = store.read(lambda connection: log.head(connection, SHOP.id))
    assert [leaf.seq for leaf in stored] == list(range(400))
    assert frontier.root() == merkle.root_of([merkle.leaf_hash(leaf.raw) for leaf in stored])
    assert store.read(lambda connection: log.check(connection, SHOP.id)) == frontier


def test_a_unit_that_fails_leaves_no_leaf_and_no_announcement(store: Store, heard: list[Announcement]) -> None:
    def fail(unit: UnitOfWork) -> None:
        note(unit)
        unit.announce("board", "count", {})
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store.run(fail)

    assert store.read(leaf_count) == 0
    assert store.read(lambda connection: log.head(connection, SHOP.id)).size == 0
    assert heard == []
    assert store.run(note) == 0


def test_a_part_that_fails_leaves_the_rest_of_its_unit(store: Store, heard: list[Announcement]) -> None:
    def partly(unit: UnitOfWork) -> None:
        note(unit, 1)
        unit.announce("board", "first", {})
        with pytest.raises(ArithmeticError):
            fail(unit)
        with unit.part():
            note(unit, 3)
            unit.announce("board", "last", {})

    def fail(unit: UnitOfWork) -> None:
        with unit.part():
            note(unit, 2)
            unit.announce("board", "undone", {})
            raise ArithmeticError

    store.run(partly)

    assert store.read(leaf_count) == 2
    assert [one.type for one in heard] == ["first", "last"]


def test_announcements_come_after_the_commit_in_order(store: Store, heard: list[Announcement]) -> None:
    def announce(unit: UnitOfWork) -> None:
        note(unit)
        unit.announce("board", "count", {"n": 1})
        unit.announce("tour", "count", {"n": 2})

    store.run(announce)

    assert [(one.topic, one.body["n"]) for one in heard] == [("board", 1), ("tour", 2)]
    assert heard[0].at_ms == int(OPENING.timestamp() * 1000)


def test_nobody_hears_before_it_is_on_the_disk(store: Store) -> None:
    seen: list[int] = []
    store.writer._listener = lambda _announcements: seen.append(store.read(leaf_count))

    def work(unit: UnitOfWork) -> None:
        note(unit)
        unit.announce("board", "count", {})

    store.run(work)

    assert seen == [1]


def test_a_caller_is_not_told_while_the_commit_is_held_up(store: Store) -> None:
    """Another process holds up the commit: the unit has run, and yet its future is not done."""
    has_run = threading.Event()
    may_commit = threading.Event()
    commit = store._write_engine.dialect.do_commit

    def slow_commit(connection: object) -> None:
        has_run.set()
        assert may_commit.wait(10)
        commit(connection)  # type: ignore[arg-type]

    store._write_engine.dialect.do_commit = slow_commit  # type: ignore[method-assign, assignment]

    future = store.writer.submit(note)

    assert has_run.wait(10)
    assert not future.done()
    assert store.read(leaf_count) == 0
    may_commit.set()
    assert future.result(10) == 0
    assert store.read(leaf_count) == 1


def test_a_commit_that_fails_is_never_acknowledged(store: Store, heard: list[Announcement]) -> None:
    commit = store._write_engine.dialect.do_commit

    def failing_commit(_connection: object) -> None:
        raise OSError(28, "No space left on device")

    store._write_engine.dialect.do_commit = failing_commit  # type: ignore[method-assign, assignment]

    def work(unit: UnitOfWork) -> int:
        unit.announce("board", "count", {})
        return note(unit)

    with pytest.raises(OSError, match="No space"):
        store.run(work)

    store._write_engine.dialect.do_commit = commit  # type: ignore[method-assign]
    assert store.read(leaf_count) == 0
    assert heard == []
    assert store.run(note) == 0


def test_a_transaction_undone_by_the_database_is_not_acknowledged(store: Store) -> None:
    """On a full disk SQLite rolls back by itself, and the driver's commit then says nothing."""

    def lose(unit: UnitOfWork) -> int:
        index = note(unit)
        unit.conn.exec_driver_sql("ROLLBACK")
        return index

    with pytest.raises(NotStored, match="undone by the database"):
        store.run(lose)

    assert store.read(leaf_count) == 0
    assert store.run(note) == 0


def test_hot_units_share_a_commit_and_one_that_fails_harms_no_other(store: Store) -> None:
    commits: list[int] = []
    commit = store._write_engine.dialect.do_commit

    def counted(connection: object) -> None:
        commits.append(1)
        commit(connection)  # type: ignore[arg-type]

    held = threading.Event()
    first = store.writer.submit(lambda _unit: held.wait(10))
    store._write_engine.dialect.do_commit = counted  # type: ignore[method-assign, assignment]

    def work(unit: UnitOfWork, n: int) -> int:
        index = note(unit, n)
        if n == 3:
            raise ArithmeticError
        return index

    futures: list[Future[int]] = [store.writer.submit(partial(work, n=n), hot=True) for n in range(8)]
    held.set()
    first.result()

    indexes = [future.result() for n, future in enumerate(futures) if n != 3]
    assert indexes == list(range(7))
    with pytest.raises(ArithmeticError):
        futures[3].result()
    assert len(commits) < 1 + len(futures)
    assert store.read(lambda connection: log.check(connection, SHOP.id)).size == 7


def test_a_group_ends_at_its_cap_of_rows(store: Store) -> None:
    groups: list[int] = []
    held = threading.Event()
    first = store.writer.submit(lambda _unit: held.wait(10))
    commit = store._write_engine.dialect.do_commit

    def counted(connection: object) -> None:
        groups.append(1)
        commit(connection)  # type: ignore[arg-type]

    futures = [store.writer.submit(lambda _unit: None, hot=True, rows=600) for _ in range(4)]
    store._write_engine.dialect.do_commit = counted  # type: ignore[method-assign, assignment]
    held.set()
    first.result()
    for future in futures:
        future.result()

    assert len(groups) >= 3  # the held unit, then at most two units of 600 rows a group


def test_units_run_in_the_order_of_asking_hot_or_not(store: Store) -> None:
    order: list[int] = []

    futures = [
        store.writer.submit(lambda _unit, n=n: order.append(n), hot=n % 3 != 0)  # type: ignore[misc]
        for n in range(30)
    ]
    for future in futures:
        future.result()

    assert order == list(range(30))


def test_rows_of_a_session_are_stored_with_the_unit(store: Store) -> None:
    def enrol(unit: UnitOfWork) -> None:
        unit.session.add(
            Person(
                shop_id=unit.shop_id, id="p1", name="Claire", rights="own", pin_hash="x", pin_set_at=unit.now,
                enrolled_at=unit.now,
            )
        )  # fmt: skip
        unit.session.commit()
        note(unit)

    store.run(enrol)

    person = table(Person)
    assert store.read(lambda c: c.execute(select(person.c.name, person.c.enrolled_at)).one()) == ("Claire", OPENING)


def test_what_a_session_commits_is_undone_when_the_unit_fails(store: Store) -> None:
    def enrol(unit: UnitOfWork) -> None:
        unit.session.add(
            Person(
                shop_id=unit.shop_id, id="p1", name="Claire", rights="own", pin_hash="x", pin_set_at=unit.now,
                enrolled_at=unit.now,
            )
        )  # fmt: skip
        unit.session.commit()
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store.run(enrol)

    assert store.read(lambda c: c.execute(select(table(Person).c.name)).all()) == []


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        store.read(lambda connection: connection.exec_driver_sql("DELETE FROM shops"))


def test_closing_finishes_what_is_queued_and_refuses_more(store: Store) -> None:
    futures = [store.writer.submit(note) for _ in range(20)]

    store.close()

    assert [future.result() for future in futures] == list(range(20))
    with pytest.raises(StoreClosed):
        store.writer.submit(note)


def test_an_empty_folder_says_which_options_the_first_command_needs(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        Store(tmp_path_factory.mktemp("empty") / "b.sqlite3") as empty,
        pytest.raises(NoShopYet, match="Import its stock first"),
    ):
        empty.run(note)


def test_backlog_counts_rows_until_they_are_stored(store: Store) -> None:
    held = threading.Event()
    first = store.writer.submit(lambda _unit: held.wait(10), rows=7)
    second = store.writer.submit(lambda _unit: None, hot=True, rows=11_000)

    assert store.writer.backlog_rows == 11_007
    assert store.writer.is_overloaded
    held.set()
    first.result()
    second.result()
    store.run(note)
    assert not store.writer.is_overloaded


def test_a_listener_that_fails_undoes_nothing_and_the_caller_is_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def deaf(_announcements: object) -> None:
        raise ConnectionError

    store.writer._listener = deaf

    def work(unit: UnitOfWork) -> int:
        unit.announce("board", "count", {})
        return note(unit)

    assert store.run(work) == 0
    assert store.run(work) == 1
    assert "listener failed" in caplog.text


def test_a_cancelled_unit_never_runs(store: Store) -> None:
    held = threading.Event()
    first = store.writer.submit(lambda _unit: held.wait(10))
    second = store.writer.submit(note)

    assert second.cancel()
    held.set()
    first.result()

    assert store.run(note) == 0


def test_more_units_than_the_queue_holds_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.store.writer.UNITS_MAX", 3)
    held = threading.Event()
    waiting = [store.writer.submit(lambda _unit: held.wait(10)) for _ in range(3)]

    with pytest.raises(StoreBusy, match="Try again in a moment"):
        store.writer.submit(note)

    held.set()
    for future in waiting:
        future.result()
    assert store.run(note) == 0


def test_a_database_locked_by_another_program_is_told_to_the_caller(store: Store) -> None:
    store.run(lambda unit: unit.conn.exec_driver_sql("PRAGMA busy_timeout=1"))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")

        with pytest.raises(OperationalError, match="locked"):
            store.run(note)

        stranger.execute("ROLLBACK")
    assert store.run(note) == 0
