"""A simulated Impinj R700 with its web interface: presets, start, stop, and a stream of tag events.

Lines come in and go out (see `http_link`); written from the documents alone. As the reader does, it takes no field that it does
not know, answers 409 to a start while it runs, and tells only what its preset has switched on. Not modelled: its MQTT client,
triggers, access operations.
"""

import base64
import collections
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from simulators.pace import Pace
from simulators.radio import Hearing, Radio
from simulators.tags import parse_tags

API: Final = "/api/v1"
PRESETS: Final = f"{API}/profiles/inventory/presets/"
ANTENNA_PORTS: Final = 4
POWER_CDBM: Final = (1000, 3000)
REGION: Final = "ETSI EN 302-208 v3.1.1"
FREQUENCIES_KHZ: Final = (865_700, 866_300, 866_900, 867_500)
BURST_EVENTS_MAX: Final = 64
EMPTY_PASS_S: Final = 0.01

_ANTENNA_FIELDS: Final = {
    "antennaPort", "antennaName", "transmitPowerCdbm", "rfMode", "inventorySession", "inventorySearchMode",
    "estimatedTagPopulation", "fastId", "receiveSensitivityDbm",
}  # fmt: skip
_DEFAULT: Final[dict[str, Any]] = {
    "antennaConfigs": [
        {
            "antennaPort": 1,
            "transmitPowerCdbm": 3000,
            "rfMode": 1210,
            "inventorySession": 2,
            "inventorySearchMode": "dual-target",
        }
    ],
    "eventConfig": {"tagInventory": {"epc": "enabled", "antennaPort": "enabled", "peakRssiCdbm": "enabled"}},
}


