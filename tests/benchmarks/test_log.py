"""L1: what an event costs until the log speaks for it.

Ours: the exact bytes of each batch are hashed once; every five seconds one leaf of the source names its batches, the tree
takes the leaf and its root is signed. Usual: every event is dumped as JSON and hashed onto the last one, unsigned.
"""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reader_drivers.reads import ReadRow, encode_message
from server.core.log import checkpoint, events, merkle
from server.core.log.events import ActorKind, EventType, Subject
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, cpu_cost
from tests.benchmarks.workloads.batches import batch, windows
from tests.benchmarks.workloads.shops import AGENT, NOW, SHOP

BATCHES_N = 50
"""Of one leaf: five seconds of fold windows of 100 ms."""
EVENTS_N = 20
"""Of one batch: a handheld or tray reader that hears 200 tags a second."""
LEAVES_N = 20
ORIGIN = f"baguier/{SHOP}"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def logged(frontier: merkle.Frontier, batches: list[bytes]) -> tuple[merkle.Frontier, str]:
    """The tree after five seconds of a source, and the note that signs it."""
    leaf = events.leaf(
        EventType.OBSERVATION_BATCHES,
        Subject("device", AGENT),
        {"batches": [hashlib.sha256(raw).hexdigest() for raw in batches]},
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
    number = BATCHES_N * LEAVES_N
    sent = [batch(seq, epcs) for seq, epcs in enumerate(windows(size=EVENTS_N, number=number, seed=SEED), start=1)]
    packed = [encode_message(one) for one in sent]
    leaves = [packed[at : at + BATCHES_N] for at in range(0, number, BATCHES_N)]
    plain = [plain_event(row) for one in sent[: number // 4] for row in one.reads]

    def subject() -> merkle.Frontier:
        frontier = merkle.Frontier()
        for batches in leaves:
            frontier, _note = logged(frontier, batches)
        return frontier

    def baseline() -> bytes:
        last = bytes(32)
        for event in plain:
            last = chained(last, event)
        return last

    assert subject().size == LEAVES_N
    measure(
        "L1",
        subject=cpu_cost(subject, operations=number * EVENTS_N),
        baseline=cpu_cost(baseline, operations=len(plain)),
    )


def plain_event(row: ReadRow) -> dict[str, object]:
    """The same fields, as a program that logs JSON has them."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return fields | {"epc": row.epc.hex().upper()}
