"""Findings: what every discrepancy says, whatever its class."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from server.core.ids import PieceRef, PlacePath


class Severity(StrEnum):
    """How soon a person must look, from `info` (kept, shown on request) to `critical` (at once)."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the books and what was heard. Each class of discrepancy is a type of its own."""

    code: ClassVar[str]
    """The stable word of the class, as in exports."""
    piece: PieceRef | None
    """None: a tag that no piece has."""
    tag: str | None
    """The tag's content in hex: the books' for a known piece, else as heard. None: the piece has no tag."""
    place: PlacePath | None
    """Where the books have the piece; for an unknown tag, where it was heard. None: the books have no place for it."""
    heard_in: PlacePath | None
    """None: it was not heard."""
    severity: Severity
