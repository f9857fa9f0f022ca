"""Who reads a tray hears "turn", "stable" and "a strange tag", by passes and the catalogue alone, and what the scanner read."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, event

from reader_drivers.reads import Batch, PassRow, ReadRow, ScanRow
from server.clock import FixedClock, to_ms
from server.core.announcement import Announcement
from server.core.ids import PlaceId, RoundId
from server.store.tables import AntennaHome
from server.store.unit_of_work import Store
from server.usecases.accept_reads import accept_batch
from server.usecases.attach_reader import attach_reader, note_listening
from server.usecases.hear_round import RoundsHeard
from tests.server.usecases.count_shop import AGENT, CLAIRE, ONE, PAD, RINGS, STRANGE, TWO, CountShop, epc, label


@dataclass
class Listener:
    """An agent that sends what a test lets it hear, and what the round's person was told."""

    shop: CountShop
    announced: list[Announcement]
    heard: RoundsHeard = field(default_factory=RoundsHeard)
    seq: int = 0

    def attach(self, round_id: RoundId) -> None:
        attached = self.shop.store.run(
            lambda work: attach_reader(
                work, round_id=round_id, reader=PAD, person_id=CLAIRE.person, device_id=CLAIRE.device
            )
        )
        attachment, start = attached.attachment.id, self.seq + 1
        self.shop.store.run(
            lambda work: note_listening(work, device_id=AGENT, attachment_id=attachment, from_seq=start)
        )

    def send(
        self,
        *,
        passes: int = 0,
        antenna: int = 1,
        numbers: tuple[int, ...] = (),
        reads: int = 10,
        cdbm: int = -5_000,
        scans: tuple[str, ...] = (),
    ) -> list[tuple[str, object]]:
        """One batch; what was announced on the topics of rounds."""
        self.seq += 1
        batch = Batch(
            self.seq,
            PAD,
            to_ms(self.shop.clock.now()) * 1_000_000,
            tuple(PassRow(antenna, n, 0, 900) for n in range(passes)),
            tuple(
                ReadRow(bytes.fromhex(epc(number)), None, antenna, 0, 900, reads, reads, reads * cdbm, cdbm)
                for number in numbers
            ),
            tuple(ScanRow(text, None, 0) for text in scans),
        )
        self.announced.clear()
        raw = b"batch-%d" % self.seq
        self.shop.store.run(lambda work: accept_batch(work, device_id=AGENT, batch=batch, raw=raw, heard=self.heard))
        return [(one.type, one.body) for one in self.announced if one.topic.startswith("round/")]


@pytest.fixture
def listener(shop: Store, shop_clock: FixedClock, announced: list[Announcement]) -> Listener:
    planned = CountShop(shop, shop_clock)
    planned.plan()
    return Listener(planned, announced)


def home(listener: Listener, antenna: int, place: PlaceId) -> None:
    shop = listener.shop
    shop.store.run(
        lambda work: work.session.add(
            AntennaHome(
                shop_id=work.shop_id, reader_id="reader-pad", antenna=antenna, place_id=place, mapped_at=work.now
            )
        )
    )


def stage(stage: str, *, unknown: bool = False) -> list[tuple[str, object]]:
    return [("round.stage", {"stage": stage, "is_unknown_heard": unknown})]


def test_a_pad_asks_for_a_turn_after_ten_passes_and_is_stable_after_twenty(listener: Listener) -> None:
    listener.attach(listener.shop.begin(ONE))

    assert listener.send(passes=9) == stage("reading")
    assert listener.send(passes=1) == stage("turn")
    assert listener.send(passes=9) == stage("turn")
    assert listener.send(passes=1) == stage("stable")


def test_an_empty_tray_and_a_full_one_take_the_same_passes(listener: Listener) -> None:
    listener.attach(listener.shop.begin(ONE))

    assert listener.send(passes=20, numbers=(1,)) == stage("stable")


def test_a_mapped_antenna_needs_twenty_passes_of_its_own_and_no_turn(listener: Listener) -> None:
    home(listener, 1, ONE)
    home(listener, 2, TWO)
    listener.attach(listener.shop.begin(ONE))

    assert listener.send(passes=40, antenna=2) == stage("reading")
    assert listener.send(passes=19) == stage("reading")
    assert listener.send(passes=1) == stage("stable")


def test_a_strange_tag_is_said_once_it_is_heard_enough_and_a_piece_of_another_tray_never(listener: Listener) -> None:
    listener.attach(listener.shop.begin(ONE))

    assert listener.send(passes=1, numbers=tuple(RINGS[TWO])) == stage("reading")
    assert listener.send(passes=1, numbers=(STRANGE,), reads=1) == stage("reading")
    assert listener.send(passes=1, numbers=(STRANGE,), reads=10) == stage("reading", unknown=True)
    assert listener.send(passes=1) == stage("reading", unknown=True)


def test_a_strange_tag_of_the_neighbour_is_not_ours(listener: Listener) -> None:
    home(listener, 1, ONE)
    home(listener, 2, TWO)
    listener.attach(listener.shop.begin(ONE))

    listener.send(passes=1, antenna=2, numbers=(STRANGE,), cdbm=-4_000)
    assert listener.send(passes=1, antenna=1, numbers=(STRANGE,), cdbm=-6_500) == stage("reading")
    assert listener.send(passes=1, antenna=1, numbers=(STRANGE,), cdbm=-3_000, reads=90) == stage(
        "reading", unknown=True
    )


def test_a_scanner_of_the_round_tells_its_person_what_it_read(listener: Listener) -> None:
    listener.attach(listener.shop.begin(ONE))

    assert listener.send(scans=(label(1), "x")) == [("round.scanned", {"text": text}) for text in (label(1), "x")]


def test_the_same_tag_is_looked_up_once_a_round(listener: Listener) -> None:
    listener.attach(listener.shop.begin(ONE))
    listener.send(passes=1, numbers=(1, 2))

    asked: list[str] = []
    listener.shop.store.run(lambda work: count_questions(work.conn, asked))
    listener.send(passes=1, numbers=(1, 2))
    assert [one for one in asked if "FROM tags" in one] == []
    listener.send(passes=1, numbers=(1, 2, 3))
    assert len([one for one in asked if "FROM tags" in one]) == 1


def count_questions(connection: Connection, asked: list[str]) -> None:
    """Note every statement from now on."""
    event.listen(connection.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
