"""Should be out: a piece with a client, in repair or on memo was heard here: it came back without a slip."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.discrepancies.late_move import explains
from server.core.pieces import AWAY


@dataclass(frozen=True, slots=True)
class ShouldBeOut(Finding):
    """One piece to check in, or to send out after all."""

    code: ClassVar[str] = "SHOULD_BE_OUT"


def find(comparison: Comparison) -> Iterator[ShouldBeOut]:
    """Yield each such piece once, in order of references; a return logged since explains it."""
    for ref, location in comparison.located.items():
        piece = comparison.stock.pieces[ref]
        if piece.status in AWAY and not explains(comparison, ref):
            yield ShouldBeOut(ref, tag_of(piece), piece.place, location.strongest, Severity.MEDIUM)
