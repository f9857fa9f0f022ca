"""Cases follow the findings of counts: one a piece, decided by neither who counted first, told to the count in time."""

from datetime import timedelta

import pytest

from server.clock import FixedClock, to_ms
from server.core.actors import Actor
from server.core.cases import (
    Case,
    CaseState,
    CaseUndecidable,
    Decide,
    DeciderCounted,
    Investigate,
    Outcome,
    SelfApproval,
)
from server.core.count_acts import Occasion
from server.core.count_errors import NoRight
from server.core.count_states import CountState
from server.core.ids import CaseId, DeviceId, PersonId, PlaceId, RoundId
from server.core.log.events import EventType, Leaf
from server.store import cases, log
from server.store.tables import Person, Tag, table
from server.store.unit_of_work import Store
from server.usecases.close_counts import close_counts
from server.usecases.decide_case import decide_case
from server.usecases.move_piece import MoveKind, Wanted, move_piece
from server.usecases.verify_count import Word, confirm_recount
from tests.server.usecases.count_shop import CLAIRE, MARC, NADIA, ONE, RINGS, TWO, CountShop, ref

PAUL = Actor(PersonId("paul"), DeviceId("handheld-3"))


@pytest.fixture
def missing(shop: Store, shop_clock: FixedClock) -> CountShop:
    """Ring 4 is in neither round of the first tray."""
    counting = CountShop(shop, shop_clock)
    counting.plan()
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    return counting


def the_case(counting: CountShop) -> Case:
    (case,) = counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id))
    return case


def decide(
    counting: CountShop, by: Actor, outcome: Outcome, *, sighted: bool = False, paper: str | None = None
) -> Case:
    case = the_case(counting).case
    act = Decide(by, to_ms(counting.clock.now()), outcome, sighted, paper)
    return counting.store.run(lambda work: decide_case(work, case, act))


def give_rights(counting: CountShop, person: str, rights: str) -> None:
    people = table(Person)
    counting.store.run(
        lambda work: work.conn.execute(people.update().where(people.c.id == person).values(rights=rights))
    )


def test_a_decision_is_kept_logged_and_told_to_the_count(missing: CountShop) -> None:
    decided = decide(missing, PAUL, Outcome.SOLD_NOT_POSTED, paper="ticket 4711")

    assert (decided.state, decided.decided_by) == (CaseState.DECIDED, PAUL.person)
    assert missing.store.read(lambda conn: cases.open_ones(conn, missing.store.shop_id)) == ()
    assert missing.sheet(ONE).cases[0].outcome == Outcome.SOLD_NOT_POSTED
    leaves = missing.store.read(lambda conn: log.leaves(conn, missing.store.shop_id))
    last = Leaf.from_bytes(leaves[-1].raw)
    assert (last.type, last.actor, last.body["outcome"]) == (EventType.CASE_DECIDED, PAUL.person, "sold_not_posted")


def test_a_sale_without_a_paper_is_no_decision(missing: CountShop) -> None:
    with pytest.raises(CaseUndecidable):
        decide(missing, PAUL, Outcome.SOLD_NOT_POSTED)


def test_who_counted_first_does_not_decide_even_as_a_manager(missing: CountShop) -> None:
    with pytest.raises(NoRight):
        decide(missing, CLAIRE, Outcome.SOLD_NOT_POSTED, paper="x")
    give_rights(missing, "claire", "count manage")

    with pytest.raises(DeciderCounted):
        decide(missing, CLAIRE, Outcome.SOLD_NOT_POSTED, paper="x")


def test_the_verifier_writes_nothing_off(missing: CountShop) -> None:
    give_rights(missing, "marc", "count manage")

    with pytest.raises(DeciderCounted):
        decide(missing, MARC, Outcome.DECLARED_LOST)


def test_a_piece_with_an_open_case_is_known_missing_in_the_next_count_and_gets_no_second_case(
    missing: CountShop,
) -> None:
    first = the_case(missing)
    missing.plan(Occasion.CLOSING)
    missing.count_first(ONE, [1, 2, 3])

    assert missing.sheet(ONE).known_missing == (ref(4),)
    missing.verify(ONE, 3)
    assert the_case(missing) == first


def test_looking_into_a_case_keeps_it_open(missing: CountShop) -> None:
    case = the_case(missing).case
    act = Investigate(PAUL, to_ms(missing.clock.now()))

    looked_into = missing.store.run(lambda work: decide_case(work, case, act))

    assert looked_into.state is CaseState.INVESTIGATING
    assert the_case(missing) == looked_into


def test_a_case_that_does_not_exist_is_absent(missing: CountShop) -> None:
    with pytest.raises(cases.CaseAbsent):
        missing.store.read(lambda conn: cases.load(conn, missing.store.shop_id, CaseId("none")))


