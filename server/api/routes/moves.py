"""Moves: a till, a program or a manager says that a piece was sold, went out, came back or changed its place."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from starlette.requests import HTTPConnection

from server.api.auth import NotSignedIn, RightMissing, bearer_token
from server.api.context import context_of
from server.api.strict_json import Asked, StrictRoute
from server.core.errors import Absent, Conflict, Malformed
from server.core.ids import DeviceId, PersonId, PieceRef, PlaceId
from server.core.pieces import Status
from server.store import packs, people, rounds
from server.store.credentials import device_by_secret, secret_sha256, signed_in
from server.store.packs import MoveRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.move_piece import MoveKind, Wanted, move_piece

router = APIRouter(prefix="/v1", tags=["stock"], route_class=StrictRoute)

RIGHT: Final = "manage"
_WITH_PLACE: Final = (MoveKind.MOVED, MoveKind.BACK)


class KeyReused(Conflict):
    """The idempotency key came before with another move."""

    code: ClassVar[str] = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Mover:
    """Who asks for a move: a person on a device, or a program that is a device by itself."""

    device: DeviceId
    person: PersonId | None


def _mover(connection: HTTPConnection) -> Mover:
    context = context_of(connection)
    token, now = secret_sha256(bearer_token(connection)), context.store.clock.now()
    person = context.store.read(lambda conn: signed_in(conn, token, now=now))
    if person is not None:
        if RIGHT not in person.rights:
            raise RightMissing(
                f"{person.name} may not move pieces. Ask a colleague who manages the stock.", right=RIGHT
            )
        return Mover(device=person.device_id, person=person.person_id)
    device = context.store.read(lambda conn: device_by_secret(conn, token))
    if device is None or device.kind != "integration":
        raise NotSignedIn("Nobody is signed in, and no program has this token. Sign in, or pair the program again.")
    return Mover(device=device.id, person=None)


def _only_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("write the time as text, such as 2026-03-02T08:35:00Z")
    return value


class MoveAsked(Asked):
    """A move; no unknown members."""

    piece: str = Field(min_length=1, max_length=40, description="Reference, such as BAG-000001.")
    kind: MoveKind = Field(strict=False)
    place: str | None = Field(default=None, max_length=64, description="Id of a place: for moved, or for back.")
    away: Literal["out", "repair", "memo_out"] | None = Field(default=None, description="For out; else left out.")
    at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_only_text)] | None = Field(
        default=None, description="When it happened, RFC 3339. Left out: now."
    )
    witness: str | None = Field(default=None, max_length=64, description="Id of a second person who saw it.")
    ticket: str = Field(default="", max_length=100)


class MoveShown(BaseModel):
    """A recorded move; the same answer however often it is asked for, but for the places."""

    id: str
    piece: str
    kind: str
    from_place: str | None
    """null: none, or I have an unsealed round: where pieces belong is then shown to me by no route."""
    to_place: str | None
    """As above."""
    from_status: str | None
    to_status: str
    at: datetime
    recorded_at: datetime
    person: str | None
    witness: str | None
    ticket: str
    leaf: int


@router.post("/moves", status_code=201)
async def add_move(
    request: Request,
    asked: MoveAsked,
    mover: Annotated[Mover, Depends(_mover)],
    key: Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)],
) -> MoveShown:
    """Record one move. The same key with the same move gives the first answer again; with another move, 409."""
    wanted = _wanted(asked, mover)

    def work(unit: UnitOfWork) -> tuple[MoveRow, bool]:
        is_counting = mover.person is not None and rounds.is_counting(unit.conn, unit.shop_id, mover.person)
        return _once(unit, wanted, key), is_counting

    row, is_counting = await context_of(request).written(work)
    return MoveShown(
        id=row.id,
        piece=row.ref,
        kind=row.kind,
        from_place=None if is_counting else row.from_place,
        to_place=None if is_counting else row.to_place,
        from_status=row.from_status,
        to_status=row.to_status,
        at=row.at,
        recorded_at=row.rx,
        person=row.person,
        witness=row.witness,
        ticket=row.ticket,
        leaf=row.leaf,
    )


def _wanted(asked: MoveAsked, mover: Mover) -> Wanted:
    if asked.place is not None and asked.kind not in _WITH_PLACE:
        raise Malformed(f"A move of kind {asked.kind} has no place; leave it out.")
    if asked.away is not None and asked.kind is not MoveKind.OUT:
        raise Malformed(f"A move of kind {asked.kind} has no away; leave it out.")
    if asked.witness is not None and mover.person is None:
        raise Malformed("A witness is the second name beside a person's; a program has none. Leave it out.")
    return Wanted(
        ref=PieceRef(asked.piece),
        kind=asked.kind,
        place=None if asked.place is None else PlaceId(asked.place),
        away=Status(asked.away or Status.OUT),
        at=None if asked.at is None else _in_utc(asked.at),
        person=mover.person,
        witness=None if asked.witness is None else PersonId(asked.witness),
        device=mover.device,
        ticket=unicodedata.normalize("NFC", asked.ticket),
    )


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Malformed(f"{moment} lies outside the calendar in UTC. Send the time at which it happened.") from error


def move_id_of(shop: str, device: str, key: str) -> str:
    """The id of the move that a device asks for with a key: the database then holds at most one, for ever.

    A UUID of version 8 (RFC 9562, 5.8) over SHA-256, since the server's own ids are of version 7.
    """
    digest = sha256(f"baguier-move/1\n{shop}\n{device}\n{key}".encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)
    return str(UUID(int=number))


def _once(work: UnitOfWork, wanted: Wanted, key: str) -> MoveRow:
    assert wanted.device is not None
    move_id = move_id_of(work.shop_id, wanted.device, key)
    known = packs.move_by_id(work.conn, work.shop_id, move_id)
    if known is not None:
        if not _is_same(known, wanted):
            raise KeyReused("This Idempotency-Key came before with another move. Use a fresh key for each move.")
        return known
    if wanted.witness is not None and not any(
        one.id == wanted.witness for one in people.people(work.conn, work.shop_id)
    ):
        raise Absent(f"No person {wanted.witness[:40]!r} in this shop. Choose the witness from the list of people.")
    # The first id that a move takes is its own; the leaf's comes after it.
    ids = chain((move_id,), iter(work.make_id, None))
    move_piece(replace(work, make_id=ids.__next__), wanted)
    written = packs.move_by_id(work.conn, work.shop_id, move_id)
    assert written is not None, "the move must bear the id of its key, or a retry would move the piece twice"
    return written


def _is_same(row: MoveRow, wanted: Wanted) -> bool:
    away = wanted.away.value if wanted.kind is MoveKind.OUT else row.to_status
    return (row.ref, row.kind, row.person, row.witness, row.ticket, row.at, row.to_place, row.to_status) == (
        wanted.ref,
        wanted.kind.value,
        wanted.person,
        wanted.witness,
        wanted.ticket,
        wanted.at or row.rx,
        wanted.place or row.from_place,
        away,
    )
