"""A scanner lies beside any reader, follows its person from tray to tray, and is free once the round it served is sealed."""

import pytest

from server.clock import FixedClock
from server.core.actors import Actor
from server.core.ids import RoundId
from server.store import attachments
from server.store.tables import AntennaHome, Reader
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.attach_reader import Attached, ReaderBusy, RoundSealed, attach_reader
from tests.server.usecases.count_shop import AGENT, CLAIRE, MARC, ONE, PAD, RINGS, TWO, CountShop

SCANNER = "douchette"


def equip(work: UnitOfWork) -> None:
    """The pad becomes a cabinet of tray 1; a scanner and a second pad lie on the counter."""
    shop = {"shop_id": work.shop_id}
    for name, protocol in ((SCANNER, "barcode_line"), ("sled", "nordicid_nur")):
        work.session.add(Reader(**shop, id=name, device_id=AGENT, name=name, protocol=protocol, seen_at=work.now))
    work.session.add(AntennaHome(**shop, reader_id="reader-pad", antenna=1, place_id=ONE, mapped_at=work.now))


@pytest.fixture
def equipped(shop: Store, shop_clock: FixedClock) -> CountShop:
    planned = CountShop(shop, shop_clock)
    planned.plan()
    shop.run(equip)
    return planned


def attach(shop: CountShop, round_id: RoundId, reader: str, by: Actor = CLAIRE) -> Attached:
    return shop.store.run(
        lambda work: attach_reader(work, round_id=round_id, reader=reader, person_id=by.person, device_id=by.device)
    )


def ending(shop: CountShop) -> set[str]:
    """Attachments that somebody ended and whose agent has not answered yet."""
    found = shop.store.read(lambda conn: attachments.open_ones(conn, shop.store.shop_id, device_id=AGENT))
    return {one.id for one in found if one.is_ending}


def test_a_cabinet_and_a_scanner_listen_for_one_round(equipped: CountShop) -> None:
    round_id = equipped.begin(ONE)

    readers = [attach(equipped, round_id, name) for name in (PAD, SCANNER)]
    assert [one.antennas for one in readers] == [(1,), ()]
    assert attach(equipped, round_id, SCANNER).attachment.id == readers[1].attachment.id


def test_a_scanner_follows_its_person_while_both_trays_are_open_and_the_cabinet_reads_on(equipped: CountShop) -> None:
    first, second = equipped.begin(ONE), equipped.begin(TWO)
    cabinet, scanner = (attach(equipped, first, name) for name in (PAD, SCANNER))

    moved = attach(equipped, second, SCANNER)

    assert moved.ended == (scanner.attachment.id,)
    assert ending(equipped) == {scanner.attachment.id}
    assert cabinet.attachment.id not in ending(equipped)


def test_nobody_takes_the_scanner_or_the_pad_of_an_open_round(equipped: CountShop) -> None:
    first, second = equipped.begin(TWO), equipped.begin(ONE, MARC)
    attach(equipped, first, SCANNER)
    attach(equipped, first, "sled")

    for reader in (SCANNER, "sled"):
        with pytest.raises(ReaderBusy):
            attach(equipped, second, reader, MARC)


def test_a_pad_does_not_follow_its_person_since_it_would_read_two_trays(equipped: CountShop) -> None:
    first, second = equipped.begin(TWO), equipped.begin(ONE)
    attach(equipped, first, "sled")

    with pytest.raises(ReaderBusy):
        attach(equipped, second, "sled")


def test_what_listens_for_a_sealed_round_is_free_and_labels_are_scanned_while_they_are_asked_for(
    equipped: CountShop,
) -> None:
    equipped.count_first(ONE, RINGS[ONE])
    round_b = equipped.claim(ONE).round_b
    assert round_b is not None
    attach(equipped, round_b, SCANNER, MARC)
    equipped.key(ONE, 4)
    equipped.answer_all(ONE)

    after = attach(equipped, round_b, SCANNER, MARC)
    other = equipped.begin(TWO)
    taken = attach(equipped, other, SCANNER)
    assert taken.ended == (after.attachment.id,)
    with pytest.raises(RoundSealed):
        attach(equipped, round_b, "sled", MARC)
