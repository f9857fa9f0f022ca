"""An antenna stands for one place at a time, the log says so, and nothing changes while the reader listens."""

import pytest

from reader_drivers.reads import ReaderEntry
from server.clock import FixedClock
from server.core.errors import Absent, Malformed
from server.core.ids import DeviceId, PlaceId, PlacePath
from server.core.log.events import EventType, Leaf
from server.store import log, places, readers
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.attach_reader import ReaderAbsent, ReaderBusy
from server.usecases.describe_readers import describe_readers
from server.usecases.map_antennas import map_antenna
from server.usecases.pair_device import pair_program
from tests.server.usecases.count_shop import CLAIRE, PAD, CountShop
from tests.server.usecases.count_shop import ONE as TRAY

ONE, TWO = PlacePath("Vitrine 1/Plateau 1"), PlacePath("Vitrine 1/Plateau 2")


@pytest.fixture
def places_of(shop: Store) -> dict[PlacePath, PlaceId]:
    def work(unit: UnitOfWork) -> dict[PlacePath, PlaceId]:
        agent = pair_program(unit, name="pc", kind="agent", secret="s" * 40)
        entry = ReaderEntry("vitrine-1", "thingmagic_ff", (1, 2, 3, 4), "idle")
        describe_readers(unit, device_id=DeviceId(agent), readers=[entry])
        tree = places.PlaceTree(unit.conn, unit.shop_id, new_id=unit.new_id, now=unit.now)
        return {path: tree.place(path) for path in (ONE, TWO)}

    return shop.run(work)


def antennas(shop: Store, place: PlaceId) -> tuple[int, ...]:
    def asked(unit: UnitOfWork) -> tuple[int, ...]:
        found = readers.reader_by_name(unit.conn, unit.shop_id, "vitrine-1")
        assert found is not None
        return readers.antennas_at_home(unit.conn, unit.shop_id, reader_id=found[0], place_id=place)

    return shop.run(asked)


def test_an_antenna_stands_for_the_last_place_it_was_given(shop: Store, places_of: dict[PlacePath, PlaceId]) -> None:
    def work(unit: UnitOfWork) -> None:
        for antenna, path in ((1, ONE), (2, ONE), (2, TWO)):
            map_antenna(unit, reader="vitrine-1", antenna=antenna, place=path)

    shop.run(work)

    assert antennas(shop, places_of[ONE]) == (1,)
    assert antennas(shop, places_of[TWO]) == (2,)
    last = shop.read(lambda conn: log.leaves(conn, shop.shop_id))[-1]
    leaf = Leaf.from_bytes(last.raw)
    assert (leaf.type, leaf.subject.id) == (EventType.PLACES_CHANGED, places_of[TWO])
    assert leaf.body["antenna"] == 2


@pytest.mark.parametrize(
    ("reader", "antenna", "place", "refusal"),
    [
        ("pad", 1, ONE, ReaderAbsent),
        ("vitrine-1", 0, ONE, Malformed),
        ("vitrine-1", 65, ONE, Malformed),
        ("vitrine-1", 1, PlacePath("Vitrine 9"), Absent),
    ],
)
@pytest.mark.usefixtures("places_of")
def test_what_does_not_exist_is_refused(
    shop: Store, reader: str, antenna: int, place: PlacePath, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        shop.run(lambda unit: map_antenna(unit, reader=reader, antenna=antenna, place=place))


def test_no_mapping_changes_while_the_reader_listens_for_a_count(shop: Store, shop_clock: FixedClock) -> None:
    counting = CountShop(shop, shop_clock)
    counting.plan()
    counting.hear(counting.begin(TRAY), CLAIRE, [1])

    with pytest.raises(ReaderBusy, match="Seal that count first"):
        shop.run(lambda unit: map_antenna(unit, reader=PAD, antenna=1, place=PlacePath("Plateau 1")))
