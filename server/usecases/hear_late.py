"""Hear late: what readers hear for a round after its seal goes to the count's late bucket, where people see it.

Given a sealed round and the tags of a batch; known pieces that the round's person did not have are noted with the count, and a
case that calls one of them missing is looked at again. No sealed set, no result and no signature is touched.
"""

from collections.abc import Collection

from server.core import count_acts as acts
from server.core.actors import SERVER
from server.core.count_sheet import Count
from server.core.epc import identity_of
from server.core.ids import PieceRef, RoundId
from server.store import counts, expected, rounds
from server.store.rounds import RoundRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step
from server.usecases.decide_case import reopen_found


def hear_late(work: UnitOfWork, round_id: RoundId, epcs: Collection[str]) -> None:
    """Note the pieces that a sealed round hears for the first time; called before the batch is added to what it heard.

    A reader left running repeats itself ten times a second: only a tag that was never late before costs more than a look.
    """
    fresh = set(epcs) - rounds.heard_late(work.conn, work.shop_id, round_id, epcs=epcs)
    heard = _pieces(work, fresh) if fresh else frozenset()
    row = rounds.by_id(work.conn, work.shop_id, round_id) if heard else None
    if row is None:
        return
    count = counts.load(work.conn, work.shop_id, row.count_id)
    refs = tuple(sorted(heard - _known(count, row)))
    if not refs:
        return
    take_step(work, count, acts.HearLate(SERVER, moment(work), refs))
    # The same words to all: which piece it was is shown only to who may see the figures.
    work.announce("board", "count.late", {"count": count.plan.count, "place": count.plan.place})
    work.announce(f"round/{round_id}", "round.late", {})
    reopen_found(work, refs, evidence=count.plan.count)


def _pieces(work: UnitOfWork, epcs: Collection[str]) -> frozenset[PieceRef]:
    owners = expected.bearers(work.conn, work.shop_id)
    heard = [owners[tag] for tag in (identity_of(epc) for epc in epcs if epc) if tag in owners]
    return frozenset(owner.ref for owner in heard if owner.ref is not None)


def _known(count: Count, row: RoundRow) -> frozenset[PieceRef]:
    """What the round's person had at the seal, and what came late before."""
    late = frozenset(ref for one in count.late for ref in one.refs)
    if row.role == "a":
        return late | count.present_by_a()
    return late if count.b1 is None else late | count.b1.present
