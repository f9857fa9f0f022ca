"""A computer that is busy with other things handles bytes late; it must not take its own lateness for a reader's silence."""

import asyncio
import contextlib

import pytest

from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.session import ReaderSession
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.transports import Line, SerialLink, monotonic_ms
from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import ReaderLost

LATE_MS = 500
"""How late the agent looks: much longer than any silence that ends a frame or a scan."""


class LateLink:
    """A port whose bytes are handed over `LATE_MS` after they arrived, a few at a time; then it is gone."""

    def __init__(self, *chunks: bytes) -> None:
        arrived_ms = monotonic_ms() - LATE_MS
        self._chunks = [(arrived_ms + n, chunk) for n, chunk in enumerate(chunks)]

    async def read(self, timeout_s: float) -> list[tuple[int, bytes]]:
        del timeout_s
        if not self._chunks:
            raise ReaderLost("The cable was pulled.")
        return [self._chunks.pop(0)]

    async def write(self, sent: bytes) -> None:
        del sent

    async def close(self) -> None:
        self._chunks = []


def scans_of(*chunks: bytes) -> list[str]:
    """What a scanner's session hears of bytes that are handed over late."""
    plan = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
    settings = ReaderSettings(
        name="douchette", protocol=protocol_named("barcode_line"), port="p", baud=9_600, plan=plan, antennas=()
    )

    async def story() -> list[str]:
        is_over = asyncio.Event()

        async def opened(port: str, baud: int, line: Line) -> SerialLink:
            del port, baud, line
            if is_over.is_set():
                await asyncio.Event().wait()
            is_over.set()
            return LateLink(*chunks)  # type: ignore[return-value]

        told = asyncio.Event()
        session = ReaderSession(settings, lambda health: told.set() if health.state == "lost" else None, opener=opened)
        running = asyncio.create_task(session.run())
        await asyncio.wait_for(told.wait(), 20)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return [scan.text for folded in session.folder.take() for scan in folded.scans]

    return asyncio.run(story())


@pytest.mark.parametrize("cut", [1, 7, 15])
def test_a_scan_that_is_handed_over_late_and_in_parts_stays_one_scan(cut: int) -> None:
    scan = b"BAG-000007.ABCDE\r\n"

    assert scans_of(scan[:cut], scan[cut:]) == ["BAG-000007.ABCDE"]
