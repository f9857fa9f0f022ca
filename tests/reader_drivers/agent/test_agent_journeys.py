"""The agent as a process, between simulated readers and a server: what it promises under power cuts and lost links."""

import asyncio
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from reader_drivers.agent.runner import Agent
from reader_drivers.agent.settings import load_settings
from reader_drivers.reads import Ack, Drain, Drained, Hello, Idle, Listen, Listening, ReaderHealth
from tests.reader_drivers.agent.stage import TOKEN, Stage, end, play

pytestmark = pytest.mark.slow
TAGS: list[dict[str, Any]] = [
    {"antenna": 1 + n % 2, "epc": f"3034{n:020X}", "tid": f"E280{n:020X}", "rssi_dbm": -50} for n in range(20)
]
FAST = ("--rate", "0", "--seed", "3")


def heard(stage: Stage, seqs: range | None = None) -> set[str]:
    chosen = [b for seq, b in stage.server.batches.items() if seqs is None or seq in seqs]
    return {row.epc.hex().upper() for batch in chosen for row in batch.reads}


def hearings(stage: Stage) -> int:
    return sum(row.dcount for batch in stage.server.batches.values() for row in batch.reads)


def scans(stage: Stage) -> list[tuple[str, str | None]]:
    return [(row.text, row.aim) for _, batch in sorted(stage.server.batches.items()) for row in batch.scans]


def opened(stage: Stage, reader: str) -> bool:
    """The reader's port was open before the agent said hello."""
    return any(entry.name == reader and entry.state == "idle" for entry in stage.server.all_of(Hello)[0].readers)


async def listen(stage: Stage, attachment: str = "a", reader: str = "pad", antennas: tuple[int, ...] = ()) -> int:
    await stage.server.say(Listen(attachment, reader, antennas, 10))
    return (await stage.server.hear(Listening, lambda m: m.attachment == attachment)).from_seq


async def drain(stage: Stage, attachment: str = "a") -> int:
    await stage.server.say(Drain(attachment))
    to_seq = (await stage.server.hear(Drained, lambda m: m.attachment == attachment)).to_seq
    await stage.server.until(lambda: stage.server.acked >= to_seq)
    return to_seq


