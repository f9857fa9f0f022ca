"""A capture keeps what was said, survives what happens to agents, holds no secret, and plays the same again."""

import asyncio
import io
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from reader_drivers.agent.__main__ import main
from reader_drivers.agent.capture import Capture, CapturedDriver, CaptureRefused, read_capture
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.replay import Replay, told
from reader_drivers.agent.settings import ReaderSettings, SettingsRefused
from reader_drivers.driver import Event, ReadPlan, Region
from reader_drivers.reads import Listen
from simulators.radio import Radio
from simulators.readers.thingmagic_ff import ThingMagicModule
from tests.reader_drivers.agent.stage import TOKEN, Stage, end, play

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1, 2))
TAGS = [
    {"antenna": n % 2 + 1, "epc": f"3034257BF7194E400000{n:04X}", "tid": f"E280116020000000{n:08X}"} for n in range(5)
]
PAD = ReaderSettings(
    name="pad",
    protocol=protocol_named("thingmagic_ff"),
    port="tcp:hidden.example:4001",
    baud=115_200,
    plan=PLAN,
    antennas=(1, 2),
)


def capture_of_a_count(path: Path, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    """A module read for half a second on a clock of ours, captured; gives what the driver told."""
    capture = Capture(path, [PAD], **options)
    driver = CapturedDriver(PAD.protocol.driver(), capture, "pad")
    reader = ThingMagicModule(Radio(seed=3))
    reader.load("".join(json.dumps(tag) + "\n" for tag in TAGS))
    events: list[Event] = []
    output = driver.start(PLAN)
    for now in range(20, 520, 20):
        events.extend(output.events)
        frames = reader.feed(output.sent, now / 1000) + reader.due(now / 1000)
        # The capture counts from its own beginning, and the driver's clock from that of this story.
        fed = driver.feed(b"".join(frames), now + capture.began_ms)
        output = fed
    events.extend(output.events)
    capture.close()
    return [told(event) for event in events]


def replayed(path: Path, **options: Any) -> list[dict[str, Any]]:
    with path.open("rb") as source:
        return [json.loads(line) for line in Replay(**options).lines(source)]


def timeless(name: str, facts: dict[str, Any]) -> tuple[str, str]:
    times = {"at_ms", "from_ms", "to_ms", "ms", "reader", "event"}
    return name, json.dumps({key: fact for key, fact in facts.items() if key not in times})


def test_replay_tells_what_the_driver_told(tmp_path: Path) -> None:
    before = capture_of_a_count(tmp_path / "c")

    after = replayed(tmp_path / "c")

    assert {name for name, _ in before} >= {"tag_read", "state", "reply"}
    reads = [timeless(name, facts) for name, facts in before if name != "pass_end"]
    assert [timeless(line["event"], line) for line in after if line["event"] != "pass_end"] == reads
    assert {line["id_hex"] for line in after if line["event"] == "tag_read"} == {tag["epc"] for tag in TAGS}


def test_replay_in_real_time_waits_as_long_as_the_capture_took(tmp_path: Path) -> None:
    capture_of_a_count(tmp_path / "c")
    waited: list[float] = []

    with (tmp_path / "c").open("rb") as source:
        list(Replay(wait=waited.append).lines(source))

    assert sum(waited) == pytest.approx(0.5, abs=0.05)


def test_capture_cut_anywhere_still_plays_what_was_whole(tmp_path: Path) -> None:
    capture_of_a_count(tmp_path / "c")
    whole = (tmp_path / "c").read_bytes()
    lines = len(whole.splitlines())

    for cut in range(len(whole) - 1, whole.index(b"\n"), -997):
        whole_lines = whole[:cut].count(b"\n")
        assert len(list(read_capture(io.BytesIO(whole[:cut])))) in {whole_lines, whole_lines + 1}
    assert len(list(read_capture(io.BytesIO(whole[:-2] + b"\xff\n")))) == lines - 1


def test_capture_keeps_the_newest_and_stays_within_its_limit(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "c", [PAD], bytes_max=20_000)
    for n in range(1_000):
        capture.tell("pad", capture.began_ms + n, **{"from": "reader", "hex": f"{n:064X}"})
    capture.close()

    both = [(tmp_path / name).read_bytes() for name in ("c.1", "c")]
    assert sum(map(len, both)) <= 20_000 + 200
    lines = [line for part in both for line in read_capture(io.BytesIO(part)) if "hex" in line]
    assert [int(line["hex"], 16) for line in lines] == list(range(1_000 - len(lines), 1_000))


def test_second_run_goes_on_with_the_file_and_both_are_played(tmp_path: Path) -> None:
    first = capture_of_a_count(tmp_path / "c")
    capture_of_a_count(tmp_path / "c")

    assert len(replayed(tmp_path / "c")) >= 2 * len([name for name, _ in first if name == "tag_read"])


def test_line_cut_by_a_power_failure_does_not_swallow_the_next_runs_head(tmp_path: Path) -> None:
    capture_of_a_count(tmp_path / "c")
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:-9])

    capture_of_a_count(tmp_path / "c")

    with (tmp_path / "c").open("rb") as source:
        assert len([line for line in read_capture(source) if "readers" in line]) == 2


