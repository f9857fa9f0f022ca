"""D1, D2, D3: reports of a network reader to reads, beside the two libraries that people use for it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from llrpkit.inventory import TagReport
from llrpkit.protocol import decode_message
from llrpkit.protocol import messages as foreign

from reader_drivers.llrp.frames import Message, MessageHunt
from reader_drivers.llrp.tags import ReportDecoder, tag_read, walk_reports
from reader_drivers.reads import TagRead
from tests.benchmarks.conftest import Measure
from tests.benchmarks.harness import SEED, Round, cpu_cost
from tests.benchmarks.workloads.llrp_reports import messages
from tests.benchmarks.workloads.tags import hearings
from tests.benchmarks.workloads.thingmagic_stream import chunks

READS_N = 4_096
TAGS_IN_MESSAGE = 32
CHUNK_BYTES = 4_096
"""What a busy link hands over in one read. The peers get each message cut out already."""
SLLURP = Path(__file__).parent / "baselines" / "sllurp_decoder.py"
Brief = list[tuple[str, int | None, float | None]]


def received(stream: list[bytes]) -> list[bytes]:
    return chunks(b"".join(stream), CHUNK_BYTES)


def decoded(stream: list[bytes]) -> list[TagRead]:
    """The driver's codec: hunt, shapes, reads."""
    hunt, decoder = MessageHunt(), ReportDecoder()
    return [
        read for part in received(stream) for message in hunt.feed(part) for read in decoder.reads(whole(message), 0)
    ]


def walked(stream: list[bytes]) -> list[TagRead]:
    """The same without remembered shapes, parameter by parameter."""
    hunt = MessageHunt()
    return [
        tag_read(fields, {}, 0)
        for part in received(stream)
        for message in hunt.feed(part)
        for fields in walk_reports(whole(message))
    ]


def whole(part: object) -> Message:
    assert isinstance(part, Message)
    return part


def brief(reads: list[TagRead]) -> Brief:
    return [(read.id_hex, read.antenna, read.rssi_dbm) for read in reads]


@contextmanager
def sllurp(stream: list[bytes]) -> Iterator[tuple[Brief, Round]]:
    """What sllurp makes of the last message, and the cost of all of them for each read."""
    command = [sys.executable, str(SLLURP)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None

        def ask(line: str) -> str:
            assert peer.stdin is not None
            assert peer.stdout is not None
            peer.stdin.write(line + "\n")
            peer.stdin.flush()
            return peer.stdout.readline()

        told = json.loads(ask(json.dumps([message.hex() for message in stream])))
        yield [(epc.upper(), antenna, rssi) for epc, antenna, rssi in told], lambda: float(ask("round")) / READS_N
        peer.stdin.close()


def compared_with_sllurp(
    measure: Measure, goal: str, stream: list[bytes], *, subject: Callable[[list[bytes]], list[TagRead]]
) -> None:
    with sllurp(stream) as (told, baseline):
        assert brief(subject(stream[-1:])) == told
        assert len(subject(stream)) == READS_N
        measure(goal, subject=cpu_cost(lambda: subject(stream), operations=READS_N), baseline=baseline)


@pytest.mark.benchmark
def test_reports_of_a_tray_become_reads(measure: Measure) -> None:
    stream = messages(hearings(READS_N, SEED), tags=TAGS_IN_MESSAGE)

    compared_with_sllurp(measure, "D1", stream, subject=decoded)


@pytest.mark.benchmark
def test_reports_of_single_tags_become_reads(measure: Measure) -> None:
    stream = messages(hearings(READS_N, SEED), tags=1)

    compared_with_sllurp(measure, "D2", stream, subject=decoded)


@pytest.mark.benchmark
def test_reports_of_single_tags_become_reads_beside_llrpkit(measure: Measure) -> None:
    stream = messages(hearings(READS_N, SEED), tags=1)

    def baseline() -> list[TagReport]:
        return [
            TagReport.from_param(report)
            for raw in stream
            for message in [decode_message(raw)]
            if isinstance(message, foreign.RO_ACCESS_REPORT)
            for report in message.tag_report_datas
        ]

    assert [(read.id_hex, read.antenna, read.rssi_dbm) for read in decoded(stream)] == [
        (tag.epc_hex.upper(), tag.antenna, tag.rssi_dbm) for tag in baseline()
    ]
    measure(
        "D2b",
        subject=cpu_cost(lambda: decoded(stream), operations=READS_N),
        baseline=cpu_cost(baseline, operations=READS_N),
    )


@pytest.mark.benchmark
def test_reports_with_unknown_parameters_are_walked(measure: Measure) -> None:
    stream = messages(hearings(READS_N, SEED), tags=TAGS_IN_MESSAGE, has_maker=True)

    compared_with_sllurp(measure, "D3", stream, subject=walked)
