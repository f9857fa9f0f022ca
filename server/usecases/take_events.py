"""Take events: what a handheld did while nobody listened is kept exactly as it said it, and acted on once.

Given a batch of numbered events of one device; keeps each one that follows without a gap, acts on it, and promises the device
the highest number that is kept. Sent again, split, overlapping or out of order, the same events lead to the same records.

In whose name: events wait on the device while people switch, so a batch may carry what others did there. The person of the
session has shown their PIN and is believed. Of anybody else an event counts only if that person is not disabled and, by our own
records, was the one signed in on this very device at the time the event claims. Who carried it is kept beside it, so that words
put into somebody's mouth can be traced; and nobody signs a result but with their own PIN.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from server.core.actors import Actor
from server.core.errors import DomainError, Malformed, NotAllowed
from server.core.ids import CountId, DeviceId, PersonId, RoundId
from server.core.log import canonical
from server.core.log.events import LeafMalformed, parse_time
from server.core.sealed_sets import salted_digest
from server.store import device_events, expected, reads
from server.store.device_events import KeptEvent
from server.store.unit_of_work import UnitOfWork
from server.usecases.attach_reader import RoundAbsent, RoundSealed
from server.usecases.seal_round import SealAsked, ask_seal, own_round, seal_asked
from server.usecases.seal_round_set import LabelUnknown

EVENTS_MAX: Final = 500
"""Events of one batch: a tray of 200 labels with room to spare, and a second's work at most."""
CODE_CHARACTERS_MAX: Final = 64
"""Longest label code, as for the calls that carry labels."""
REASON_CHARACTERS_MAX: Final = 500
CLOCK_SLACK: Final = timedelta(minutes=5)
"""How far a device's clock may be off at a change of person before an event of the one who left is not believed."""
EVENT_CONFLICT: Final = "event_conflict"
"""The event's number or id belongs to another event that was kept before. It is kept beside that one."""


class OtherDevice(NotAllowed):
    """A batch carries an event of another device than the one that sends it."""

    code: ClassVar[str] = "other_device"


class UnknownType(Malformed):
    """No such event is known here."""

    code: ClassVar[str] = "unknown_type"


class PersonNotHere(NotAllowed):
    """Nobody of this name was signed in on the device when the event says it happened."""

    code: ClassVar[str] = "person_not_here"


class GapOfAnother(NotAllowed):
    """Somebody else than the person of the session would accept, in their name, that a reader says nothing."""

    code: ClassVar[str] = "gap_of_another"


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event on its way in."""

    event: KeptEvent
    """Its `quarantine` says what could not be read of it."""
    body: Mapping[str, Any]
    """Of its type; empty when what came is no object, or is outside the canonical profile."""


def read_event(sent: Mapping[str, Any], *, session_id: str) -> SentEvent:
    """The event in a member of a batch whose frame (all but `body`) was checked at the edge.

    A body outside the canonical profile, such as a code with a control character, is kept as ASCII JSON and does not count:
    it must neither be lost nor keep the device's later events waiting.
    Raises: Malformed: the time is no time, or the body is nested beyond any reader.
    """
    reason = None
    try:
        raw = canonical.encode(sent)
    except canonical.NotCanonical as error:
        reason = error.code
        try:
            raw = json.dumps(sent, sort_keys=True, separators=(",", ":")).encode("ascii")
        except RecursionError as too_deep:
            raise Malformed("An event is nested too deep to be read. Nothing was stored; flatten it.") from too_deep
    try:
        at = parse_time(sent["at"])
    except LeafMalformed as error:
        raise Malformed(f"{error.sentence} Nothing was stored; send it again corrected.") from error
    body = sent["body"]
    event = KeptEvent(
        id=sent["id"],
        device_id=DeviceId(sent["device"]),
        dseq=sent["dseq"],
        person_id=PersonId(sent["person"]),
        count_id=None if sent["count"] is None else CountId(sent["count"]),
        round_id=None if sent["round"] is None else RoundId(sent["round"]),
        type=sent["type"],
        at=at,
        mono_ms=sent["mono_ms"],
        session_id=session_id,
        raw=raw,
        quarantine=reason,
    )
    # What cannot be kept as it came must not be asked for either: the database takes no half of a character.
    return SentEvent(event, body if isinstance(body, dict) and reason is None else {})


class Outcome(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """It was kept and acted on before."""
    QUARANTINED = "quarantined"
    """It is kept and does not count; the reason says why."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer for one event."""

    id: str
    outcome: Outcome
    reason: str | None
    """Code of the refusal; None: it counts."""


