"""Sealed sets, actors and the plain form of core values."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.actors import human_of
from server.core.errors import Malformed
from server.core.ids import PersonId
from server.core.plain_json import JsonObject, JsonPlain, from_plain, kind_of, to_plain
from server.core.sealed_sets import RoundKind, SealedSet, salted_digest
from tests.server.core.count_story import CLAIRE, RINGS, TWO, UNHURRIED, refs, seal


@dataclass(frozen=True, slots=True)
class Tray:
    """A value only for these tests."""

    weight: object
    inside: dict[str, str]


class Colour(StrEnum):
    """A choice only for these tests."""

    RED = "red"


@UNHURRIED
@given(first=st.sets(st.sampled_from(RINGS)), second=st.sets(st.sampled_from(RINGS)))
def test_two_seals_have_one_digest_only_when_they_hold_the_same(first: set[str], second: set[str]) -> None:
    one, other = (seal(RoundKind.A1, CLAIRE, *heard) for heard in (first, second))

    assert (one.sha256() == other.sha256()) == (first == second)


def test_heard_or_scanned_is_present() -> None:
    sealed = seal(RoundKind.A1, CLAIRE, "ring-1", "ring-2", by_hand=("ring-2", "ring-3"))

    assert sealed.present == set(refs("ring-1", "ring-2", "ring-3"))


@pytest.mark.parametrize("kind", list(RoundKind))
def test_the_kind_of_round_is_in_the_digest(kind: RoundKind) -> None:
    others = [seal(other, CLAIRE).sha256() for other in RoundKind if other is not kind]

    assert seal(kind, CLAIRE).sha256() not in others


def test_a_reason_is_logged_by_its_salted_digest() -> None:
    reason = salted_digest("ill", salt=b"\x01" * 32)

    assert reason.sha256 == hashlib.sha256(b"\x01" * 32 + b"ill").hexdigest()


def test_an_account_outside_the_snapshot_stands_for_itself() -> None:
    assert human_of(TWO, PersonId("stranger")) == "stranger"


def test_plain_json_takes_objects_and_choices_and_refuses_what_loses() -> None:
    assert to_plain(Tray(Colour.RED, {"a": "b"})) == {"weight": "red", "inside": {"a": "b"}}
    with pytest.raises(Malformed, match="float cannot be written"):
        to_plain(Tray(1.5, {}))
    with pytest.raises(Malformed, match="type cannot be written"):
        to_plain(Tray(Tray, {}))


def test_a_field_of_a_type_without_a_plain_form_is_not_read() -> None:
    with pytest.raises(Malformed, match="Field weight expects"):
        from_plain(Tray, {"weight": 1, "inside": {}})


def test_kinds_are_snake_case() -> None:
    assert kind_of(SealedSet) == "sealed_set"


ANYTHING: st.SearchStrategy[JsonPlain] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@UNHURRIED
@given(field=st.sampled_from(sorted(cast("JsonObject", to_plain(seal(RoundKind.A1, CLAIRE))))), value=ANYTHING)
def test_a_strange_value_in_any_field_is_malformed_or_read_exactly(field: str, value: JsonPlain) -> None:
    plain = cast("JsonObject", to_plain(seal(RoundKind.A1, CLAIRE, *RINGS)))
    plain[field] = value

    try:
        read = from_plain(SealedSet, plain)
    except Malformed:
        return

    assert to_plain(read) == plain
