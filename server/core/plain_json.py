"""Plain JSON: the frozen values of the core as objects, lists, strings, whole numbers, and back.

One rule for every value: a dataclass is an object of its fields, an enumeration its value, a tuple a list. A union of
dataclasses carries `kind`, the snake-case name of the class. Reading is strict: an unknown or missing key is refused.
"""

import dataclasses
import hashlib
import re
import types
import typing
from collections.abc import Hashable, Mapping
from enum import Enum
from functools import cache
from typing import Final, TypeAlias, TypeVar, cast

from server.core.errors import Malformed
from server.core.log import canonical

JsonPlain: TypeAlias = bool | int | str | list["JsonPlain"] | dict[str, "JsonPlain"] | None
JsonObject: TypeAlias = dict[str, JsonPlain]
T = TypeVar("T")
_AS_THEY_ARE: Final = frozenset({str, int, bool})


def digest_of(value: JsonPlain) -> str:
    """Hex SHA-256 of the canonical bytes.

    Raises: NotCanonical: the value is outside the profile of the log.
    """
    return hashlib.sha256(canonical.encode(value)).hexdigest()


def object_to_text(plain: JsonObject) -> str:
    """An object as a row keeps it: canonical JSON. Raises: NotCanonical."""
    return canonical.encode(plain).decode()


def object_from_text(text: str) -> JsonObject:
    """The object that `object_to_text` wrote. Raises: NotCanonical."""
    plain = canonical.decode(text.encode())
    assert isinstance(plain, dict)
    return plain


def to_plain(value: object) -> JsonPlain:
    """A core value as plain JSON.

    Raises: Malformed: the value holds a type that JSON cannot carry without loss, such as a float.
    """
    if value is None or type(value) in _AS_THEY_ARE:
        return cast("JsonPlain", value)
    if isinstance(value, Enum):
        return cast("str", value.value)
    if isinstance(value, int | str):
        return value
    if isinstance(value, tuple | list):
        # Long lists hold references; a call for each would take five times as long.
        return [element if type(element) is str else to_plain(element) for element in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(element) for key, element in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise Malformed(f"A {type(value).__name__} cannot be written as plain JSON; use whole numbers, text and tuples.")


def kind_of(cls: type) -> str:
    """Snake-case name of a class of a closed union: `SealRound` → `seal_round`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def tagged(value: object) -> JsonObject:
    """A member of a closed union as plain JSON with its `kind`."""
    return {"kind": kind_of(type(value)), **cast("JsonObject", to_plain(value))}


def from_tagged(union: tuple[type[T], ...], plain: JsonPlain) -> T:
    """The member of a closed union that `tagged` wrote.

    Raises: Malformed: no such kind, or its fields do not fit.
    """
    if not isinstance(plain, dict):
        raise Malformed(f"Expected an object with a kind, got {type(plain).__name__}; send one object.")
    for cls in union:
        if plain.get("kind") == kind_of(cls):
            return from_plain(cls, {key: value for key, value in plain.items() if key != "kind"})
    known = ", ".join(kind_of(cls) for cls in union)
    raise Malformed(f"Kind {plain.get('kind')!r} is not one of {known}; check the version of the sender.")


def from_plain(cls: type[T], plain: JsonPlain) -> T:
    """The dataclass that `to_plain` wrote.

    Raises: Malformed: a key is unknown or missing, or a value has another type than its field.
    """
    if not isinstance(plain, dict):
        raise Malformed(f"{cls.__name__} is written as an object, got {type(plain).__name__}.")
    hints = _hints(cast("Hashable", cls))
    if set(plain) != set(hints):
        odd = ", ".join(sorted(set(plain) ^ set(hints)))
        raise Malformed(f"{cls.__name__} has the keys {', '.join(hints)}; these are missing or unknown: {odd}.")
    return cls(**{name: _read(hint, plain[name], name) for name, hint in hints.items()})


@cache
def _hints(cls: Hashable) -> dict[str, object]:
    """Resolving hints costs more than reading the value; there are as many entries as classes."""
    return dict(typing.get_type_hints(cls))


def _read(hint: object, plain: JsonPlain, name: str) -> object:
    if isinstance(hint, typing.NewType):
        return _read(hint.__supertype__, plain, name)
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return None if plain is None else _read(_the_one_beside_none(hint), plain, name)
    if origin is tuple and isinstance(plain, list):
        return tuple(_read(typing.get_args(hint)[0], element, name) for element in plain)
    if isinstance(hint, type):
        if dataclasses.is_dataclass(hint):
            return from_plain(hint, plain)
        if issubclass(hint, Enum):
            return _read_enum(hint, plain, name)
        # bool is a kind of int in Python, but `true` is not a number of pieces.
        if type(plain) is hint:
            return plain
    raise Malformed(f"Field {name} expects {getattr(hint, '__name__', hint)}, got {type(plain).__name__}.")


def _read_enum(cls: type[Enum], plain: JsonPlain, name: str) -> Enum:
    try:
        return cls(plain)
    except ValueError as error:
        known = ", ".join(str(member.value) for member in cls)
        raise Malformed(f"Field {name} is {plain!r}; it must be one of {known}.") from error


def _the_one_beside_none(hint: object) -> object:
    (only,) = (argument for argument in typing.get_args(hint) if argument is not types.NoneType)
    return only
