"""The demonstration by hand: it starts, its links pair, a stolen piece is silent at the next count, and it leaves nothing behind."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from reader_drivers.reads import Batch, decode_message
from server.store.database import read_once
from server.store.log import is_demo
from server.store.shops import only_shop
from simulators.demo.people import Device, Person
from tests.journeys.counter_pc import ROOT, until
from tests.journeys.demos import Demo, processes_of, running_demo

pytestmark = [pytest.mark.slow]
HEARD_S = 30.0
TRAY = "Vitrine 1/Plateau 1"


def floor_of(demo: Demo) -> dict[str, Any]:
    path = Path(demo.said["floor"])
    assert path.stat().st_mode & 0o077 == 0
    return dict(json.loads(path.read_text()))


def act(demo: Demo, **asked: str) -> httpx.Response:
    """As the page of the boutique does it."""
    origin = demo.said["boutique"].rstrip("/")
    return httpx.post(f"{origin}/acts", json=asked, headers={"Origin": origin})


def count_tray(person: Person, floor: Mapping[str, Any]) -> Any:
    """Be A in the tray: read it until each tag that answers was heard, seal, and ask what is silent."""
    tour = person.get("/v1/tours/current")
    count = next(one["id"] for one in tour["counts"] if one["path"] == TRAY)
    opened = person.post(f"/v1/counts/{count}/round")
    assert person.post(f"/v1/rounds/{opened['round']}/attachments", {"reader": "vitrine-1"})["is_connected"]
    reader = next(one for one in floor["readers"] if one["name"] == "vitrine-1")
    tags = {line["epc"] for line in lines(reader["tags_file"]) if line["antenna"] == 1}
    until(lambda: tags <= told(reader["stats_file"]), timeout_s=HEARD_S, what="every tag of the tray was heard")
    person.post(f"/v1/counts/{count}/seal", {})
    until(
        lambda: person.get(f"/v1/counts/{count}")["state"] == "SEALED_A", timeout_s=HEARD_S, what="the round is sealed"
    )
    return person.post(f"/v1/counts/{count}/search")


def shop_time(demo: Demo) -> datetime:
    return datetime.fromisoformat(httpx.get(f"{demo.said['boutique']}state").json()["now"])


def first_batch_at(database: Path) -> datetime:
    """When the agent says that it heard the first reads."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (raw,) = connection.execute("SELECT raw FROM batches ORDER BY seq LIMIT 1").fetchone()
    batch = decode_message(raw)
    assert isinstance(batch, Batch)
    return datetime.fromtimestamp(batch.t0_utc_ns / 1e9, UTC)


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def told(path: str) -> set[str]:
    return set(json.loads(Path(path).read_text())["tags_intact"])


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short name: a Unix socket's path has 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="d") as made:
        yield Path(made)


def test_a_stolen_piece_is_silent_at_the_next_count_and_ctrl_c_leaves_nothing(temporary: Path) -> None:
    with running_demo(temporary=temporary) as demo:
        floor = floor_of(demo)
        assert (len(floor["pieces"]), len([one for one in floor["places"] if one["kind"] == "tray"])) == (300, 12)
        assert act(demo, act="steal", ref="BAG-000003").status_code == 200
        pins = {one["name"]: one["pin"] for one in demo.said["people"]}
        device = Device.paired(demo.said["server"], demo.said["links"]["claire"])
        with Person(device, name="Claire Aubert", pin=pins["Claire Aubert"]) as claire:
            claire.sign_in()
            search = count_tray(claire, floor)
        database = demo.folder / "baguier.sqlite3"
        assert read_once(database, lambda conn: is_demo(conn, only_shop(conn) or pytest.fail("no shop")))
        assert abs(first_batch_at(database) - shop_time(demo)) < timedelta(minutes=2)
        # The server, its signer, the agent, three readers, the scanner and the page.
        assert len(processes_of(demo.folder)) == 8
        assert demo.end(signal.SIGINT) == 0

    assert [one["reference"] for one in search["silent"]] == ["BAG-000003"]
    assert demo.folder.parent == temporary
    assert list(temporary.iterdir()) == []


def test_the_shop_s_morning_a_name_for_each_device_and_no_process_after_a_kill(tmp_path: Path, temporary: Path) -> None:
    folder = tmp_path / "shop"
    with running_demo("--data", str(folder), temporary=temporary) as demo:
        now = shop_time(demo)
        assert (now.hour, now.date()) == (8, datetime.now(UTC).astimezone(ZoneInfo("Europe/Paris")).date())
        for name in ("claire", "marc", "bureau", "127"):
            address = demo.said["server"].replace("127.0.0.1", f"{name}.localhost")
            answer = httpx.get(f"{demo.said['server']}/readyz", headers={"Host": httpx.URL(address).netloc.decode()})
            assert answer.status_code == 200
        assert httpx.get(f"{demo.said['server']}/readyz", headers={"Host": "evil.example"}).status_code == 421
        demo.end(signal.SIGKILL)

    assert (folder / "demo-clock").exists()
    refused = baguier("serve", "--data", str(folder), "--port", "0")
    assert (refused.returncode, "--demo" in refused.stderr) == (1, True)


def baguier(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_taken_port_and_a_full_folder_are_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = baguier("demo", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "new"))
    assert (refused.returncode, "is taken" in refused.stderr) == (2, True)
    assert not (tmp_path / "new").exists()

    (tmp_path / "mine").write_text("kept")
    refused = baguier("demo", "--port", "0", "--data", str(tmp_path))
    assert (refused.returncode, "not empty" in refused.stderr) == (2, True)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_story_is_refused_with_those_that_exist() -> None:
    refused = baguier("demo", "--scripted", "--story", "fire")

    assert refused.returncode == 2
    assert refused.stderr.strip() == "There is no story 'fire'; choose one of theft, calm, two, dead-tag."


def test_a_demonstration_is_for_this_computer_only(tmp_path: Path) -> None:
    refused = baguier("serve", "--demo", "--host", "0.0.0.0", "--data", str(tmp_path))

    assert (refused.returncode, "stays on this computer" in refused.stderr) == (1, True)
