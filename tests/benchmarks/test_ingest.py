"""I1: reads taken in for each second of the server's processor time, over loopback, durably, 200 reads a message.

Ours takes an agent's batches over its WebSocket, the plain rival takes JSON over a connection that is kept alive.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from reader_drivers.reads import WIRE_VERSION, Ack, Batch, Hello, Listen, ReaderEntry, decode_message, encode_message
from tests.benchmarks.baselines.plain_service import ReadIn, ReadsIn
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import ROUNDS, SEED, cpu_seconds
from tests.benchmarks.servers import ours, plain, require_ok, running
from tests.benchmarks.workloads.batches import batch, windows
from tests.benchmarks.workloads.shops import AGENT_TOKEN, heard, open_store

READS_N = 200
BATCHES_N = 50
"""Of one round of ours; the processor time of a process is told in steps of 10 ms."""
PLAIN_BATCHES_N = 10
IN_FLIGHT_MAX = 8
"""Batches that wait for their acknowledgement (performance.md 5)."""
TRIES = 2 * (ROUNDS + 1)
"""Rounds and their warm-up, twice because of the repetition."""


class Agent:
    """An agent that sends prepared batches and waits for their acknowledgement."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._acked = 0
        hello = Hello(v=WIRE_VERSION, agent="banc", last_seq=0, readers=(_READER,))
        self._socket.send(encode_message(hello))
        while not isinstance(self._received(), Ack):
            pass

    def deliver(self, batches: list[Batch]) -> None:
        """Send all, never more than `IN_FLIGHT_MAX` ahead, until the last one is on the server's disk."""
        for one in batches:
            while one.seq - self._acked > IN_FLIGHT_MAX:
                self._received()
            self._socket.send(encode_message(one))
        while self._acked < batches[-1].seq:
            self._received()

    def _received(self) -> Ack | Listen:
        raw = self._socket.recv(timeout=30)
        assert isinstance(raw, bytes)
        message = decode_message(raw)
        assert isinstance(message, Ack | Listen)
        if isinstance(message, Ack):
            self._acked = message.seq
        return message


_READER = ReaderEntry(name="trays", protocol="thingmagic_ff", antennas=(1, 2, 3, 4), state="reading")


def sent_by_agent(number: int) -> Iterator[list[Batch]]:
    """The batches of each round."""
    epcs = windows(size=READS_N, number=number * BATCHES_N, seed=SEED)
    batches = [batch(seq, one) for seq, one in enumerate(epcs, start=1)]
    return (batches[at : at + BATCHES_N] for at in range(0, len(batches), BATCHES_N))


def sent_to_plain(number: int) -> Iterator[list[bytes]]:
    """The same reads as JSON."""
    epcs = windows(size=READS_N, number=number * PLAIN_BATCHES_N, seed=SEED)
    bodies = [
        ReadsIn(
            session_id="round-1",
            reads=[
                ReadIn(epc=row.epc.hex().upper(), antenna=row.ant, ms=row.first_ms, rssi_cdbm=row.rssi_max_cdbm or 0)
                for row in batch(seq, one).reads
            ],
        )
        for seq, one in enumerate(epcs, start=1)
    ]
    raw = [body.model_dump_json().encode() for body in bodies]
    return (raw[at : at + PLAIN_BATCHES_N] for at in range(0, len(raw), PLAIN_BATCHES_N))


@pytest.mark.benchmark
def test_reads_taken_in_for_each_processor_second(tmp_path: Path, measure: Measure) -> None:
    folder = tmp_path / "ours"
    open_store(folder).close()
    with (
        running(ours(folder), log=tmp_path / "ours.log") as our_server,
        running(plain(tmp_path / "plain.sqlite3"), log=tmp_path / "plain.log") as plain_server,
        connect(
            f"{our_server.url.replace('http', 'ws')}/v1/agent/stream",
            additional_headers={"Authorization": f"Bearer {AGENT_TOKEN}"},
        ) as socket,
        httpx.Client(base_url=plain_server.url) as client,
    ):
        agent, batches, bodies = Agent(socket), sent_by_agent(TRIES), sent_to_plain(TRIES)
        delivered: list[Batch] = []

        def subject() -> float:
            began_s, sending = cpu_seconds(our_server.pid), next(batches)
            agent.deliver(sending)
            delivered.extend(sending)
            return (cpu_seconds(our_server.pid) - began_s) / (BATCHES_N * READS_N)

        def baseline() -> float:
            began_s = cpu_seconds(plain_server.pid)
            for body in next(bodies):
                require_ok(client.post("/reads", content=body, headers={"Content-Type": "application/json"}))
            return (cpu_seconds(plain_server.pid) - began_s) / (PLAIN_BATCHES_N * READS_N)

        try:
            measure("I1", subject=subject, baseline=baseline)
        finally:
            with closing(sqlite3.connect(f"file:{folder / 'baguier.sqlite3'}?mode=ro", uri=True)) as stored:
                assert heard(stored) == sum(row.dcount for one in delivered for row in one.reads)
