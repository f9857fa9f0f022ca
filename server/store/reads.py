"""Reads as they are kept: an agent's exact batches, and what each round holds of a tag at an antenna.

The hot path of the server: statements are built once, rows are tuples, no object is made by the ORM.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.core.ids import DeviceId, PlaceId, RoundId, ShopId
from server.store.tables import Attachment, BatchRow, Device, Observation, Reader, Round, table

_BATCHES = table(BatchRow)
_DEVICES = table(Device)
_READERS = table(Reader)
_ATTACHMENTS = table(Attachment)
_ROUNDS = table(Round)
_OBSERVATIONS = table(Observation)
_OBSERVATION_KEY: Final = [column.name for column in _OBSERVATIONS.primary_key]


@dataclass(frozen=True, slots=True)
class Listening:
    """A round that a batch belongs to."""

    attachment_id: str
    round_id: RoundId
    place_id: PlaceId
    reader_id: str
    is_sealed: bool
    """True: what is heard now changes no sealed set and is kept as late."""


def acked_seq(connection: Connection, shop_id: ShopId, device_id: DeviceId) -> int:
    """The highest number up to which everything of this device is stored without a gap; 0: nothing yet."""
    wanted = select(_DEVICES.c.acked).where(_DEVICES.c.shop_id == shop_id, _DEVICES.c.id == device_id)
    return int(connection.execute(wanted).scalar_one())


def batch_sha256(connection: Connection, shop_id: ShopId, *, device_id: DeviceId, seq: int) -> bytes | None:
    """The hash of a stored batch; None: it was never stored, or dropped after its time."""
    found = connection.execute(
        select(_BATCHES.c.sha256).where(
            _BATCHES.c.shop_id == shop_id, _BATCHES.c.device_id == device_id, _BATCHES.c.seq == seq
        )
    ).scalar()
    return None if found is None else bytes(found)


def keep_batch(
    connection: Connection, shop_id: ShopId, *, device_id: DeviceId, seq: int, raw: bytes, sha256: bytes, rx: datetime
) -> None:
    """Store the exact bytes and move the device's mark to `seq`, which must be the next."""
    row = {"shop_id": shop_id, "device_id": device_id, "seq": seq, "raw": raw, "sha256": sha256, "rx": rx}
    connection.execute(insert(_BATCHES), row)
    connection.execute(
        update(_DEVICES).where(_DEVICES.c.shop_id == shop_id, _DEVICES.c.id == device_id).values(acked=seq, seen_at=rx)
    )


def raw_batches(connection: Connection, shop_id: ShopId) -> Iterator[bytes]:
    """The exact bytes of every kept batch, by device and number; fetched a few at a time."""
    kept = (
        select(_BATCHES.c.raw)
        .where(_BATCHES.c.shop_id == shop_id)
        .order_by(_BATCHES.c.device_id, _BATCHES.c.seq)
        .execution_options(yield_per=100)
    )
    for row in connection.execute(kept):
        yield bytes(row.raw)


_LISTENING: Final = (
    select(
        _ATTACHMENTS.c.id,
        _ATTACHMENTS.c.round_id,
        _ATTACHMENTS.c.place_id,
        _ATTACHMENTS.c.reader_id,
        _ROUNDS.c.sealed_at,
    )
    .select_from(
        _ATTACHMENTS.join(
            _READERS, and_(_READERS.c.shop_id == _ATTACHMENTS.c.shop_id, _READERS.c.id == _ATTACHMENTS.c.reader_id)
        ).join(_ROUNDS, and_(_ROUNDS.c.shop_id == _ATTACHMENTS.c.shop_id, _ROUNDS.c.id == _ATTACHMENTS.c.round_id))
    )
    .where(
        _ATTACHMENTS.c.shop_id == bindparam("shop"),
        _READERS.c.device_id == bindparam("device"),
        _READERS.c.name == bindparam("reader"),
        _ATTACHMENTS.c.from_seq <= bindparam("seq"),
        or_(_ATTACHMENTS.c.to_seq.is_(None), _ATTACHMENTS.c.to_seq >= bindparam("seq")),
    )
    .order_by(_ATTACHMENTS.c.id)
    .limit(256)
)


def listening_rounds(
    connection: Connection, shop_id: ShopId, *, device_id: DeviceId, reader: str, seq: int
) -> list[Listening]:
    """The rounds whose attachment to `reader` covers batch `seq`, in order of attachment; 256 at most."""
    found = connection.execute(_LISTENING, {"shop": shop_id, "device": device_id, "reader": reader, "seq": seq})
    return [
        Listening(
            attachment_id=row.id,
            round_id=RoundId(row.round_id),
            place_id=PlaceId(row.place_id),
            reader_id=row.reader_id,
            is_sealed=row.sealed_at is not None,
        )
        for row in found
    ]


def _adding(statement: Any) -> Any:
    """Complete an insert so that a row that exists is added to: sums grow, first and last widen."""
    new, old = statement.excluded, _OBSERVATIONS.c
    strongest = case(
        (old.rssi_max_cdbm.is_(None), new.rssi_max_cdbm),
        (new.rssi_max_cdbm > old.rssi_max_cdbm, new.rssi_max_cdbm),
        else_=old.rssi_max_cdbm,
    )
    summed = case(
        (old.rssi_sum_cdbm.is_(None), new.rssi_sum_cdbm),
        (new.rssi_sum_cdbm.is_(None), old.rssi_sum_cdbm),
        else_=old.rssi_sum_cdbm + new.rssi_sum_cdbm,
    )
    return statement.on_conflict_do_update(
        index_elements=_OBSERVATION_KEY,
        set_={
            "reads_n": old.reads_n + new.reads_n,
            "passes_n": old.passes_n + new.passes_n,
            "first_ms": case((new.first_ms < old.first_ms, new.first_ms), else_=old.first_ms),
            "last_ms": case((new.last_ms > old.last_ms, new.last_ms), else_=old.last_ms),
            "rssi_sum_cdbm": summed,
            "rssi_max_cdbm": strongest,
        },
    )


# As text, because thousands of rows with nothing to convert in them go to the driver as they are.
_UPSERT: Final = {
    "sqlite": str(_adding(sqlite.insert(_OBSERVATIONS)).compile(dialect=sqlite.dialect(paramstyle="named"))),
    "postgresql": str(_adding(postgresql.insert(_OBSERVATIONS)).compile(dialect=postgresql.dialect())),  # type: ignore[no-untyped-call]
}


def add_observations(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add what a batch heard to the observations of its rounds.

    `rows` carry every column of `observations`. Sums do not depend on the order or the split of batches.
    """
    if rows:
        connection.exec_driver_sql(_UPSERT[connection.dialect.name], list(rows))


def observations_of(connection: Connection, shop_id: ShopId, round_id: RoundId) -> list[tuple[Any, ...]]:
    """All observations of a round as rows in key order: what a seal freezes and a benchmark compares."""
    found = connection.execute(
        select(_OBSERVATIONS)
        .where(_OBSERVATIONS.c.shop_id == shop_id, _OBSERVATIONS.c.round_id == round_id)
        .order_by(*(_OBSERVATIONS.c[name] for name in _OBSERVATION_KEY))
    )
    return [tuple(row) for row in found]
