"""The R700 session by HTTP orders and the reader's stream, as a state machine without wires.

| phase | orders out | leaves by |
|---|---|---|
| idle | none | `start` → starting |
| starting | one at a time: region, stop, the default preset, our preset, the stream, start | start carried out → reading; refusal → fault; no answer → lost |
| reading | status now and then, so that a dead link is noticed | `stop` → stopping; inventory ended by the reader → fault |
| stopping | stop | the stream says that the inventory is idle, or is silent after the answer → idle |

The region comes first: a reader that is set to other rules, or does not tell its rules, is never started.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from reader_drivers.driver import (
    Event,
    Output,
    ReaderError,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    Region,
    Reply,
    joined,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.impinj_r700_json import events
from reader_drivers.json_lines import Answer, Blank, Json, Line, LineHunt, answer_in, order
from reader_drivers.passes import PassTracker

API: Final = "/api/v1"
REGION: Final = ("GET", f"{API}/system/region")
STOP: Final = ("POST", f"{API}/profiles/stop")
DEFAULT_PRESET: Final = ("GET", f"{API}/profiles/inventory/presets/default")
OUR_PRESET: Final = ("PUT", f"{API}/profiles/inventory/presets/baguier")
STREAM: Final = ("GET", f"{API}/data/stream")
START: Final = ("POST", f"{API}/profiles/inventory/presets/baguier/start")
STATUS: Final = ("GET", f"{API}/status")
BRING_UP: Final = (REGION, STOP, DEFAULT_PRESET, OUR_PRESET, STREAM, START)

REGION_WORDS: Final = {
    Region.EU: "ETSI EN 302-208",
    Region.EU_UPPER: "ETSI UPPER",
    Region.US: "FCC",
    Region.JP: "JAPAN",
    Region.CN: "CHINA",
    Region.IN: "INDIA",
}
"""What `operatingRegion` has in it, in capitals. Only EU must not have UPPER in it as well."""

ANSWER_MS: Final = 10_000
"""The link gives up a request after half of this and says so."""
POLL_MS: Final = 3_000
"""After so long without a line the reader is asked for its status."""
DRAIN_MS: Final = 500
"""Silence of the stream after which a stop that was answered is complete, should the reader not say that it is idle."""
TAGS_EXPECTED: Final = 64
"""Tags in one showcase; the reader only begins its search with it."""
GAP_MS: Final = 3_000
"""Silence inside a line after which its start is given up."""


class R700Driver:
    """One reader. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "impinj_r700_json"

    def __init__(self) -> None:
        self._hunt = LineHunt()
        self._passes = PassTracker()
        self._phase = ReaderPhase.IDLE
        self._plan: ReadPlan | None = None
        self._awaited: tuple[str, str] | None = None
        self._due_ms: int | None = None
        self._heard_ms = 0
        self._is_stop_answered = False
        self._rf_mode: int | None = None

    @property
    def phase(self) -> ReaderPhase:
        """Where the session stands."""
        return self._phase

    def start(self, plan: ReadPlan) -> Output:
        """Ask for the region; what follows depends on it. An unfinished line of an earlier link is given up."""
        left = [part for part in self._hunt.flush() if isinstance(part, Rejected)]
        self._plan = plan
        return Output((*left, self._enter(ReaderPhase.STARTING)), self._ask(REGION))

    def feed(self, received: bytes, now: int) -> Output:
        """Lines from the link."""
        if not received:
            return Output()
        self._heard_ms = now
        return self._all(self._hunt.feed(received), now)

    def tick(self, now: int) -> Output:
        """Time-outs of lines, answers, passes and of the link."""
        outputs = []
        if self._hunt.is_waiting and now - self._heard_ms >= GAP_MS:
            outputs.append(self._all(self._hunt.flush(), now))
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            outputs.append(Output(self._passes.expire(now)))
        if self._phase is ReaderPhase.STOPPING and self._is_stop_answered and now - self._heard_ms >= DRAIN_MS:
            outputs.append(self._stopped(now))
        if self._awaited is not None:
            if self._due_ms is None:
                self._due_ms = now + ANSWER_MS
            elif now >= self._due_ms:
                outputs.append(self._lose(now, f"The reader did not answer {' '.join(self._awaited)}."))
        elif self._phase is ReaderPhase.READING and now - self._heard_ms >= POLL_MS:
            outputs.append(Output((), self._ask(STATUS)))
        return joined(outputs)

    def stop(self) -> Output:
        """Ask the reader to stop. Before the start order nothing is on air, and the session is idle at once."""
        if self._phase is ReaderPhase.READING or self._awaited == START:
            self._is_stop_answered = False
            return Output((self._enter(ReaderPhase.STOPPING),), self._ask(STOP, {}))
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running passes of these antennas."""
        return Output(self._passes.cut(antennas, now))

    def _all(self, parts: Iterable[Line | Blank | Rejected], now: int) -> Output:
        return joined(self._accept(part, now) for part in parts)

    def _accept(self, line: Line | Blank | Rejected, now: int) -> Output:
        if isinstance(line, Rejected):
            return Output((line,))
        if isinstance(line, Blank):
            return Output()
        answer = answer_in(line)
        if answer is not None:
            return self._answered(answer, line, now)
        if not isinstance(line.value, dict):
            return Output((Rejected(line.raw, "format: a line of the stream is no object"),))
        try:
            return self._told(events.event_of(line.value, now), line, now)
        except FrameError as error:
            return Output((Rejected(line.raw, str(error)),))

    def _told(self, event: events.R700Event, line: Line, now: int) -> Output:
        read = event.read
        if read is not None:
            if self._phase not in {ReaderPhase.READING, ReaderPhase.STOPPING}:
                return Output((read,))
            tag = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or ""))
            return Output((*self._passes.hear(read.antenna or 0, tag, now), read))
        if event.name == events.OVERFLOW:
            meaning = "the reader lost reads: the network or this computer is too slow"
            return Output((ReaderError("overflow", meaning, is_retryable=True, raw=line.raw),))
        if event.name == "antenna_disconnected":
            meaning = f"antenna {event.facts.get('antenna_port', '?')} is disconnected: look at its cable"
            return Output((ReaderError("antenna", meaning, is_retryable=True, raw=line.raw),))
        has_ended = event.name == events.TERMINATED or (
            event.name == events.STATUS and event.facts.get(events.STATUS) == "idle"
        )
        if has_ended and self._phase is ReaderPhase.STOPPING and self._is_stop_answered:
            return self._stopped(now)
        if has_ended and self._phase is ReaderPhase.READING:
            self._rest()
            detail = "The reader ended reading by itself; it is started again."
            return Output((*self._passes.close(now), self._enter(ReaderPhase.FAULT, detail)))
        return Output((Reply(event.name, line.raw),))

    def _answered(self, answer: Answer, line: Line, now: int) -> Output:
        asked = (answer.method, answer.path)
        reply = Reply(" ".join(asked), line.raw)
        if asked != self._awaited:
            return Output((reply,))
        self._awaited, self._due_ms = None, None
        if answer.status == 0:
            return joined((Output((reply,)), self._lose(now, f"The reader cannot be reached: {answer.words}.")))
        if answer.status == 401:
            return Output((reply, *self._refuse("The reader refuses name or password; write both in the port.")))
        if self._phase is ReaderPhase.STOPPING:
            self._is_stop_answered = True
            return Output((reply,))
        if self._phase is not ReaderPhase.STARTING or asked == STATUS:
            return Output((reply,))
        objection = self._objection(asked, answer)
        if objection is not None:
            return Output((reply, *self._refuse(objection)))
        if asked == START:
            return Output((reply, *self._begin_reading(now)))
        following = BRING_UP[BRING_UP.index(asked) + 1]
        return Output((reply,), self._ask(following, self._body(following)))

    def _objection(self, asked: tuple[str, str], answer: Answer) -> str | None:
        """Why the bring-up ends here, as a sentence; None: it goes on."""
        assert self._plan is not None
        if asked == REGION:
            told = answer.body.get("operatingRegion") if answer.is_done and isinstance(answer.body, dict) else None
            if _is_region(self._plan.region, str(told)):
                return None
            return (
                f"The reader's region is {told or 'not told'}, not {self._plan.region}; it stays silent. "
                "Set the region on the reader's own page, or mend agent.toml."
            )
        if asked == DEFAULT_PRESET:
            self._rf_mode = _rf_mode(answer.body)
        if asked in {STOP, DEFAULT_PRESET} or answer.is_done:
            # Nothing to stop and no preset to learn from are no trouble.
            return None
        return f"The reader refuses {' '.join(asked)} ({answer.words}). Check power and antennas in agent.toml."

    def _body(self, asked: tuple[str, str]) -> Json | None:
        if asked == OUR_PRESET:
            assert self._plan is not None
            return preset(self._plan, self._rf_mode)
        return None if asked[0] == "GET" else {}

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        self._rest()
        plan = self._plan
        self._passes.begin(plan.antennas, now, pass_min_ms=plan.pass_min_ms, pass_max_ms=plan.pass_max_ms)
        return (self._enter(ReaderPhase.READING),)

    def _stopped(self, now: int) -> Output:
        self._rest()
        return Output((*self._passes.close(now), self._enter(ReaderPhase.IDLE)))

    def _lose(self, now: int, detail: str) -> Output:
        self._rest()
        return Output((*self._passes.close(now), self._enter(ReaderPhase.LOST, detail)))

    def _refuse(self, detail: str) -> tuple[Event, ...]:
        self._rest()
        return (self._enter(ReaderPhase.FAULT, detail),)

    def _ask(self, asked: tuple[str, str], body: Json | None = None) -> bytes:
        self._awaited, self._due_ms = asked, None
        return order(*asked, body)

    def _rest(self) -> None:
        self._awaited, self._due_ms, self._is_stop_answered = None, None, False

    def _enter(self, phase: ReaderPhase, detail: str = "") -> ReaderState:
        self._phase = phase
        return ReaderState(phase, detail)


def preset(plan: ReadPlan, rf_mode: int | None) -> Json:
    """The inventory of the plan as the reader's preset; `rf_mode`: of its default preset, which fits its region."""
    mode = {} if rf_mode is None else {"rfMode": rf_mode}
    antennas = [
        {
            "antennaPort": antenna,
            "transmitPowerCdbm": plan.power_cdbm,
            "inventorySession": plan.session,
            "inventorySearchMode": "dual-target",
            "estimatedTagPopulation": TAGS_EXPECTED,
            "fastId": "enabled" if plan.tid_words else "disabled",
            **mode,
        }
        for antenna in plan.antennas
    ]
    told = ("epcHex", "tidHex", "antennaPort", "peakRssiCdbm", "frequency", "pc")
    reporting = {"reportingIntervalSeconds": 0, "antennaIdentifier": "antennaPort", "tagIdentifier": "epc"}
    tags = dict.fromkeys(told, "enabled") | {"epc": "disabled", "tid": "disabled", "tagReporting": reporting}
    return {"antennaConfigs": antennas, "eventConfig": {"common": {"hostname": "disabled"}, "tagInventory": tags}}


def _is_region(region: Region, told: str) -> bool:
    words = told.upper()
    if region is Region.EU_UPPER:
        return all(word in words for word in REGION_WORDS[region].split())
    return REGION_WORDS[region] in words and not (region is Region.EU and "UPPER" in words)


def _rf_mode(told: object) -> int | None:
    configs = told.get("antennaConfigs") if isinstance(told, dict) else None
    first = configs[0] if isinstance(configs, list) and configs else None
    mode = first.get("rfMode") if isinstance(first, dict) else None
    return mode if isinstance(mode, int) else None
