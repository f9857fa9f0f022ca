"""A round is sealed when everything heard has arrived, holds what is here and nothing of the neighbours, and stays."""

import pytest

from reader_drivers.reads import Batch, ReadRow
from server.core.announcement import Announcement
from server.core.count_errors import QuantityNeeded
from server.core.count_sheet import Mode
from server.core.count_states import CountState
from server.core.ids import RoundId
from server.core.sealed_sets import Reason
from server.store.tables import AntennaHome, Count, Label, Tag, table
from server.usecases.accept_reads import accept_batch
from server.usecases.attach_reader import NotYourRound
from server.usecases.seal_round import SealAsked, ask_seal, seal_after_drain
from server.usecases.seal_round_set import LabelUnknown
from tests.server.usecases.count_shop import (
    AGENT,
    CLAIRE,
    CLAIRE_ELSEWHERE,
    MARC,
    ONE,
    PAD,
    RINGS,
    STRANGE,
    TWO,
    CountShop,
    epc,
    label,
    ref,
)


def test_a_seal_waits_for_the_reader_and_follows_its_drain(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    attachment = counting.hear(round_id, CLAIRE, RINGS[ONE])

    waiting = counting.ask_seal(round_id, CLAIRE)
    assert (waiting.is_sealed, waiting.waiting, waiting.count.state) == (False, 1, CountState.COUNTING)
    counting.drained(attachment)
    sealed = counting.store.run(lambda work: seal_after_drain(work, attachment))

    assert sealed is not None
    assert sealed.is_sealed
    assert sealed.count.a1 is not None
    assert sealed.count.a1.heard == tuple(ref(number) for number in RINGS[ONE])


def test_a_seal_waits_for_batches_that_the_drain_announced(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    attachment = counting.hear(round_id, CLAIRE, RINGS[ONE])
    counting.drained(attachment, to_seq=counting.batches + 1)

    assert not counting.ask_seal(round_id, CLAIRE).is_sealed


def test_a_round_that_nobody_sealed_stays_open_when_its_reader_drains(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    counting.drained(counting.hear(round_id, CLAIRE, RINGS[ONE]))

    assert not counting.retry_seal(round_id).is_sealed
    assert counting.sheet(ONE).state is CountState.COUNTING


def test_only_the_round_s_person_on_its_device_seals(counting: CountShop) -> None:
    round_id = counting.begin(ONE)

    for other in (MARC, CLAIRE_ELSEWHERE):
        with pytest.raises(NotYourRound):
            counting.ask_seal(round_id, other)


def test_an_unknown_tag_is_kept_under_a_name_that_is_not_its_code(counting: CountShop) -> None:
    count = counting.count_first(ONE, [*RINGS[ONE], STRANGE])

    assert count.a1 is not None
    (name,) = count.a1.unknown
    assert name.startswith("tag-")
    assert epc(STRANGE) not in name


def test_a_blank_chip_keeps_nobody_from_sealing(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    attachment = counting.hear(round_id, CLAIRE, RINGS[ONE])
    counting.batches += 1
    blank = Batch(counting.batches, PAD, 1, (), (ReadRow(b"", None, 1, 0, 900, 10, 10, -50_000, -5_000),), ())
    counting.store.run(lambda work: accept_batch(work, device_id=AGENT, batch=blank, raw=b"blank"))
    counting.drained(attachment)

    assert counting.ask_seal(round_id, CLAIRE).is_sealed


def test_a_silent_piece_is_present_by_the_code_on_its_own_label(counting: CountShop) -> None:
    count = counting.read_and_seal(counting.begin(ONE), CLAIRE, [1, 2, 3], labels=(label(4),))

    assert count.a1 is not None
    assert count.a1.by_hand == (ref(4),)


def test_a_code_that_is_on_no_label_seals_nothing(counting: CountShop) -> None:
    round_id = counting.begin(ONE)

    with pytest.raises(LabelUnknown):
        counting.store.run(lambda work: ask_seal(work, round_id, by=CLAIRE, asked=SealAsked((ref(4),))))
    assert counting.sheet(ONE).state is CountState.COUNTING


def test_a_tag_much_louder_at_another_place_is_a_stray_and_does_not_count(counting: CountShop) -> None:
    shop_id = counting.store.shop_id
    round_id = counting.begin(ONE)
    counting.drained(counting.hear(round_id, CLAIRE, RINGS[ONE]))
    counting.drained(hear_at(counting, round_id, number=5, here_dbm=-70, there_dbm=-50))

    def home(antenna: int, place: str) -> AntennaHome:
        now = counting.clock.now()
        return AntennaHome(shop_id=shop_id, reader_id="reader-pad", antenna=antenna, place_id=place, mapped_at=now)

    counting.store.run(lambda work: work.session.add_all([home(1, ONE), home(2, TWO)]))
    sealed = counting.ask_seal(round_id, CLAIRE).count

    assert sealed.a1 is not None
    assert ref(5) not in sealed.a1.heard


def hear_at(counting: CountShop, round_id: RoundId, *, number: int, here_dbm: int, there_dbm: int) -> str:
    """The neighbour's tag: weak at this tray's antenna, loud at its own."""
    counting.drained(counting.hear(round_id, CLAIRE, [number], rssi_dbm=here_dbm))
    return counting.hear(round_id, CLAIRE, [number], rssi_dbm=there_dbm, antenna=2)


def test_what_is_heard_after_the_seal_changes_no_sealed_set(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    first = counting.hear(round_id, CLAIRE, [1, 2, 3])
    counting.drained(first)
    sealed = counting.ask_seal(round_id, CLAIRE).count

    assert counting.retry_seal(round_id).count == sealed
    assert counting.ask_seal(round_id, CLAIRE).count == sealed


def test_a_gap_accepted_by_name_seals_without_the_reader_and_makes_the_verification_blind(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    counting.hear(round_id, CLAIRE, RINGS[ONE])
    why = SealAsked(gap=Reason("the pad has no power", "ab" * 32))

    sealed = counting.store.run(lambda work: ask_seal(work, round_id, by=CLAIRE, asked=why))
    counting.checkpoint()

    assert sealed.count.a1 is not None
    assert sealed.count.a1.gap is not None
    assert counting.claim(ONE).mode is Mode.BLIND


def test_nothing_of_an_unknown_attachment_is_sealed(counting: CountShop) -> None:
    assert counting.store.run(lambda work: seal_after_drain(work, "no-such-attachment")) is None


def test_two_trays_on_one_pad_make_the_verification_blind(counting: CountShop) -> None:
    shop_id, now = counting.store.shop_id, counting.clock.now()

    def tag(number: int, place: str) -> Tag:
        return Tag(shop_id=shop_id, id=f"tag-{number}", epc=epc(number), place_id=place, bound_at=now)

    counting.store.run(lambda work: work.session.add_all([tag(901, ONE), tag(902, TWO)]))
    alone = counting.count_first(ONE, [*RINGS[ONE], 901])
    assert alone.a1 is not None
    assert (alone.a1.is_stacked, alone.a1.unknown) == (False, ())

    stacked = counting.count_first(TWO, [*RINGS[TWO], 902, 901])
    assert stacked.a1 is not None
    assert stacked.a1.is_stacked
    assert counting.claim(TWO).mode_reasons == ("stacked",)


def test_a_verifier_who_has_said_no_number_is_told_so_at_once_although_a_reader_is_still_at_it(
    counting: CountShop,
) -> None:
    counting.count_first(ONE, [1, 2, 3])
    round_id = counting.claim(ONE).round_b
    assert round_id is not None
    attachment = counting.hear(round_id, MARC, [1, 2, 3])

    with pytest.raises(QuantityNeeded):
        counting.ask_seal(round_id, MARC)
    counting.key(ONE, 3)
    assert counting.ask_seal(round_id, MARC).waiting == 1
    counting.drained(attachment)
    sealed = counting.store.run(lambda work: seal_after_drain(work, attachment))
    assert sealed is not None
    assert sealed.is_sealed


def test_a_label_that_is_replaced_while_the_reader_finishes_still_stands_for_its_piece(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    attachment = counting.hear(round_id, CLAIRE, [1])
    counting.ask_seal(round_id, CLAIRE, labels=(label(2),))
    labels = table(Label)
    replaced = labels.update().where(labels.c.code == label(2)).values(retired_at=counting.clock.now())
    counting.store.run(lambda work: work.conn.execute(replaced))
    counting.drained(attachment)

    sealed = counting.store.run(lambda work: seal_after_drain(work, attachment))
    assert sealed is not None
    assert sealed.count.a1 is not None
    assert sealed.count.a1.by_hand == (ref(2),)


def test_a_seal_that_is_refused_after_the_drain_tells_its_person_and_not_the_agent(
    counting: CountShop, announced: list[Announcement]
) -> None:
    round_id = counting.begin(ONE)
    attachment = counting.hear(round_id, CLAIRE, [1])
    counting.ask_seal(round_id, CLAIRE)
    counts = table(Count)
    altered = counts.update().where(counts.c.id == counting.count_of(ONE)).values(state="revealed")
    counting.store.run(lambda work: work.conn.execute(altered))
    counting.drained(attachment)

    assert counting.store.run(lambda work: seal_after_drain(work, attachment)) is None
    said = [one for one in announced if one.topic == f"round/{round_id}"][-1]
    assert (said.type, said.body) == ("round.refused", {"code": "count_broken"})
