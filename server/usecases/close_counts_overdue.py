"""Overdue counts: a plan nobody touched by the end of its day is missed; a count nobody came back to is abandoned.

Given the moment; ends what is overdue, and plans an abandoned place again while its day lasts. Both stay in every export.
"""

from dataclasses import replace
from datetime import date, timedelta

from server.core import count_acts as acts
from server.core.actors import SERVER
from server.core.count_states import CountState
from server.core.ids import CountId
from server.store import counts, tours
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step

_ABANDON = timedelta(milliseconds=acts.ABANDON_MS)


def end_overdue(work: UnitOfWork) -> tuple[CountId, ...]:
    """End the counts that are overdue now; give them, in order of ids. For a job once a minute, and each look at a tour."""
    found = tours.overdue(work.conn, work.shop_id, now=work.now, untouched_since=work.now - _ABANDON)
    return tuple(count_id for count_id in found if _end(work, count_id))


def _end(work: UnitOfWork, count_id: CountId) -> bool:
    count = counts.load(work.conn, work.shop_id, count_id)
    now = moment(work)
    if count.state is CountState.PLANNED:
        if now < count.plan.deadline:
            return False
        take_step(work, count, acts.Miss(SERVER, now))
        return True
    if count.touched_at is None or now < count.touched_at + count.policy.abandon_ms:
        return False
    take_step(work, count, acts.Abandon(SERVER, now))
    if now < count.plan.deadline:
        tour = tours.of_count(work.conn, work.shop_id, count_id)
        plan = replace(count.plan, count=CountId(work.new_id()), n=count.plan.n + 1)
        day = date.fromisoformat(plan.shop_day)
        counts.add_planned(work.conn, work.shop_id, plan, tour_id=tour, day=day)
        work.announce("tour", "tour.planned", {"tour": tour, "occasion": plan.occasion.value})
    return True
