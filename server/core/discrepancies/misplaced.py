"""Misplaced: a piece in stock heard only in a place that is not its own, nor above or below it.

It absorbs the gap in its own place: one piece to carry home, not one missing and one too many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.pieces import Status
from server.core.places import are_related


@dataclass(frozen=True, slots=True)
class Misplaced(Finding):
    """One piece to carry home, or one line of the books to correct. Without a place: one piece to give a place."""

    code: ClassVar[str] = "MISPLACED"


def find(comparison: Comparison) -> Iterator[Misplaced]:
    """Yield each misplaced piece once, in order of references."""
    for ref, location in comparison.located.items():
        piece = comparison.stock.pieces[ref]
        if piece.status is not Status.IN_STOCK:
            continue
        if piece.place is None or not any(are_related(piece.place, place) for place in location.contenders):
            yield Misplaced(ref, tag_of(piece), piece.place, location.strongest, Severity.MEDIUM)
