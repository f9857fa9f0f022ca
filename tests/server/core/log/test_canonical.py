import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from server.core.log import canonical
from server.core.log.canonical import JsonValue, NotCanonical

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(lambda text: unicodedata.normalize("NFC", text))
keys = st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers(-canonical.WHOLE_MAX, canonical.WHOLE_MAX) | texts
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
)


@given(values)
def test_bytes_equal_rfc_8785(value: JsonValue) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(values)
def test_decoding_gives_back_the_value(value: JsonValue) -> None:
    raw = canonical.encode(value)

    assert canonical.decode(raw) == value
    assert canonical.decode_exact(raw) == value


@given(st.binary(max_size=60))
def test_bytes_that_decode_exactly_are_the_canonical_bytes(raw: bytes) -> None:
    try:
        value = canonical.decode_exact(raw)
    except NotCanonical:
        return
    assert canonical.encode(value) == raw


def test_every_printable_character_is_written_as_in_rfc_8785() -> None:
    for start in range(0, 0x110000, 0x1000):
        scalars_in_block = (chr(code) for code in range(start, start + 0x1000) if not 0xD800 <= code < 0xE000)
        text = "".join(
            char
            for char in scalars_in_block
            if unicodedata.category(char) != "Cc"
            and unicodedata.is_normalized("NFC", char)
            and not unicodedata.combining(char)
        )
        normal = unicodedata.normalize("NFC", text)
        assert canonical.encode(normal) == rfc8785.dumps(normal)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        2**53,
        -(2**53),
        "e\u0301",
        "tab\there",
        "\x7f",
        "\x85",
        "\ud800",
        {"Key": 1},
        {"": 1},
        {"a" * 41: 1},
        {"clé": 1},
        {"a\n": 1},
        {1: 1},
        {"a": {1, 2}},
        b"raw",
    ],
)
def test_values_outside_the_profile_are_refused(value: JsonValue) -> None:
    with pytest.raises(NotCanonical):
        canonical.encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b"1.5",
        b"1e3",
        b"NaN",
        b"9007199254740992",
        b"1" * 5000,
        '"e\u0301"'.encode(),
        b'"\\ud800"',
        b'"\xff"',
        b"",
        b"[1] 2",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"\xef\xbb\xbf1",
        "1".encode("utf-16"),
    ],
)
def test_texts_outside_the_profile_are_refused(raw: bytes) -> None:
    for decode in (canonical.decode, canonical.decode_exact):
        with pytest.raises(NotCanonical):
            decode(raw)


@pytest.mark.parametrize("raw", [b'{"b":1,"a":2}', b"[1, 2]", b'"\\u0041"', b"-0", b" 1", b"1\n"])
def test_exact_decoding_refuses_another_form_of_the_same_value(raw: bytes) -> None:
    canonical.decode(raw)

    with pytest.raises(NotCanonical):
        canonical.decode_exact(raw)


def test_text_over_the_limit_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "JSON_BYTES_MAX", 4)

    for decode in (canonical.decode, canonical.decode_exact):
        with pytest.raises(NotCanonical, match="limit is 4"):
            decode(b"12345")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'"\\u0041"',
        b"1" * 40,
        b"[" * 300 + b"]" * 300,
        b"\xff",
    ],
)
def test_pinned_bytes_that_could_be_read_in_two_ways_are_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.decode_pinned(raw)


def test_pinned_bytes_give_their_value() -> None:
    value: JsonValue = {"a": [1, None, "é"], "b": True}

    assert canonical.decode_pinned(canonical.encode(value)) == value
