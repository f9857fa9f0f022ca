"""Accept reads: what a reader heard is kept, folded and only then promised to its agent.

Given a batch of an agent; keeps its exact bytes and adds it to the observations of every round that its reader listens
for; promises the agent its sequence once that is on the disk. The same batch twice counts once, for ever.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

from reader_drivers.reads import Batch
from server.core.errors import Conflict
from server.core.ids import DeviceId, ShopId
from server.store import reads
from server.store.unit_of_work import UnitOfWork
from server.usecases.hear_late import hear_late
from server.usecases.hear_round import RoundsHeard


class BatchConflict(Conflict):
    """A sequence came again with other content: a copied spool, or a fault of the agent."""

    code: ClassVar[str] = "batch_conflict"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the agent may be told."""

    acked_seq: int
    """Everything up to this number is stored without a gap."""
    is_new: bool
    """False: it was stored before, or it lies beyond a gap and must be sent again."""


def accept_batch(
    work: UnitOfWork, *, device_id: DeviceId, batch: Batch, raw: bytes, heard: RoundsHeard | None = None
) -> Accepted:
    """Store `batch`, whose exact bytes are `raw`. `heard` tells the people of its rounds; None: nobody watches.

    A number beyond the next is not stored: the answer names the last one without a gap, and the agent sends from there.
    Raises: BatchConflict: the number is stored with other bytes. Nothing is changed.
    """
    acked = reads.acked_seq(work.conn, work.shop_id, device_id)
    sha256 = hashlib.sha256(raw).digest()
    if batch.seq <= acked:
        _require_same(work, device_id=device_id, seq=batch.seq, sha256=sha256)
    if batch.seq != acked + 1:
        return Accepted(acked_seq=acked, is_new=False)
    shop_id = work.shop_id
    reads.keep_batch(work.conn, shop_id, device_id=device_id, seq=batch.seq, raw=raw, sha256=sha256, rx=work.now)
    listening = reads.listening_rounds(work.conn, shop_id, device_id=device_id, reader=batch.reader, seq=batch.seq)
    for one in listening:
        if one.is_sealed:
            hear_late(work, one.round_id, [row.epc.hex().upper() for row in batch.reads])
        reads.add_observations(work.conn, observation_rows(shop_id, one, batch))
        if heard is not None:
            heard.hear(work, one, batch)
    return Accepted(acked_seq=batch.seq, is_new=True)


def _require_same(work: UnitOfWork, *, device_id: DeviceId, seq: int, sha256: bytes) -> None:
    stored = reads.batch_sha256(work.conn, work.shop_id, device_id=device_id, seq=seq)
    if stored is not None and stored != sha256:
        raise BatchConflict(
            f"Batch {seq} was stored before with other content. Nothing was changed; pair this agent again, since two "
            "programs seem to share its name.",
            seq=seq,
        )


def observation_rows(shop_id: ShopId, listening: reads.Listening, batch: Batch) -> list[dict[str, Any]]:
    """The rows that `batch` adds to one round: a row for each tag and antenna, times in milliseconds since 1970."""
    base_ms = batch.t0_utc_ns // 1_000_000
    return [
        {
            "shop_id": shop_id,
            "round_id": listening.round_id,
            "epc": row.epc.hex().upper(),
            "tid": "" if row.tid is None else row.tid.hex().upper(),
            "reader_id": listening.reader_id,
            "antenna": row.ant,
            "late": listening.is_sealed,
            "reads_n": row.dcount,
            "passes_n": row.dpasses,
            "first_ms": base_ms + row.first_ms,
            "last_ms": base_ms + row.last_ms,
            "rssi_sum_cdbm": row.rssi_sum_cdbm,
            "rssi_max_cdbm": row.rssi_max_cdbm,
        }
        for row in batch.reads
    ]