class R700:
    """One reader: feed it order lines, ask it for the lines that are due."""

    def __init__(self, radio: Radio, *, pace: Pace | None = None) -> None:
        self.reads_told = 0
        """Tag events given out."""
        self._radio = radio
        self._pace = pace or Pace()
        self._presets: dict[str, dict[str, Any]] = {"default": _DEFAULT}
        self._active: dict[str, Any] | None = None
        self._queue: collections.deque[Hearing] = collections.deque()
        self._untold: list[bytes] = []
        self._rest = b""
        self._turn = 0
        self._next_at_s = self._pass_ends_at_s = 0.0

    def load(self, text: str) -> None:
        """Lay the tags of a tags file in the field. Raises: TagsFileError: the field stays as it was."""
        self._radio.set_tags(parse_tags(text))

    def tags_of(self, frame: bytes) -> Sequence[str]:
        """The EPC, upper hex, that a line tells."""
        tag = json.loads(frame).get("tagInventoryEvent", {})
        return [tag["epcHex"]] if "epcHex" in tag else []

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The answers to the orders that `chunk` completes, and what is told before them."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [told for line in lines if line.strip() for told in self._obey(json.loads(line)["order"], now_s)]

    def next_due_s(self) -> float | None:
        """When events are due next; None: not before a start."""
        return self._next_at_s if self._active else None

    def due(self, now_s: float) -> list[bytes]:
        """The events due by `now_s`."""
        events: list[bytes] = []
        while self._active and self._next_at_s <= now_s and len(events) < BURST_EVENTS_MAX:
            if self._queue:
                events.append(self._tell(self._queue.popleft()))
                self._next_at_s += self._pace.interval_s
                if not self._queue:
                    self._next_at_s = max(self._next_at_s, self._pass_ends_at_s)
            else:
                self._begin_pass(now_s)
        return events

    def _begin_pass(self, now_s: float) -> None:
        assert self._active is not None
        antennas = self._active["antennaConfigs"]
        self._turn = (self._turn + 1) % len(antennas)
        self._queue.extend(self._radio.hear(antennas[self._turn]["antennaPort"]))
        # A late caller must not owe old passes: time lost to a slow link is not caught up.
        began_at_s = max(self._next_at_s, now_s - self._pace.interval_s)
        self._pass_ends_at_s = began_at_s + max(self._pace.pass_s_min, 0.0 if self._queue else EMPTY_PASS_S)
        self._next_at_s = began_at_s if self._queue else self._pass_ends_at_s

    def _tell(self, hearing: Hearing) -> bytes:
        assert self._active is not None
        self.reads_told += 1
        tag = hearing.tag
        is_fast = any(antenna.get("fastId") == "enabled" for antenna in self._active["antennaConfigs"])
        tid = tag.tid if is_fast else b""
        fields = {
            "epc": base64.urlsafe_b64encode(tag.epc).decode(),
            "epcHex": tag.epc.hex().upper(),
            "tid": base64.urlsafe_b64encode(tid).decode(),
            "tidHex": tid.hex().upper(),
            "pc": f"{len(tag.epc) // 2 << 11:04x}",
            "antennaPort": hearing.antenna,
            "peakRssiCdbm": hearing.rssi_dbm * 100,
            "frequency": FREQUENCIES_KHZ[self.reads_told % len(FREQUENCIES_KHZ)],
        }
        wanted = self._active["eventConfig"]["tagInventory"]
        told = {name: value for name, value in fields.items() if wanted.get(name) == "enabled" and value != ""}
        return _event("tagInventory", told)

    def _obey(self, order: dict[str, Any], now_s: float) -> list[bytes]:
        method, path = order["method"], order["path"]
        events: list[bytes] = []
        status, body = 404, {"message": "no such path"}
        match method, path.removeprefix(API):
            case "GET", "/system/region":
                status, body = 200, {"operatingRegion": REGION}
            case "GET", "/status":
                status, body = 200, {"status": "running" if self._active else "idle"}
            case "GET", "/data/stream":
                status, body = 200, {}
            case "POST", "/profiles/stop":
                status, body, events = 204, {}, self._stop()
            case "PUT", _ if path.startswith(PRESETS):
                status, body = self._keep(path.removeprefix(PRESETS), order["body"])
            case "GET", _ if path.removeprefix(PRESETS) in self._presets:
                status, body = 200, self._presets[path.removeprefix(PRESETS)]
            case "POST", _ if path.startswith(PRESETS) and path.endswith("/start"):
                status, body, events = self._start(path.removeprefix(PRESETS).removesuffix("/start"), now_s)
        answer = {"method": method, "path": path, "status": status, "body": body or None}
        return [*events, json.dumps({"answer": answer}).encode() + b"\n"]

    def _keep(self, name: str, preset: Any) -> tuple[int, dict[str, Any]]:
        fault = _fault_of(preset)
        if fault:
            return 400, {"message": fault}
        self._presets[name] = preset
        return 204, {}

    def _start(self, name: str, now_s: float) -> tuple[int, dict[str, Any], list[bytes]]:
        if name not in self._presets:
            return 404, {"message": f"no preset {name}"}, []
        if self._active:
            return 409, {"message": "already running"}, []
        self._active, self._next_at_s = self._presets[name], now_s
        return 204, {}, [_event("inventoryStatus", {"inventoryStatus": "running"})]

    def _stop(self) -> list[bytes]:
        if not self._active:
            return []
        told = [self._tell(hearing) for hearing in self._queue]
        self._queue.clear()
        self._active = None
        return [*told, _event("inventoryStatus", {"inventoryStatus": "idle"})]


def _event(kind: str, fields: dict[str, Any]) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"timestamp": at, "eventType": kind, f"{kind}Event": fields}).encode() + b"\n"


def _fault_of(preset: Any) -> str:
    """Why the reader does not take this preset; empty: it does."""
    if not isinstance(preset, dict) or not preset.get("antennaConfigs") or preset.keys() - _DEFAULT.keys():
        return "a preset has antennaConfigs and eventConfig"
    for antenna in preset["antennaConfigs"]:
        if antenna.keys() - _ANTENNA_FIELDS:
            return f"unknown field {min(antenna.keys() - _ANTENNA_FIELDS)}"
        if not 1 <= antenna["antennaPort"] <= ANTENNA_PORTS:
            return f"the reader has antennas 1 to {ANTENNA_PORTS}"
        if not POWER_CDBM[0] <= antenna["transmitPowerCdbm"] <= POWER_CDBM[1]:
            return f"transmitPowerCdbm is {POWER_CDBM[0]} to {POWER_CDBM[1]}"
    return ""
