"""A count as one person may know it now: no figure of anybody, and pieces only where this person must act on them."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel
from sqlalchemy import Connection

from server.clock import from_ms
from server.core.actors import Actor
from server.core.count_result import recount_lines
from server.core.count_sheet import Count, Mode
from server.core.count_states import CountState
from server.core.ids import PieceRef, RoundId, ShopId
from server.core.log.events import format_time
from server.core.tours import role_of
from server.core.verification import keyed_quantity, verifier_of
from server.store import places, rounds, stock
from server.usecases.verify_count import asked_with_answers, needs_labels

_DIFFERING: Final = (CountState.REVEALED, CountState.RECOUNTING)
"""States in which people still settle what differs."""
_WORDS: Final[Mapping[bool | None, str]] = {None: "unanswered", True: "present", False: "absent"}


class AskShown(BaseModel):
    """A piece the verifier holds up, or says is not there."""

    reference: str
    name: str
    reason: str
    """due, draw, silent or search."""
    answer: str
    """unanswered, present or absent."""


class RecountShown(BaseModel):
    """A piece on which the two rounds differ."""

    reference: str
    name: str
    my_word: str | None
    """present or absent; null: I have not said it."""


class PieceNamed(BaseModel):
    """A piece as people call it."""

    reference: str
    name: str


class CountShown(BaseModel):
    """A count as this person may know it now: no figure, and asks only for who verifies."""

    id: str
    place: str
    path: str
    occasion: str
    shop_day: str
    state: str
    my_role: str | None
    mode: str | None
    """challenge, blind or solo, for who verifies; null for all others and before."""
    round: str | None
    """My round, to which readers attach; null: I have none."""
    round_kind: str | None
    """A1, A2 (the search) or B1: what I read and seal; null with a round: it takes scanners alone."""
    search_until: str | None
    """When my open search ends by itself."""
    quantity: str | None
    """needed or keyed, for who verifies now; null for all others."""
    asks: list[AskShown]
    """What I hold up, after my quantity and, in a blind verification, my own round."""
    labels: str | None
    """needed: my quantity and my tags differ, so I scan every label of the place."""
    recount: list[RecountShown]
    """References on which the two rounds differ, once revealed."""


def count_shown(connection: Connection, shop_id: ShopId, count: Count, *, by: Actor) -> CountShown:
    """The count for `by`; reads names, paths and the person's open round."""
    role = role_of(count, by.person)
    is_verifier = verifier_of(count) == by
    mine, kind = _my_round(connection, shop_id, count, by=by)
    asked = asked_with_answers(count, by)
    differing = recount_lines(count) if count.state in _DIFFERING else ()
    names = stock.names_of(connection, shop_id, [*(ask.ref for ask in asked), *differing])
    said = {one.ref: one.is_present for one in count.recount if one.by == by}
    return CountShown(
        id=count.plan.count,
        place=count.plan.place,
        path=places.paths(connection, shop_id).get(count.plan.place, count.plan.place),
        occasion=count.plan.occasion.value,
        shop_day=count.plan.shop_day,
        state=count.state.name,
        my_role=None if role is None else role.letter(),
        mode=count.mode.value if is_verifier and count.mode is not None else None,
        round=mine,
        round_kind=kind,
        search_until=format_time(from_ms(count.search_until)) if kind == "A2" and count.search_until else None,
        quantity=_quantity(count) if is_verifier else None,
        asks=[
            AskShown(reference=ask.ref, name=names.get(ask.ref, ""), reason=ask.reason, answer=_WORDS[ask.is_present])
            for ask in asked
        ],
        labels="needed" if needs_labels(count, by) else None,
        recount=[
            RecountShown(
                reference=ref,
                name=names.get(ref, ""),
                my_word=_WORDS[said[ref]] if ref in said else None,
            )
            for ref in differing
        ],
    )


def pieces_named(connection: Connection, shop_id: ShopId, refs: tuple[PieceRef, ...]) -> list[PieceNamed]:
    """The pieces with their names, in the order given."""
    names = stock.names_of(connection, shop_id, refs)
    return [PieceNamed(reference=ref, name=names.get(ref, "")) for ref in refs]


def _my_round(connection: Connection, shop_id: ShopId, count: Count, *, by: Actor) -> tuple[RoundId | None, str | None]:
    """My round and what I read into it. Without a kind it is for scanners alone: nothing more is sealed into it."""
    row = rounds.open_of(connection, shop_id, count.plan.count, person_id=by.person)
    if row is not None and row.device_id == by.device:
        if row.role == "b":
            return row.id, "B1" if count.mode is Mode.BLIND else None
        return row.id, "A1" if row.id == count.round_a else "A2"
    if count.a == by and (is_alone(count) or count.state in _DIFFERING):
        return count.round_a, None
    if count.b == by and count.state in (CountState.VERIFYING, *_DIFFERING):
        return count.round_b, None
    return None, None


def _quantity(count: Count) -> str | None:
    if count.state is not CountState.VERIFYING and not is_alone(count):
        return None
    return "needed" if keyed_quantity(count) is None else "keyed"


def is_alone(count: Count) -> bool:
    """Whether the first person goes on alone and has not shown the result yet."""
    return count.state is CountState.SEALED_A and count.mode is Mode.SOLO
