"""Missing overnight: counted at the last closing, expected now, not heard, and nobody logged a move in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class MissingOvernight(Finding):
    """One piece that was there when the shop was shut: always critical."""

    code: ClassVar[str] = "MISSING_OVERNIGHT"


def find(comparison: Comparison) -> Iterator[MissingOvernight]:
    """Yield each such piece once, in order of references."""
    for ref in comparison.absent():
        if ref in comparison.prior:
            piece = comparison.stock.pieces[ref]
            yield MissingOvernight(ref, tag_of(piece), piece.place, None, Severity.CRITICAL)
