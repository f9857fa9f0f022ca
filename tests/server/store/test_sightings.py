"""The last time a piece was seen stands, whatever the order in which it is told."""

from itertools import permutations

from server.core.ids import PersonId, PieceRef, PlaceId
from server.core.sightings import Sighting
from server.store import sightings
from server.store.unit_of_work import Store

ONE, TWO = PieceRef("BAG-000001"), PieceRef("BAG-000002")
SAFE, TRAY = PlaceId("safe"), PlaceId("tray")


def test_the_newest_moment_of_each_piece_stands_in_any_order(store: Store) -> None:
    told = (
        Sighting((ONE, TWO), is_by_hand=True, at=10, place=SAFE, person=PersonId("claire")),
        Sighting((ONE,), is_by_hand=True, at=20, place=TRAY, person=PersonId("marc")),
        Sighting((), is_by_hand=True, at=30, place=SAFE, person=PersonId("marc")),
    )

    for order in permutations(told):
        store.run(lambda work, order=order: sightings.note(work.conn, work.shop_id, order))  # type: ignore[misc]
        last = store.read(lambda conn: sightings.last_of(conn, store.shop_id, [ONE, TWO]))
        assert {ref: (one.at, one.place, one.person) for (ref, _), one in last.items()} == {
            ONE: (20, TRAY, "marc"),
            TWO: (10, SAFE, "claire"),
        }
        store.run(lambda work: work.conn.exec_driver_sql("DELETE FROM sightings"))


def test_a_hand_and_a_radio_are_kept_apart(store: Store) -> None:
    by_hand = Sighting((ONE,), is_by_hand=True, at=10, place=SAFE, person=PersonId("claire"))
    heard = Sighting((ONE,), is_by_hand=False, at=20, place=TRAY, person=None)

    store.run(lambda work: sightings.note(work.conn, work.shop_id, (by_hand, heard)))

    assert store.read(lambda conn: sightings.last_of(conn, store.shop_id, [ONE])) == {
        (ONE, True): by_hand,
        (ONE, False): heard,
    }
