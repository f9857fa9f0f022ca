"""What is heard after a seal is shown and changes nothing that was sealed; a piece that comes back reopens its case."""

import pytest

from reader_drivers.reads import Batch, ReadRow
from server.clock import to_ms
from server.core.actors import Actor
from server.core.announcement import Announcement
from server.core.cases import Case, CaseState, Decide, Investigate, Outcome
from server.core.count_acts import Occasion
from server.core.count_sheet import LateReads
from server.core.count_states import CountState
from server.core.ids import CaseId, CountId, DeviceId, PersonId, RoundId
from server.core.log.events import EventType, Leaf
from server.core.sealed_sets import Reason
from server.store import cases, log
from server.store.tables import Reader
from server.store.unit_of_work import UnitOfWork
from server.usecases.accept_reads import accept_batch
from server.usecases.attach_reader import attach_reader, note_listening
from server.usecases.decide_case import decide_case
from server.usecases.seal_round import SealAsked, ask_seal
from tests.server.usecases.count_shop import AGENT, CLAIRE, MARC, ONE, RINGS, STRANGE, TWO, CountShop, epc, ref

PAUL = Actor(PersonId("paul"), DeviceId("handheld-3"))
SLED = "sled"
WHY = SealAsked(gap=Reason("the pad has no power", "ab" * 32))


def sealed_with_a_gap(counting: CountShop, numbers: list[int]) -> RoundId:
    """The pad hears these; the sled has no connection, the seal does not wait for it, and it speaks later."""
    round_id = counting.begin(ONE)
    open_sled(counting, round_id)
    counting.drained(counting.hear(round_id, CLAIRE, numbers))
    counting.store.run(lambda work: ask_seal(work, round_id, by=CLAIRE, asked=WHY))
    counting.checkpoint()
    counting.go_on(counting.count_of(ONE))
    return round_id


def open_sled(counting: CountShop, round_id: RoundId) -> None:
    def attached(work: UnitOfWork) -> None:
        row = Reader(shop_id=work.shop_id, id="reader-sled", device_id=AGENT, name=SLED, protocol="x", seen_at=work.now)
        work.session.add(row)
        work.session.flush()
        opened = attach_reader(
            work, round_id=round_id, reader=SLED, person_id=CLAIRE.person, device_id=CLAIRE.device
        ).attachment.id
        note_listening(work, device_id=AGENT, attachment_id=opened, from_seq=counting.batches + 1)

    counting.store.run(attached)


def heard_later(counting: CountShop, *numbers: int, chips: tuple[bytes, ...] = ()) -> None:
    """The sled's next batch: rings by number, other chips by their content."""
    counting.batches += 1
    seq = counting.batches
    contents = [*(bytes.fromhex(epc(number)) for number in numbers), *chips]
    reads = tuple(ReadRow(content, None, 1, 0, 9, 1, 1, -50_000, -5_000) for content in contents)
    batch = Batch(seq, SLED, to_ms(counting.clock.now()) * 1_000_000, (), reads, ())
    counting.store.run(lambda work: accept_batch(work, device_id=AGENT, batch=batch, raw=b"batch-%d" % seq))


def late(counting: CountShop) -> list[tuple[str, ...]]:
    return [one.refs for one in counting.sheet(ONE).late]


def the_case(counting: CountShop) -> Case:
    (case,) = counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id))
    return case


def step(counting: CountShop, case: CaseId, act: Decide | Investigate) -> None:
    counting.store.run(lambda work: decide_case(work, case, act))


def short_all_day(counting: CountShop) -> Case:
    """Ring 4 is in neither round of the morning; its case is open."""
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    return the_case(counting)


def test_a_piece_heard_after_the_seal_is_in_the_late_bucket_and_in_no_sealed_set(
    counting: CountShop, announced: list[Announcement]
) -> None:
    round_id = sealed_with_a_gap(counting, [1, 2, 3])
    before = counting.sheet(ONE)

    heard_later(counting, 3, 4, STRANGE, chips=(b"",))

    after = counting.sheet(ONE)
    assert after.late == (LateReads(to_ms(counting.clock.now()), (ref(4),)),)
    assert (after.a1, after.state) == (before.a1, before.state)
    told = {"count": counting.count_of(ONE), "place": ONE}
    assert [one.body for one in announced if one.type == "count.late"] == [told]
    # Who read the round hears that something came late, and not what.
    assert [(one.topic, one.body) for one in announced if one.type == "round.late"] == [(f"round/{round_id}", {})]


