"""What should be here after the moves, and between which two findings a piece went."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.ids import CountId, PieceRef
from server.core.roll_forward import (
    COMING,
    LossWindow,
    Move,
    MoveKind,
    NothingMissing,
    Presence,
    RollForwardLine,
    loss_window,
    roll_forward,
)
from tests.server.core.count_story import UNHURRIED

RINGS = tuple(PieceRef(f"ring-{number}") for number in range(6))
MOVES = st.lists(st.builds(Move, st.sampled_from(RINGS), st.sampled_from(MoveKind), st.integers(0, 5)))
MINUTE = 60_000


def found(at: int, *, here: bool, ref: PieceRef = RINGS[0]) -> Presence:
    return Presence(ref, CountId(f"count-{at}"), at, here)


def test_opening_and_each_kind_of_move_add_up_line_by_line() -> None:
    moves = [
        Move(RINGS[1], MoveKind.SALE, 2),
        Move(RINGS[3], MoveKind.ARRIVAL, 1),
        Move(RINGS[0], MoveKind.REPAIR_OUT, 3),
        Move(RINGS[0], MoveKind.RETURN, 4),
    ]

    forward = roll_forward(RINGS[:3], moves)

    assert forward.expected == (RINGS[0], RINGS[2], RINGS[3])
    assert forward.doubts == ()
    assert forward.lines == (
        RollForwardLine(MoveKind.ARRIVAL, (RINGS[3],)),
        RollForwardLine(MoveKind.RETURN, (RINGS[0],)),
        RollForwardLine(MoveKind.SALE, (RINGS[1],)),
        RollForwardLine(MoveKind.REPAIR_OUT, (RINGS[0],)),
    )


def test_a_sale_of_what_was_not_here_is_a_doubt_and_not_a_negative_piece() -> None:
    sale = Move(RINGS[5], MoveKind.SALE, 1)

    forward = roll_forward(RINGS[:1], [sale])

    assert (forward.expected, forward.doubts) == (RINGS[:1], (sale,))


@UNHURRIED
@given(moves=MOVES, seed=st.randoms(use_true_random=False))
def test_the_order_of_writing_down_does_not_matter(moves: list[Move], seed: object) -> None:
    shuffled = list(moves)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]

    one, other = roll_forward(RINGS[:3], moves), roll_forward(RINGS[:3], shuffled)

    assert (one.expected, sorted(map(repr, one.doubts))) == (other.expected, sorted(map(repr, other.doubts)))


@UNHURRIED
@given(moves=MOVES)
def test_opening_plus_coming_minus_going_is_what_is_expected(moves: list[Move]) -> None:
    forward = roll_forward(RINGS[:3], moves)

    believed = list(moves)
    for doubt in forward.doubts:
        believed.remove(doubt)
    coming = sum(1 for move in believed if move.kind in COMING)
    assert len(forward.expected) == 3 + coming - (len(believed) - coming)


def test_the_loss_window_runs_from_the_last_presence_to_the_next_absence() -> None:
    findings = [
        found(30 * MINUTE, here=False),
        found(0, here=True),
        found(10 * MINUTE, here=False),
        found(20 * MINUTE, here=True),
        found(25 * MINUTE, here=True, ref=RINGS[1]),
        found(90 * MINUTE, here=False),
    ]

    window = loss_window(RINGS[0], findings)

    assert window == LossWindow(RINGS[0], found(20 * MINUTE, here=True), found(30 * MINUTE, here=False))
    assert window.minutes() == 10


def test_a_started_minute_counts() -> None:
    assert loss_window(RINGS[0], [found(0, here=True), found(1, here=False)]).minutes() == 1


def test_a_piece_never_confirmed_has_a_window_without_a_beginning() -> None:
    window = loss_window(RINGS[0], [found(5, here=False)])

    assert (window.last_present, window.minutes()) == (None, None)


@pytest.mark.parametrize("findings", [[], [found(1, here=False), found(2, here=True)]])
def test_a_piece_that_is_here_has_no_loss_window(findings: list[Presence]) -> None:
    with pytest.raises(NothingMissing):
        loss_window(RINGS[0], findings)
