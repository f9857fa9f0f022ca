"""Close counts: a count that everybody signed is closed as soon as a signed checkpoint covers the signatures.

Given a tour; closes what can be closed and leaves the rest to the next checkpoint. The closure names two signatures by two
people on two devices, and the database refuses any other.
"""

from server.core import count_acts as acts
from server.core.actors import SERVER
from server.core.count_states import SIGNED_OFF_STATES
from server.core.ids import CountId, TourId
from server.store import checkpoints, counts, signatures, tours
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step

_SIGNED_OFF = frozenset(state.value for state in SIGNED_OFF_STATES)


def close_covered(work: UnitOfWork) -> tuple[CountId, ...]:
    """Close what can be closed in every tour: to be called after each checkpoint. Raises: SecondSignature."""
    found = tours.with_counts_in(work.conn, work.shop_id, _SIGNED_OFF)
    return tuple(count for tour in found for count in close_counts(work, tour))


def close_counts(work: UnitOfWork, tour_id: TourId) -> tuple[CountId, ...]:
    """Close the counts of a tour whose signatures are covered; give them, in order of ids.

    Raises: SecondSignature: the signatures of one are not of two people on two devices. Nothing is closed then.
    """
    covered = checkpoints.signed_size(work.conn, work.shop_id)
    closed = []
    for row in tours.count_rows(work.conn, work.shop_id, tour_id):
        if row.state not in _SIGNED_OFF:
            continue
        count = counts.load(work.conn, work.shop_id, row.id)
        size = signatures.covering_size(work.conn, work.shop_id, count)
        if not 0 < size <= covered:
            continue
        taken = take_step(work, count, acts.Close(SERVER, moment(work), size, covered))
        assert taken.leaf_seq is not None
        signatures.close(work.conn, work.shop_id, taken.count, closed_at=work.now, leaf_seq=taken.leaf_seq)
        closed.append(row.id)
    return tuple(closed)
