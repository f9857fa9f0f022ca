"""The draw: fixed by a root nobody chooses, recomputable, about as many pieces as promised."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.draw import (
    PPM,
    Candidate,
    Threshold,
    differences,
    drawn,
    expected_draws,
    is_drawn,
    is_due_at_opening,
    thresholds,
    weight_of,
)
from server.core.errors import Malformed
from server.core.ids import CountId, PieceRef
from tests.server.core.count_story import UNHURRIED

COUNT = CountId("01997d2e-7c00-7000-8000-0000000000a1")
ROOT = bytes.fromhex("5a" * 32)
HIGH_VALUE = 200_000
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.integers(0, 10**6).map(lambda number: PieceRef(f"BAG-{number:06}")),
        st.none() | st.integers(0, 60),
        st.integers(0, 10**7),
    ),
    max_size=300,
    unique_by=lambda candidate: candidate.ref,
)


def root_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


# The hash was made with sha256sum over the printed bytes, not with this code.
HASH_OF_RING_1 = int("bda9176ccdac32c2bda7ba37c260e7ec2883420985f5fcd0920b433993cd4691", 16)


def test_the_threshold_is_the_hash_in_parts_per_million() -> None:
    ppm = HASH_OF_RING_1 * PPM // 2**256

    assert not is_drawn(Threshold(PieceRef("ring-1"), ppm), root=ROOT, count=COUNT)
    assert is_drawn(Threshold(PieceRef("ring-1"), ppm + 1), root=ROOT, count=COUNT)


def test_the_low_bit_splits_the_due_pieces() -> None:
    low_bit = int("02720277268ff7959cfe76ed5de9db890d1f0f5a0315fe266f1456c8ec66884b", 16) & 1

    assert is_due_at_opening(PieceRef("ring-1"), root=ROOT) is (low_bit == 0)


@pytest.mark.parametrize(("n_pieces", "draws"), [(0, 12), (2_400, 12), (2_401, 13), (100_000, 500)])
def test_a_tour_draws_half_a_percent_and_at_least_twelve(n_pieces: int, draws: int) -> None:
    assert expected_draws(n_pieces) == draws


@pytest.mark.parametrize(
    ("weeks", "retail", "weight"),
    [
        (0, 0, 1),
        (1, 0, 2),
        (4, 0, 5),
        (9, 0, 5),
        (None, 0, 5),
        (-1, 0, 1),
        (0, 49_999, 1),
        (0, 50_000, 3),
        (4, 50_000, 15),
    ],
)
def test_longer_unseen_and_dearer_pieces_weigh_more(weeks: int | None, retail: int, weight: int) -> None:
    assert weight_of(Candidate(PieceRef("r"), weeks, retail), high_value=HIGH_VALUE) == weight


@UNHURRIED
@given(candidates=CANDIDATES)
def test_thresholds_follow_the_formula_for_every_piece(candidates: list[Candidate]) -> None:
    chances = thresholds(candidates, high_value=HIGH_VALUE)

    weights = {one.ref: weight_of(one, high_value=HIGH_VALUE) for one in candidates}
    draws = max(12, (len(candidates) + 199) // 200)
    assert [one.ref for one in chances] == sorted(weights)
    for chance in chances:
        assert chance.ppm == min(10**6, 10**6 * draws * weights[chance.ref] // sum(weights.values()))


@UNHURRIED
@given(candidates=CANDIDATES)
def test_the_thresholds_add_up_to_about_the_promised_number(candidates: list[Candidate]) -> None:
    chances = thresholds(candidates, high_value=HIGH_VALUE)
    total = sum(chance.ppm for chance in chances)

    assert total <= expected_draws(len(candidates)) * PPM
    if all(chance.ppm < PPM for chance in chances):
        # Rounding down costs at most one part per million a piece.
        assert total > expected_draws(len(candidates)) * PPM * bool(chances) - len(chances) - 1


@UNHURRIED
@given(candidates=CANDIDATES, number=st.integers(0, 10**9))
def test_anybody_recomputes_the_draw_in_any_order(candidates: list[Candidate], number: int) -> None:
    chances = thresholds(candidates, high_value=HIGH_VALUE)
    asked = drawn(chances, root=root_of(number), count=COUNT)

    assert asked == drawn(reversed(chances), root=root_of(number), count=COUNT)
    assert differences(asked, chances, root=root_of(number), count=COUNT) == ()


@UNHURRIED
@given(candidates=CANDIDATES.filter(bool), number=st.integers(0, 10**9), choice=st.integers(0))
def test_a_piece_added_or_left_out_by_hand_is_named(candidates: list[Candidate], number: int, choice: int) -> None:
    chances = thresholds(candidates, high_value=HIGH_VALUE)
    victim = chances[choice % len(chances)].ref
    asked = set(drawn(chances, root=root_of(number), count=COUNT)) ^ {victim}

    assert differences(asked, chances, root=root_of(number), count=COUNT) == (victim,)


def test_over_many_roots_the_mean_is_near_the_promise_and_no_piece_is_safe() -> None:
    pieces = [Candidate(PieceRef(f"BAG-{number:06}"), number % 6, (number % 50) * 2_000) for number in range(600)]
    chances = thresholds(pieces, high_value=HIGH_VALUE)
    tours = [drawn(chances, root=root_of(number), count=COUNT) for number in range(700)]

    mean = sum(len(asked) for asked in tours) / len(tours)

    # 700 tours of 12 expected draws: the mean's standard deviation is about 0.13.
    assert 11.4 < mean < 12.6
    assert len({ref for asked in tours for ref in asked}) > 580


def test_another_root_or_count_draws_otherwise() -> None:
    chances = tuple(Threshold(PieceRef(f"r-{number}"), 500_000) for number in range(64))
    other = CountId("01997d2e-7c00-7000-8000-0000000000a2")

    assert len({drawn(chances, root=root_of(n), count=count) for n in range(3) for count in (COUNT, other)}) == 6


@pytest.mark.parametrize("count", ["tray-1", "01997d2e", "", "zz997d2e-7c00-7000-8000-0000000000a1"])
def test_a_count_is_a_uuid(count: str) -> None:
    with pytest.raises(Malformed, match="not a UUID"):
        is_drawn(Threshold(PieceRef("r"), 1), root=ROOT, count=CountId(count))


def test_a_root_has_32_bytes() -> None:
    with pytest.raises(Malformed, match="31 bytes"):
        is_due_at_opening(PieceRef("r"), root=ROOT[:-1])
