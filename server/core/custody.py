"""Custody: who has a piece that is not in its place, and the moves that brought it there."""

from dataclasses import dataclass
from enum import StrEnum

from server.core.ids import PieceRef, PlacePath


class MoveKind(StrEnum):
    """Why a piece changed its place."""

    TRANSFER = "transfer"
    SALE = "sale"
    OUT = "out"
    """To a client, a photographer, a workshop or another house; `Stay` says who has it until when."""
    RETURN = "return"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Move:
    """One logged change of place."""

    piece: PieceRef
    kind: MoveKind
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
