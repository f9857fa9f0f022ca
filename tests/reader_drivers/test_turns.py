"""Whose round it is, where every round is an order of the host."""

from reader_drivers.turns import REPEATS_MAX, Target, Turns


def test_each_antenna_asks_both_kinds_of_tags_before_the_next_one() -> None:
    turns = Turns((1, 3))

    seen = [(turns.antenna, turns.target, turns.is_new, turns.advance(is_unfinished=False)) for _ in range(5)]

    assert seen == [
        (1, Target.A, True, False),
        (1, Target.B, False, True),
        (3, Target.A, True, False),
        (3, Target.B, False, True),
        (1, Target.A, True, False),
    ]


def test_unfinished_round_is_asked_again_a_limited_number_of_times() -> None:
    turns = Turns((1,))

    asked = []
    for _ in range(REPEATS_MAX + 2):
        asked.append(turns.target)
        turns.advance(is_unfinished=True)

    assert asked == [Target.A] * (REPEATS_MAX + 1) + [Target.B]


def test_repeats_are_counted_anew_for_each_round() -> None:
    turns = Turns((1,))

    over = [turns.advance(is_unfinished=True) for _ in range(2 * (REPEATS_MAX + 1))]

    assert over == [False] * (2 * REPEATS_MAX + 1) + [True]


def test_antenna_that_cannot_be_used_loses_the_rest_of_its_turn() -> None:
    turns = Turns((1, 2))
    turns.advance(is_unfinished=False)

    turns.skip()

    assert (turns.antenna, turns.target, turns.is_new) == (2, Target.A, True)
