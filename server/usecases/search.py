"""Search: after the own seal, the first person gets the list of silent pieces and up to a minute to find them.

Given a sealed count; opens one more round, marked "not blind", to which readers may attach; its seal is A2. Who was shown the
list is written down, since no blind round of this count is left for them.
"""

from dataclasses import dataclass

from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count_sheet import Count
from server.core.counting import silent_of
from server.core.ids import CountId, PieceRef, RoundId
from server.core.sealed_sets import RoundKind
from server.store import counts, rounds
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step
from server.usecases.seal_round_set import scanned_pieces, sealed_set


@dataclass(frozen=True, slots=True)
class Search:
    """An open search."""

    count: Count
    round: RoundId
    """Sealed like any other round; the seal ends the search."""
    silent: tuple[PieceRef, ...]
    """Expected pieces that nothing heard, in order of references; known missing ones are left out."""


def open_search(work: UnitOfWork, count_id: CountId, by: Actor) -> Search:
    """Give A the list and a round for what is found. Asked again while it is open, what the search has not found yet.

    Raises: CountAbsent, NotYours, SearchUsed, WrongState.
    """
    count = counts.load(work.conn, work.shop_id, count_id)
    turn_now = rounds.open_of(work.conn, work.shop_id, count_id, person_id=by.person)
    is_open = count.search_until is not None and moment(work) < count.search_until and count.a2 is None
    if is_open and by == count.a and turn_now is not None:
        in_hand = scanned_pieces(work, turn_now.id)
        so_far = sealed_set(work, count, turn_now, kind=RoundKind.A2, by_hand=in_hand, gap=None)
        return Search(count, turn_now.id, tuple(ref for ref in silent_of(count) if ref not in so_far.present))
    opened = take_step(work, count, acts.OpenSearch(by, moment(work))).count
    seen = take_step(work, opened, acts.Saw(by, moment(work))).count
    turn = acts.BeginRound(by, moment(work), RoundId(work.new_id()))
    rounds.add(work.conn, work.shop_id, count_id=count_id, act=turn, role="a", is_blind=False)
    return Search(seen, turn.round, silent_of(seen))
