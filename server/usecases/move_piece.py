"""Move a piece: a sale, a piece going out, coming back, or changing its place; each is one leaf.

Given a piece and where it goes; writes the move and the piece's present; promises that expected stock can be recomputed from
moves alone, and that a piece that left is not sold or lent again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, assert_never

from server.clock import to_ms
from server.core.errors import Conflict, Malformed
from server.core.ids import DeviceId, PersonId, PieceRef, PlaceId
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Subject
from server.core.pieces import AWAY, GONE, Status
from server.core.sightings import Sighting
from server.store import places, sightings, stock
from server.store.stock import Moved, StockedPiece
from server.store.unit_of_work import UnitOfWork
from server.usecases.open_shop import SYSTEM_ACTOR

TICKET_CHARACTERS_MAX: Final = 100


class PieceGone(Conflict):
    """The piece is sold or archived."""

    code: ClassVar[str] = "piece_gone"


class PieceAway(Conflict):
    """The piece is out, so it cannot leave its place."""

    code: ClassVar[str] = "piece_away"


class PieceNotAway(Conflict):
    """The piece is not out, so it cannot come back."""

    code: ClassVar[str] = "piece_not_away"


class MoveKind(StrEnum):
    """What happened."""

    SALE = "sale"
    OUT = "out"
    """To a client, a workshop or another house; expected back."""
    BACK = "back"
    MOVED = "moved"
    """From one place of the shop to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A move as somebody asks for it."""

    ref: PieceRef
    kind: MoveKind
    place: PlaceId | None = None
    """Where it goes, for `moved`; for `back`, None: to its home."""
    away: Status = Status.OUT
    """For `out`: out, repair or memo_out."""
    at: datetime | None = None
    """When it happened. None: now."""
    person: PersonId | None = None
    witness: PersonId | None = None
    """A second person who saw it."""
    device: DeviceId | None = None
    ticket: str = ""
    """Number of the till's ticket or of the slip; kept in the books, its absence or presence in the log."""


def move_piece(unit: UnitOfWork, wanted: Wanted) -> int:
    """Record one move; give its leaf's index.

    Raises: Absent: no such piece or place. Malformed: no place for `moved`, a time ahead of ours, the witness is the person, a
    ticket that no pack can hold.
    PieceGone, PieceAway, PieceNotAway.
    """
    piece = stock.piece_by_ref(unit.conn, unit.shop_id, wanted.ref)
    at = unit.now if wanted.at is None else wanted.at
    _check(wanted, at=at, now=unit.now)
    status = status_after(piece, wanted)
    place = wanted.place if wanted.kind in (MoveKind.MOVED, MoveKind.BACK) and wanted.place else piece.place_id
    if wanted.place is not None:
        places.require_place(unit.conn, unit.shop_id, wanted.place)
    paths = places.paths(unit.conn, unit.shop_id)
    move_id = unit.new_id()
    body: dict[str, JsonValue] = {
        "move": move_id,
        "kind": wanted.kind.value,
        "from_place": piece.place_id,
        "to_place": place,
        "from_path": None if piece.place_id is None else paths.get(piece.place_id),
        "to_path": None if place is None else paths.get(place),
        "from_status": piece.status.value,
        "to_status": status.value,
        "witness": wanted.witness,
        "has_ticket": bool(wanted.ticket),
    }
    leaf_seq = unit.append_leaf(
        EventType.PIECE_MOVED,
        Subject("piece", piece.ref),
        body,
        actor=wanted.person or SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM if wanted.person is None else ActorKind.PERSON,
        device=wanted.device,
        at=at,
    )
    moved = Moved(
        move_id=move_id,
        piece=piece,
        kind=wanted.kind.value,
        to_place=place,
        to_status=status,
        at=at,
        rx=unit.now,
        person_id=wanted.person,
        witness_id=wanted.witness,
        device_id=wanted.device,
        ticket=wanted.ticket,
        leaf_seq=leaf_seq,
    )
    stock.record_move(unit.conn, unit.shop_id, moved)
    _note_seen(unit, moved)
    unit.announce("board", "piece.moved", {"piece": piece.ref, "kind": wanted.kind.value})
    return leaf_seq


def _note_seen(unit: UnitOfWork, moved: Moved) -> None:
    """A person who moves a piece has it in hand; a till's or a program's word is no hand."""
    if moved.person_id is None:
        return
    place = moved.to_place if moved.to_status is Status.IN_STOCK else None
    person = PersonId(moved.person_id)
    seen = Sighting((moved.piece.ref,), is_by_hand=True, at=to_ms(moved.at), place=place, person=person)
    sightings.note(unit.conn, unit.shop_id, [seen])


def status_after(piece: StockedPiece, wanted: Wanted) -> Status:
    """The piece's status once moved. Raises: PieceGone, PieceAway, PieceNotAway, Malformed."""
    if piece.status in GONE:
        raise PieceGone(f"{piece.ref} is {piece.status}; nothing more can happen to it. Open a case if it is here.")
    match wanted.kind:
        case MoveKind.SALE:
            return Status.SOLD
        case MoveKind.OUT:
            if wanted.away not in AWAY:
                raise Malformed(f"A piece goes out as {', '.join(sorted(AWAY))}; {wanted.away} was given.")
            if piece.status in AWAY:
                raise PieceAway(f"{piece.ref} is already {piece.status}. Record that it came back first.")
            return wanted.away
        case MoveKind.BACK:
            if piece.status not in AWAY:
                raise PieceNotAway(f"{piece.ref} is not out, so it cannot come back. Use moved for another place.")
            return Status.IN_STOCK
        case MoveKind.MOVED:
            if wanted.place is None:
                raise Malformed(f"{piece.ref} moves to a place; name it.")
            if piece.status in AWAY:
                raise PieceAway(f"{piece.ref} is {piece.status}. Record that it came back, with its new place.")
            return piece.status
        case _:
            assert_never(wanted.kind)


def _check(wanted: Wanted, *, at: datetime, now: datetime) -> None:
    if at > now:
        raise Malformed("A move cannot lie ahead of the server's clock. Check the device's clock.")
    if wanted.witness is not None and wanted.witness == wanted.person:
        raise Malformed("The second name is the first one's; a witness is somebody else.")
    if len(wanted.ticket) > TICKET_CHARACTERS_MAX:
        raise Malformed(f"The ticket number has {len(wanted.ticket)} characters; at most {TICKET_CHARACTERS_MAX}.")
    # A pack holds every ticket: one that it cannot hold would keep the shop from handing out any pack.
    canonical.encode(wanted.ticket)
