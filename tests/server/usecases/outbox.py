"""A handheld's outbox as the server meets it: numbered events, sent in whatever way the line allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from server.core.actors import Actor
from server.core.ids import RoundId
from server.store.tables import DeviceConflict, DeviceEvent, table
from server.store.unit_of_work import Store
from server.usecases.take_events import Received, read_event, take_events
from tests.server.usecases.count_shop import CLAIRE, label

Wire = dict[str, Any]
AT = "2026-03-02T08:35:00.000Z"
SALT = bytes(32)


@dataclass
class Outbox:
    """What one device made, from its first event on."""

    by: Actor = CLAIRE
    """Whose events these are, and on which device."""
    events: list[Wire] = field(default_factory=list)

    def add(self, kind: str, body: Any = None, *, of: RoundId | None = None, **frame: Any) -> Wire:
        number = len(self.events) + 1
        event = {
            "id": f"{self.by.device}-event-{number}",
            "device": self.by.device,
            "dseq": number,
            "person": self.by.person,
            "count": None,
            "round": of,
            "type": kind,
            "at": AT,
            "mono_ms": 1_000 * number,
            "body": {} if body is None else body,
            **frame,
        }
        self.events.append(event)
        return event

    def scan(self, number: int, of: RoundId, **frame: Any) -> Wire:
        return self.add("label.scanned", {"code": label(number)}, of=of, **frame)

    def retract(self, number: int, of: RoundId) -> Wire:
        return self.add("label.retracted", {"code": label(number)}, of=of)

    def seal(self, of: RoundId, **body: Any) -> Wire:
        return self.add("round.sealed", body, of=of)


def send(store: Store, events: Sequence[Wire], *, by: Actor = CLAIRE) -> Received:
    """One batch, by the person who is signed in on the device now."""
    read = [read_event(event, session_id=f"{by.person}-{by.device}") for event in events]
    return store.run(lambda work: take_events(work, read, by=by, make_salt=lambda: SALT))


def outcomes(received: Received) -> list[tuple[str, str | None]]:
    return [(one.outcome.value, one.reason) for one in received.results]


def stored(store: Store) -> list[tuple[Any, ...]]:
    events = table(DeviceEvent)
    columns = (events.c.id, events.c.dseq, events.c.raw, events.c.quarantine)
    return store.read(lambda conn: [tuple(row) for row in conn.execute(select(*columns).order_by(events.c.dseq))])


def conflicts(store: Store) -> list[tuple[str, int]]:
    kept = table(DeviceConflict)
    asked = select(kept.c.id, kept.c.dseq).order_by(kept.c.dseq, kept.c.sha256)
    return store.read(lambda conn: [(row.id, row.dseq) for row in conn.execute(asked)])
