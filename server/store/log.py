"""Log of the shop: leaves are added in the writer's transaction, together with the tree's frontier and root."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from server.core.errors import Conflict
from server.core.ids import ShopId
from server.core.log import events, merkle
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Subject
from server.store.tables import LogHead, LogLeaf, table

_LEAVES = table(LogLeaf)
_HEAD = table(LogHead)
# Built once: every act of the shop adds a leaf.
_SELECT_FRONTIER: Final = select(_HEAD.c.frontier).where(_HEAD.c.shop_id == bindparam("shop"))
_INSERT_LEAF: Final = insert(_LEAVES)
_INSERT_HEAD: Final = insert(_HEAD)
_UPDATE_HEAD: Final = update(_HEAD).where(_HEAD.c.shop_id == bindparam("shop"))
LEAVES_READ_MAX: Final = 10_000
"""Leaves of one page: about 5 MB at the usual leaf size."""


class LogBroken(Conflict):
    """The stored tree is not the tree of the stored leaves."""

    code: ClassVar[str] = "log_broken"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a use case says of a leaf; index, id and the server's time come from the store."""

    type: EventType
    subject: Subject
    body: Mapping[str, JsonValue]
    actor: str
    """Id of a person, device or program; a pseudonym."""
    actor_kind: ActorKind
    device: str | None
    dseq: int | None
    at: datetime
    """When it happened, as claimed."""


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """One leaf as it lies in the database."""

    seq: int
    raw: bytes
    leaf_hash: bytes


def origin_of(shop_id: ShopId) -> str:
    """Name of a shop's log: the `log` of its leaves and the first line of its checkpoints."""
    return f"baguier/{shop_id}"


def head(connection: Connection, shop_id: ShopId) -> merkle.Frontier:
    """Size and frontier of the log, as stored. An empty log has size 0."""
    found = connection.execute(_SELECT_FRONTIER, {"shop": shop_id}).scalar()
    return merkle.Frontier() if found is None else merkle.Frontier.from_bytes(found)


def append(connection: Connection, shop_id: ShopId, entry: Entry, *, event_id: str, rx: datetime) -> int:
    """Add a leaf and the new head; give the leaf's index, which is the size before.

    The caller holds the write lock, so that no other leaf can take the same index.
    """
    before = head(connection, shop_id)
    raw = events.leaf(
        entry.type,
        entry.subject,
        entry.body,
        log=origin_of(shop_id),
        seq=before.size,
        id=event_id,
        rx=rx,
        actor=entry.actor,
        actor_kind=entry.actor_kind,
        device=entry.device,
        dseq=entry.dseq,
        at=entry.at,
    )
    leaf_hash = merkle.leaf_hash(raw)
    connection.execute(
        _INSERT_LEAF,
        {
            "shop_id": shop_id,
            "seq": before.size,
            "event_id": event_id,
            "type": entry.type.value,
            "subject_kind": entry.subject.kind,
            "subject_id": entry.subject.id,
            "rx": rx,
            "raw": raw,
            "leaf_hash": leaf_hash,
        },
    )
    _write_head(connection, shop_id, after=before.appended(leaf_hash))
    return before.size


def _write_head(connection: Connection, shop_id: ShopId, *, after: merkle.Frontier) -> None:
    values = {"size": after.size, "frontier": after.to_bytes(), "root": after.root()}
    if after.size == 1:
        connection.execute(_INSERT_HEAD, {"shop_id": shop_id, **values})
    else:
        connection.execute(_UPDATE_HEAD, {"shop": shop_id, **values})


def leaves(
    connection: Connection, shop_id: ShopId, *, start: int = 0, limit: int = LEAVES_READ_MAX
) -> tuple[StoredLeaf, ...]:
    """Leaves from index `start` on, in order, at most `limit` and never more than a page."""
    rows = connection.execute(
        select(_LEAVES.c.seq, _LEAVES.c.raw, _LEAVES.c.leaf_hash)
        .where(_LEAVES.c.shop_id == shop_id, _LEAVES.c.seq >= start)
        .order_by(_LEAVES.c.seq)
        .limit(min(limit, LEAVES_READ_MAX))
    )
    return tuple(StoredLeaf(seq=row.seq, raw=row.raw, leaf_hash=row.leaf_hash) for row in rows)


def is_demo(connection: Connection, shop_id: ShopId) -> bool:
    """Whether the first leaf says that the shop is a demonstration's."""
    first = leaves(connection, shop_id, limit=1)
    return bool(first) and events.Leaf.from_bytes(first[0].raw).body.get("demo") is True


def leaf_hashes(connection: Connection, shop_id: ShopId, *, start: int = 0, end: int) -> tuple[bytes, ...]:
    """Hashes of the leaves from `start` up to but without `end`, in order: the input of proofs."""
    rows = connection.execute(
        select(_LEAVES.c.leaf_hash)
        .where(_LEAVES.c.shop_id == shop_id, _LEAVES.c.seq >= start, _LEAVES.c.seq < end)
        .order_by(_LEAVES.c.seq)
    )
    return tuple(rows.scalars())


def check(connection: Connection, shop_id: ShopId) -> merkle.Frontier:
    """Rebuild the tree from the leaves' bytes and compare it with what is stored; give its frontier.

    Reads every leaf once, a page at a time: about 100,000 leaves a second.
    Raises: LogBroken: names the first leaf that is missing or altered, or says that the head differs.
    """
    frontier = merkle.Frontier()
    while page := leaves(connection, shop_id, start=frontier.size):
        for one in page:
            if one.seq != frontier.size:
                raise LogBroken(f"Leaf {frontier.size} of the log is missing. Restore a backup.", seq=frontier.size)
            if merkle.leaf_hash(one.raw) != one.leaf_hash:
                raise LogBroken(f"Leaf {one.seq} of the log was altered. Restore a backup.", seq=one.seq)
            frontier = frontier.appended(one.leaf_hash)
    if head(connection, shop_id) != frontier:
        raise LogBroken(
            f"The log has {frontier.size} leaves, but its head says otherwise. Restore a backup.", seq=frontier.size
        )
    return frontier
