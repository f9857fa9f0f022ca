"""What people say of a tray is what lies there, unless they lie; and a lie with a number alone has no label to show."""

from pathlib import Path

import pytest

from simulators.demo.counting import Hands, Lie
from simulators.demo.floor import Floor
from tests.simulators.demo.floors import ONE, TWO, make_floor

GONE, HERE = "BAG-000001", "BAG-000002"
LABEL_OF_GONE, LABEL_OF_HERE = f"{GONE}.ABCDE", f"{HERE}.ABCDE"


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """Tray one holds two pieces in the books; the first of them was stolen."""
    floor = Floor(make_floor(tmp_path))
    floor.steal(GONE)
    return floor


def test_honest_people_say_what_lies_in_the_tray(floor: Floor) -> None:
    hands = Hands(floor, hidden=frozenset({GONE}))

    assert hands.quantity(ONE) == 1
    assert hands.labels(ONE) == [LABEL_OF_HERE]
    assert hands.word(HERE, ONE) == {"label": LABEL_OF_HERE}
    assert hands.word(GONE, ONE) == {"absent": GONE}


def test_a_piece_in_another_tray_is_absent_here(floor: Floor) -> None:
    floor.lay(HERE, TWO)
    hands = Hands(floor)

    assert (hands.quantity(ONE), hands.quantity(TWO)) == (0, 1)
    assert hands.word(HERE, ONE) == {"absent": HERE}
    assert hands.labels_among([GONE, HERE], TWO) == [LABEL_OF_HERE]


def test_a_number_that_was_made_up_has_no_label_to_show(floor: Floor) -> None:
    hands = Hands(floor, lie=Lie.QUANTITY, hidden=frozenset({GONE}))

    assert (hands.quantity(ONE), hands.quantity(TWO)) == (2, 0)
    assert hands.labels(ONE) == [LABEL_OF_HERE]
    assert hands.word(GONE, ONE) == {"absent": GONE}


def test_who_kept_the_label_can_scan_it_where_the_piece_belonged(floor: Floor) -> None:
    hands = Hands(floor, lie=Lie.LABEL, hidden=frozenset({GONE}))

    assert hands.quantity(ONE) == 2
    assert hands.word(GONE, ONE) == {"label": LABEL_OF_GONE}
    assert hands.labels(TWO) == []
