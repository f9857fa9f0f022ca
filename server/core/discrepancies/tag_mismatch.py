"""Tag mismatch: a piece's content heard, but from another chip than the one bound to it: a swapped or cloned tag.

The piece is not confirmed: somebody has to look at it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.pieces import GONE


@dataclass(frozen=True, slots=True)
class TagMismatch(Finding):
    """One piece whose tag is not the one it was given."""

    code: ClassVar[str] = "TAG_MISMATCH"


def find(comparison: Comparison) -> Iterator[TagMismatch]:
    """Yield each such piece once, in order of references. A sold piece is left to its own class."""
    for ref in sorted(comparison.swapped):
        piece = comparison.stock.pieces[ref]
        if piece.status not in GONE:
            yield TagMismatch(ref, tag_of(piece), piece.place, comparison.heard_in(ref), Severity.CRITICAL)