def test_attached_reader_is_heard_in_full_and_rests_before_and_after(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        pad = stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        hello = await stage.server.hear(Hello)
        if not opened(stage, "pad"):
            await stage.server.hear(ReaderHealth, lambda m: m.state == "idle")
        assert stage.server.batches == {}

        from_seq = await listen(stage)
        await stage.server.until(lambda: len(heard(stage)) == len(TAGS))
        to_seq = await drain(stage)
        end(pad, signal.SIGTERM)

        assert (hello.agent, [(r.name, r.protocol, r.antennas) for r in hello.readers]) == (
            "pc",
            [("pad", "thingmagic_ff", (1, 2))],
        )
        assert set(stage.server.tokens) == {f"Bearer {TOKEN}"}
        assert heard(stage, range(from_seq, to_seq + 1)) == {tag["epc"] for tag in TAGS}
        assert hearings(stage) == stage.stats("pad")["reads_told"]
        assert "idle" in [m.state for m in stage.server.all_of(ReaderHealth)[-2:]]
        passes = [row for batch in stage.server.batches.values() for row in batch.passes]
        assert {row.ant for row in passes} == {1, 2}
        tids = {row.tid for batch in stage.server.batches.values() for row in batch.reads}
        assert None not in tids

    play(tmp_path, story)


@pytest.mark.parametrize("seed", range(3))
def test_agent_killed_at_any_moment_delivers_every_number_once_and_none_is_missing(tmp_path: Path, seed: int) -> None:
    async def story(stage: Stage) -> None:
        chance = random.Random(seed)
        stage.add_reader("pad", tags=TAGS, options=FAST)
        agent = stage.start_agent()
        from_seq = await listen(stage)
        for _ in range(4):
            more = len(stage.server.batches) + chance.randint(1, 4)
            await stage.server.until(lambda more=more: len(stage.server.batches) >= more)  # type: ignore[misc]
            stage.server.does_ack = chance.random() < 0.5
            await stage.server.until(lambda more=more: len(stage.server.batches) >= more + 1)  # type: ignore[misc]
            end(agent, signal.SIGKILL)
            stage.server.does_ack = True
            agent = stage.start_agent()
        more = len(stage.server.batches) + 2
        await stage.server.until(lambda: len(stage.server.batches) >= more)
        to_seq = await drain(stage)

        # The stage refuses a number that comes twice with other content; here none may be missing.
        assert sorted(stage.server.batches) == list(range(1, to_seq + 1))
        assert heard(stage, range(from_seq, to_seq + 1)) == {tag["epc"] for tag in TAGS}

    play(tmp_path, story)


def test_batches_that_no_server_takes_wait_on_the_disk(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.server.does_ack = False
        stage.start_agent()
        await listen(stage)
        await stage.server.until(lambda: len(stage.server.batches) == 8)
        await stage.server.say(Drain("a"))
        to_seq = (await stage.server.hear(Drained)).to_seq
        unacked = len(stage.server.batches)
        stage.server.does_ack = True
        await stage.server.hang_up()
        await stage.server.until(lambda: stage.server.acked == to_seq)

        assert unacked == 8
        assert stage.server.all_of(Hello)[-1].last_seq == to_seq

    play(tmp_path, story)


def test_reader_unplugged_in_a_count_is_reported_and_read_again_when_back(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        pad = stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        await listen(stage)
        await stage.server.until(lambda: hearings(stage) > 0)
        end(pad, signal.SIGKILL)
        await stage.server.hear(ReaderHealth, lambda m: m.state == "lost" and "not opened" not in m.detail)
        told = len(stage.server.told)
        stage.add_reader("pad", tags=[TAGS[0] | {"epc": "AB" * 12}], options=FAST)
        await stage.server.until(lambda: "AB" * 12 in heard(stage))
        await drain(stage)

        assert "reading" in [m.state for m in stage.server.told[told:] if isinstance(m, ReaderHealth)]

    play(tmp_path, story)


def test_shared_reader_goes_on_for_the_other_attachment(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        await listen(stage, "a", antennas=(1,))
        await listen(stage, "b", antennas=(2,))
        await stage.server.until(lambda: hearings(stage) > 0)
        first = await drain(stage, "a")
        states = [health.state for health in stage.server.all_of(ReaderHealth)]
        await stage.server.until(lambda: stage.server.acked > first + 1)
        await stage.server.say(Idle("pad"))
        last = (await stage.server.hear(Drained, lambda m: m.attachment == "b")).to_seq

        assert set(states[states.index("reading") :]) == {"reading"}
        assert last > first
        assert stage.server.all_of(ReaderHealth)[-1].state == "idle"

    play(tmp_path, story)


def test_orders_said_twice_or_for_nobody_are_answered(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        await listen(stage)
        await stage.server.say(Listen("a", "pad", (), 10))
        await stage.server.until(lambda: len(stage.server.all_of(Listening)) == 2)
        await stage.server.say(Listen("x", "nobody", (), 10))
        absent = await stage.server.hear(ReaderHealth, lambda m: m.reader == "nobody")
        to_seq = await drain(stage)
        await stage.server.say(Drain("a"))
        await stage.server.say(Drain("never-opened"))
        await stage.server.until(lambda: len(stage.server.all_of(Drained)) == 3)

        assert len(set(stage.server.all_of(Listening))) == 1
        assert absent.state == "absent"
        assert {m.to_seq for m in stage.server.all_of(Drained)} == {to_seq}

    play(tmp_path, story)


def test_terminated_agent_silences_its_readers_and_leaves_with_code_0(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        pad = stage.add_reader("pad", tags=TAGS, options=FAST)
        agent = stage.start_agent()
        await listen(stage)
        await stage.server.until(lambda: hearings(stage) > 0)
        code = await asyncio.to_thread(end, agent, signal.SIGTERM)
        stage.start_agent()
        await stage.server.until(lambda: len(stage.server.all_of(Hello)) == 2)
        await drain(stage)
        end(pad, signal.SIGTERM)

        assert code == 0
        assert "Traceback" not in stage.logs()
        assert stage.server.all_of(Hello)[1].last_seq > 0
        assert hearings(stage) == stage.stats("pad")["reads_told"]

    play(tmp_path, story)


def test_full_spool_stops_the_reader_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        pad = stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.server.does_ack = False
        agent = asyncio.create_task(Agent(load_settings(stage.write_settings()), batches_max=3).run())
        await listen(stage)
        full = await stage.server.hear(ReaderHealth, lambda m: m.state == "full")
        await stage.server.hear(ReaderHealth, lambda m: m.state == "idle")
        held = len(stage.server.batches)
        await stage.server.say(Drain("a"))
        stage.server.does_ack = True
        await stage.server.say(Ack(stage.server.acked))
        to_seq = (await stage.server.hear(Drained)).to_seq
        await stage.server.until(lambda: stage.server.acked >= to_seq)
        end(pad, signal.SIGTERM)
        agent.cancel()
        await asyncio.gather(agent, return_exceptions=True)

        assert "3 batches wait" in full.detail
        assert held == 3
        assert to_seq > 3
        assert hearings(stage) == stage.stats("pad")["reads_told"]

    play(tmp_path, story)


def test_scan_reaches_the_server_whether_a_count_is_open_or_not(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        scan = stage.add_scanner("gun")
        stage.start_agent()
        await stage.server.hear(Hello)
        if not opened(stage, "gun"):
            await stage.server.hear(ReaderHealth, lambda m: m.state == "idle")
        scan("JWL-000123")
        await stage.server.until(lambda: len(scans(stage)) == 1)
        from_seq = await listen(stage, "a", "gun")
        scan('{"text": "9506000134352", "aim": "E0"}')
        await stage.server.until(lambda: len(scans(stage)) == 2)
        to_seq = await drain(stage)

        assert scans(stage) == [("JWL-000123", None), ("9506000134352", "E0")]
        assert (from_seq, to_seq) == (2, 2)

    play(tmp_path, story)


def test_attachment_that_the_server_repeats_goes_on_and_one_it_forgot_ends(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        agent = asyncio.create_task(Agent(load_settings(stage.write_settings()), confirm_s=3).run())
        await listen(stage, "a", antennas=(1,))
        await listen(stage, "b", antennas=(2,))
        await stage.server.hang_up()
        await stage.server.until(lambda: len(stage.server.all_of(Hello)) == 2)
        await stage.server.say(Listen("a", "pad", (1,), 10))
        await stage.server.hear(Drained)
        more = hearings(stage)
        await stage.server.until(lambda: hearings(stage) > more)
        agent.cancel()
        await asyncio.gather(agent, return_exceptions=True)

        # Forgotten ones end in the order of their names, so "a" would have come first.
        assert [drained.attachment for drained in stage.server.all_of(Drained)] == ["b"]

    play(tmp_path, story)


def test_second_agent_on_the_same_spool_is_refused(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        await stage.server.hear(Hello)
        second = stage.start_agent()

        assert await asyncio.to_thread(second.wait, 20) == 1
        assert "is another agent running" in stage.logs()

    play(tmp_path, story)


def test_bad_cable_costs_reads_and_never_the_count(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        faults = "split=0.3,glue=0.3,corrupt=0.02,delay=0.02:5"
        pad = stage.add_reader("pad", tags=TAGS, options=("--rate", "2000", "--faults", faults, "--seed", "5"))
        stage.start_agent()
        await listen(stage)
        await stage.server.until(lambda: hearings(stage) > 1_000)
        await drain(stage)
        end(pad, signal.SIGTERM)
        stats = stage.stats("pad")

        assert set(stats["tags_intact"]) <= heard(stage)
        assert 1_000 < hearings(stage) < stats["reads_told"]

    play(tmp_path, story)


def test_server_that_knows_more_than_a_new_disk_is_followed(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.server.acked = 500
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()

        assert await listen(stage) == 501
        await stage.server.until(lambda: stage.server.acked > 500)
        assert min(stage.server.batches) == 501

    play(tmp_path, story)


def test_server_speaking_out_of_turn_is_left_and_found_again(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS, options=FAST)
        stage.start_agent()
        await stage.server.say(Hello(1, "server", 0, ()))
        await stage.server.until(lambda: len(stage.server.all_of(Hello)) == 2)
        await stage.server.say(Ack(0))

        assert await listen(stage) == 1

    play(tmp_path, story)