def test_a_piece_that_disappears_is_missing_whatever_its_open_case_was_about(
    shop: Store, shop_clock: FixedClock
) -> None:
    counting = CountShop(shop, shop_clock)
    tags = table(Tag)
    other_chip = tags.update().where(tags.c.id == "tag-4").values(tid="E2000000000000000000AAAA")
    counting.store.run(lambda work: work.conn.execute(other_chip))
    counting.plan()
    whole = [*RINGS[ONE]]
    counting.read_and_seal(begun_with_a_chip(counting, 4), CLAIRE, whole)
    counting.verify_blind(ONE, whole)
    swapped = the_case(counting)
    assert swapped.discrepancy == "TAG_MISMATCH"

    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])

    gone = the_case(counting)
    assert (gone.case, gone.discrepancy) == (swapped.case, "MISSING")


def begun_with_a_chip(counting: CountShop, number: int) -> RoundId:
    """A round in which a ring's tag was heard with the factory identity of another chip."""
    round_id = counting.begin(ONE)
    counting.drained(counting.hear(round_id, CLAIRE, [number], tid=bytes.fromhex("E2000000000000000000BBBB")))
    return round_id


def misplaced_in_the_morning(counting: CountShop) -> Case:
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    counting.count_first(TWO, [*RINGS[TWO], 4])
    counting.verify_blind(TWO, [*RINGS[TWO], 4])
    case = the_case(counting)
    assert case.discrepancy == "MISPLACED"
    return case


@pytest.fixture
def morning(shop: Store, shop_clock: FixedClock) -> CountShop:
    counting = CountShop(shop, shop_clock)
    counting.plan()
    return counting


def test_a_misplaced_piece_that_nobody_finds_in_the_evening_is_missing(morning: CountShop) -> None:
    case = misplaced_in_the_morning(morning)
    morning.plan(Occasion.CLOSING)
    morning.count_first(TWO, RINGS[TWO])
    morning.verify(TWO, 4)
    morning.count_first(ONE, [1, 2, 3])
    morning.verify_blind(ONE, [1, 2, 3])

    assert (the_case(morning).case, the_case(morning).discrepancy) == (case.case, "MISSING")


@pytest.mark.parametrize("order", [(ONE, TWO), (TWO, ONE)])
def test_a_misplaced_piece_that_still_lies_there_in_the_evening_stays_misplaced(
    morning: CountShop, order: tuple[PlaceId, PlaceId]
) -> None:
    case = misplaced_in_the_morning(morning)
    morning.plan(Occasion.CLOSING)
    for place in order:
        here = [1, 2, 3] if place == ONE else [*RINGS[TWO], 4]
        morning.count_first(place, here)
        morning.verify_blind(place, here)

    assert (the_case(morning).case, the_case(morning).discrepancy) == (case.case, "MISPLACED")


def moved(counting: CountShop, by: Actor, place: PlaceId, *, witness: Actor | None = None) -> None:
    wanted = Wanted(
        ref=ref(4),
        kind=MoveKind.MOVED,
        place=place,
        at=counting.clock.now() - timedelta(days=9),
        person=by.person,
        witness=None if witness is None else witness.person,
        device=by.device,
    )
    counting.store.run(lambda work: move_piece(work, wanted))


def closed_in_the_morning(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4)
    counting.sign(CLAIRE)
    counting.sign(MARC)
    counting.checkpoint()
    counting.store.run(lambda work: close_counts(work, counting.tour))
    assert counting.sheet(ONE).state is CountState.CLOSED
    counting.evening()


def missing_in_the_evening(counting: CountShop) -> None:
    counting.plan(Occasion.CLOSING)
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])


@pytest.mark.parametrize("mover", [PAUL, NADIA])
def test_who_moved_a_piece_since_it_was_last_counted_does_not_decide_that_it_is_gone(
    morning: CountShop, mover: Actor
) -> None:
    closed_in_the_morning(morning)
    moved(morning, mover, TWO, witness=PAUL if mover == NADIA else None)
    moved(morning, NADIA, ONE)
    missing_in_the_evening(morning)

    with pytest.raises(SelfApproval):
        decide(morning, PAUL, Outcome.DECLARED_LOST)


def test_a_move_before_the_last_count_is_no_reason_to_ask_another(morning: CountShop) -> None:
    moved(morning, PAUL, TWO)
    moved(morning, PAUL, ONE)
    morning.clock.advance(timedelta(minutes=1))
    closed_in_the_morning(morning)
    missing_in_the_evening(morning)

    assert decide(morning, PAUL, Outcome.DECLARED_LOST).decided_by == PAUL.person


def test_who_settled_the_line_as_a_third_person_does_not_decide_on_it(morning: CountShop) -> None:
    give_rights(morning, "nadia", "count manage")
    morning.count_first(ONE, [1, 2, 3])
    morning.verify_blind(ONE, RINGS[ONE])
    morning.store.run(lambda work: confirm_recount(work, morning.count_of(ONE), NADIA, word=Word(absent=ref(4))))

    with pytest.raises(SelfApproval):
        decide(morning, NADIA, Outcome.SOLD_NOT_POSTED, paper="ticket 4711")
    assert decide(morning, PAUL, Outcome.SOLD_NOT_POSTED, paper="ticket 4711").decided_by == PAUL.person
