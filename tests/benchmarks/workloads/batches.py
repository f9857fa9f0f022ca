"""Batches of an agent, from seeded hearings: the wire's own values, every tag and antenna once in a batch."""

from reader_drivers.reads import Batch, PassRow, ReadRow
from tests.benchmarks.workloads.tags import ANTENNAS, population

T0_UTC_NS = 1_772_437_200_000_000_000
"""2026-03-02, a Monday morning."""


def read_rows(epcs: list[bytes]) -> tuple[ReadRow, ...]:
    """One row for each EPC, strengths and counts from its last byte, sorted as the wire wants it."""
    return tuple(
        ReadRow(
            epc=epc,
            tid=None,
            ant=1 + epc[-1] % ANTENNAS,
            first_ms=epc[-1] % 50,
            last_ms=50 + epc[-1] % 50,
            dcount=1 + epc[-1] % 5,
            dpasses=1,
            rssi_sum_cdbm=-(3_000 + 10 * epc[-1]) * (1 + epc[-1] % 5),
            rssi_max_cdbm=-(3_000 + 10 * epc[-1]),
        )
        for epc in sorted(epcs)
    )


def batch(seq: int, epcs: list[bytes], *, reader: str = "trays") -> Batch:
    """One fold window of 100 ms."""
    passes = tuple(PassRow(ant=ant, n=seq, from_ms=0, to_ms=100) for ant in range(1, ANTENNAS + 1))
    return Batch(
        seq=seq, reader=reader, t0_utc_ns=T0_UTC_NS + seq * 100_000_000, passes=passes, reads=read_rows(epcs), scans=()
    )


def windows(*, size: int, number: int, seed: int) -> list[list[bytes]]:
    """`number` lists of `size` EPCs; half of each was in the one before, half is new."""
    step = size // 2
    epcs = population(step * (number + 1), seed)
    return [epcs[turn * step : turn * step + size] for turn in range(number)]
