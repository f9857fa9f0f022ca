"""Missing: a piece the books have in a place, of which nothing was heard and no move is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding


@dataclass(frozen=True, slots=True)
class Missing(Finding):
    """One piece to look for. High; critical from the shop's high value on, or if it is somebody else's."""

    code: ClassVar[str] = "MISSING"


def find(comparison: Comparison) -> Iterator[Missing]:
    """Yield each silent expected piece once, in order of references."""
    for ref in comparison.absent():
        piece = comparison.stock.pieces[ref]
        yield Missing(ref, tag_of(piece), piece.place, None, comparison.severity_if_lost(piece))
