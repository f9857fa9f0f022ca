"""However a handheld's events arrive, cut, twice or out of order, the same records and the same seal come of it."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from server.clock import FixedClock
from server.core.ids import RoundId
from server.store import log
from server.store.tables import SealedSet, table
from server.store.unit_of_work import Store
from server.usecases.open_shop import open_shop
from tests.server.usecases.conftest import OPENING
from tests.server.usecases.count_shop import ONE, TWO, CountShop
from tests.server.usecases.outbox import Outbox, Wire, send, stored

Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["scan", "retract", "scan elsewhere"]), st.integers(1, 9)),
        st.tuples(st.sampled_from(["seal", "strange"]), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)
"""What a person does with two open trays; label 9 is on no piece."""
SLICES = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12), st.randoms(use_true_random=False)), max_size=8)


@contextmanager
def counting_shop() -> Iterator[tuple[CountShop, RoundId, RoundId]]:
    """The same shop each time, to the ids: both trays are being counted on one handheld."""
    numbers = itertools.count()
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(
            Path(folder) / "baguier.sqlite3", clock=FixedClock(OPENING), make_id=lambda: f"id-{next(numbers):06}"
        ) as store,
    ):
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        counting = CountShop(store, FixedClock(OPENING))
        counting.plan()
        yield counting, counting.begin(ONE), counting.begin(TWO)


def written(steps: list[Step], here: RoundId, there: RoundId) -> list[Wire]:
    outbox = Outbox()
    for kind, number in steps:
        match kind:
            case "scan":
                outbox.scan(number, here)
            case "scan elsewhere":
                outbox.scan(number, there)
            case "retract":
                outbox.retract(number, here)
            case "seal":
                outbox.seal(here)
            case _:
                outbox.add("shop.closed", of=here)
    return outbox.events


def records(counting: CountShop) -> Any:
    sets, store = table(SealedSet), counting.store
    sealed = store.read(lambda conn: [bytes(body) for body in conn.execute(select(sets.c.body)).scalars()])
    return stored(store), sealed, store.read(lambda conn: log.head(conn, store.shop_id)).root()


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, slices=SLICES)
def test_any_way_of_sending_leaves_the_same_records(steps: list[Step], slices: list[tuple[int, int, Any]]) -> None:
    with counting_shop() as (counting, here, there):
        send(counting.store, written(steps, here, there))
        at_once = records(counting)

    with counting_shop() as (counting, here, there):
        events = written(steps, here, there)
        for start, length, random in slices:
            batch = [*events[start : start + length], *events[start : start + 1]]
            random.shuffle(batch)
            send(counting.store, batch)
        acked = send(counting.store, []).ack_seq
        assert send(counting.store, events[acked:]).ack_seq == len(events)
        in_pieces = records(counting)

    assert in_pieces == at_once
