"""The spool: numbers without gaps, batches until acknowledged, attachments across restarts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reader_drivers.agent.spool import Spool, SpoolFull


def maker(mark: bytes = b"") -> Callable[[int], bytes]:
    return lambda seq: b"%d" % seq + mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite3"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    opened = Spool(path)
    yield opened
    opened.close()


def reopened(spool: Spool, path: Path) -> Spool:
    spool.close()
    return Spool(path)


def test_numbers_have_no_gap_across_restarts(spool: Spool, path: Path) -> None:
    first = spool.append([maker(), maker()])
    again = reopened(spool, path)

    assert (first, again.append([maker()])) == (2, 3)
    assert again.after(0, 10) == [(1, b"1"), (2, b"2"), (3, b"3")]
    again.close()


def test_only_acknowledged_batches_are_forgotten(spool: Spool) -> None:
    spool.append([maker(), maker(), maker()])

    spool.trim(2)

    assert spool.after(0, 10) == [(3, b"3")]
    assert (spool.acked_seq(), spool.last_seq()) == (2, 3)


def test_older_acknowledgement_takes_nothing_back(spool: Spool) -> None:
    spool.append([maker(), maker()])
    spool.trim(2)
    spool.trim(1)

    assert spool.acked_seq() == 2


def test_replaced_disk_goes_on_behind_the_number_the_server_has(spool: Spool) -> None:
    spool.trim(41)

    assert spool.append([maker()]) == 42


def test_batch_that_cannot_be_made_takes_no_number(spool: Spool) -> None:
    with pytest.raises(ZeroDivisionError):
        spool.append([maker(), lambda seq: b"x" * (seq // 0)])

    assert spool.append([maker()]) == 1


def test_full_spool_stores_nothing_more_until_acknowledged(path: Path) -> None:
    small = Spool(path, batches_max=2)
    small.append([maker(), maker()])

    with pytest.raises(SpoolFull):
        small.append([maker()])
    small.trim(1)

    assert small.append([maker()]) == 3
    small.close()


def test_attachment_begins_with_the_next_number_and_ends_with_the_last(spool: Spool) -> None:
    spool.append([maker()])
    opened = spool.open_attachment("a", "pad", antennas=(1, 2), pass_min_ms=10)
    spool.append([maker(), maker()])

    assert (opened.from_seq, opened.antennas, opened.to_seq) == (2, (1, 2), None)
    assert spool.close_attachment("a") == 3
    assert spool.open_attachments() == []


def test_open_attachment_survives_a_restart(spool: Spool, path: Path) -> None:
    opened = spool.open_attachment("a", "pad", antennas=(), pass_min_ms=10)
    again = reopened(spool, path)

    assert again.open_attachments() == [opened]
    again.close()


def test_listen_and_drain_said_twice_are_answered_the_same(spool: Spool) -> None:
    first = spool.open_attachment("a", "pad", antennas=(1,), pass_min_ms=10)
    spool.append([maker()])
    second = spool.open_attachment("a", "pad", antennas=(1,), pass_min_ms=10)
    ends = [spool.close_attachment("a"), spool.append([maker()]), spool.close_attachment("a")]

    assert first == second
    assert ends == [1, 2, 1]


def test_attachment_never_seen_is_drained_at_the_last_number(spool: Spool) -> None:
    spool.append([maker()])

    assert spool.close_attachment("unknown") == 1


def test_only_the_latest_closed_attachments_are_remembered(path: Path) -> None:
    spool = Spool(path, closed_max=2)
    for n in range(4):
        spool.open_attachment(str(n), "pad", antennas=(), pass_min_ms=1)
    for n in range(1, 4):
        spool.close_attachment(str(n))

    assert spool.attachment("1") is None
    assert spool.attachment("2") is not None
    assert [opened.id for opened in spool.open_attachments()] == ["0"]
    spool.close()