@dataclass(frozen=True, slots=True)
class Received:
    """The answer for one batch."""

    ack_seq: int
    """Everything of the device up to this number is kept."""
    results: tuple[Settled, ...]
    """In order of numbers. Events beyond a gap are not kept and have no result: the device sends them again."""
    draining: tuple[tuple[DeviceId, str], ...]
    """Agent and attachment of each reader whose round was sealed: it is to be told `drain`."""


def take_events(
    work: UnitOfWork, events: Sequence[SentEvent], *, by: Actor, make_salt: Callable[[], bytes]
) -> Received:
    """Keep and act on the events of `by`'s device, whose person is signed in there; `make_salt` gives 32 random bytes.

    Raises: OtherDevice: nothing of the batch is kept.
    """
    if any(sent.event.device_id != by.device for sent in events):
        raise OtherDevice("This batch holds another device's events. Nothing was stored; each device sends its own.")
    intake = _Intake(work, by, make_salt, acked=reads.acked_seq(work.conn, work.shop_id, by.device))
    intake.look_up(events)
    results = [intake.take(sent) for sent in sorted(events, key=lambda sent: sent.event.dseq)]
    intake.write()
    return Received(intake.acked, tuple(one for one in results if one is not None), tuple(intake.draining))


@dataclass(slots=True)
class _Intake:
    """One batch on its way into the store."""

    work: UnitOfWork
    by: Actor
    make_salt: Callable[[], bytes]
    acked: int
    draining: list[tuple[DeviceId, str]] = field(default_factory=list)
    _by_id: dict[str, KeptEvent] = field(default_factory=dict)
    _by_dseq: dict[int, KeptEvent] = field(default_factory=dict)
    _unwritten: list[KeptEvent] = field(default_factory=list)
    _labels: frozenset[str] = frozenset()
    _signed_in: dict[PersonId, Sequence[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    _open_rounds: set[tuple[RoundId, PersonId, CountId | None]] = field(default_factory=set)

    def look_up(self, events: Sequence[SentEvent]) -> None:
        """Ask once for the whole batch what stands already and which codes are labels in use."""
        conn, shop_id = self.work.conn, self.work.shop_id
        ids, dseqs = {sent.event.id for sent in events}, {sent.event.dseq for sent in events}
        for one in device_events.standing(conn, shop_id, self.by.device, ids=ids, dseqs=dseqs):
            self._remember(one)
        codes = {code for sent in events if isinstance(code := sent.body.get("code"), str)}
        self._labels = frozenset(expected.pieces_of_labels(conn, shop_id, codes))

    def take(self, sent: SentEvent) -> Settled | None:
        """Settle one event. None: it lies beyond a gap."""
        event = sent.event
        if event.dseq > self.acked + 1:
            return None
        stands = self._by_dseq.get(event.dseq)
        if stands is not None and stands.raw == event.raw:
            return _settled(stands, Outcome.DUPLICATE)
        if event.dseq <= self.acked or event.id in self._by_id:
            device_events.keep_conflict(self.work.conn, self.work.shop_id, event, rx=self.work.now)
            # Its number is used up: the device must not send it for ever.
            self.acked = max(self.acked, event.dseq)
            return Settled(event.id, Outcome.QUARANTINED, EVENT_CONFLICT)
        kept = replace(event, quarantine=event.quarantine or self._refusal(sent))
        self.acked = event.dseq
        self._remember(kept)
        self._unwritten.append(kept)
        return _settled(kept, Outcome.ACCEPTED)

    def write(self) -> None:
        """Store what was settled, and how far the device has come."""
        self._write_events()
        device_events.move_mark(
            self.work.conn, self.work.shop_id, self.by.device, acked=self.acked, seen_at=self.work.now
        )

    def _write_events(self) -> None:
        device_events.keep(self.work.conn, self.work.shop_id, self._unwritten, rx=self.work.now)
        self._unwritten.clear()

    def _remember(self, event: KeptEvent) -> None:
        self._by_id[event.id] = event
        if event.device_id == self.by.device:
            self._by_dseq[event.dseq] = event

    def _refusal(self, sent: SentEvent) -> str | None:
        """Act on an event. The code of what refused it: of a refused act nothing is left but the event itself."""
        try:
            self._require_here(sent.event)
            self._act(sent)
        except DomainError as refusal:
            return refusal.code
        return None

    def _require_here(self, event: KeptEvent) -> None:
        person = event.person_id
        if person == self.by.person:
            return
        if person not in self._signed_in:
            self._signed_in[person] = device_events.times_signed_in(
                self.work.conn, self.work.shop_id, self.by.device, person_id=person
            )
        for since, until in self._signed_in[person]:
            if since - CLOCK_SLACK <= event.at and (until is None or event.at <= until + CLOCK_SLACK):
                return
        raise PersonNotHere("This person was not signed in on this device then. Let them sign in and do it again.")

    def _act(self, sent: SentEvent) -> None:
        match sent.event.type:
            case device_events.SCANNED:
                self._require_open(sent.event)
                if _text(sent, "code", limit=CODE_CHARACTERS_MAX) not in self._labels:
                    raise LabelUnknown("This code is on no label in use. Scan the piece's newest label.")
            case device_events.RETRACTED:
                self._require_open(sent.event)
                _text(sent, "code", limit=CODE_CHARACTERS_MAX)
            case device_events.SEALED:
                self._seal(sent)
            case unknown:
                raise UnknownType(f"This server knows no event {unknown!r}. Update it; the event is kept.")

    def _require_open(self, event: KeptEvent) -> None:
        """Only an open round of the event's own person and device takes a scan."""
        round_id = _round(event)
        asked = (round_id, event.person_id, event.count_id)
        if asked in self._open_rounds:
            return
        row = own_round(self.work, round_id, Actor(event.person_id, self.by.device))
        if event.count_id not in (None, row.count_id):
            raise RoundAbsent("This round belongs to another count. Open the count again from the tour.")
        if row.is_sealed or seal_asked(row) is not None:
            raise RoundSealed("This round is sealed. Nothing more can be scanned into it.")
        self._open_rounds.add(asked)

    def _seal(self, sent: SentEvent) -> None:
        event, gap = sent.event, None
        by = Actor(event.person_id, self.by.device)
        if sent.body.get("accept_gap") is not None:
            if event.person_id != self.by.person:
                raise GapOfAnother("A missing reader is accepted by who counts. Let them sign in and seal again.")
            gap = salted_digest(_text(sent, "accept_gap", limit=REASON_CHARACTERS_MAX), salt=self.make_salt())
        # The seal looks for the scans among the stored events.
        self._write_events()
        with self.work.part():
            asked = SealAsked(gap=gap, carried_by=None if by == self.by else self.by.person)
            outcome = ask_seal(self.work, _round(event), by=by, asked=asked, dseq=event.dseq)
        self._open_rounds.clear()
        self.draining.extend(outcome.draining)


def _settled(event: KeptEvent, when_good: Outcome) -> Settled:
    outcome = when_good if event.quarantine is None else Outcome.QUARANTINED
    return Settled(event.id, outcome, event.quarantine)


def _round(event: KeptEvent) -> RoundId:
    if event.round_id is None:
        raise RoundAbsent("The event names no round. Open the count again from the tour.")
    return event.round_id


def _text(sent: SentEvent, name: str, *, limit: int) -> str:
    said = sent.body.get(name)
    if not isinstance(said, str) or not 0 < len(said) <= limit:
        raise Malformed(f"The event's {name} is no text of 1 to {limit} characters. Scan again.")
    return said
