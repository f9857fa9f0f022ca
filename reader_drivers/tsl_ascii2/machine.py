"""The session with a TSL sled: set-up, one inventory after the other, stop and drain, as a state machine without wires.

| phase | bytes out | leaves by |
|---|---|---|
| idle | none | `start` → starting |
| starting | one order at a time, the next after OK | last order answered → reading; refusal → fault; silence → lost |
| reading | `.iv`, again after each OK or ER | `stop` → stopping; errors one after the other → fault; silence → lost |
| accessing | `.rd` or `.wr`, some times | its last OK or ER → idle; silence → lost |
| stopping | none; `.ab` when the inventory does not end, or at once when one was ordered twice | its OK or ER → idle (everything before it counts); silence → lost |

One `.iv` is one inventory, of the tags in state A or B of the session; both together are one pass. A sled's region is set in
the factory, for its antenna fits no other: it is compared with the plan before the first inventory and never changed.
"""

from typing import ClassVar, Final

from reader_drivers.driver import (
    Button,
    EpcChange,
    Event,
    KeepAlive,
    Output,
    ReaderError,
    ReaderPhase,
    ReadPlan,
    Reply,
    joined,
)
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.order_session import OrderSession, Patience
from reader_drivers.reads import BarcodeScan
from reader_drivers.tsl_ascii2 import orders
from reader_drivers.tsl_ascii2.access import HEADERS as ACCESS_HEADERS
from reader_drivers.tsl_ascii2.access import Access, EpcWrite, TidSearch
from reader_drivers.tsl_ascii2.frames import BARCODES, BLOCK_ENDS, Line, LineHunt, encode_order
from reader_drivers.tsl_ascii2.tags import HEADERS, TagLines, Witness

ANTENNA: Final = 1
"""A sled has one."""
ANSWER_MS: Final = 1_000
"""Silence after an order that does not transmit; sleds answer at once, Bluetooth delays by 200 ms at most."""
INVENTORY_MS: Final = 2_500
"""Silence in an inventory; longer than the 2 s for which the trigger's barcode search may hold the sled."""
SENDS_MAX: Final = 3
SWITCH_WORDS: Final = {"off", "single", "double"}
ERRORS_MAX: Final = 3
"""So many inventories may fail one after the other before the session ends in a fault."""
GAP_MS: Final = 500
"""Bluetooth splits lines with pauses of 100 ms."""
PATIENCE: Final = Patience(gap_ms=GAP_MS, answer_ms=ANSWER_MS, sends_max=SENDS_MAX)
BLOCK_LINES_MAX: Final = 64
"""Lines of a block kept for its answer, and of accesses; the longest answer is a version with about 15."""
ENDLESS_MS: Final = 2**53
"""Passes end by OK or ER, never by time."""


