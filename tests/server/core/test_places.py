"""The tree of places."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import places
from server.core.ids import PlacePath
from server.core.places import SHOP, PlaceError, are_related, common_root, contains, place_path

PATHS = st.lists(st.sampled_from(["A", "B", "AB", "C 1"]), min_size=1, max_size=4).map(
    lambda steps: PlacePath("/".join(steps))
)


@pytest.mark.parametrize("text", ["", " ", "/", " / / ", "a\u0007b", "x" * 501, "/".join("abcdefghijklmno")])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(PlaceError):
        place_path(text)


@given(path=PATHS)
def test_spaces_and_empty_steps_do_not_make_another_place(path: PlacePath) -> None:
    assert place_path("/ " + path.replace("/", " //  ") + " /") == path


def test_composed_and_decomposed_letters_are_one_place() -> None:
    assert place_path("Vitrine e\u0301") == place_path("Vitrine é")


@given(one=PATHS, other=PATHS)
def test_two_places_that_contain_each_other_are_one(one: PlacePath, other: PlacePath) -> None:
    assert (contains(one, other) and contains(other, one)) == (one == other)
    assert are_related(one, other) == are_related(other, one)


def test_a_name_that_only_starts_alike_is_another_place() -> None:
    assert not are_related(PlacePath("Window/P1"), PlacePath("Window/P10"))


@given(paths=st.lists(PATHS, max_size=5))
def test_the_common_root_contains_every_place(paths: list[PlacePath]) -> None:
    root = common_root(paths)

    assert all(contains(root, path) for path in paths)


@given(paths=st.lists(PATHS, min_size=1, max_size=5))
def test_no_deeper_place_contains_every_place(paths: list[PlacePath]) -> None:
    root = common_root(paths)

    deeper = {PlacePath("/".join(path.split("/")[: root.count("/") + 2 if root else 1])) for path in paths} - {root}
    assert not any(all(contains(place, path) for path in paths) for place in deeper)


def test_nothing_in_common_is_the_shop() -> None:
    assert common_root([]) == SHOP
    assert common_root([PlacePath("A"), PlacePath("B")]) == SHOP


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(places).failed == 0
