"""D4: bytes of a serial module to reads."""

import pytest

from reader_drivers.reads import TagRead
from reader_drivers.thingmagic_ff.frames import Direction, Frame, FrameHunt
from reader_drivers.thingmagic_ff.stream_reads import stream_read
from tests.benchmarks.baselines.naive_frames import ByteMachine
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, cpu_cost
from tests.benchmarks.workloads.tags import hearings
from tests.benchmarks.workloads.thingmagic_stream import chunks, stream

FRAMES_N = 4_096
CHUNK_BYTES = 4_096
"""What the operating system hands over at most in one read of a serial port."""


def decoded(received: list[bytes]) -> list[TagRead]:
    """The driver's codec: hunt, checksum, record, read."""
    hunt = FrameHunt(Direction.READER_TO_HOST)
    reads = []
    for chunk in received:
        for frame in hunt.feed(chunk):
            assert isinstance(frame, Frame)
            read = stream_read(frame.payload, 0)
            assert read is not None
            reads.append(read)
    return reads


@pytest.mark.benchmark
def test_a_frame_becomes_a_read(measure: Measure) -> None:
    received = chunks(stream(hearings(FRAMES_N, SEED)), CHUNK_BYTES)

    def baseline() -> list[dict[str, object]]:
        machine = ByteMachine()
        return [record for chunk in received for record in machine.feed(chunk)]

    ours = [(read.id_hex, read.antenna, read.rssi_dbm, read.reader_ms, read.freq_khz) for read in decoded(received)]
    assert len(ours) == FRAMES_N
    assert ours == [
        (read["id_hex"], read["antenna"], read["rssi_dbm"], read["reader_ms"], read["freq_khz"]) for read in baseline()
    ]
    measure(
        "D4",
        subject=cpu_cost(lambda: decoded(received), operations=FRAMES_N),
        baseline=cpu_cost(baseline, operations=FRAMES_N),
    )
