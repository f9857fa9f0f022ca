"""Pieces: the stock as a list, a page at a time."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import Connection

from server.api.auth import Person
from server.api.context import context_of
from server.api.strict_json import StrictRoute
from server.core.ids import PieceRef, PlacePath
from server.core.log.canonical import JsonValue
from server.store import packs, places, rounds, stock
from server.store.credentials import SignedIn
from server.store.stock import StockedPiece

router = APIRouter(prefix="/v1", tags=["stock"], route_class=StrictRoute)

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200
"""Pieces of one page; a larger limit gives a page of this size."""
WHOLE_VIEW: Final = frozenset({"manage", "own", "read"})
"""Any of these rights shows amounts and places; a person who only counts sees neither."""


class AmountShown(BaseModel):
    """An amount in minor units of its currency, such as 120000 for 1,200.00 EUR."""

    minor: int
    currency: str


class PlaceShown(BaseModel):
    """Where the books put a piece now."""

    id: str
    path: str


class PieceShown(BaseModel):
    """A piece as the books have it; never with its tag or its label's code."""

    ref: str
    name: str
    category: str
    sku: str
    owner: str
    status: str | None
    place: PlaceShown | None
    retail: AmountShown | None
    cost: AmountShown | None
    value: AmountShown | None
    """What it would cost to replace it."""


class PiecesPage(BaseModel):
    """Some pieces in the order of their references."""

    pieces: list[PieceShown]
    shows_places: bool
    """False: place and status are left out, since this person only counts, is counting, or may still verify an open count."""
    shows_amounts: bool
    next: str | None
    """`cursor` of the page after this one; null: this was the last."""


@router.get("/pieces")
def list_pieces(
    request: Request,
    person: Person,
    cursor: Annotated[str | None, Query(pattern=r"^BAG-[0-9]{6,12}$")] = None,
    limit: Annotated[int, Query(ge=1)] = PAGE_DEFAULT,
) -> PiecesPage:
    """The pieces after `cursor`, at most `limit` and never more than 200."""
    size = min(limit, PAGE_MAX)
    shows_amounts = bool(WHOLE_VIEW & person.rights)

    def page(conn: Connection) -> PiecesPage:
        after = None if cursor is None else PieceRef(cursor)
        found = stock.pieces(conn, person.shop_id, after=after, limit=size + 1)
        shown = found[:size]
        facts = packs.descriptions(conn, person.shop_id, [one.id for one in shown]) if shows_amounts else {}
        shows_places = shows_amounts and not _is_kept_blind(conn, person)
        paths = places.paths(conn, person.shop_id) if shows_places else {}
        return PiecesPage(
            pieces=[
                _shown(
                    one,
                    facts.get(one.id, {}),
                    path=paths.get(one.place_id) if one.place_id else None,
                    shows_places=shows_places,
                )
                for one in shown
            ],
            shows_places=shows_places,
            shows_amounts=shows_amounts,
            next=shown[-1].ref if len(found) > size else None,
        )

    return context_of(request).store.read(page)


def _is_kept_blind(conn: Connection, person: SignedIn) -> bool:
    """Whether where the books put the pieces would end this person's blindness: the list is what a count finds out.

    All places are left out or none, since leaving out those of one tray would name its pieces.
    """
    if rounds.is_counting(conn, person.shop_id, person.person_id):
        return True
    return "count" in person.rights and rounds.may_verify_blind(conn, person.shop_id, person.person_id)


def _shown(
    piece: StockedPiece, facts: Mapping[str, JsonValue], *, path: PlacePath | None, shows_places: bool
) -> PieceShown:
    """`facts` empty: no amount is shown."""
    details = facts.get("details")
    details = details if isinstance(details, dict) else {}

    def amount(minor: JsonValue) -> AmountShown | None:
        return AmountShown(minor=minor, currency=piece.currency) if facts and isinstance(minor, int) else None

    return PieceShown(
        ref=piece.ref,
        name=piece.name,
        category=piece.category,
        sku=piece.sku,
        owner=piece.ownership,
        status=piece.status.value if shows_places else None,
        place=None if path is None or piece.place_id is None else PlaceShown(id=piece.place_id, path=path),
        retail=amount(piece.retail_minor),
        cost=amount(details.get("purchase_minor")),
        value=amount(details.get("replacement_minor")),
    )
