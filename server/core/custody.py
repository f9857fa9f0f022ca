"""Custody: the moves that brought a piece where it is."""

from dataclasses import dataclass

from server.core.ids import PieceRef, PlacePath


@dataclass(frozen=True, slots=True)
class Move:
    """One logged change of place."""

    piece: PieceRef
    kind: str
    """Why, in the word of whoever logged it: transfer, sale, repair, return, … Where it led decides, not the word."""
    at_ms: int
    """When it happened: milliseconds since 1970 in UTC, by the clock of whoever logged it."""
    source: PlacePath | None
    """None: from outside the shop."""
    target: PlacePath | None
    """None: out of the shop."""