def test_capture_is_its_owners_only_and_says_nothing_but_the_wire(tmp_path: Path) -> None:
    capture_of_a_count(tmp_path / "c")

    assert (tmp_path / "c").stat().st_mode & 0o077 == 0
    assert b"hidden.example" not in (tmp_path / "c").read_bytes()


def test_decode_explains_a_capture_in_both_directions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture_of_a_count(tmp_path / "c")

    assert main(["decode", "thingmagic_ff", str(tmp_path / "c")]) == 0
    heard = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["decode", "thingmagic_ff", str(tmp_path / "c"), "--direction", "host_to_reader"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert {line["id_hex"] for line in heard if line["event"] == "tag_read"} == {tag["epc"] for tag in TAGS}
    assert [line["name"] for line in said][:2] == ["get_current_program", "version"]
    assert {line["reader"] for line in heard + said} == {"pad"}


def test_capture_of_a_wrong_protocol_is_explained_by_the_right_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture_of_a_count(tmp_path / "c")

    main(["decode", "r2000_a0", str(tmp_path / "c")])

    assert {json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()} == {"rejected"}


@pytest.mark.parametrize("content", [b"", b"FF00\n", b'{"format": "other"}\n', b"\xff" * 100])
def test_other_files_are_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "c").write_bytes(content)

    assert main(["replay", str(tmp_path / "c")]) == 2
    assert "run --capture" in capsys.readouterr().err


def test_reader_that_is_not_in_the_capture_is_refused(tmp_path: Path) -> None:
    capture_of_a_count(tmp_path / "c")

    with pytest.raises(CaptureRefused, match="it has pad"):
        replayed(tmp_path / "c", only="gate")


@pytest.mark.parametrize(
    "line",
    [
        {"ms": 5, "reader": "pad", "start": {"region": "MOON"}},
        {"ms": 5, "reader": "pad", "from": "reader", "hex": "XY"},
        {"ms": 5, "reader": "pad", "end_passes": "all"},
        {"ms": 5, "reader": "nobody", "stop": True},
        {"ms": "late", "reader": "pad"},
        ["no", "object"],
    ],
)
def test_lines_that_say_nothing_are_passed_over(tmp_path: Path, line: object) -> None:
    capture_of_a_count(tmp_path / "c")
    before = len(replayed(tmp_path / "c"))

    with (tmp_path / "c").open("a") as file:
        file.write(json.dumps(line) + "\n")

    assert len(replayed(tmp_path / "c")) == before


def test_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="name another file"):
        Capture(tmp_path / "missing" / "c", [PAD])


def test_killed_agent_leaves_a_capture_of_all_it_heard_without_the_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(stage: Stage) -> None:
        stage.add_reader("pad", tags=TAGS)
        agent = stage.start_agent("--capture", str(tmp_path / "c"))
        await stage.server.say(Listen("a", "pad", (), 10))
        await stage.server.until(lambda: sum(len(batch.reads) for batch in stage.server.batches.values()) >= len(TAGS))
        end(agent, signal.SIGKILL)

        code = await asyncio.to_thread(main, ["replay", str(tmp_path / "c")])

        told_out, summary = capsys.readouterr()
        heard = {read.epc.hex().upper() for batch in stage.server.batches.values() for read in batch.reads}
        played = {line.get("id_hex") for line in map(json.loads, told_out.splitlines())}
        assert code == 0
        assert heard <= played
        assert summary.startswith("pad: ")
        assert TOKEN.encode() not in (tmp_path / "c").read_bytes()

    play(tmp_path, story)
