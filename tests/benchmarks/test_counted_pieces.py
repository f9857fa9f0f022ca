"""E2: 200 counted pieces recorded durably over HTTP, one request."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, wall_cost
from tests.benchmarks.servers import ours, plain, require_ok, running
from tests.benchmarks.workloads.shops import DEVICE, DEVICE_TOKEN, PERSON, ROUND, open_store
from tests.benchmarks.workloads.tags import population

PIECES_N = 200
ROUTE = "/v1/sync/batches"


class Handheld:
    """A device that numbers its facts and sends the counted pieces of one tray as one batch."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.dseq = 0

    def count(self) -> None:
        """Send one label scan for each piece; the answer says that all of them are on the disk."""
        events = [self._scanned(number) for number in range(PIECES_N)]
        answer = require_ok(
            self._client.post(ROUTE, json={"events": events}, headers={"Idempotency-Key": events[0]["id"]})
        ).json()
        assert answer["ack_seq"] == self.dseq
        assert {one["outcome"] for one in answer["results"]} == {"accepted"}

    def _scanned(self, number: int) -> dict[str, Any]:
        self.dseq += 1
        return {
            "id": f"01900000-0000-7000-8000-{self.dseq:012x}",
            "device": DEVICE,
            "dseq": self.dseq,
            "person": PERSON,
            "count": "count-1",
            "round": ROUND,
            "type": "label.scanned",
            "at": "2026-03-02T08:35:00.000Z",
            "mono_ms": self.dseq,
            "body": {"code": f"BAG-{number:06}.ABCDE"},
        }


@pytest.mark.benchmark
def test_counted_pieces_are_recorded(tmp_path: Path, measure: Measure, absent: Callable[[str, str], None]) -> None:
    folder = tmp_path / "ours"
    open_store(folder).close()
    with (
        running(ours(folder), log=tmp_path / "ours.log") as our_server,
        running(plain(tmp_path / "plain.sqlite3"), log=tmp_path / "plain.log") as plain_server,
        httpx.Client(base_url=our_server.url, headers={"Authorization": f"Bearer {DEVICE_TOKEN}"}) as our_client,
        httpx.Client(base_url=plain_server.url) as plain_client,
    ):
        if ROUTE not in require_ok(our_client.get("/v1/openapi.json")).json()["paths"]:
            absent("E2", f"the server has no {ROUTE} yet")
        epcs = [epc.hex().upper() for epc in population(PIECES_N, SEED)]
        items = require_ok(plain_client.post("/items", json=epcs)).json()
        counted = {"by": "Ada", "items": [{"id": item, "quantity": 1} for item in items]}
        handheld = Handheld(our_client)

        measure(
            "E2",
            subject=wall_cost(handheld.count, operations=PIECES_N),
            baseline=wall_cost(lambda: require_ok(plain_client.post("/counts", json=counted)), operations=PIECES_N),
        )
    with closing(sqlite3.connect(folder / "baguier.sqlite3")) as stored:
        assert stored.execute("SELECT count(*) FROM device_events").fetchone()[0] == handheld.dseq
