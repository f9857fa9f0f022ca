"""Scans that need several packets or reports, from the simulated scanner to the driver: a Digital Link does on a ring's label."""

import pytest

from reader_drivers.agent.adapters.key_events import KeyEvents
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.driver import Output, ReadPlan, Region
from reader_drivers.reads import BarcodeScan
from simulators.pace import Pace
from simulators.readers.catalogue import Order, make_reader

PLAN = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
LINK = "https://id.gs1.org/01/09506000134352/21/RING-"
TEXTS = [f"{LINK}{n:04d}{'x' * length}" for n, length in enumerate((0, 7, 8, 60, 200, 300, 1_000))]
AIM = "Q1"
STEP_MS = 10
STEPS = 500


def through(protocol: str, model: str) -> list[tuple[str, str | None]]:
    """What the driver reports of these scans over a perfect cable."""
    scanner = make_reader(protocol, Order(seed=1, pace=Pace(), model=model, suffix="CRLF", aim=AIM))
    driver = protocol_named(protocol).driver()
    keys = KeyEvents() if protocol == "hid_keyboard" else None
    scans: list[tuple[str, str | None]] = []

    def answer(output: Output) -> bytes:
        scans.extend((event.text, event.aim) for event in output.events if isinstance(event, BarcodeScan))
        return output.sent

    scanner.load("".join(f"{text}\n" for text in TEXTS))
    # A scanner that waits for its feature report gets it from whoever opens it.
    sent = answer(driver.start(PLAN)) + (b"\xfe\x01" if protocol == "hid_pos" else b"")
    for now in range(0, STEPS * STEP_MS, STEP_MS):
        told = b"".join([*(scanner.feed(sent, now / 1000) if sent else []), *scanner.due(now / 1000)])
        sent = answer(driver.feed(keys.feed(told) if keys else told, now)) + answer(driver.tick(now))
    return scans


@pytest.mark.parametrize(
    ("protocol", "model"),
    [("barcode_line", ""), ("barcode_ssi", ""), ("hid_pos", "zebra"), ("hid_pos", "honeywell"), ("hid_keyboard", "")],
)
def test_long_scan_arrives_whole_and_once(protocol: str, model: str) -> None:
    assert through(protocol, model) == [(text, AIM) for text in TEXTS]
