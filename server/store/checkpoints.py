"""Checkpoints as they are kept: each signed note, exactly as the signer gave it."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select

from server.core.ids import ShopId
from server.core.log.merkle import Frontier
from server.store.tables import CheckpointRow, table

_CHECKPOINTS = table(CheckpointRow)
NOTES_MAX: Final = 200_000
"""Notes read at once: a checkpoint every 15 minutes for five years."""


def signed_size(connection: Connection, shop_id: ShopId) -> int:
    """Size of the log at the last stored checkpoint; 0: none is stored."""
    found = connection.execute(select(func.max(_CHECKPOINTS.c.size)).where(_CHECKPOINTS.c.shop_id == shop_id)).scalar()
    return 0 if found is None else int(found)


def add(connection: Connection, shop_id: ShopId, *, head: Frontier, note: str, signed_at: datetime) -> None:
    """Keep a note over the log as `head` has it. The size must be new: of two notes of one size the first is as good."""
    connection.execute(
        insert(_CHECKPOINTS).values(
            shop_id=shop_id,
            size=head.size,
            root=head.root(),
            frontier=head.to_bytes(),
            note=note,
            signed_at=signed_at,
        )
    )


def signed_head(connection: Connection, shop_id: ShopId, size: int) -> Frontier | None:
    """The log as it was when the checkpoint of this size was signed; None: there is no such checkpoint."""
    found = connection.execute(
        select(_CHECKPOINTS.c.frontier).where(_CHECKPOINTS.c.shop_id == shop_id, _CHECKPOINTS.c.size == size)
    ).scalar()
    return None if found is None else Frontier.from_bytes(found)


def notes(connection: Connection, shop_id: ShopId, *, up_to: int) -> tuple[str, ...]:
    """The notes of checkpoints of at most this size, smallest first."""
    found = connection.execute(
        select(_CHECKPOINTS.c.note)
        .where(_CHECKPOINTS.c.shop_id == shop_id, _CHECKPOINTS.c.size <= up_to)
        .order_by(_CHECKPOINTS.c.size)
        .limit(NOTES_MAX)
    )
    return tuple(found.scalars())