class TslDriver(OrderSession[Line, orders.Step]):
    """One sled. Implements `driver.Driver`; see there for the promises of each call."""

    protocol: ClassVar[str] = "tsl_ascii2"

    def __init__(self) -> None:
        super().__init__(LineHunt(), PATIENCE)
        self._plan: ReadPlan | None = None
        self._inventories = 0
        self._errors = 0
        self._region: str | None = None
        self._is_whole = True
        """False: the running pass was cut, so that its end proves no silence."""
        self._block: list[Line] = []
        self._has_told = False
        self._has_echoed = False
        """True: the sled begins its answers with the order."""
        self._is_doubtful = False
        """True: an inventory was ordered again, so that more than one may be under way."""
        self._tag = TagLines()
        self._witness = Witness()
        self._access: Access | None = None
        self._told: list[tuple[bytes | None, Line]] = []
        self._told_epc: bytes | None = None
        """EPC of the tag whose lines came last."""

    def start(self, plan: ReadPlan) -> Output:
        """Begin the set-up. Raises: PlanRefused: no sled can do what the plan asks."""
        steps = orders.bring_up(plan)
        self._plan = plan
        self._region, self._errors, self._inventories = None, 0, 0
        self._has_echoed = self._is_doubtful = False
        self._witness = Witness()
        return Output((self._enter(ReaderPhase.STARTING),), self._give(steps))

    def stop(self) -> Output:
        """Begin no other inventory; the running one ends by itself. While starting the session is idle at once."""
        if self._phase is ReaderPhase.READING:
            # Sent at once only when inventories may wait for their turn in the sled: an abort would cut the pass.
            sent = self._send(orders.Step(orders.ABORT))
            return Output((self._enter(ReaderPhase.STOPPING),), sent if self._is_doubtful else b"")
        if self._phase is ReaderPhase.STARTING:
            self._rest()
            return Output((self._enter(ReaderPhase.IDLE),))
        return Output()

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """Cut the running pass, if the sled's antenna is among them."""
        self._is_whole = self._is_whole and ANTENNA not in antennas
        return Output(self._passes.cut(antennas, now))

    def read_tid(self, epc: bytes) -> Output:
        """Ask the tags with this EPC for their TID: only some chips tell it in an inventory."""
        assert self._plan is not None
        return self._begin_access(TidSearch(epc, self._plan.tid_words, power_dbm=self._plan.power_cdbm // 100))

    def write_epc(self, change: EpcChange) -> Output:
        """Write to the tag with this TID, after a look with the plan that holds."""
        assert self._plan is not None
        return self._begin_access(EpcWrite(change, power_dbm=self._plan.power_cdbm // 100))

    def _begin_access(self, access: Access) -> Output:
        self._access = access
        return Output((self._enter(ReaderPhase.ACCESSING),), self._send(access.step))

    def _pass_over(self, damage: Rejected) -> Output:
        self._tag.is_damaged = bool(self._tag.values)
        return super()._pass_over(damage)

    def _accept(self, line: Line, now: int) -> Output:
        # An answer of many lines takes its time: only silence is late, but for a round that nobody waits for any more.
        if self._phase is not ReaderPhase.STOPPING:
            self._wait_from(now)
        if line.header in HEADERS:
            told = self._tell_tag(now) if self._tag.ends_before(line) else ()
            self._tag.add(line)
            return Output(told)
        told = self._tell_tag(now)
        if line.header in BLOCK_ENDS:
            output = self._ended(line, now)
            return Output((*told, *output.events), output.sent)
        if line.header in BARCODES and line.value:
            self._has_told = True
            return Output((*told, BarcodeScan(text=line.value, at_ms=now, raw=line.raw)))
        if line.header == "SW" and (action := line.value.strip().lower()) in SWITCH_WORDS:
            return Output((*told, Button("trigger", action, line.raw)))
        if line.header in ACCESS_HEADERS:
            if len(self._told) < BLOCK_LINES_MAX:
                self._told.append((self._told_epc, line))
            self._told_epc = None
            return Output(told)
        if line.header == "CS":
            self._block, self._has_told, self._has_echoed = [], False, True
            self._told, self._told_epc = [], None
        if len(self._block) < BLOCK_LINES_MAX:
            self._block.append(line)
        return Output(told)

    def _tell_tag(self, now: int) -> tuple[Event, ...]:
        """The tag whose lines are complete, if any."""
        tag, self._tag = self._tag, TagLines()
        if not tag.is_told:
            return ()
        self._has_told, self._told_epc = True, None
        try:
            read = self._witness.read(tag, antenna=ANTENNA, at_ms=now)
        except FrameError as error:
            return (Rejected(tag.raw, str(error)),)
        self._told_epc = bytes.fromhex(tag.values["EP"])
        if read is None:
            return ()
        if self._phase in {ReaderPhase.READING, ReaderPhase.STOPPING}:
            self._passes.hear(ANTENNA, (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex or "")), now)
        return (read,)

    def _ended(self, last: Line, now: int) -> Output:
        block, has_told = [*self._block, last], self._has_told
        self._block, self._has_told = [], False
        word = _word(block)
        error = int(last.value) if last.header == "ER" else 0
        # Where orders are echoed, an end without its beginning was sent twice or lost a line: it answers nothing.
        is_nameless = word is None and not self._has_echoed
        is_ours = self._awaited is not None and (word == self._word_awaited() or is_nameless)
        if self._phase is ReaderPhase.STOPPING and (is_ours or (word == "iv" and not self._is_doubtful)):
            ended = self._end_pass(orders.ABORTED if word == "ab" else error, now)
            self._rest()
            return Output((*ended, *self._passes.close(now), self._enter(ReaderPhase.IDLE)))
        if self._phase is ReaderPhase.READING and is_ours:
            return self._inventory_ended(error, block, now)
        if self._phase is ReaderPhase.STARTING and is_ours:
            return self._answered(error, block, now)
        if self._phase is ReaderPhase.ACCESSING and is_ours:
            return self._accessed(error, block, now)
        # A block of the trigger or of an earlier life of the agent: shown, not acted upon.
        return Output(() if has_told and not error else (_shown(error, block, now),))

    def _inventory_ended(self, error: int, block: list[Line], now: int) -> Output:
        ended = self._end_pass(error, now)
        is_failed = error not in {0, orders.ABORTED, *orders.NOTHING_FOUND}
        shown = (_shown(error, block, now),) if error else ()
        self._errors = self._errors + 1 if is_failed else 0
        if self._errors >= ERRORS_MAX:
            detail = f"The sled cannot read tags: {_meaning(error)}."
            return Output((*ended, *shown, *self._refuse(now, detail)))
        return joined((Output((*ended, *shown)), self._next_inventory(now)))

    def _end_pass(self, error: int, now: int) -> tuple[Event, ...]:
        """An inventory is over, and with its last target the pass. A pass that was broken off proves no silence."""
        assert self._plan is not None
        is_complete = error in {0, *orders.NOTHING_FOUND}
        if is_complete and not orders.is_turn_over(self._plan.session, self._inventories):
            return ()
        is_whole, self._is_whole = self._is_whole and is_complete, True
        self._inventories = 0
        return self._passes.end_complete(now) if is_whole else self._passes.cut((ANTENNA,), now)

    def _answered(self, error: int, block: list[Line], now: int) -> Output:
        step = self._awaited
        assert step is not None
        if error and not step.loss:
            detail = f"The sled refused {step.text}: {_meaning(error)}."
            return Output((_shown(error, block, now), *self._refuse(now, detail)))
        if error:
            meaning = f"{_meaning(error)}: {step.text}; {step.loss}"
            shown: Event = ReaderError(f"{error:03d}", meaning, is_retryable=False, raw=block[-1].raw)
        elif (mismatch := self._mismatch(block)) is not None:
            return Output((mismatch, *self._refuse(now, mismatch.meaning)))
        else:
            shown = _shown(error, block, now)
        if self._steps:
            return Output((shown,), self._give_next())
        return joined((Output((shown, *self._begin_reading(now))), self._next_inventory(now)))

    def _accessed(self, error: int, block: list[Line], now: int) -> Output:
        assert self._access is not None
        told, self._told = self._told, []
        shown = _shown(error, block, now)
        if not self._access.is_over(error, told):
            return Output((shown,), self._send(self._access.step))
        self._rest()
        return Output((shown, *self._access.events(), self._enter(ReaderPhase.IDLE)))

    def _mismatch(self, block: list[Line]) -> ReaderError | None:
        """What the sled tells of itself against the plan. None: nothing told, or it fits."""
        assert self._plan is not None
        raw = b"".join(line.raw for line in block)
        word = _word(block) or self._word_awaited()
        told = [line.value for line in block if line.header in {"vr": {"US"}, "sr": {"SR", "PR"}}.get(word, set())]
        region = orders.region_told(" ".join(told))
        self._region = region or self._region
        if region not in {None, self._plan.region.value}:
            meaning = (
                f"The sled is made for region {region}, agent.toml says {self._plan.region}; it stays silent. "
                "Use a sled for your country or mend the region in agent.toml."
            )
            return ReaderError("region_mismatch", meaning, is_retryable=False, raw=raw)
        listed = orders.parse_params(" ".join(line.value for line in block if line.header == "PR"))
        wanted = str(self._plan.power_cdbm // 100)
        if word == "iv" and listed.get("o", wanted) != wanted:
            meaning = f"The sled reports a power of {listed['o']} dBm instead of {wanted}; it stays silent."
            return ReaderError("power_mismatch", meaning, is_retryable=False, raw=raw)
        return None

    def _begin_reading(self, now: int) -> tuple[Event, ...]:
        assert self._plan is not None
        ended = self._passes.close(now)
        self._is_whole = True
        self._passes.begin((ANTENNA,), now, pass_min_ms=ENDLESS_MS, pass_max_ms=ENDLESS_MS)
        detail = (
            "" if self._region else f"The sled does not tell its region; check that its label says {self._plan.region}."
        )
        return (*ended, self._enter(ReaderPhase.READING, detail))

    def _repeat(self, now: int) -> Output:
        self._is_doubtful = self._is_doubtful or self._phase is ReaderPhase.READING
        return super()._repeat(now)

    def _next_inventory(self, now: int) -> Output:
        assert self._plan is not None
        text = orders.inventory(self._plan.session, self._inventories)
        self._inventories += 1
        return Output(self._witness.begin_inventory(now), self._send(orders.Step(text)))

    def _patience_ms(self, step: orders.Step) -> int:
        with_tags = {ReaderPhase.READING, ReaderPhase.ACCESSING}
        return INVENTORY_MS if self._phase in with_tags else super()._patience_ms(step)

    def _encoded(self, step: orders.Step) -> bytes:
        return encode_order(step.text)

    def _name_of(self, step: orders.Step) -> str:
        return step.text

    def _word_awaited(self) -> str:
        return self._awaited.text[1:3] if self._awaited is not None else ""


def _shown(error: int, block: list[Line], now: int) -> Event:
    """The answer as an event; nothing found is traffic."""
    raw = b"".join(line.raw for line in block)
    if error in orders.NOTHING_FOUND:
        return KeepAlive(now, raw)
    if error not in {0, orders.ABORTED}:
        return ReaderError(f"{error:03d}", _meaning(error), is_retryable=error in orders.RETRYABLE, raw=raw)
    word = _word(block) or "answer"
    return Reply(orders.NAMES.get(word, word), raw)


def _word(block: list[Line]) -> str | None:
    """The two letters of the order that the block answers. None: the sled does not tell."""
    return next((line.value[1:3] for line in block if line.header == "CS"), None)


def _meaning(error: int) -> str:
    return orders.ERROR_MEANINGS.get(error, f"error {error:03d}")
