"""A body that two programs could read in two ways is refused, and nothing of it is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.strict_json import parse_json
from server.core.errors import Malformed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_plain_json_comes_through_unchanged(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("raw", [b'{"a":1,"a":1}', b'[{"b":{"c":1,"c":2}}]'])
def test_a_key_that_stands_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed, match="stands twice"):
        parse_json(raw)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"NaN", b"[Infinity]", b"[" * 100_000])
def test_what_is_not_json_is_refused_with_a_sentence(raw: bytes) -> None:
    with pytest.raises(Malformed, match="Nothing was stored"):
        parse_json(raw)
