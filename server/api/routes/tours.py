"""Tours: what is to be counted now, and the one list that each person signs."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from server.api.auth import Person
from server.api.context import Context, context_of
from server.api.lists_read import ListsRead
from server.api.strict_json import Asked, StrictRoute
from server.clock import in_utc, to_ms
from server.core.count_acts import Occasion
from server.core.count_sheet import Mode
from server.core.count_states import SIGNED_OFF_STATES, CountState
from server.core.errors import Malformed
from server.core.ids import CountId, PersonId, ShopId, TourId
from server.core.log.events import format_time
from server.core.tours import TourList
from server.store import counts, places, signatures, tours
from server.store.credentials import SignedIn
from server.store.shops import shop_facts
from server.store.tours import CountRow, TourRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.close_counts import close_counts
from server.usecases.close_counts_overdue import end_overdue
from server.usecases.plan_tour import ShopMoment, current_tour, shop_moment, tour_of_now
from server.usecases.sign_tour import SigningAsked, show_list, sign_tour
from server.usecases.sign_tour_pin import pin_check
from server.usecases.verify_count import is_recounted

router = APIRouter(prefix="/v1/tours", tags=["tours"], route_class=StrictRoute)
T = TypeVar("T")
Id = Annotated[str, Path(max_length=64)]
DIGEST: Final = r"^[0-9a-f]{64}$"


class TourCountShown(BaseModel):
    """A count of a tour: where it stands and who is at it, no figures."""

    id: str
    place: str
    path: str
    state: str
    my_role: str | None
    """A or B; null: neither."""
    due_at: str
    partner: str | None
    """Name of the other person; null: nobody yet."""
    has_recount: bool
    """The two rounds differ, and somebody still has a word to say on a piece."""
    has_signed: bool
    """My signature stands on the line, the other one is awaited."""


class TourShown(BaseModel):
    """All counts of an occasion."""

    id: str
    occasion: str
    shop_day: str
    now: str
    """By the server's clock, so that a device whose own clock is wrong still tells what is late."""
    counts: list[TourCountShown]


class LineShown(BaseModel):
    """One count of my list."""

    count: str
    path: str
    my_role: str
    present: int
    missing: int
    by_hand: int
    quantity_b: int | None
    mode: str
    result_no: int
    result: str
    exceptions: list[str]
    """Read in full before signing."""


class PartnerShown(BaseModel):
    """Who signs the other side of my list, and how far they are."""

    name: str
    state: str
    """not_started, reading or signed."""
    at: str | None
    """When they opened or signed it."""


class ListShown(BaseModel):
    """What I sign in one go; `lines_sha256` comes back with the signature."""

    tour: str
    list_no: int
    lines_sha256: str
    lines: list[LineShown]
    left_out: list[str]
    n_exceptions: int
    is_late: bool
    partner: PartnerShown | None
    """null: nobody, I counted alone."""


class PhotoTaken(Asked):
    """Digest of the photo of a tray, for closing alone."""

    count: str = Field(max_length=64)
    sha256: str = Field(pattern=DIGEST)


class SignatureAsked(Asked):
    """My signature on the list as it was shown."""

    list_no: int = Field(ge=1)
    lines_sha256: str = Field(pattern=DIGEST)
    meaning: str = Field(min_length=1, max_length=500)
    """The sentence on the screen, one of those that the server knows."""
    opened_at: str = Field(max_length=40)
    """When the list was shown, RFC 3339 with a zone."""
    pin: str = Field(pattern=r"^[0-9]{6}$")
    read_exceptions: list[str] = Field(default=[], max_length=60)
    """Counts whose exceptions were opened."""
    photos: list[PhotoTaken] = Field(default=[], max_length=60)


class SignatureShown(BaseModel):
    """A signature that was made."""

    signature: str


