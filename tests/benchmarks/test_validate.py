"""V1: reads off the wire, decoded and checked."""

import msgspec
import pytest

from reader_drivers.reads import Batch, decode_message, encode_message
from tests.benchmarks.baselines.pydantic_reads import READS
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, cpu_cost
from tests.benchmarks.workloads.batches import batch
from tests.benchmarks.workloads.tags import population

READS_N = 100
BATCHES_N = 200
"""Enough that one round lasts 10 ms and more."""


@pytest.mark.benchmark
def test_one_read_is_decoded_and_checked(measure: Measure) -> None:
    sent = batch(1, population(READS_N, SEED))
    packed = encode_message(sent)
    as_json = msgspec.json.encode(
        [
            {name: value.hex().upper() if isinstance(value, bytes) else value for name, value in fields.items()}
            for fields in ({name: getattr(row, name) for name in row.__struct_fields__} for row in sent.reads)
        ]
    )
    ours = decode_message(packed)
    assert isinstance(ours, Batch)
    assert [row.epc.hex().upper() for row in ours.reads] == [read.epc for read in READS.validate_json(as_json)]

    def subject() -> None:
        for _ in range(BATCHES_N):
            decode_message(packed)

    def baseline() -> None:
        for _ in range(BATCHES_N // 4):
            READS.validate_json(as_json)

    measure(
        "V1",
        subject=cpu_cost(subject, operations=BATCHES_N * READS_N),
        baseline=cpu_cost(baseline, operations=BATCHES_N // 4 * READS_N),
    )
