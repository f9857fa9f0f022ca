"""One list per person over a tour, its statement, and what a later change voids."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count import advance, planned
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.errors import DomainError
from server.core.ids import CountId, DeviceId, PersonId, PieceRef, ShopId, TourId
from server.core.log import canonical
from server.core.tours import (
    LATE_AFTER_MS,
    LINES_MAX,
    ListSignature,
    NothingToSign,
    SigningStatement,
    TourList,
    countable_places,
    prepare_list,
    reclassified,
    role_of,
    sign_list,
    verified_afterwards,
)
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    RINGS,
    T0,
    UNHURRIED,
    WHY,
    Story,
    clean_to,
    missing_fixed,
    plan,
    solo_fixed,
)

TOUR = TourId("tour-1")
S = CountState


def renamed(count: Count, number: int) -> Count:
    """The same count as another tray of the tour."""
    return replace(count, plan=replace(count.plan, count=CountId(f"01997d2e-7c00-7000-8000-{number:012}")))


def crossed(number: int) -> Count:
    """A count that Marc makes and Claire verifies, result fixed."""
    story = Story(renamed(planned(plan()), number)).open().begin(MARC).seal_a(*RINGS, by=MARC).claim(CLAIRE)
    return story.key(4, by=CLAIRE).verified(CLAIRE).reveal(CLAIRE).fix().count


def tour() -> list[Count]:
    """Two plain trays, one with a missing ring, one with crossed roles, one not ready."""
    return [
        renamed(clean_to(S.RESULT_FIXED).count, 3),
        renamed(clean_to(S.RESULT_FIXED).count, 1),
        renamed(missing_fixed().count, 2),
        crossed(4),
        renamed(clean_to(S.VERIFYING).count, 5),
        renamed(clean_to(S.CLOSED).count, 6),
    ]


def statement(tour_list: TourList, by: Actor) -> SigningStatement:
    return SigningStatement(
        meaning="I counted these trays.",
        log="baguier/shop",
        shop=ShopId("shop"),
        tour=tour_list.tour,
        list_no=tour_list.list_no,
        lines_sha256=tour_list.lines_sha256(),
        n_lines=len(tour_list.lines),
        n_exceptions=tour_list.n_exceptions(),
        person=by.person,
        device=by.device,
        opened_at="2026-09-21T08:00:00.000Z",
        at="2026-09-21T08:01:00.000Z",
        nonce="n",
        prev_size=7,
        prev_root="00" * 32,
    )


def signature(tour_list: TourList, by: Actor) -> ListSignature:
    read = frozenset(line.count for line in tour_list.lines if line.exceptions)
    return ListSignature(f"signature-{by.person}", by, T0, statement(tour_list, by), read)


def signed_by(counts: list[Count], by: Actor, *, list_no: int = 1) -> list[Count]:
    tour_list = prepare_list(TOUR, counts, person=by.person, list_no=list_no)
    steps = sign_list(tour_list, counts, signature(tour_list, by))
    after = {step.count.plan.count: step.count for step in steps}
    return [after.get(count.plan.count, count) for count in counts]


def code_of(tour_list: TourList, counts: list[Count], made: ListSignature) -> str:
    with pytest.raises(DomainError) as refused:
        sign_list(tour_list, counts, made)
    return refused.value.code


def test_a_tour_plans_the_places_that_hold_pieces() -> None:
    places = [("tray-2", True, False), ("showcase", False, False), ("tray-1", True, False), ("tray-3", True, True)]

    assert countable_places(places) == ("tray-1", "tray-2")


def test_a_list_has_the_ready_counts_in_order_and_names_the_rest() -> None:
    counts = tour()

    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)

    assert [line.count[-1] for line in tour_list.lines] == ["1", "2", "3", "4"]
    assert [line.my_role for line in tour_list.lines] == ["A", "A", "A", "B"]
    assert [count[-1] for count in tour_list.left_out] == ["5"]
    assert [line.exceptions for line in tour_list.lines] == [(), ("missing",), (), ()]
    assert tour_list.n_exceptions() == 1


def test_a_line_says_what_was_found_and_how() -> None:
    line = prepare_list(TOUR, [missing_fixed().count], person=MARC.person, list_no=1).lines[0]

    assert (line.present, line.missing, line.by_hand, line.quantity_b, line.mode) == (3, 1, 0, 3, "blind")
    assert (line.scope, line.result_no, line.my_role) == ("5c" * 32, 1, "B")


def test_the_lists_of_two_people_differ_only_in_my_role() -> None:
    counts = tour()
    claire, marc = (prepare_list(TOUR, counts, person=by.person, list_no=1) for by in (CLAIRE, MARC))

    other = {"A": "B", "B": "A"}
    assert [replace(line, my_role=other[line.my_role]) for line in claire.lines] == list(marc.lines)
    assert claire.lines_sha256() != marc.lines_sha256()


def test_one_signature_each_signs_off_the_whole_tour() -> None:
    counts = signed_by(signed_by(tour(), CLAIRE), MARC)

    assert [count.state for count in counts[:4]] == [
        S.SIGNED_OFF,
        S.SIGNED_OFF,
        S.SIGNED_OFF_WITH_EXCEPTIONS,
        S.SIGNED_OFF,
    ]
    assert counts[4].state is S.VERIFYING
    assert len({one.statement_sha256 for count in counts[:4] for one in count.signatures}) == 2


def test_a_change_after_the_first_signature_voids_that_line_in_both_lists_and_no_other() -> None:
    counts = signed_by(signed_by(tour(), CLAIRE), MARC)
    reopened = advance(counts[0], acts.ReopenResult(CLAIRE, T0, WHY)).count
    assert len(reopened.voided_signatures) == 2
    counts[0] = advance(reopened, acts.FixResult(MARC, T0)).count

    second = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=2)

    assert [line.count for line in second.lines] == [counts[0].plan.count]
    assert second.lines[0].result_no == 2
    assert [count.state for count in counts[1:4]] == [S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS, S.SIGNED_OFF]
    assert signed_by(signed_by(counts, CLAIRE, list_no=2), MARC, list_no=2)[0].state is S.SIGNED_OFF


def test_a_line_that_changed_since_it_was_shown_is_not_signed() -> None:
    counts = tour()
    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)
    made = signature(tour_list, CLAIRE)
    counts[0] = advance(advance(counts[0], acts.ReopenResult(CLAIRE, T0, WHY)).count, acts.FixResult(MARC, T0)).count

    assert code_of(tour_list, counts, made) == "list_changed"
    assert code_of(tour_list, counts[1:], made) == "list_changed"


def test_exceptions_are_read_before_the_signature() -> None:
    counts = tour()
    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)
    unread = replace(signature(tour_list, CLAIRE), read_exceptions=frozenset())

    assert code_of(tour_list, counts, unread) == "exceptions_unread"


@pytest.mark.parametrize(
    "changes",
    [
        {"lines_sha256": "00"},
        {"n_lines": 3},
        {"n_exceptions": 0},
        {"list_no": 2},
        {"tour": "tour-2"},
        {"person": "marc"},
        {"device": "handheld-2"},
    ],
)
def test_the_statement_is_about_this_list_and_this_signer(changes: dict[str, object]) -> None:
    counts = tour()
    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)
    made = signature(tour_list, CLAIRE)

    wrong = replace(made, statement=replace(made.statement, **changes))  # type: ignore[arg-type]

    assert code_of(tour_list, counts, wrong) == "list_changed"


def test_a_list_is_signed_by_the_person_it_was_prepared_for() -> None:
    counts = tour()
    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)

    assert code_of(tour_list, counts, signature(tour_list, MARC)) == "list_changed"


def test_both_signatures_on_one_device_are_refused() -> None:
    counts = signed_by(tour(), CLAIRE)
    tour_list = prepare_list(TOUR, counts, person=MARC.person, list_no=1)

    assert code_of(tour_list, counts, signature(tour_list, Actor(MARC.person, CLAIRE.device))) == "same_device"


def test_nothing_is_left_to_sign_after_signing() -> None:
    with pytest.raises(NothingToSign):
        prepare_list(TOUR, signed_by(tour(), CLAIRE), person=CLAIRE.person, list_no=1)
    with pytest.raises(NothingToSign):
        prepare_list(TOUR, tour(), person=PersonId("nadia"), list_no=1)


def test_a_list_has_at_most_sixty_lines_and_names_what_waits() -> None:
    counts = [renamed(clean_to(S.RESULT_FIXED).count, number) for number in range(LINES_MAX + 2)]

    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)

    assert (len(tour_list.lines), len(tour_list.left_out)) == (LINES_MAX, 2)


def test_more_than_an_hour_after_the_first_seal_is_signed_late() -> None:
    tour_list = prepare_list(TOUR, tour(), person=CLAIRE.person, list_no=1)

    assert not tour_list.is_late(at=T0 + LATE_AFTER_MS)
    assert tour_list.is_late(at=T0 + LATE_AFTER_MS + 1)


def test_one_person_alone_signs_a_list_with_photos() -> None:
    counts = [solo_fixed(acts.Occasion.CLOSING).count]
    tour_list = prepare_list(TOUR, counts, person=CLAIRE.person, list_no=1)
    made = signature(tour_list, CLAIRE)
    assert code_of(tour_list, counts, made) == "photo_needed"

    (step,) = sign_list(tour_list, counts, replace(made, photos=((counts[0].plan.count, "f0" * 32),)))

    assert (step.after, tour_list.lines[0].sealed_b, tour_list.lines[0].quantity_b) == (
        S.SIGNED_OFF_SINGLE,
        None,
        None,
    )


def test_the_signed_bytes_are_the_domain_and_canonical_json() -> None:
    made = statement(prepare_list(TOUR, tour(), person=CLAIRE.person, list_no=1), CLAIRE)
    domain, body = made.signed_bytes().split(b"\n", 1)

    fields = canonical.decode(body)

    assert domain == b"baguier-sign/1"
    assert isinstance(fields, dict)
    assert sorted(fields) == sorted(
        [
            "meaning",
            "log",
            "shop",
            "tour",
            "list_no",
            "lines_sha256",
            "n_lines",
            "n_exceptions",
            "person",
            "device",
            "opened_at",
            "at",
            "nonce",
            "prev_size",
            "prev_root",
        ]
    )
    assert made.sha256() == hashlib.sha256(made.signed_bytes()).hexdigest()


def test_a_person_outside_a_count_has_no_role() -> None:
    assert role_of(clean_to(S.OPEN).count, CLAIRE.person) is None


def test_verifying_long_after_the_seal_is_said() -> None:
    trays = [CountId(f"tray-{number}") for number in range(5)]
    seals = [(tray, number * 100) for number, tray in enumerate(trays)]
    entries = [(trays[0], 300), (trays[1], 401), (trays[2], 9_999), (trays[4], 9_999)]

    assert verified_afterwards(seals, entries) == {trays[1]}


def test_a_missing_piece_heard_by_another_count_of_the_tour_is_found_there() -> None:
    by_b = renamed(Story().open().begin().seal_a().claim().key(1).seal_b("pearl").count, 9)
    by_a = renamed(Story().open().begin().seal_a("pearl").count, 8)

    assert reclassified([by_b, by_a], PieceRef("pearl")) == by_a.plan.count
    assert reclassified([by_b], PieceRef("pearl")) == by_b.plan.count
    assert reclassified([by_a, by_b], PieceRef("ring-9")) is None


@UNHURRIED
@given(order=st.permutations(range(4)))
def test_the_order_of_the_counts_does_not_change_the_list(order: list[int]) -> None:
    counts = tour()

    shuffled = prepare_list(TOUR, [counts[index] for index in order], person=CLAIRE.person, list_no=1)

    assert shuffled.lines_sha256() == prepare_list(TOUR, counts[:4], person=CLAIRE.person, list_no=1).lines_sha256()


def test_a_device_outside_the_count_may_sign_for_its_person() -> None:
    counts = signed_by(tour(), Actor(CLAIRE.person, DeviceId("desk")))

    assert signed_by(counts, MARC)[0].state is S.SIGNED_OFF
