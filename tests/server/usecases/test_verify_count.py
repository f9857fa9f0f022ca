"""The second person verifies on another device: quantity, draw and, on any doubt, a whole round of their own."""

from datetime import timedelta

import pytest

from server.core.actors import Actor
from server.core.count_errors import (
    AlreadyVerifying,
    AsksOpen,
    CountingBlind,
    NotBlind,
    QuantityNeeded,
    SameDevice,
    SamePerson,
    Searching,
)
from server.core.count_sheet import Mode
from server.core.count_states import CountState
from server.store import cases, rounds, signatures
from server.usecases import verify_count
from server.usecases.seal_round_set import LabelUnknown
from server.usecases.search import open_search
from tests.server.usecases.count_shop import (
    CLAIRE,
    CLAIRE_ELSEWHERE,
    MARC,
    MARC_ON_HERS,
    NADIA,
    ONE,
    RINGS,
    CountShop,
    keep_checkpoint,
    label,
    ref,
)


def show_figures(counting: CountShop, viewer: Actor) -> None:
    counting.store.run(lambda work: verify_count.show_figures(work, counting.count_of(ONE), viewer))


def test_a_clean_tray_is_a_challenge_and_leaves_nothing_to_settle(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    count = counting.verify(ONE, 4)

    assert (count.mode, count.state, count.cases) == (Mode.CHALLENGE, CountState.REVEALED, ())


def test_a_missing_piece_makes_the_verification_blind_and_leaves_one_case(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    count = counting.verify_blind(ONE, [1, 2, 3])

    assert (count.mode, count.state) == (Mode.BLIND, CountState.RESOLVING)
    (case,) = counting.store.read(lambda conn: cases.open_ones(conn, counting.store.shop_id))
    assert (case.subject, case.discrepancy, case.b) == (ref(4), "MISSING", MARC.person)


@pytest.mark.parametrize(
    ("other", "refusal"), [(CLAIRE_ELSEWHERE, SamePerson), (CLAIRE, SamePerson), (MARC_ON_HERS, SameDevice)]
)
def test_neither_the_same_person_nor_the_same_device_verifies(
    counting: CountShop, other: object, refusal: type[Exception]
) -> None:
    counting.count_first(ONE, RINGS[ONE])

    with pytest.raises(refusal):
        counting.claim(ONE, other)  # type: ignore[arg-type]


def test_the_second_claimant_waits_until_the_lease_is_over(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.claim(ONE)
    with pytest.raises(AlreadyVerifying):
        counting.claim(ONE, NADIA)

    counting.clock.advance(timedelta(minutes=10))
    assert counting.claim(ONE, NADIA).b == NADIA


def test_a_claimant_who_was_replaced_has_no_open_turn_left(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.claim(ONE)
    counting.clock.advance(timedelta(minutes=10))
    counting.claim(ONE, NADIA)

    def open_turns(person: Actor) -> int:
        return len(counting.store.read(lambda conn: rounds.open_counts_of(conn, counting.store.shop_id, person.person)))

    assert (open_turns(MARC), open_turns(NADIA), open_turns(CLAIRE)) == (0, 1, 0)


def test_nothing_can_be_drawn_before_a_checkpoint_covers_the_first_seal(counting: CountShop) -> None:
    round_id = counting.begin(ONE)
    counting.drained(counting.hear(round_id, CLAIRE, RINGS[ONE]))
    counting.ask_seal(round_id, CLAIRE)
    with pytest.raises(AsksOpen):
        counting.claim(ONE)

    counting.store.run(keep_checkpoint)
    first = counting.claim(ONE).draw_root
    counting.store.run(keep_checkpoint)

    seal = counting.store.read(lambda conn: signatures.first_root_over(conn, counting.store.shop_id, 3))
    assert first == seal == counting.claim(ONE).draw_root


def test_the_asked_pieces_are_named_only_after_the_quantity_and_only_to_the_verifier(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    assert verify_count.asked_with_answers(counting.claim(ONE), MARC) == ()

    keyed = counting.key(ONE, 4)

    asked = verify_count.asked_with_answers(keyed, MARC)
    assert [(one.ref, one.is_present) for one in asked] == [(ref(number), None) for number in RINGS[ONE]]
    assert verify_count.asked_with_answers(keyed, CLAIRE) == ()


def test_an_asked_piece_is_there_by_its_label_and_not_by_its_reference(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.claim(ONE)
    counting.key(ONE, 4)

    with pytest.raises(LabelUnknown):
        counting.store.run(
            lambda work: verify_count.answer(work, counting.count_of(ONE), MARC, word=verify_count.Word(label=ref(1)))
        )


def test_another_quantity_than_the_tags_say_makes_the_verification_blind(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.claim(ONE)

    assert counting.key(ONE, 3).mode is Mode.BLIND


def test_the_verification_is_not_sealed_before_quantity_and_asks(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    counting.claim(ONE)
    with pytest.raises(QuantityNeeded):
        counting.store.run(lambda work: verify_count.seal_verification(work, counting.count_of(ONE), MARC))

    counting.key(ONE, 4)
    with pytest.raises(AsksOpen):
        counting.store.run(lambda work: verify_count.seal_verification(work, counting.count_of(ONE), MARC))


def test_who_was_shown_the_figures_makes_no_blind_round(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    show_figures(counting, NADIA)

    with pytest.raises(NotBlind):
        counting.claim(ONE, NADIA)


def test_no_figure_is_shown_before_the_first_seal_nor_to_who_verifies_blind(counting: CountShop) -> None:
    counting.begin(ONE)
    for viewer in (CLAIRE, CLAIRE_ELSEWHERE, NADIA):
        with pytest.raises(CountingBlind):
            show_figures(counting, viewer)

    round_a = counting.sheet(ONE).round_a
    assert round_a is not None
    counting.read_and_seal(round_a, CLAIRE, [1, 2, 3])
    counting.go_on(counting.count_of(ONE))
    counting.claim(ONE)
    for viewer in (MARC, MARC_ON_HERS):
        with pytest.raises(CountingBlind):
            show_figures(counting, viewer)


def test_a_search_finds_what_was_silent_and_nobody_verifies_meanwhile(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    search = counting.store.run(lambda work: open_search(work, counting.count_of(ONE), CLAIRE))
    assert search.silent == (ref(4),)
    with pytest.raises(Searching):
        counting.claim(ONE)

    counting.drained(counting.hear(search.round, CLAIRE, []))
    found = counting.ask_seal(search.round, CLAIRE, labels=(label(4),)).count
    counting.store.run(keep_checkpoint)

    assert found.a2 is not None
    assert found.a2.by_hand == (ref(4),)
    assert counting.claim(ONE).mode is Mode.CHALLENGE


def test_the_second_person_cannot_be_faster_than_the_first_persons_search(counting: CountShop) -> None:
    counting.read_and_seal(counting.begin(ONE), CLAIRE, [1, 2, 3])
    with pytest.raises(Searching):
        counting.claim(ONE)

    search = counting.store.run(lambda work: open_search(work, counting.count_of(ONE), CLAIRE))
    assert counting.ask_seal(search.round, CLAIRE, labels=(label(4),)).is_sealed
    counting.checkpoint()

    assert counting.claim(ONE).mode is Mode.CHALLENGE


def test_a_search_asked_again_names_only_what_it_has_not_heard_yet(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2])
    search = counting.store.run(lambda work: open_search(work, counting.count_of(ONE), CLAIRE))
    counting.hear(search.round, CLAIRE, [3])

    again = counting.store.run(lambda work: open_search(work, counting.count_of(ONE), CLAIRE))

    assert (search.silent, again.silent) == ((ref(3), ref(4)), (ref(4),))
    assert again.round == search.round


def test_where_the_two_differ_a_third_person_settles_the_line(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    revealed = counting.verify_blind(ONE, RINGS[ONE])
    assert (revealed.state, revealed.cases) == (CountState.REVEALED, ())

    word = verify_count.Word(label=label(4))
    settled = counting.store.run(
        lambda work: verify_count.confirm_recount(work, counting.count_of(ONE), NADIA, word=word)
    )

    assert settled.state is CountState.RESOLVING
    assert settled.cases == ()
