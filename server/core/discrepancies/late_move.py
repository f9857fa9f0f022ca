"""Late move: a move logged during or after the count explains what would be a gap. Both names on it are still asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.ids import PieceRef
from server.core.places import are_related


@dataclass(frozen=True, slots=True)
class LateMove(Finding):
    """One piece whose absence, or presence elsewhere, somebody wrote down after the count opened."""

    code: ClassVar[str] = "LATE_MOVE"


def explains(comparison: Comparison, ref: PieceRef) -> bool:
    """Whether the piece's last move leads to where it was heard, or away from the home where it was not."""
    move = comparison.moves.get(ref)
    if move is None:
        return False
    heard_in = comparison.heard_in(ref)
    if heard_in is not None:
        return move.target is not None and are_related(move.target, heard_in)
    home = comparison.stock.home_of(ref)
    return move.target is None or (home is not None and not are_related(move.target, home))


def find(comparison: Comparison) -> Iterator[LateMove]:
    """Yield each explained piece once, in order of references. A sold piece that is heard has its own class before."""
    for ref, piece in comparison.stock.pieces.items():
        is_quiet = ref not in comparison.located and comparison.stock.home_of(ref) is None
        if is_quiet or comparison.confirms(ref):
            continue
        if explains(comparison, ref):
            yield LateMove(ref, tag_of(piece), piece.place, comparison.heard_in(ref), Severity.INFO)
