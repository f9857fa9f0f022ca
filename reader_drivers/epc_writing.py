"""Writing an EPC: one tag gets a new number, and it is proved by its TID that this tag and no other has it now.

Look, decide, write, look again: a look is a start and a stop of the driver over all antennas of the plan, so every reader
that can count can look. A look goes on at least one second: a tag that answers one inventory in two is then heard.

| step | leaves by |
|---|---|
| looking | the driver is at rest again → naming, or refused: none, several, other TID |
| naming | only where inventories tell no TID: the driver's `TidRead` → writing, or refused |
| writing | the driver's `WriteAnswer` → looking again, whatever it says: only the tag knows what it holds |
| looking again, naming again | heard with its TID → written or refused; not heard → unverified |
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final, TypeAlias

from reader_drivers.driver import (
    EpcChange,
    EpcWriter,
    Event,
    Output,
    ReaderPhase,
    ReaderState,
    ReadPlan,
    TidRead,
    WriteAnswer,
    WriteRefusal,
    joined,
)
from reader_drivers.reads import EPC_BYTES_MAX, TagRead

LOOK_MS: Final = 1_000
"""Four searches of 250 ms; a shopkeeper waits some three seconds for a tag that is looked at twice."""
TID_WORDS: Final = 6
"""96 bits, the TID of chips with a serial number, where the plan asks for none."""
PASSWORD_BYTES: Final = 4
STRENGTH_UNKNOWN_CDBM: Final = -30_000
"""Weaker than any that is told."""

SENTENCES: Final = {
    WriteRefusal.NO_TAG: "No tag answers. Lay the tag on the antenna, flat and away from metal, and try again.",
    WriteRefusal.SEVERAL_TAGS: "More than one tag answers. Take away all but the one to write, also from the drawer below.",
    WriteRefusal.OTHER_TID: "The tag that answers is another one. Lay the tag with the TID you named on the antenna.",
    WriteRefusal.NO_TID: "The tag does not tell its TID, so a write could not be proved. Lay it closer, or use another tag.",
    WriteRefusal.LOCKED: "The tag is locked. Give its access password, or use another tag.",
    WriteRefusal.WEAK_FIELD: "The tag has too little power to be written. Lay it closer to the antenna and try again.",
    WriteRefusal.TOO_LONG: "The tag has no room for this EPC. Choose a shorter one, or a tag with more memory.",
    WriteRefusal.TIMEOUT: "The reader did not answer. Look at its cable and power, and try again.",
    WriteRefusal.READER_REFUSED: "The reader refused. Check region, power and antennas of this reader in agent.toml.",
    WriteRefusal.NOT_WRITTEN: "The tag does not hold the new EPC. Lay it closer to the antenna and write it again.",
    WriteRefusal.UNVERIFIED: "The tag was not heard again after the write. Read it before you use it; write it again if need be.",
}
"""What a person does about each refusal."""


class OrderRefused(ValueError):
    """The order itself cannot be carried out by any reader; the sentence says what to give instead."""

    code = "order_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcOrder:
    """What a person asks for. Raises: OrderRefused: EPC, TID or password have no possible length."""

    epc: bytes
    """2 to 62 bytes, whole 16-bit words."""
    tid: bytes | None = None
    """The tag that must be written; None: whichever answers alone."""
    access_password: bytes = bytes(PASSWORD_BYTES)

    def __post_init__(self) -> None:
        if not 2 <= len(self.epc) <= EPC_BYTES_MAX or len(self.epc) % 2:
            raise OrderRefused(f"The EPC has {len(self.epc)} bytes; give 2 to {EPC_BYTES_MAX}, an even number.")
        if self.tid is not None and not self.tid:
            raise OrderRefused("The TID is empty; give the TID of the tag, or none at all.")
        if len(self.access_password) != PASSWORD_BYTES:
            raise OrderRefused(f"The access password has {len(self.access_password)} bytes; give {PASSWORD_BYTES}.")


@dataclass(frozen=True, slots=True)
class EpcWritten:
    """The tag with this TID answers with the EPC of the order."""

    epc: bytes
    tid: bytes


@dataclass(frozen=True, slots=True)
class EpcRefused:
    """The tag does not have, or is not known to have, the EPC of the order."""

    reason: WriteRefusal
    sentence: str
    """What happened and what to do, for a person."""


Outcome: TypeAlias = EpcWritten | EpcRefused


@dataclass(slots=True)
class _Look:
    """What answered since it began."""

    heard: dict[tuple[bytes, bytes | None], tuple[int, int]] = field(default_factory=dict)
    """(EPC, TID) → (strength in cdBm, antenna) of the strongest hearing."""

    def hear(self, read: TagRead) -> None:
        tag = bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex) if read.tid_hex else None
        strength = STRENGTH_UNKNOWN_CDBM if read.rssi_dbm is None else round(read.rssi_dbm * 100)
        self.heard[tag] = max(self.heard.get(tag, (strength, read.antenna or 1)), (strength, read.antenna or 1))

    def tags(self) -> list[tuple[bytes, bytes | None]]:
        """Each tag once: an answer without TID is the tag of the same EPC that told its TID another time."""
        named = {epc for epc, tid in self.heard if tid is not None}
        return sorted(
            ((epc, tid) for epc, tid in self.heard if tid is not None or epc not in named),
            key=lambda tag: (tag[0], tag[1] or b""),
        )

    def name(self, read: TidRead) -> None:
        """A tag with this EPC has told its TID at last; another with the same EPC may follow."""
        strongest = next((hearing for (epc, _), hearing in self.heard.items() if epc == read.epc), None)
        self.heard.pop((read.epc, None), None)
        if read.tid and strongest is not None:
            self.heard[(read.epc, read.tid)] = strongest


class _Step(Enum):
    LOOK = auto()
    NAME = auto()
    WRITE = auto()
    LOOK_AGAIN = auto()
    NAME_AGAIN = auto()


class EpcWriting:
    """One order on one driver. Call `begin`, then feed and tick as for a driver until `outcome` is there.

    Its calls give the driver's events and bytes on, as `driver.Driver` promises them.
    """

    def __init__(self, driver: EpcWriter, plan: ReadPlan, order: EpcOrder) -> None:
        self.outcome: Outcome | None = None
        """How it ended; None: not yet. The reader is at rest then, or lost."""
        self._driver = driver
        # Session 0: a tag that an inventory has left in the other state answers no access order until that state decays.
        self._plan = replace(plan, session=0, tid_words=plan.tid_words or TID_WORDS)
        self._order = order
        self._step = _Step.LOOK
        self._look = _Look()
        self._look_until_ms: int | None = None
        self.phase = ReaderPhase.IDLE
        """Where the driver stands."""
        self._change: EpcChange | None = None
        self._answer: WriteAnswer | None = None

    def begin(self) -> Output:
        """Start the first look. Raises: PlanRefused: this reader cannot do what the plan asks."""
        return self._follow(self._driver.start(self._plan))

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes that arrived."""
        return self._follow(self._driver.feed(received, now))

    def tick(self, now: int) -> Output:
        """Time goes by."""
        output = self._follow(self._driver.tick(now))
        if self.phase is not ReaderPhase.READING:
            self._look_until_ms = None
        elif self._look_until_ms is None:
            self._look_until_ms = now + LOOK_MS
        elif now >= self._look_until_ms:
            self._look_until_ms = None
            return joined((output, self._follow(self._driver.stop())))
        return output

    def give_up(self) -> Output:
        """Stop the reader, whatever the step; nothing is proved then."""
        if self.outcome is None:
            self.outcome = self._failed(WriteRefusal.TIMEOUT, "")
        return self._follow(self._driver.stop())

    def _follow(self, output: Output) -> Output:
        return joined((output, *self._react(output.events)))

    def _react(self, events: Iterable[Event]) -> Iterable[Output]:
        for event in events:
            if isinstance(event, ReaderState):
                self.phase = event.phase
            if self.outcome is not None:
                continue
            match event:
                case TagRead() if self._step in {_Step.LOOK, _Step.LOOK_AGAIN}:
                    self._look.hear(event)
                case TidRead() if self._step in {_Step.NAME, _Step.NAME_AGAIN}:
                    self._look.name(event)
                case WriteAnswer():
                    self._answer = event
                case ReaderState(phase, detail):
                    yield from self._enter(phase, detail)
                case _:
                    pass

    def _enter(self, phase: ReaderPhase, detail: str) -> Iterable[Output]:
        if phase is ReaderPhase.LOST:
            self.outcome = self._failed(WriteRefusal.TIMEOUT, detail)
        elif phase is ReaderPhase.FAULT:
            self.outcome = self._failed(WriteRefusal.READER_REFUSED, detail)
        elif phase is ReaderPhase.IDLE:
            yield from self._rest()

    def _rest(self) -> Iterable[Output]:
        """The driver is at rest: the step is over."""
        match self._step:
            case _Step.LOOK | _Step.LOOK_AGAIN if (unnamed := self._unnamed()) is not None:
                self._step = _Step.NAME if self._step is _Step.LOOK else _Step.NAME_AGAIN
                yield self._follow(self._driver.read_tid(unnamed))
            case _Step.LOOK | _Step.NAME:
                yield from self._decide()
            case _Step.WRITE:
                self._step, self._look = _Step.LOOK_AGAIN, _Look()
                yield self._follow(self._driver.start(self._plan))
            case _Step.LOOK_AGAIN | _Step.NAME_AGAIN:
                self.outcome = self._verified()

    def _unnamed(self) -> bytes | None:
        """EPC of the tag that has still to tell its TID: the only one, or after the write the one with either EPC."""
        tags = self._look.tags()
        if self._change is None:
            return tags[0][0] if len(tags) == 1 and tags[0][1] is None else None
        if any(tid == self._change.tid for _, tid in tags):
            return None
        ours = (self._order.epc, self._change.old_epc)
        return next((epc for epc in ours if (epc, None) in tags), None)

    def _decide(self) -> Iterable[Output]:
        tags = self._look.tags()
        refusal = self._objection(tags)
        if refusal is not None:
            self.outcome = _refused(refusal, _told(tags))
            return
        ((epc, tid),) = tags
        assert tid is not None
        if epc == self._order.epc:
            self.outcome = EpcWritten(epc, tid)
            return
        self._change = EpcChange(
            epc=self._order.epc,
            old_epc=epc,
            tid=tid,
            antenna=self._look.heard[(epc, tid)][1],
            access_password=self._order.access_password,
        )
        self._step = _Step.WRITE
        yield self._follow(self._driver.write_epc(self._change))

    def _objection(self, tags: list[tuple[bytes, bytes | None]]) -> WriteRefusal | None:
        if not tags:
            # A tag that answered and would not tell its TID has left the look when it was asked.
            return WriteRefusal.NO_TID if self._step is _Step.NAME else WriteRefusal.NO_TAG
        if len(tags) > 1:
            return WriteRefusal.SEVERAL_TAGS
        if self._order.tid is not None and tags[0][1] != self._order.tid:
            return WriteRefusal.OTHER_TID
        return None

    def _verified(self) -> Outcome:
        assert self._change is not None
        found = [epc for epc, tid in self._look.tags() if tid == self._change.tid]
        if self._change.epc in found:
            return EpcWritten(self._change.epc, self._change.tid)
        refusal = self._answer.refusal if self._answer is not None else None
        detail = self._answer.detail if self._answer is not None else ""
        if not found:
            return _refused(WriteRefusal.UNVERIFIED, detail)
        if found != [self._change.old_epc]:
            return _refused(WriteRefusal.NOT_WRITTEN, f"It holds {found[0].hex().upper()} now.")
        return _refused(refusal or WriteRefusal.NOT_WRITTEN, detail)

    def _failed(self, reason: WriteRefusal, detail: str) -> EpcRefused:
        """The reader is the reason. After a write order nobody knows whether the tag has been written."""
        return _refused(reason if self._change is None else WriteRefusal.UNVERIFIED, detail)


def _refused(reason: WriteRefusal, detail: str) -> EpcRefused:
    return EpcRefused(reason, f"{SENTENCES[reason]} {detail}".strip())


def _told(tags: list[tuple[bytes, bytes | None]]) -> str:
    """The tags that answered, so that a person can find them."""
    names = [epc.hex().upper() + (f" (TID {tid.hex().upper()})" if tid else "") for epc, tid in tags[:5]]
    more = len(tags) - len(names)
    return f"Heard: {', '.join(names)}{f' and {more} more' if more else ''}." if names else ""
