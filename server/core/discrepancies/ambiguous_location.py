"""Ambiguous location: the piece's own place and another claim its tag within the margin. Lift the tray and read again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.places import are_related


@dataclass(frozen=True, slots=True)
class AmbiguousLocation(Finding):
    """One piece that is in the shop, but perhaps not in its place. It blocks a clean sign-off."""

    code: ClassVar[str] = "AMBIGUOUS_LOCATION"


def find(comparison: Comparison) -> Iterator[AmbiguousLocation]:
    """Yield each such piece once, in order of references, with the stronger of the claimants."""
    for ref, location in comparison.located.items():
        piece, home = comparison.stock.pieces[ref], comparison.stock.home_of(ref)
        if home is None:
            continue
        at_home = [are_related(home, place) for place in location.contenders]
        if any(at_home) and not all(at_home):
            yield AmbiguousLocation(ref, tag_of(piece), home, location.strongest, Severity.MEDIUM)
