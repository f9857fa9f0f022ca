"""E2: 200 counted pieces recorded durably by one HTTP request.

Ours: a person seals a tray with the labels scanned in it: each is looked up, the canonical set is made and sealed, and a leaf
of the log speaks for it. Usual: each item is updated and gets a row of history. Opening the count is not timed.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from server.clock import SystemClock
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, wall_cost
from tests.benchmarks.servers import Caller, ours, plain, running
from tests.benchmarks.workloads.counted_places import labels_of, plan_trays
from tests.benchmarks.workloads.shops import DEVICE_TOKEN, open_store
from tests.benchmarks.workloads.tags import population

PIECES_N = 200
ROUNDS_N = 5
TRAYS_N = 2 * (ROUNDS_N + 1)
"""A tray is sealed once: rounds and their warm-up, twice because of the repetition."""


@pytest.mark.benchmark
def test_counted_pieces_are_recorded(tmp_path: Path, measure: Measure) -> None:
    folder = tmp_path / "ours"
    with open_store(folder, clock=SystemClock()) as store:
        counts = plan_trays(store, trays=TRAYS_N, size=PIECES_N)
    with (
        running(ours(folder), log=tmp_path / "ours.log") as our_server,
        running(plain(tmp_path / "plain.sqlite3"), log=tmp_path / "plain.log") as plain_server,
        closing(Caller(our_server, token=DEVICE_TOKEN)) as us,
        closing(Caller(plain_server)) as them,
    ):
        items = them.post("/items", [epc.hex().upper() for epc in population(PIECES_N, SEED)])
        counted = {"by": "Ada", "items": [{"id": item, "quantity": 1} for item in items]}
        trays = iter(enumerate(counts))
        sealed = []

        def subject() -> float:
            tray, count = next(trays)
            us.post(f"/v1/counts/{count}/round")
            labels = {"labels": labels_of(tray, size=PIECES_N)}
            began_s = time.perf_counter()
            answer = us.post(f"/v1/counts/{count}/seal", labels)
            cost = (time.perf_counter() - began_s) / PIECES_N
            assert answer["is_sealed"]
            sealed.append(count)
            return cost

        baseline = wall_cost(lambda: them.post("/counts", counted), operations=PIECES_N)
        try:
            measure("E2", subject=subject, baseline=baseline, rounds=ROUNDS_N)
        finally:
            with closing(sqlite3.connect(f"file:{folder / 'baguier.sqlite3'}?mode=ro", uri=True)) as stored:
                bodies = [bytes(row[0]) for row in stored.execute("SELECT body FROM sealed_sets")]
            assert len(bodies) == len(sealed)
            assert all(body.count(b"BAG-") >= PIECES_N for body in bodies)
