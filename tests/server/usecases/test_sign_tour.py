"""Two people sign on two devices; nothing else closes a count, and the database alone would refuse it too."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from server.clock import to_ms
from server.core.actors import Actor, Role
from server.core.cases import Decide, Outcome
from server.core.count_states import CountState
from server.core.errors import NotAllowed
from server.core.ids import DeviceId, PersonId, PlaceId
from server.core.tours import ExceptionsUnread, ListChanged, NothingToSign
from server.store import cases, signatures
from server.store.signatures import SecondSignature
from server.store.tables import Closure, SignatureLine, table
from server.store.unit_of_work import UnitOfWork
from server.usecases.close_counts import close_covered
from server.usecases.decide_case import decide_case
from server.usecases.sign_tour import SigningAsked, show_list, sign_tour
from tests.server.unguarded import let_anybody_sign, take_out_the_rule
from tests.server.usecases.count_shop import (
    CLAIRE,
    CLAIRE_ELSEWHERE,
    MARC,
    NADIA,
    ONE,
    RINGS,
    TWO,
    CountShop,
    keep_checkpoint,
    ref,
)


@pytest.fixture
def verified(counting: CountShop) -> CountShop:
    """A clean tray and one with a missing ring."""
    counting.count_first(ONE, RINGS[ONE])
    counting.count_first(TWO, [5, 6, 7])
    counting.verify(ONE, 4)
    counting.verify_blind(TWO, [5, 6, 7])
    return counting


def n_rows(counting: CountShop, model: Any) -> int:
    return counting.store.read(
        lambda conn: int(conn.execute(select(func.count()).select_from(table(model))).scalar_one())
    )


def close(counting: CountShop) -> int:
    return len(counting.store.run(close_covered))


def test_two_people_sign_one_list_each_and_the_counts_close_under_a_checkpoint(verified: CountShop) -> None:
    verified.sign(CLAIRE)
    assert close(verified) == 0
    verified.sign(MARC)
    assert close(verified) == 0, "no checkpoint covers the signatures yet"
    verified.store.run(keep_checkpoint)

    assert close(verified) == 2
    assert verified.sheet(ONE).signed_off_as is CountState.SIGNED_OFF
    assert verified.sheet(TWO).signed_off_as is CountState.SIGNED_OFF_WITH_EXCEPTIONS
    assert {verified.sheet(place).state for place in (ONE, TWO)} == {CountState.CLOSED}
    assert (n_rows(verified, SignatureLine), n_rows(verified, Closure)) == (4, 2)


def test_the_two_lists_differ_in_the_roles_alone(verified: CountShop) -> None:
    first = verified.store.run(lambda work: show_list(work, verified.tour, CLAIRE))
    verified.sign(CLAIRE)
    second = verified.store.run(lambda work: show_list(work, verified.tour, MARC))

    assert [replace(line, my_role="") for line in first.lines] == [replace(line, my_role="") for line in second.lines]
    assert [line.my_role for line in first.lines] == ["A", "A"]
    assert [line.my_role for line in second.lines] == ["B", "B"]
    assert first.list_no == second.list_no == 1


def test_a_place_that_is_late_comes_in_a_second_list_of_both(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4)
    counting.sign(CLAIRE)
    counting.count_first(TWO, RINGS[TWO])
    counting.verify(TWO, 4)

    first = counting.store.run(lambda work: show_list(work, counting.tour, MARC))
    assert [line.count for line in first.lines] == [counting.count_of(ONE)]
    assert first.left_out == (counting.count_of(TWO),)
    counting.sign(MARC)
    assert counting.store.run(lambda work: show_list(work, counting.tour, MARC)).list_no == 2


def test_who_signed_does_not_sign_again_on_another_device(verified: CountShop) -> None:
    verified.sign(CLAIRE)

    with pytest.raises(NothingToSign):
        verified.sign(CLAIRE_ELSEWHERE)


def test_somebody_who_neither_counted_nor_verified_has_nothing_to_sign(verified: CountShop) -> None:
    with pytest.raises(NothingToSign):
        verified.sign(NADIA)


def test_exceptions_are_read_before_they_are_signed(verified: CountShop) -> None:
    with pytest.raises(ExceptionsUnread):
        verified.sign(CLAIRE, read=False)


UNSEEN = SigningAsked(list_no=1, lines_sha256="0" * 64, meaning="m", opened_at=0, pin="123456")
"""A list that was never shown."""


def test_a_list_that_is_not_the_one_shown_is_not_signed(verified: CountShop) -> None:
    with pytest.raises(ListChanged):
        sign_tour(verified.store, verified.tour, CLAIRE, asked=UNSEEN, check_pin=lambda person, pin: None)


def test_a_wrong_pin_signs_nothing(verified: CountShop) -> None:
    def refuse(person: str, pin: str) -> None:
        raise NotAllowed(f"{person} has another PIN than {pin[:0]}that.")

    with pytest.raises(NotAllowed):
        sign_tour(verified.store, verified.tour, CLAIRE, asked=UNSEEN, check_pin=refuse)
    assert n_rows(verified, SignatureLine) == 0


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core without its two-person rule: what then stands is the database."""
    take_out_the_rule(monkeypatch)
    let_anybody_sign(monkeypatch)


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("second", [CLAIRE_ELSEWHERE, CLAIRE])
def test_the_database_refuses_one_person_twice_when_the_core_would_not(counting: CountShop, second: Actor) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4, by=CLAIRE_ELSEWHERE)
    counting.sign(CLAIRE)

    with pytest.raises(SecondSignature) as refused:
        counting.sign(second)

    assert isinstance(refused.value.__cause__, IntegrityError)
    assert counting.sheet(ONE).state is CountState.SIGNED_ONE


