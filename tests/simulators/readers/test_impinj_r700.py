"""The simulated R700 takes what the documents show and tells what its preset has switched on."""

import base64
import json
from typing import Any

import pytest

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.impinj_r700 import R700

TAGS = '{"antenna": 1, "epc": "8A450224", "tid": "E2801160", "rssi_dbm": -40}\n'
PRESETS = "/api/v1/profiles/inventory/presets"
ANTENNA: dict[str, Any] = {
    "antennaPort": 1,
    "transmitPowerCdbm": 2000,
    "rfMode": 4,
    "inventorySession": 0,
    "inventorySearchMode": "dual-target",
}
PRESET = {
    "antennaConfigs": [ANTENNA],
    "eventConfig": {"tagInventory": {"epc": "enabled", "peakRssiCdbm": "enabled"}},
}


def reader() -> R700:
    made = R700(Radio(seed=1), pace=Pace(rate=100))
    made.load(TAGS)
    return made


def ask(one: R700, method: str, path: str, body: Any = None) -> list[dict[str, Any]]:
    line = json.dumps({"order": {"method": method, "path": path, "body": body}}).encode() + b"\n"
    return [json.loads(told) for told in one.feed(line, 0.0)]


def status(one: R700, method: str, path: str, body: Any = None) -> int:
    return int(ask(one, method, path, body)[-1]["answer"]["status"])


def test_a_preset_is_started_once_told_and_stopped() -> None:
    one = reader()
    assert status(one, "PUT", f"{PRESETS}/mine", PRESET) == 204

    assert status(one, "POST", f"{PRESETS}/mine/start", {}) == 204
    assert status(one, "POST", f"{PRESETS}/mine/start", {}) == 409
    told = [json.loads(line) for step in range(500) for line in one.due(step / 1000)]
    ended, answered = ask(one, "POST", "/api/v1/profiles/stop", {})[-2:]

    event = told[0]["tagInventoryEvent"]
    # The EPC is base64 with the two letters that are safe in addresses, as in the published event.
    assert event.keys() == {"epc", "peakRssiCdbm"}
    assert event["epc"] == "ikUCJA=="
    assert base64.urlsafe_b64decode(event["epc"]).hex() == "8a450224"
    assert -4200 <= event["peakRssiCdbm"] <= -3800
    assert ended["inventoryStatusEvent"] == {"inventoryStatus": "idle"}
    assert answered["answer"]["status"] == 204
    assert one.due(9.0) == []


@pytest.mark.parametrize(
    "body",
    [
        {"antennaConfigs": []},
        PRESET | {"more": 1},
        {"antennaConfigs": [ANTENNA | {"power": 1}]},
        {"antennaConfigs": [ANTENNA | {"antennaPort": 5}]},
        {"antennaConfigs": [ANTENNA | {"transmitPowerCdbm": 9000}]},
    ],
)
def test_a_preset_with_a_fault_is_refused(body: Any) -> None:
    assert status(reader(), "PUT", f"{PRESETS}/mine", body) == 400


def test_what_is_not_there_is_404_and_rest_is_idle() -> None:
    one = reader()

    assert status(one, "POST", f"{PRESETS}/none/start", {}) == 404
    assert status(one, "PUT", "/api/v1/profiles/inventory/stop", {}) == 404
    assert ask(one, "GET", "/api/v1/status")[0]["answer"]["body"] == {"status": "idle"}
