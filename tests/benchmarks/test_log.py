"""L1: what an event costs until the log speaks for it.

Ours: the exact bytes of a batch are hashed once, one leaf names them, the tree takes the leaf and its root is signed.
Usual: every event is dumped as JSON and hashed onto the last one, nothing is signed.
"""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reader_drivers.reads import encode_message
from server.core.log import checkpoint, events, merkle
from server.core.log.events import ActorKind, EventType, Subject
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, cpu_cost
from tests.benchmarks.workloads.batches import batch, windows
from tests.benchmarks.workloads.shops import AGENT, NOW, SHOP

EVENTS_N = 100
"""Of a batch; performance.md 3.3."""
BATCHES_N = 100
ORIGIN = f"baguier/{SHOP}"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def logged(frontier: merkle.Frontier, raw: bytes) -> tuple[merkle.Frontier, str]:
    """The tree after a batch, and the note that signs it."""
    leaf = events.leaf(
        EventType.OBSERVATION_BATCHES,
        Subject("device", AGENT),
        {"batches": [hashlib.sha256(raw).hexdigest()]},
        log=ORIGIN,
        seq=frontier.size,
        id=f"event-{frontier.size}",
        rx=NOW,
        actor=AGENT,
        actor_kind=ActorKind.DEVICE,
    )
    after = frontier.appended(merkle.leaf_hash(leaf))
    return after, checkpoint.sign(checkpoint.Checkpoint(ORIGIN, after.size, after.root()), KEY)


def chained(previous: bytes, event: dict[str, object]) -> bytes:
    """The usual hash chain."""
    return hashlib.sha256(previous + json.dumps(event, sort_keys=True).encode()).digest()


@pytest.mark.benchmark
def test_an_event_reaches_the_log(measure: Measure) -> None:
    sent = [batch(seq, epcs) for seq, epcs in enumerate(windows(size=EVENTS_N, number=BATCHES_N, seed=SEED), start=1)]
    packed = [encode_message(one) for one in sent]
    plain = [
        {"epc": row.epc.hex().upper(), "ant": row.ant, "first": row.first_ms, "last": row.last_ms, "n": row.dcount}
        for one in sent[: BATCHES_N // 4]
        for row in one.reads
    ]

    def subject() -> merkle.Frontier:
        frontier = merkle.Frontier()
        for raw in packed:
            frontier, _note = logged(frontier, raw)
        return frontier

    def baseline() -> bytes:
        last = bytes(32)
        for event in plain:
            last = chained(last, event)
        return last

    assert subject().size == BATCHES_N
    measure(
        "L1",
        subject=cpu_cost(subject, operations=BATCHES_N * EVENTS_N),
        baseline=cpu_cost(baseline, operations=len(plain)),
    )