@router.get("/current")
async def current(request: Request, person: Person) -> TourShown:
    """The tour of now, planned on the first request; what can be closed is closed."""
    context = context_of(request)
    known = await asyncio.to_thread(
        context.store.read, lambda conn: tour_of_now(conn, context.store.shop_id, context.store.clock.now())
    )
    tour = await context.written(_planned) if known is None else known
    return await _seen(context, tour, person)


@router.get("/{tour_id}")
async def show(request: Request, tour_id: Id, person: Person) -> TourShown:
    """One tour; what can be closed is closed."""
    context = context_of(request)
    tour = await asyncio.to_thread(
        context.store.read, lambda conn: tours.by_id(conn, context.store.shop_id, TourId(tour_id))
    )
    return await _seen(context, tour, person)


@router.get("/{tour_id}/list")
async def my_list(request: Request, tour_id: Id, person: Person) -> ListShown:
    """The list I can sign now; results that are settled are fixed by asking for it."""
    by = person.actor
    context = context_of(request)

    def work(unit: UnitOfWork) -> ListShown:
        listed = show_list(unit, TourId(tour_id), by)
        if context.lists_read.note(listed.tour, listed.list_no, by.person, at=unit.now):
            # Once a list and person: a screen that looks again at each message would otherwise wake the other for ever.
            unit.announce("tour", "list.opened", {"tour": listed.tour, "list_no": listed.list_no})
        return _list_shown(unit, listed, read=context.lists_read)

    return await context.written(work)


@router.post("/{tour_id}/signatures", status_code=201)
async def sign(request: Request, tour_id: Id, asked: SignatureAsked, person: Person) -> SignatureShown:
    """Sign the list with my PIN. A second signature of a person or a device on a line is refused, whatever the route."""
    context = context_of(request)
    signing = SigningAsked(
        list_no=asked.list_no,
        lines_sha256=asked.lines_sha256,
        meaning=asked.meaning,
        opened_at=_moment(asked.opened_at),
        pin=asked.pin,
        read_exceptions=frozenset(CountId(count) for count in asked.read_exceptions),
        photos=tuple((CountId(photo.count), photo.sha256) for photo in asked.photos),
    )
    check = pin_check(context.store, device=person.device_id, pin_mac=context.signer.pin_mac, guard=context.pin_guard)
    by = person.actor
    made = await asyncio.to_thread(sign_tour, context.store, TourId(tour_id), by, asked=signing, check_pin=check)
    return SignatureShown(signature=made)


