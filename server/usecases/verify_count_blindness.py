"""Blindness over all routes: what names a place's pieces is shown to nobody who counts that place blind."""

from collections.abc import Collection

from sqlalchemy import Connection

from server.core.counting import require_not_counting_blind
from server.core.ids import PersonId, PieceRef, PlaceId, ShopId
from server.store import counts, rounds


def require_not_blind_about(
    connection: Connection,
    shop_id: ShopId,
    person: PersonId,
    *,
    refs: Collection[PieceRef] = (),
    places: Collection[PlaceId] = (),
) -> None:
    """Refuse an answer that names one of these pieces or places to a person who counts it blind, on any session.

    Raises: CountingBlind.
    """
    for count_id in rounds.open_counts_of(connection, shop_id, person):
        count = counts.load(connection, shop_id, count_id)
        if count.plan.place in places or any(piece.ref in refs for piece in count.expected):
            require_not_counting_blind(count, person)