def test_a_reader_that_repeats_itself_is_noted_once(counting: CountShop) -> None:
    sealed_with_a_gap(counting, [1, 2])

    for numbers in ((4,), (4,), (3, 4), (1, 2, 3, 4)):
        heard_later(counting, *numbers)

    assert late(counting) == [(ref(4),), (ref(3),)]


def test_what_a_reader_hears_late_in_an_open_round_is_not_late(counting: CountShop) -> None:
    open_sled(counting, counting.begin(ONE))

    heard_later(counting, 2)

    assert late(counting) == []


def test_a_late_read_reopens_the_case_of_its_own_count(counting: CountShop) -> None:
    sealed_with_a_gap(counting, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    missing = the_case(counting)

    heard_later(counting, 4)

    again = the_case(counting)
    assert (again.case, again.state, again.evidence_counts) == (missing.case, CaseState.REOPENED, (missing.count,))
    assert counting.sheet(ONE).state is CountState.RESOLVING


def test_a_late_read_before_the_reveal_reopens_the_case_that_the_reveal_opens(counting: CountShop) -> None:
    sealed_with_a_gap(counting, [1, 2, 3])
    heard_later(counting, 4)

    counting.verify_blind(ONE, [1, 2, 3])

    assert the_case(counting).state is CaseState.REOPENED


def test_a_late_read_voids_no_signature(counting: CountShop) -> None:
    sealed_with_a_gap(counting, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    counting.sign(CLAIRE)
    counting.sign(MARC)
    signed = counting.sheet(ONE)

    heard_later(counting, 4)

    after = counting.sheet(ONE)
    assert (after.state, after.result, after.signatures) == (signed.state, signed.result, signed.signatures)
    assert late(counting) == [(ref(4),)]


@pytest.mark.parametrize("is_looked_for", [True, False])
def test_a_known_missing_piece_that_is_back_reopens_its_case(
    counting: CountShop, announced: list[Announcement], *, is_looked_for: bool
) -> None:
    case = short_all_day(counting)
    if is_looked_for:
        step(counting, case.case, Investigate(PAUL, to_ms(counting.clock.now())))
    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4)

    back = the_case(counting)
    evening = counting.count_of(ONE)
    assert (back.case, back.state, back.outcome) == (case.case, CaseState.REOPENED, None)
    assert back.evidence_counts == (evening,)
    assert ("board", {"case": case.case, "state": "reopened"}) in [(one.topic, one.body) for one in announced]
    decided = leaves_of(counting, EventType.CASE_DECIDED)[-1]
    assert (decided.body["act"], decided.body["evidence"]) == ("reopen", evening)


def leaves_of(counting: CountShop, kind: EventType) -> list[Leaf]:
    raw = counting.store.read(lambda conn: log.leaves(conn, counting.store.shop_id))
    return [leaf for leaf in (Leaf.from_bytes(one.raw) for one in raw) if leaf.type is kind]


def test_a_known_missing_piece_that_stays_away_leaves_its_case_alone(counting: CountShop) -> None:
    case = short_all_day(counting)
    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, [1, 2, 3])
    counting.verify(ONE, 3)

    assert the_case(counting) == case


def declared_lost(counting: CountShop) -> CaseId:
    case = short_all_day(counting).case
    step(counting, case, Decide(PAUL, to_ms(counting.clock.now()), Outcome.DECLARED_LOST, False))
    return case


def test_a_piece_that_was_declared_lost_stays_known_missing_and_gets_no_second_case(counting: CountShop) -> None:
    declared_lost(counting)
    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, [1, 2, 3])
    counting.verify(ONE, 3)

    assert counting.sheet(ONE).known_missing == (ref(4),)
    assert counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id)) == ()


def test_a_lost_piece_that_is_found_at_home_reopens_its_case_and_undoes_the_outcome(counting: CountShop) -> None:
    morning, case = counting.count_of(ONE), declared_lost(counting)
    assert outcome_in(counting, morning) == Outcome.DECLARED_LOST
    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4)

    assert (the_case(counting).case, the_case(counting).state) == (case, CaseState.REOPENED)
    assert outcome_in(counting, morning) == Outcome.UNDER_INVESTIGATION


def outcome_in(counting: CountShop, count_id: CountId) -> str:
    (case,) = counting.sheet_of(count_id).cases
    return case.outcome


def test_a_lost_piece_that_turns_up_elsewhere_has_its_old_case_back_and_no_other(counting: CountShop) -> None:
    case = declared_lost(counting)
    counting.plan(Occasion.CLOSING)
    counting.count_first(TWO, [*RINGS[TWO], 4])
    counting.verify_blind(TWO, [*RINGS[TWO], 4])

    back = the_case(counting)
    assert (back.case, back.state, back.discrepancy) == (case, CaseState.REOPENED, "MISPLACED")
