"""A shop with one open round, written through the store: what observations refer to."""

import hashlib
import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from reader_drivers.reads import Batch
from server.clock import Clock, FixedClock
from server.core.ids import DeviceId, PersonId, RoundId, ShopId
from server.store import reads
from server.store.tables import Attachment, Count, Device, Person, Place, Reader, Round, SessionRow, Shop, Tour, table
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.accept_reads import observation_rows

NOW = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)
SHOP = ShopId("shop-1")
AGENT = DeviceId("agent-1")
DEVICE = DeviceId("handheld-1")
PERSON = PersonId("person-1")
DEVICE_TOKEN = "session-of-the-benchmarks"
"""What a signed-in handheld shows."""
AGENT_TOKEN = "agent-of-the-benchmarks"
"""What the agent shows at the door."""
ROUND = RoundId("round-1")

LASTS = datetime(2100, 1, 1, tzinfo=UTC)
"""End of the session: servers under measurement run on the computer's clock."""


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_WITHIN: dict[str, str] = {"shop_id": SHOP}
_ROWS: tuple[tuple[type[Any], dict[str, Any]], ...] = (
    (Shop, {"id": SHOP, "name": "Banc", "zone": "Europe/Paris", "currency": "EUR", "created_at": NOW}),
    (Person, _WITHIN | {"id": PERSON, "name": "Ada", "rights": "count manage own", "pin_hash": "-"}),
    (
        Device,
        _WITHIN
        | {
            "id": AGENT,
            "name": "comptoir",
            "kind": "agent",
            "secret_sha256": _sha256(AGENT_TOKEN),
        },
    ),
    (Device, _WITHIN | {"id": DEVICE, "name": "main", "kind": "handheld", "secret_sha256": _sha256("main")}),
    (SessionRow, _WITHIN | {"id": "session-1", "token_sha256": _sha256(DEVICE_TOKEN), "expires_at": LASTS}),
    (Place, _WITHIN | {"id": "place-1", "name": "plateau 1", "created_at": NOW}),
    (Tour, _WITHIN | {"id": "tour-1", "occasion": "opening", "state": "OPEN", "planned_at": NOW}),
    (Count, _WITHIN | {"id": "count-1", "tour_id": "tour-1", "place_id": "place-1", "state": "COUNTING_A"}),
    (Round, _WITHIN | {"id": ROUND, "count_id": "count-1", "role": "a"}),
    (Reader, _WITHIN | {"id": "trays", "device_id": AGENT, "name": "trays", "protocol": "thingmagic_ff"}),
    (Attachment, _WITHIN | {"id": "attachment-1", "round_id": ROUND, "reader_id": "trays", "from_seq": 1}),
)
_MORE: dict[type[Any], dict[str, Any]] = {
    Person: {"pin_set_at": NOW, "enrolled_at": NOW},
    Device: {"paired_at": NOW},
    Tour: {"shop_day": date(2026, 3, 2)},
    Count: {"occasion": "opening", "shop_day": date(2026, 3, 2)},
    SessionRow: {"person_id": PERSON, "device_id": DEVICE, "opened_at": NOW},
    Round: {"person_id": PERSON, "device_id": DEVICE, "opened_at": NOW},
    Reader: {"seen_at": NOW},
    Attachment: {"place_id": "place-1", "opened_at": NOW, "lease_until": NOW},
}


def open_store(folder: Path, *, clock: Clock | None = None) -> Store:
    """A fresh database with the shop in it, opened as the server opens it."""
    store = Store(folder / "baguier.sqlite3", clock=clock or FixedClock(NOW))
    store.run(_seed)
    return store


def _seed(work: UnitOfWork) -> None:
    for model, row in _ROWS:
        work.conn.execute(insert(table(model)), row | _MORE.get(model, {}))


def rows_of(store: Store, batches: Iterable[Batch]) -> list[list[dict[str, Any]]]:
    """What the open round holds of each batch, as the use case makes it."""
    (listening,) = store.read(lambda conn: reads.listening_rounds(conn, SHOP, device_id=AGENT, reader="trays", seq=1))
    return [observation_rows(SHOP, listening, one) for one in batches]


HEARD = "SELECT coalesce(sum(reads_n), 0) FROM observations"


def heard(database: sqlite3.Connection) -> int:
    """Sum of all reads of the round: the same whatever path they took."""
    return int(database.execute(HEARD).fetchone()[0])


def heard_in(store: Store) -> int:
    """The same of a database that this process has open."""
    return store.read(lambda conn: int(conn.exec_driver_sql(HEARD).scalar_one()))
