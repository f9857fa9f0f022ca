"""When the draw's root is fixed, and who waits for it."""

import pytest

from server.core.count_states import CountState
from server.core.errors import Malformed
from tests.server.core.count_story import RINGS, ROOT, clean_to
from tests.server.core.refusals import code_of

S = CountState


def test_the_draw_keeps_its_first_root() -> None:
    story = clean_to(S.VERIFYING)

    assert code_of(lambda: story.claim(root="77" * 32)) == "draw_fixed"


@pytest.mark.parametrize("root", ["5A" * 32, "5a" * 31, "zz" * 32])
def test_a_root_is_64_hex_digits(root: str) -> None:
    with pytest.raises(Malformed):
        clean_to(S.SEALED_A).claim(root=root)


def test_a_challenge_needs_a_root_and_a_blind_round_gets_it_later() -> None:
    assert code_of(lambda: clean_to(S.SEALED_A).claim(root=None)) == "asks_open"
    story = clean_to(S.SEALED_A).claim(root=None, offline=True).key(4).seal_b(*RINGS)
    assert code_of(story.verified) == "asks_open"

    late = clean_to(S.SEALED_A).claim(root=None, offline=True).key(4).seal_b(*RINGS, root=ROOT)

    assert late.verified().count.state is S.SEALED_B


def test_who_sealed_a_blind_round_before_the_draw_was_known_takes_the_verification_again_when_it_is() -> None:
    story = clean_to(S.SEALED_A).claim(root=None, offline=True).key(4).seal_b(*RINGS)
    assert code_of(lambda: story.claim(root=None)) == "asks_open"

    again = story.claim(root=ROOT)

    assert again.count.draw_root == ROOT
    assert again.verified().count.state is S.SEALED_B