def _moment(text: str) -> int:
    """Milliseconds of an RFC 3339 time. Raises: Malformed."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Malformed(f"opened_at is {text!r} without a zone; end it with Z.")
        # In UTC the first and the last day of the calendar may lie outside it.
        return to_ms(moment.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise Malformed(f"opened_at is {text!r}; expected a time such as 2026-03-02T08:35:00.000Z.") from error


def _planned(work: UnitOfWork) -> TourRow:
    end_overdue(work)
    return current_tour(work)


async def _seen(context: Context, tour: TourRow, person: SignedIn) -> TourShown:
    """A tour as it is shown. Every screen asks after every message, so the writer is troubled only when something can be closed."""
    store = context.store

    def look(conn: Connection) -> TourShown:
        return _shown(conn, store.shop_id, tour, person=person, now=store.clock.now())

    shown = await asyncio.to_thread(store.read, look)
    if all(CountState[one.state] not in SIGNED_OFF_STATES for one in shown.counts):
        return shown
    await context.written(lambda work: close_counts(work, tour.id))
    return await asyncio.to_thread(store.read, look)


def _shown(conn: Connection, shop_id: ShopId, tour: TourRow, *, person: SignedIn, now: datetime) -> TourShown:
    paths = places.paths(conn, shop_id)
    names = tours.names(conn, shop_id)
    due = format_time(_due(shop_moment(shop_facts(conn, shop_id), now), tour))
    return TourShown(
        id=tour.id,
        occasion=tour.occasion.value,
        shop_day=tour.shop_day.isoformat(),
        now=format_time(now),
        counts=[
            TourCountShown(
                id=row.id,
                place=row.place_id,
                path=paths.get(row.place_id, row.place_id),
                state=CountState(row.state).name,
                my_role=_role(row, person.person_id),
                due_at=due,
                partner=_partner(row, person.person_id, names=names),
                has_recount=_has_recount(conn, shop_id, row),
                has_signed=_has_signed(conn, shop_id, row, person=person.person_id),
            )
            for row in tours.count_rows(conn, shop_id, tour.id)
        ],
    )


def _due(now: ShopMoment, tour: TourRow) -> datetime:
    """An opening is due in the morning of its day, everything else at the end of the day."""
    due = now.opening_by if tour.occasion is Occasion.OPENING else now.ends_at
    return due + (tour.shop_day - now.day)


def _has_recount(conn: Connection, shop_id: ShopId, row: CountRow) -> bool:
    is_revealed = row.state in (CountState.REVEALED, CountState.RECOUNTING)
    return is_revealed and not is_recounted(counts.load(conn, shop_id, row.id))


def _has_signed(conn: Connection, shop_id: ShopId, row: CountRow, *, person: PersonId) -> bool:
    if row.state != CountState.SIGNED_ONE or _role(row, person) is None:
        return False
    return any(one.by.person == person for one in counts.load(conn, shop_id, row.id).signatures)


def _role(row: CountRow, person: PersonId) -> str | None:
    return next((role.upper() for role in ("a", "b") if row.people.get(role) == person), None)


def _partner(row: CountRow, person: PersonId, *, names: Mapping[PersonId, str]) -> str | None:
    """The other person at this count: for who is not at it, the one who counts first."""
    other = "a" if row.people.get("b") == person or row.people.get("a") != person else "b"
    found = row.people.get(other)
    return None if found is None else names.get(found)


def _partner_of_list(
    work: UnitOfWork, listed: TourList, rows: Mapping[CountId, CountRow], *, read: ListsRead
) -> PartnerShown | None:
    """All lines of a list have one partner, so the first line names them."""
    first = listed.lines[0]
    partner = rows[first.count].people.get("b" if first.my_role == "A" else "a")
    if partner is None or first.mode == Mode.SOLO.value:
        return None
    name = tours.names(work.conn, work.shop_id).get(partner, "")
    signed_at = signatures.signed_at(work.conn, work.shop_id, listed.tour, list_no=listed.list_no, person=partner)
    if signed_at is not None:
        return PartnerShown(name=name, state="signed", at=format_time(in_utc(signed_at)))
    opened_at = read.opened_at(listed.tour, listed.list_no, partner)
    if opened_at is not None:
        return PartnerShown(name=name, state="reading", at=format_time(opened_at))
    return PartnerShown(name=name, state="not_started", at=None)


def _list_shown(work: UnitOfWork, listed: TourList, *, read: ListsRead) -> ListShown:
    paths = places.paths(work.conn, work.shop_id)
    rows = {row.id: row for row in tours.count_rows(work.conn, work.shop_id, listed.tour)}
    at = {count: row.place_id for count, row in rows.items()}
    return ListShown(
        tour=listed.tour,
        list_no=listed.list_no,
        lines_sha256=listed.lines_sha256(),
        lines=[
            LineShown(
                count=line.count,
                path=paths.get(at[line.count], at[line.count]),
                my_role=line.my_role,
                present=line.present,
                missing=line.missing,
                by_hand=line.by_hand,
                quantity_b=line.quantity_b,
                mode=line.mode,
                result_no=line.result_no,
                result=line.result,
                exceptions=list(line.exceptions),
            )
            for line in listed.lines
        ],
        left_out=list(listed.left_out),
        n_exceptions=listed.n_exceptions(),
        is_late=listed.is_late(at=to_ms(work.now)),
        partner=_partner_of_list(work, listed, rows, read=read),
    )
