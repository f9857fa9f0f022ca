"""Promise 1: no scan is ever lost and none counts twice, whatever is killed on the way from the reader to the database."""

import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from reader_drivers.agent.runner import SPOOL_FILE
from reader_drivers.agent.spool import Spool
from reader_drivers.reads import Batch, decode_message
from server.core.ids import RoundId
from server.store import reads
from server.store.tables import BatchRow, table
from server.store.unit_of_work import Store
from tests.journeys.counter_pc import CounterPc, counter_pc, until
from tests.server.seeds import Seeded, database_of

KILLS = int(os.environ.get("BAGUIER_KILLS", "4"))
"""4 in every run; BAGUIER_KILLS=50 for the full journey of some minutes."""
READS = int(os.environ.get("BAGUIER_READS", "6000"))
TAGS = 60
SEEDED = Seeded()


@dataclass(frozen=True)
class Kept:
    """What the database holds, counted in two independent ways."""

    sequences: list[int]
    reads_in_batches: int
    reads_in_observations: int
    tags: int


def kept(pc: CounterPc) -> Kept:
    with Store(database_of(pc.data)) as store:
        batches = table(BatchRow)
        raws = store.read(lambda conn: conn.execute(batches.select().order_by(batches.c.seq)).fetchall())
        observed = store.read(lambda conn: reads.observations_of(conn, store.shop_id, RoundId(SEEDED.round)))
    names = [column.name for column in reads._OBSERVATIONS.columns]
    messages = [decode_message(row.raw) for row in raws]
    return Kept(
        sequences=[row.seq for row in raws],
        reads_in_batches=sum(read.dcount for one in messages if isinstance(one, Batch) for read in one.reads),
        reads_in_observations=sum(int(row[names.index("reads_n")]) for row in observed),
        tags=len({row[names.index("epc")] for row in observed}),
    )


def promised(pc: CounterPc) -> int:
    """The highest sequence that the agent was told is safe, by its own spool."""
    spool = Spool(pc.spool / SPOOL_FILE)
    try:
        return spool.acked_seq()
    finally:
        spool.close()


def start(pc: CounterPc) -> None:
    pc.start_reader(tags=TAGS, options=("--rate", "300"))
    pc.start_server()
    pc.start_agent()
    until(pc.is_reader_known, timeout_s=60, what="the reader is attached")


def kill_one(pc: CounterPc, chance: random.Random) -> None:
    if chance.random() < 0.5:
        pc.kill_server()
        pc.start_server()
    else:
        pc.kill_agent()
        pc.start_agent()


def stop_cleanly(pc: CounterPc) -> None:
    """Drain the round; the agent is told again if it was away."""

    def is_drained() -> bool:
        return bool(pc.ask("POST", f"/v1/rounds/{SEEDED.round}/drain").json()["attachments"] == 0)

    until(pc.is_reader_known, timeout_s=60, what="the agent is back")
    until(is_drained, timeout_s=60, what="every reader of the round is drained")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_is_killed_every_promised_batch_is_kept_once(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10_000)
    chance = random.Random(seed)
    print(f"seed {seed}")
    with counter_pc(tmp_path) as pc:
        start(pc)
        for _ in range(KILLS):
            wanted = pc.told()["reads_told"] + chance.randrange(2 * READS // KILLS)
            until(lambda wanted=wanted: pc.told()["reads_told"] >= wanted, timeout_s=120, what=f"{wanted} reads")  # type: ignore[misc]
            kill_one(pc, chance)
            until(pc.is_reader_known, timeout_s=60, what="the agent is back")
        stop_cleanly(pc)
        told = pc.told()
        pc.kill_agent()
        pc.kill_server()

        found = kept(pc)
        safe = promised(pc)

    assert found.sequences == list(range(1, len(found.sequences) + 1))
    assert len(found.sequences) >= safe
    assert found.reads_in_observations == found.reads_in_batches
    assert found.tags == TAGS
    share = found.reads_in_batches / told["reads_told"]
    print(f"{KILLS} kills, {told['reads_told']} reads written, {found.reads_in_batches} kept ({share:.1%})")
    assert found.reads_in_batches <= told["reads_told"]
    assert share >= 0.95


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_journey_notices_a_server_that_promises_before_the_commit(tmp_path: Path) -> None:
    with counter_pc(tmp_path, server_module="tests.journeys.early_ack_server") as pc:
        start(pc)
        until(lambda: pc.told()["reads_told"] > 800, timeout_s=60, what="some batches are promised")
        pc.kill_server()
        pc.kill_agent()

        assert len(kept(pc).sequences) < promised(pc)
