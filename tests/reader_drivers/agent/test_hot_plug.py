"""Readers that come and go: unplugged in the middle of a frame, powered anew, several at once; and how they say they are."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.pulse import Pulse
from reader_drivers.agent.session import ReaderSession
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.spool import Attachment
from reader_drivers.agent.transports import Line, SerialLink, monotonic_ms
from reader_drivers.driver import KeepAlive, PassEnd, ReadPlan, Region, Temperature
from reader_drivers.errors import ReaderLost, Rejected
from reader_drivers.reads import Press, ReaderFigures, ReaderHealth, TagRead
from simulators.radio import Radio
from simulators.readers.thingmagic_ff import ThingMagicModule

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
WAIT_S = 20


class ModuleLink:
    """A port with a freshly powered module behind it, which forgets its settings when it is unplugged."""

    def __init__(self, epc: str) -> None:
        self._module = ThingMagicModule(Radio(seed=1))
        self._tags = json.dumps({"antenna": 1, "epc": epc, "tid": "E28011602000000000000001"})
        self._module.load(self._tags)
        self._replies: list[bytes] = []
        self.turned = asyncio.Event()
        """Set whenever somebody looks for bytes."""
        self.is_cut = False
        """True: half of the next frame arrives, then nothing ever again."""
        self.orders = b""
        self.opens_after_s = 0.0
        """How long its opening takes."""

    def power_anew(self) -> None:
        """The supply broke down for a moment: the port stays, the module starts from nothing."""
        self._module = ThingMagicModule(Radio(seed=1))
        self._module.load(self._tags)

    async def read(self, timeout_s: float) -> list[tuple[int, bytes]]:
        self.turned.set()
        await asyncio.sleep(timeout_s / 4)
        now = monotonic_ms()
        frames, self._replies = self._replies + self._module.due(now / 1000), []
        if not self.is_cut:
            return [(now, b"".join(frames))] if frames else []
        if not frames:
            raise ReaderLost("The cable was pulled.")
        whole = b"".join(frames)
        self._module = ThingMagicModule(Radio())
        return [(now, whole[: len(whole) - len(frames[-1]) // 2])]

    async def write(self, sent: bytes) -> None:
        self.orders += sent
        self._replies += self._module.feed(sent, monotonic_ms() / 1000)

    async def close(self) -> None:
        pass


class Desk:
    """One session on ports of ours; each opening takes the next one."""

    def __init__(self, name: str, *links: ModuleLink) -> None:
        self.healths: list[ReaderHealth] = []
        self.opened_ms = 0
        self._turned = asyncio.Event()
        for link in links:
            link.turned = self._turned
        self._links: Iterator[ModuleLink] = iter(links)
        settings = ReaderSettings(
            name=name, protocol=protocol_named("thingmagic_ff"), port="p", baud=1, plan=PLAN, antennas=(1,)
        )
        self.session = ReaderSession(settings, self._hear, opener=self._open)
        self.session.attach(Attachment("a", name, (), 10, 1, None))

    def _hear(self, health: ReaderHealth) -> None:
        self.healths.append(health)
        self._turned.set()

    async def _open(self, port: str, baud: int, line: Line) -> SerialLink:
        del port, baud, line
        link = next(self._links, None)
        if link is None:
            raise ReaderLost("It is not there.")
        await asyncio.sleep(link.opens_after_s)
        self.opened_ms = monotonic_ms()
        return link  # type: ignore[return-value]

    async def hears(self, epc: str) -> None:
        await self.until(lambda: epc in self.take())

    def take(self) -> set[str]:
        return {tag[0].hex().upper() for folded in self.session.folder.take() for tag, _, _ in folded.reads}

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not is_true():
                self._turned.clear()
                await self._turned.wait()

    def states(self) -> list[str]:
        return [health.state for health in self.healths]


def play(*desks_of: Callable[[], Desk], story: Callable[..., object]) -> None:
    async def run() -> None:
        desks = [make() for make in desks_of]
        running = [asyncio.create_task(desk.session.run()) for desk in desks]
        try:
            await story(*desks)  # type: ignore[misc]
        finally:
            for task in running:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    asyncio.run(run())


def test_reader_unplugged_in_a_frame_is_set_up_and_read_again_and_its_neighbour_never_noticed() -> None:
    first, second, other = ModuleLink("AA" * 12), ModuleLink("BB" * 12), ModuleLink("CC" * 12)

    async def story(pad: Desk, neighbour: Desk) -> None:
        await pad.hears("AA" * 12)
        first.is_cut = True
        await pad.until(lambda: "lost" in pad.states())
        lost_ms = monotonic_ms()
        await pad.hears("BB" * 12)

        assert first.orders[:40] == second.orders[:40]
        assert pad.healths[-1].figures is not None
        assert pad.healths[-1].figures.rejected == 1
        assert monotonic_ms() - lost_ms < 2_000
        await neighbour.hears("CC" * 12)
        assert "lost" not in neighbour.states()

    play(lambda: Desk("pad", first, second), lambda: Desk("gate", other), story=story)


def test_no_pass_spans_the_time_without_a_reader() -> None:
    first, second = ModuleLink("AA" * 12), ModuleLink("BB" * 12)
    # With the pause before it, longer than a silent pass may last.
    second.opens_after_s = 0.5

    async def story(pad: Desk) -> None:
        await pad.hears("AA" * 12)
        first.is_cut = True
        await pad.until(lambda: "lost" in pad.states())
        pad.session.folder.take()
        passes: list[PassEnd] = []

        def is_back() -> bool:
            folded = pad.session.folder.take()
            passes.extend(ended for part in folded for ended in part.passes)
            return any(tag[0] == b"\xbb" * 12 for part in folded for tag, _, _ in part.reads)

        await pad.until(is_back)
        assert [ended for ended in passes if ended.from_ms < pad.opened_ms] == []

    play(lambda: Desk("pad", first, second), story=story)


@pytest.mark.slow
def test_module_that_lost_its_power_for_a_moment_is_set_up_again() -> None:
    first, second = ModuleLink("AA" * 12), ModuleLink("BB" * 12)

    async def story(pad: Desk) -> None:
        await pad.hears("AA" * 12)
        first.power_anew()
        await pad.hears("BB" * 12)

        assert "lost" in pad.states()

    play(lambda: Desk("pad", first, second), story=story)


def test_state_comes_with_figures_and_the_temperature_the_module_told() -> None:
    link = ModuleLink("AA" * 12)

    async def story(pad: Desk) -> None:
        await pad.hears("AA" * 12)

        reading = next(health for health in pad.healths if health.state == "reading")
        assert reading.figures is not None
        assert reading.figures.temperature_c == 30
        assert reading.figures.heard_ago_ms is not None

    play(lambda: Desk("pad", link), story=story)


def test_pulled_trigger_of_a_sled_is_passed_on_whether_a_count_is_open_or_not() -> None:
    class SledLink(ModuleLink):
        async def read(self, timeout_s: float) -> list[tuple[int, bytes]]:
            await asyncio.sleep(timeout_s)
            pulled, self.pulled = self.pulled, b""
            return [(monotonic_ms(), pulled)] if pulled else []

        pulled = b"SW: single\r\nSW: off\r\n"

        async def write(self, sent: bytes) -> None:
            del sent

    async def story() -> None:
        told: list[Press] = []
        let_go = asyncio.Event()

        def pressed(press: Press) -> None:
            told.append(press)
            if press.action == "off":
                let_go.set()

        async def opened(port: str, baud: int, line: Line) -> SerialLink:
            del port, baud, line
            return SledLink("AA" * 12)  # type: ignore[return-value]

        settings = ReaderSettings(
            name="sled", protocol=protocol_named("tsl_ascii2"), port="p", baud=1, plan=PLAN, antennas=(1,)
        )
        session = ReaderSession(settings, lambda _: None, opener=opened, pressed=pressed)
        running = asyncio.create_task(session.run())
        await asyncio.wait_for(let_go.wait(), WAIT_S)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

        assert told == [Press("sled", "trigger", "single"), Press("sled", "trigger", "off")]

    asyncio.run(story())


def test_figures_count_from_one_report_to_the_next() -> None:
    pulse = Pulse(1_000)
    assert pulse.report(2_000) == ReaderFigures(0, 0, None, None)

    pulse.hear_bytes(5_500)
    pulse.hear(TagRead(id_hex="AA", count=30))
    pulse.hear(Temperature(41))
    pulse.hear(Rejected(b"\x01", "noise: x"))
    pulse.hear(KeepAlive(5_500))

    assert pulse.report(6_000) == ReaderFigures(reads_per_s=8, rejected=1, heard_ago_ms=500, temperature_c=41)
    assert pulse.report(7_000).reads_per_s == 0


@pytest.mark.parametrize(
    ("after_ms", "due"), [(9_999, (False, False)), (10_000, (True, False)), (60_000, (True, True))]
)
def test_report_is_due_more_often_while_the_reader_reads(after_ms: int, due: tuple[bool, bool]) -> None:
    pulse = Pulse(0)

    assert (pulse.is_due(after_ms, is_reading=True), pulse.is_due(after_ms, is_reading=False)) == due
