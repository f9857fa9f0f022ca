"""Custody: who has a piece that is not in its place, and the moves that brought it there."""

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


@dataclass(frozen=True, slots=True)
class Stay:
    """One piece in somebody else's hands. Absent and explained is still listed, aged and signed, or losses hide there."""

    piece: PieceRef
    holder: str
    """Name on the slip: a client, a workshop, another house."""
    since_ms: int
    due_ms: int | None
    """When it should be back. None: no limit was agreed."""

    def is_overdue(self, as_of_ms: int) -> bool:
        """Whether the agreed limit has passed; at the limit itself it has not."""
        return self.due_ms is not None and as_of_ms > self.due_ms
