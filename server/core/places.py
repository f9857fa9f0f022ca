"""Places: where a piece can be, as a tree below the shop: showcase or safe, then tray.

A path such as `Vitrine 3/Plateau 5` names a place at one moment. The empty path is the shop itself.

>>> place_path(" Vitrine 3 / Plateau 5/")
'Vitrine 3/Plateau 5'
>>> common_root([place_path("Vitrine 3/Plateau 5"), place_path("Vitrine 3/Plateau 6")])
'Vitrine 3'
"""

import unicodedata
from collections.abc import Iterable
from typing import ClassVar, Final

from server.core.errors import Malformed
from server.core.ids import PlacePath

SHOP: Final = PlacePath("")
"""The root of every path: the shop as a whole."""
PATH_CHARACTERS_MAX: Final = 500
DEPTH_MAX: Final = 12
"""Deeper than building › floor › room › safe › shelf › drawer › tray › slot; a longer path is a mistake."""


class PlaceError(Malformed):
    """A text that names no place."""

    code: ClassVar[str] = "place"


def place_path(text: str) -> PlacePath:
    """The path in its one spelling: composed letters, single spaces, no empty step. Raises `PlaceError` if nothing is left."""
    if len(text) > PATH_CHARACTERS_MAX:
        raise PlaceError(f"The place has {len(text)} characters; at most {PATH_CHARACTERS_MAX}.")
    steps = [" ".join(step.split()) for step in unicodedata.normalize("NFC", text).split("/")]
    path = PlacePath("/".join(filter(None, steps)))
    if not path:
        raise PlaceError(f"{text!r} names no place; expected a path such as 'Vitrine 3/Plateau 5'.")
    if any(not character.isprintable() for character in path):
        raise PlaceError(
            f"{text!r} holds a character that cannot be shown; expected a path such as 'Vitrine 3/Plateau 5'."
        )
    if path.count("/") >= DEPTH_MAX:
        raise PlaceError(f"{path[:60]!r} is deeper than {DEPTH_MAX} steps; a place is at most a slot of a tray.")
    return path


def contains(outer: PlacePath, inner: PlacePath) -> bool:
    """Whether `inner` is `outer` or a place within it."""
    return outer in (SHOP, inner) or inner.startswith(f"{outer}/")


def are_related(one: PlacePath, other: PlacePath) -> bool:
    """Whether one of the two places contains the other: a tag heard at one may then well be at the other."""
    return contains(one, other) or contains(other, one)


def common_root(paths: Iterable[PlacePath]) -> PlacePath:
    """The deepest place that contains all of them; the shop for none."""
    root: list[str] | None = None
    for path in paths:
        steps = path.split("/") if path else []
        if root is None:
            root = steps
            continue
        shared = 0
        while shared < min(len(root), len(steps)) and root[shared] == steps[shared]:
            shared += 1
        root = root[:shared]
    return PlacePath("/".join(root or []))
