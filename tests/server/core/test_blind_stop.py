"""A tray is read long enough by its passes alone; who lags behind decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.blind_stop import Stage, stage_of

PASSES = st.lists(st.integers(0, 60), max_size=6)


@pytest.mark.parametrize(
    ("mapped", "homeless", "stage"),
    [
        ([], [], Stage.READING),
        ([19], [], Stage.READING),
        ([20], [], Stage.STABLE),
        ([40, 0], [], Stage.READING),
        ([], [9], Stage.READING),
        ([], [10], Stage.TURN),
        ([], [19, 30], Stage.TURN),
        ([], [20], Stage.STABLE),
        ([19], [20], Stage.READING),
        ([20], [10], Stage.TURN),
    ],
)
def test_a_mapped_antenna_reads_on_and_a_pad_asks_for_a_turn(
    mapped: list[int], homeless: list[int], stage: Stage
) -> None:
    assert stage_of(mapped=mapped, homeless=homeless) is stage


@given(mapped=PASSES, homeless=PASSES)
def test_nobody_is_asked_to_turn_what_is_built_in(mapped: list[int], homeless: list[int]) -> None:
    if not homeless:
        assert stage_of(mapped=mapped) is not Stage.TURN


@given(mapped=PASSES, homeless=PASSES.filter(bool), more=st.integers(0, 9))
def test_a_further_pass_never_goes_back(mapped: list[int], homeless: list[int], more: int) -> None:
    order = list(Stage)
    before = stage_of(mapped=mapped, homeless=homeless)
    after = stage_of(mapped=[n + more for n in mapped], homeless=[n + more for n in homeless])

    assert order.index(after) >= order.index(before)
