"""Records of tours as they are kept: the sealed bytes, once, for ever; and what a record is made from."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, select

from server.core.count_states import ENDED_STATES
from server.core.ids import ShopId, TourId
from server.store import tables as rows
from server.store.tables import table

_RECORDS, _TOURS, _COUNTS = table(rows.RecordRow), table(rows.Tour), table(rows.Count)
_CLOSURES, _SIGNATURES, _CHECKPOINTS = table(rows.Closure), table(rows.SignatureRow), table(rows.CheckpointRow)
_PEOPLE, _DEVICES = table(rows.Person), table(rows.Device)


@dataclass(frozen=True, slots=True)
class Closing:
    """When a tour ended."""

    at: datetime
    """The last closure, UTC without a zone as it is kept."""
    leaf_seq: int


@dataclass(frozen=True, slots=True)
class TourSignature:
    """One signature under a list of a tour, with names as they are now."""

    name: str
    language: str
    device: str
    list_no: int
    grade: str
    signed_at: datetime
    """UTC without a zone as it is kept."""


def due(connection: Connection, shop_id: ShopId) -> tuple[TourId, ...]:
    """Tours without a record in which every count has ended and at least one is closed, oldest first."""
    same_tour = (_COUNTS.c.shop_id == _TOURS.c.shop_id) & (_COUNTS.c.tour_id == _TOURS.c.id)
    ended = [state.value for state in ENDED_STATES]
    found = connection.execute(
        select(_TOURS.c.id)
        .where(
            _TOURS.c.shop_id == shop_id,
            ~exists().where(_RECORDS.c.shop_id == _TOURS.c.shop_id, _RECORDS.c.tour_id == _TOURS.c.id),
            exists().where(same_tour, _COUNTS.c.state == "closed"),
            ~exists().where(same_tour, _COUNTS.c.state.not_in(ended)),
        )
        .order_by(_TOURS.c.planned_at, _TOURS.c.id)
    )
    return tuple(TourId(tour) for tour in found.scalars())


def closing(connection: Connection, shop_id: ShopId, tour_id: TourId) -> Closing:
    """The last closure of a tour that has one."""
    row = connection.execute(
        select(func.max(_CLOSURES.c.closed_at).label("at"), func.max(_CLOSURES.c.leaf_seq).label("leaf_seq"))
        .select_from(
            _CLOSURES.join(_COUNTS, (_COUNTS.c.shop_id == _CLOSURES.c.shop_id) & (_COUNTS.c.id == _CLOSURES.c.count_id))
        )
        .where(_CLOSURES.c.shop_id == shop_id, _COUNTS.c.tour_id == tour_id)
    ).one()
    return Closing(row.at, int(row.leaf_seq))


def first_note_over(connection: Connection, shop_id: ShopId, leaf_seq: int) -> str | None:
    """The first signed checkpoint that covers a leaf; None: none is signed yet."""
    note: str | None = connection.execute(
        select(_CHECKPOINTS.c.note)
        .where(_CHECKPOINTS.c.shop_id == shop_id, _CHECKPOINTS.c.size > leaf_seq)
        .order_by(_CHECKPOINTS.c.size)
        .limit(1)
    ).scalar()
    return note


def signatures(connection: Connection, shop_id: ShopId, tour_id: TourId) -> tuple[TourSignature, ...]:
    """Everybody who signed a list of the tour, in the order of signing."""
    found = connection.execute(
        select(
            _PEOPLE.c.name,
            _PEOPLE.c.language,
            _DEVICES.c.name.label("device"),
            _SIGNATURES.c.list_no,
            _SIGNATURES.c.grade,
            _SIGNATURES.c.signed_at,
        )
        .select_from(
            _SIGNATURES.join(
                _PEOPLE, (_PEOPLE.c.shop_id == _SIGNATURES.c.shop_id) & (_PEOPLE.c.id == _SIGNATURES.c.person_id)
            ).join(_DEVICES, (_DEVICES.c.shop_id == _SIGNATURES.c.shop_id) & (_DEVICES.c.id == _SIGNATURES.c.device_id))
        )
        .where(_SIGNATURES.c.shop_id == shop_id, _SIGNATURES.c.tour_id == tour_id)
        .order_by(_SIGNATURES.c.leaf_seq)
    )
    return tuple(
        TourSignature(row.name, row.language, row.device, row.list_no, row.grade, row.signed_at) for row in found
    )


def has(connection: Connection, shop_id: ShopId, tour_id: TourId) -> bool:
    """Whether the tour's record is kept."""
    kept = select(_RECORDS.c.tour_id).where(_RECORDS.c.shop_id == shop_id, _RECORDS.c.tour_id == tour_id)
    return connection.execute(kept).first() is not None


def is_named(connection: Connection, shop_id: ShopId, name: str) -> bool:
    """Whether a record of this name is kept."""
    kept = select(_RECORDS.c.tour_id).where(_RECORDS.c.shop_id == shop_id, _RECORDS.c.name == name)
    return connection.execute(kept).first() is not None


def add(
    connection: Connection, shop_id: ShopId, tour_id: TourId, *, name: str, pdf: bytes, made_at: datetime, leaf_seq: int
) -> None:
    """Keep a record. A tour has one."""
    connection.execute(
        insert(_RECORDS).values(
            shop_id=shop_id, tour_id=tour_id, name=name, pdf=pdf, made_at=made_at, leaf_seq=leaf_seq
        )
    )


def records(connection: Connection, shop_id: ShopId, *, end: int, tour_id: TourId | None = None) -> dict[str, bytes]:
    """Name → sealed PDF of the records made in leaves before `end`; of one tour when it is given."""
    found = select(_RECORDS.c.name, _RECORDS.c.pdf).where(_RECORDS.c.shop_id == shop_id, _RECORDS.c.leaf_seq < end)
    if tour_id is not None:
        found = found.where(_RECORDS.c.tour_id == tour_id)
    return {row.name: bytes(row.pdf) for row in connection.execute(found.order_by(_RECORDS.c.leaf_seq))}
