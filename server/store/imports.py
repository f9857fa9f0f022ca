"""Import rows: which files were applied, which piece each of their lines stands for, and what they proposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from server.core.ids import Epc, PieceId, PieceRef, PlaceId, ShopId
from server.core.pieces import Status
from server.store.tables import Import, ImportKey, Piece, PieceFacts, PieceState, Proposal, Tag, table

_IMPORTS, _KEYS, _PROPOSALS = table(Import), table(ImportKey), table(Proposal)
_PIECES, _FACTS, _STATE, _TAGS = table(Piece), table(PieceFacts), table(PieceState), table(Tag)


@dataclass(frozen=True, slots=True)
class ImportedPiece:
    """A piece that an import of one source made, as it is now."""

    key: str
    piece_id: PieceId
    ref: PieceRef
    facts: str
    facts_n: int
    place_id: PlaceId | None
    status: Status
    epc: Epc | None


def imported(connection: Connection, shop_id: ShopId, source: str) -> tuple[ImportedPiece, ...]:
    """Every piece that `source` brought, in the order of keys."""
    start = f'["{source}",'
    rows = connection.execute(
        select(
            _KEYS.c.key,
            _KEYS.c.piece_id,
            _PIECES.c.ref,
            _FACTS.c.body,
            _STATE.c.facts_n,
            _STATE.c.place_id,
            _STATE.c.status,
            _TAGS.c.epc,
        )
        .join(_PIECES, (_PIECES.c.shop_id == _KEYS.c.shop_id) & (_PIECES.c.id == _KEYS.c.piece_id))
        .join(_STATE, (_STATE.c.shop_id == _KEYS.c.shop_id) & (_STATE.c.piece_id == _KEYS.c.piece_id))
        .join(
            _FACTS,
            (_FACTS.c.shop_id == _KEYS.c.shop_id)
            & (_FACTS.c.piece_id == _KEYS.c.piece_id)
            & (_FACTS.c.n == _STATE.c.facts_n),
        )
        .outerjoin(
            _TAGS,
            (_TAGS.c.shop_id == _KEYS.c.shop_id)
            & (_TAGS.c.piece_id == _KEYS.c.piece_id)
            & _TAGS.c.retired_at.is_(None),
        )
        .where(_KEYS.c.shop_id == shop_id, _KEYS.c.key >= start, _KEYS.c.key < start + "\U0010ffff")
        .order_by(_KEYS.c.key)
    )
    return tuple(
        ImportedPiece(
            key=row.key,
            piece_id=PieceId(row.piece_id),
            ref=PieceRef(row.ref),
            facts=row.body,
            facts_n=row.facts_n,
            place_id=None if row.place_id is None else PlaceId(row.place_id),
            status=Status(row.status),
            epc=None if row.epc is None else Epc(row.epc),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedImport:
    """One applied file."""

    id: str
    mapping: str
    file_name: str
    file_sha256: str
    person_id: str | None
    applied_at: datetime
    body: str
    """Canonical JSON of its counts."""
    leaf_seq: int


def record_import(connection: Connection, shop_id: ShopId, applied: AppliedImport) -> None:
    """Write the row of an applied file."""
    connection.execute(
        insert(_IMPORTS).values(
            shop_id=shop_id,
            id=applied.id,
            mapping=applied.mapping,
            file_name=applied.file_name,
            file_sha256=applied.file_sha256,
            person_id=applied.person_id,
            applied_at=applied.applied_at,
            body=applied.body,
            leaf_seq=applied.leaf_seq,
        )
    )


def record_keys(
    connection: Connection, shop_id: ShopId, keys: Sequence[tuple[str, PieceId]], *, import_id: str
) -> None:
    """Write which piece each import key stands for."""
    rows: list[dict[str, Any]] = [
        {"shop_id": shop_id, "key": key, "piece_id": piece, "import_id": import_id} for key, piece in keys
    ]
    if rows:
        connection.execute(insert(_KEYS), rows)


def open_proposals(connection: Connection, shop_id: ShopId) -> frozenset[tuple[PieceId, str]]:
    """Piece and kind of every proposal that waits for a decision."""
    rows = connection.execute(
        select(_PROPOSALS.c.piece_id, _PROPOSALS.c.kind).where(
            _PROPOSALS.c.shop_id == shop_id, _PROPOSALS.c.settled_at.is_(None)
        )
    )
    return frozenset((PieceId(row.piece_id), str(row.kind)) for row in rows)


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal to record."""

    id: str
    piece_id: PieceId
    kind: str
    body: str


def record_proposals(
    connection: Connection, shop_id: ShopId, proposals: Sequence[ProposalRow], *, import_id: str, now: datetime
) -> None:
    """Write what waits for the shop's decision."""
    rows: list[dict[str, Any]] = [
        {
            "shop_id": shop_id,
            "id": one.id,
            "import_id": import_id,
            "piece_id": one.piece_id,
            "kind": one.kind,
            "body": one.body,
            "raised_at": now,
        }
        for one in proposals
    ]
    if rows:
        connection.execute(insert(_PROPOSALS), rows)
