"""A batch counts once, in order, with its exact bytes; its reads reach the rounds that listen and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reader_drivers.reads import Batch, PassRow, ReaderEntry, ReadRow, encode_message
from server.core.ids import DeviceId, PersonId, RoundId
from server.store import reads
from server.store.unit_of_work import Store
from server.usecases.accept_reads import Accepted, BatchConflict, accept_batch
from server.usecases.attach_reader import (
    NotYourRound,
    ReaderAbsent,
    RoundAbsent,
    attach_reader,
    note_drained,
    note_listening,
)
from server.usecases.describe_readers import describe_readers
from tests.server.seeds import Seeded, database_of, seed_counting

EPC = bytes.fromhex("3034257BF7194E4000001A85")
SEEDED = Seeded()
AGENT = DeviceId(SEEDED.agent)


def batch(seq: int, *, reads_n: int = 1, epc: bytes = EPC, reader: str = "pad") -> Batch:
    row = ReadRow(epc, None, 1, 0, 10, reads_n, 1, -5000 * reads_n, -4800)
    return Batch(seq, reader, 1_772_440_800_000_000_000, (PassRow(1, seq, 0, 10),), (row,), ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(database_of(tmp_path)) as opened:
        opened.run(seed_counting)
        entry = ReaderEntry("pad", "thingmagic_ff", (1, 2), "idle")
        opened.run(lambda work: describe_readers(work, device_id=AGENT, readers=[entry]))
        yield opened


def send(store: Store, one: Batch) -> Accepted:
    raw = encode_message(one)
    return store.writer.submit(lambda work: accept_batch(work, device_id=AGENT, batch=one, raw=raw), hot=True).result(
        10
    )


def attach(store: Store, *, from_seq: int, to_seq: int | None = None) -> str:
    attached = store.run(
        lambda work: attach_reader(
            work,
            round_id=RoundId(SEEDED.round),
            reader="pad",
            person_id=PersonId(SEEDED.person),
            device_id=DeviceId(SEEDED.handheld),
        )
    )
    one = attached.attachment.id
    store.run(lambda work: note_listening(work, device_id=AGENT, attachment_id=one, from_seq=from_seq))
    if to_seq is not None:
        store.run(lambda work: note_drained(work, device_id=AGENT, attachment_id=one, to_seq=to_seq))
    return one


def heard(store: Store) -> int:
    rows = store.read(lambda conn: reads.observations_of(conn, store.shop_id, RoundId(SEEDED.round)))
    names = [column.name for column in reads._OBSERVATIONS.columns]
    return sum(int(row[names.index("reads_n")]) for row in rows)


def test_batch_sent_twice_counts_once(store: Store) -> None:
    attach(store, from_seq=1)

    answers = [send(store, batch(1)), send(store, batch(1))]

    assert answers == [Accepted(acked_seq=1, is_new=True), Accepted(acked_seq=1, is_new=False)]
    assert heard(store) == 1


def test_same_number_with_other_content_is_a_conflict_and_changes_nothing(store: Store) -> None:
    attach(store, from_seq=1)
    send(store, batch(1))

    with pytest.raises(BatchConflict, match="other content"):
        send(store, batch(1, reads_n=9))

    assert heard(store) == 1


def test_a_batch_beyond_a_gap_is_not_stored_and_the_answer_names_the_last_one(store: Store) -> None:
    attach(store, from_seq=1)
    send(store, batch(1))

    assert send(store, batch(3)) == Accepted(acked_seq=1, is_new=False)
    assert send(store, batch(2)) == Accepted(acked_seq=2, is_new=True)
    assert heard(store) == 2


def test_only_batches_inside_the_attachment_reach_the_round(store: Store) -> None:
    send(store, batch(1))
    attach(store, from_seq=2, to_seq=3)

    for seq in (2, 3, 4):
        send(store, batch(seq))

    assert heard(store) == 2


def test_reads_of_another_reader_do_not_reach_the_round(store: Store) -> None:
    attach(store, from_seq=1)

    send(store, batch(1, reader="window"))

    assert heard(store) == 0


def test_a_round_of_somebody_else_cannot_be_attached_to(store: Store) -> None:
    with pytest.raises(NotYourRound):
        store.run(
            lambda work: attach_reader(
                work,
                round_id=RoundId(SEEDED.round),
                reader="pad",
                person_id=PersonId("person-marc"),
                device_id=DeviceId(SEEDED.handheld),
            )
        )


@pytest.mark.parametrize(
    ("round_id", "reader", "refusal"), [("no", "pad", RoundAbsent), ("round-1", "no", ReaderAbsent)]
)
def test_what_does_not_exist_is_said_to_be_absent(
    store: Store, round_id: str, reader: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        store.run(
            lambda work: attach_reader(
                work,
                round_id=RoundId(round_id),
                reader=reader,
                person_id=PersonId(SEEDED.person),
                device_id=DeviceId(SEEDED.handheld),
            )
        )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(1, 6), max_size=30))
def test_any_order_and_repetition_of_batches_counts_each_once(store: Store, order: list[int]) -> None:
    sent = store.read(lambda conn: reads.acked_seq(conn, store.shop_id, AGENT))
    if sent == 0:
        attach(store, from_seq=1)
    reached = sent
    for step in order:
        reached += step == reached + 1
        send(store, batch(step))

    assert store.read(lambda conn: reads.acked_seq(conn, store.shop_id, AGENT)) == reached
    assert heard(store) == reached
