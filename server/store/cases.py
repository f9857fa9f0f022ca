"""Case rows: findings that people follow up, and every step they took."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection, func, insert, select, update

from server.clock import from_ms
from server.core.cases import (
    Case,
    CaseState,
    CaseStep,
    case_act_to_json,
    case_from_json,
    case_to_json,
    is_live,
)
from server.core.cases import known_missing as absent_pieces
from server.core.errors import Absent
from server.core.ids import CaseId, PersonId, PieceId, PieceRef, PlaceId, ShopId
from server.core.plain_json import kind_of, object_from_text, object_to_text
from server.store.tables import CaseEvent, CaseRow, Piece, table

_CASES, _EVENTS, _PIECES = table(CaseRow), table(CaseEvent), table(Piece)
_OF_PIECE = _CASES.join(_PIECES, (_PIECES.c.shop_id == _CASES.c.shop_id) & (_PIECES.c.id == _CASES.c.piece_id))
CASES_MAX = 500
"""Cases of one list: more open ones than that are a burglary, not a list."""


class CaseAbsent(Absent):
    """No such case in this shop."""

    code: ClassVar[str] = "case_absent"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a case is about, as rows refer to it; all None: a tag that no piece has."""

    piece_id: PieceId | None
    place_id: PlaceId | None


def known_missing(connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]) -> tuple[PieceRef, ...]:
    """Those of the pieces that are known to be missing, lost or stolen, in order of references."""
    return absent_pieces(live_of_pieces(connection, shop_id, refs).values())


def live_of_pieces(connection: Connection, shop_id: ShopId, refs: Collection[PieceRef]) -> dict[PieceRef, Case]:
    """Piece → the case that waits for it: the one that is open, else its last one if that wrote the piece off."""
    rows = connection.execute(
        select(_PIECES.c.ref, _CASES.c.body)
        .select_from(_OF_PIECE)
        .where(_CASES.c.shop_id == shop_id, _PIECES.c.ref.in_(list(refs)))
        .order_by(_CASES.c.closed_at.is_(None), _CASES.c.opened_at, _CASES.c.id)
    )
    last = {PieceRef(row.ref): case_from_json(object_from_text(row.body)) for row in rows}
    return {ref: case for ref, case in last.items() if is_live(case)}


def deciders(
    connection: Connection, shop_id: ShopId, refs: Collection[PieceRef], *, since: datetime | None
) -> tuple[PersonId, ...]:
    """Who decided on a case of these pieces after `since` (UTC as kept; None: ever), in order of ids."""
    wanted = (
        select(_EVENTS.c.person_id)
        .select_from(
            _OF_PIECE.join(_EVENTS, (_EVENTS.c.shop_id == _CASES.c.shop_id) & (_EVENTS.c.case_id == _CASES.c.id))
        )
        .where(_CASES.c.shop_id == shop_id, _EVENTS.c.type == "decide", _PIECES.c.ref.in_(list(refs)))
    )
    if since is not None:
        wanted = wanted.where(_EVENTS.c.at > since)
    return tuple(sorted({PersonId(person) for person in connection.execute(wanted).scalars() if person is not None}))


def load(connection: Connection, shop_id: ShopId, case_id: CaseId) -> Case:
    """The case. Raises: CaseAbsent."""
    text = connection.execute(select(_CASES.c.body).where(_CASES.c.shop_id == shop_id, _CASES.c.id == case_id)).scalar()
    if text is None:
        raise CaseAbsent(f"There is no case {case_id[:40]}. Look it up in the list of cases.", case=case_id)
    return case_from_json(object_from_text(text))


def open_ones(connection: Connection, shop_id: ShopId) -> tuple[Case, ...]:
    """Cases that are not decided, oldest first, `CASES_MAX` at most."""
    rows = connection.execute(
        select(_CASES.c.body)
        .where(_CASES.c.shop_id == shop_id, _CASES.c.closed_at.is_(None))
        .order_by(_CASES.c.opened_at, _CASES.c.id)
        .limit(CASES_MAX)
    )
    return tuple(case_from_json(object_from_text(text)) for text in rows.scalars())


def decided_since(connection: Connection, shop_id: ShopId, since: datetime) -> tuple[Case, ...]:
    """Cases that were decided since then, oldest first."""
    rows = connection.execute(
        select(_CASES.c.body)
        .where(_CASES.c.shop_id == shop_id, _CASES.c.closed_at >= since)
        .order_by(_CASES.c.closed_at, _CASES.c.id)
    )
    return tuple(case_from_json(object_from_text(text)) for text in rows.scalars())


def add(connection: Connection, shop_id: ShopId, case: Case, *, about: Subject, severity: str, leaf_seq: int) -> None:
    """Write a new case that a count opened. A piece has at most one open case."""
    connection.execute(
        insert(_CASES).values(
            shop_id=shop_id,
            id=case.case,
            klass=case.discrepancy,
            state=case.state.value,
            piece_id=about.piece_id,
            place_id=about.place_id,
            count_id=case.count,
            severity=severity,
            opened_at=from_ms(case.opened_at),
            body=object_to_text(case_to_json(case)),
        )
    )
    connection.execute(
        insert(_EVENTS).values(
            shop_id=shop_id,
            case_id=case.case,
            n=1,
            type="opened",
            at=from_ms(case.opened_at),
            body="{}",
            leaf_seq=leaf_seq,
        )
    )


def keep(connection: Connection, shop_id: ShopId, step: CaseStep, *, severity: str, leaf_seq: int) -> None:
    """Write one step of a case and what it leads to. Raises: TypeError: not a step of the core."""
    if not isinstance(step, CaseStep):
        raise TypeError("Only a CaseStep made by cases.advance_case is kept.")
    case, act = step.case, step.act
    closed_at = from_ms(act.at) if case.state is CaseState.DECIDED else None
    connection.execute(
        update(_CASES)
        .where(_CASES.c.shop_id == shop_id, _CASES.c.id == case.case)
        .values(
            klass=case.discrepancy,
            state=case.state.value,
            severity=severity,
            closed_at=closed_at,
            body=object_to_text(case_to_json(case)),
        )
    )
    connection.execute(
        insert(_EVENTS).values(
            shop_id=shop_id,
            case_id=case.case,
            n=_next_event(connection, shop_id, case.case),
            type=kind_of(type(act)),
            person_id=act.by.person,
            device_id=act.by.device,
            at=from_ms(act.at),
            body=object_to_text(case_act_to_json(act)),
            leaf_seq=leaf_seq,
        )
    )


def _next_event(connection: Connection, shop_id: ShopId, case_id: CaseId) -> int:
    last = select(func.coalesce(func.max(_EVENTS.c.n), 0)).where(
        _EVENTS.c.shop_id == shop_id, _EVENTS.c.case_id == case_id
    )
    return int(connection.execute(last).scalar_one()) + 1
