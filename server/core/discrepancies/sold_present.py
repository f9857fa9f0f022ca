"""Sold but present: the tag of a sold or archived piece was heard: a sale not handed over, or a tag taken off a jewel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.pieces import GONE


@dataclass(frozen=True, slots=True)
class SoldPresent(Finding):
    """One piece that the books say is gone for good."""

    code: ClassVar[str] = "SOLD_PRESENT"


def find(comparison: Comparison) -> Iterator[SoldPresent]:
    """Yield each such piece once, in order of references."""
    for ref, location in comparison.located.items():
        piece = comparison.stock.pieces[ref]
        if piece.status in GONE:
            yield SoldPresent(ref, tag_of(piece), piece.place, location.strongest, Severity.HIGH)