@pytest.mark.usefixtures("unguarded")
def test_the_database_refuses_two_people_on_one_device_when_the_core_would_not(counting: CountShop) -> None:
    marc_on_hers = Actor(MARC.person, CLAIRE.device)
    counting.count_first(ONE, RINGS[ONE])
    counting.verify(ONE, 4, by=marc_on_hers)
    counting.sign(CLAIRE)

    with pytest.raises(SecondSignature) as refused:
        counting.sign(marc_on_hers)

    assert isinstance(refused.value.__cause__, IntegrityError)


def test_a_closure_by_one_person_is_no_closure(verified: CountShop) -> None:
    verified.sign(CLAIRE)
    verified.sign(MARC)
    count = verified.sheet(ONE)
    first = count.signatures[0]
    twice = replace(count, signatures=(first, replace(first, role=Role.B)))

    def write(work: UnitOfWork) -> None:
        signatures.close(work.conn, work.shop_id, twice, closed_at=work.now, leaf_seq=0)

    with pytest.raises(SecondSignature):
        verified.store.run(write)


def test_a_ring_that_another_tray_heard_is_misplaced_there(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    counting.count_first(TWO, [4, *RINGS[TWO]])
    counting.verify_blind(TWO, [4, *RINGS[TWO]])
    counting.store.run(lambda work: show_list(work, counting.tour, CLAIRE))

    (case,) = [case for case in counting.sheet(ONE).cases if case.subject == ref(4)]
    assert case.discrepancy == "MISPLACED"


@pytest.mark.parametrize("order", [(ONE, TWO), (TWO, ONE)])
def test_a_ring_that_one_tray_misses_and_another_finds_has_one_case_whichever_is_shown_first(
    counting: CountShop, order: tuple[PlaceId, PlaceId]
) -> None:
    lies = {ONE: [1, 2, 3], TWO: [4, *RINGS[TWO]]}
    for place in order:
        counting.count_first(place, lies[place])
        counting.verify_blind(place, lies[place])

    (case,) = counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id))
    assert (case.subject, case.discrepancy) == (ref(4), "MISPLACED")
    assert [one.case for place in order for one in counting.sheet(place).cases] == [case.case, case.case]


def test_a_case_decided_before_the_list_is_shown_holds_the_list_up_for_nobody(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    counting.verify_blind(ONE, [1, 2, 3])
    (case,) = counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id))
    paul = Actor(PersonId("paul"), DeviceId("handheld-3"))
    found = Decide(paul, to_ms(counting.clock.now()), Outcome.FOUND_ELSEWHERE, is_sighted=True)
    counting.store.run(lambda work: decide_case(work, case.case, found))
    counting.count_first(TWO, [4, *RINGS[TWO]])
    counting.verify_blind(TWO, [4, *RINGS[TWO]])

    shown = counting.store.run(lambda work: show_list(work, counting.tour, CLAIRE))

    assert len(shown.lines) == 2


def test_a_ring_with_a_case_elsewhere_is_still_missed_at_home(counting: CountShop) -> None:
    counting.count_first(TWO, [4, *RINGS[TWO]])
    counting.verify_blind(TWO, [4, *RINGS[TWO]])

    home = counting.count_first(ONE, [1, 2, 3])

    assert home.known_missing == ()
