"""Canonical JSON: the one byte form of a fact, so that what is stored, hashed, signed and exported is the same.

The profile is a part of RFC 8785 in which a fast serializer gives the same bytes: keys are ASCII snake_case, numbers
are whole and within ±(2^53−1), strings are NFC without control characters or lone surrogates. Money is therefore in
minor units, weights in milligrams, signal in hundredths of a dBm.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias, cast

import orjson

from server.core.errors import Malformed

JsonValue: TypeAlias = "str | int | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What the profile can carry. Sequences are lists or tuples; mappings are dicts."""

JSON_BYTES_MAX: Final = 64 * 1024 * 1024
"""Largest text `decode` looks at: the expected set of a shop of 100,000 pieces is about a third of this."""
DEPTH_MAX: Final = 32
"""Deepest nesting. Our own deepest record has seven levels; the recursion of a parser must never be the limit."""
WHOLE_MAX: Final = 2**53 - 1
"""RFC 8785 section 3.2.2.3: larger whole numbers are not exact in every reader of JSON."""

_KEY: Final = re.compile(r"[a-z0-9_]{1,40}")


class NotCanonical(Malformed):
    """A value or a text outside the profile, or a text that is not in its one byte form."""

    code = "not_canonical"


def encode(value: JsonValue) -> bytes:
    """The canonical bytes of `value`: equal to RFC 8785 for every value of the profile.

    Raises: NotCanonical: a float, a large number, a key or a string outside the profile, or nesting over `DEPTH_MAX`.
    """
    _check(value, depth=0)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def decode(raw: bytes) -> JsonValue:
    """The value in a JSON text of the profile; spaces and the order of keys are free.

    Duplicate keys are refused: parsers differ on which one they keep, so a signer and a verifier could read two values.
    Raises: NotCanonical: not UTF-8, not JSON, longer than `JSON_BYTES_MAX`, or a value outside the profile.
    """
    if len(raw) > JSON_BYTES_MAX:
        raise NotCanonical(f"The JSON text has {len(raw)} bytes; the limit is {JSON_BYTES_MAX}. Send it in parts.")
    try:
        value: JsonValue = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique_pairs,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"The text is not JSON that can be read: {error}. Send one JSON value in UTF-8.") from error
    _check(value, depth=0)
    return value


def decode_exact(raw: bytes) -> JsonValue:
    """The value of `raw`, which must already be the canonical bytes of that value.

    Raises: NotCanonical: as `decode`, and for any text whose canonical form differs from it by a byte.
    """
    if len(raw) > JSON_BYTES_MAX:
        raise NotCanonical(f"The JSON text has {len(raw)} bytes; the limit is {JSON_BYTES_MAX}. Send it in parts.")
    try:
        value: JsonValue = orjson.loads(raw)
    except ValueError as error:
        raise NotCanonical(f"The text is not JSON that can be read: {error}. Send one JSON value in UTF-8.") from error
    # A duplicate key, a float, an escape or a space would make the two texts differ.
    if encode(value) != raw:
        raise NotCanonical(
            "The JSON text is not in canonical form: its keys, spaces or escapes differ. Encode it again."
        )
    return value


def decode_pinned(raw: bytes) -> JsonValue:
    """The value of bytes whose hash a leaf names. Only one value can be read from them; whether it fits the profile is not asked.

    Raises: NotCanonical: duplicate keys, spaces, another order or another way to write a value. Faster than `decode_exact`.
    """
    try:
        value: JsonValue = orjson.loads(raw)
        again = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError) as error:
        raise NotCanonical(f"The text is not JSON that can be read: {error}. Send one JSON value in UTF-8.") from error
    if again != raw:
        raise NotCanonical("The JSON text is not in canonical form: its keys, spaces or escapes differ.")
    return value


def _check(value: object, *, depth: int) -> None:
    # Most values are short ASCII texts, so that is asked first: a pack of a year has tens of millions of them.
    kind = type(value)
    if kind is str:
        assert isinstance(value, str)
        if not (value.isascii() and value.isprintable()):
            _check_text(value)
    elif kind is int:
        assert isinstance(value, int)
        if not -WHOLE_MAX <= value <= WHOLE_MAX:
            raise NotCanonical(f"The number {value} is beyond ±(2^53−1). Write it as text.")
    elif value is None or kind is bool:
        return
    elif depth >= DEPTH_MAX:
        raise NotCanonical(f"The value is nested deeper than {DEPTH_MAX} levels. Flatten it.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not _is_key(key):
                raise NotCanonical(f"The key {key!r:.60} is not 1 to 40 of a–z, 0–9 and _. Rename it.")
            _check(inner, depth=depth + 1)
    elif isinstance(value, list | tuple):
        if not _are_plain_texts(value):
            for inner in value:
                _check(inner, depth=depth + 1)
    else:
        raise NotCanonical(f"A {kind.__name__} cannot be canonical JSON. Use whole numbers, text, lists and objects.")


def _are_plain_texts(values: Sequence[object]) -> bool:
    """Whether there are only printable ASCII texts: a list of references, which needs no look at each."""
    if set(map(type, values)) != {str}:
        return False
    together = "".join(cast("Sequence[str]", values))
    return together.isascii() and together.isprintable()


@lru_cache(maxsize=1024)
def _is_key(key: object) -> bool:
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def _check_text(text: str) -> None:
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise NotCanonical(f"The text {text!r:.60} has a control character or half of a pair. Remove it.")
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical(f"The text {text!r:.60} is not in Unicode form NFC. Normalize it first.")


def _unique_pairs(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has the same key twice")
    return members


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text:.40} is not a whole number")
