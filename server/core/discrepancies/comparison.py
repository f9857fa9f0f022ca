"""Comparison: the frozen books beside the evidence, with each tag brought to its piece. All classes look at this one view."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from server.core.custody import Move
from server.core.discrepancies.finding import Severity
from server.core.evidence import MARGIN_CDB, Evidence, Location, TagEvidence, locate
from server.core.expected import ExpectedStock
from server.core.ids import PieceRef, PlacePath
from server.core.money import Money
from server.core.pieces import Owner, Piece
from server.core.places import are_related

HIGH_VALUE: Final = Money(200_000, "EUR")
"""2,000.00 (decisions.md 6.7): each shop sets its own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the shop has decided, frozen when a count opens."""

    high_value: Money = HIGH_VALUE
    """From this sale price on a missing piece is critical."""
    margin_cdb: int = MARGIN_CDB
    """By how much one place must be stronger than another, in hundredths of a dB."""
    ghost_reads_min: int = 3
    """An unknown code counted fewer times, without factory identity, may be an error of the air (uncertainty.md 5.2)."""
    ghost_passes_min: int = 2


DEFAULT_RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Books and evidence side by side. Build it with `compare`."""

    stock: ExpectedStock
    located: Mapping[PieceRef, Location]
    """Pieces whose own tag was heard, in order of references."""
    swapped: frozenset[PieceRef]
    """Pieces whose tag content was heard, but only from other chips than the one bound to them."""
    duplicates: tuple[tuple[tuple[PieceRef, ...], TagEvidence | None], ...]
    """One content for two pieces or from two chips: the pieces it is bound to, and what was heard of it, if anything."""
    unknown: tuple[TagEvidence, ...]
    """Tags of no piece, ghosts left out, in order of identities."""
    ghosts: tuple[TagEvidence, ...]
    """Unknown codes heard too little to be believed: kept, but no discrepancy."""
    prior: frozenset[PieceRef]
    """Pieces in the last closing count."""
    moves: Mapping[PieceRef, Move]
    """The last move of each piece logged after the count opened."""
    rules: Rules

    def confirms(self, ref: PieceRef) -> bool:
        """Whether the evidence puts the piece where the books have it, or in a place above or below that one."""
        home, location = self.stock.home_of(ref), self.located.get(ref)
        if home is None or location is None or ref in self.swapped:
            return False
        return all(are_related(home, place) for place in location.contenders)

    def absent(self) -> Iterable[PieceRef]:
        """Expected pieces of which nothing was heard, in order of references."""
        return (ref for ref in self.stock.expected() if ref not in self.located)

    def heard_in(self, ref: PieceRef) -> PlacePath | None:
        """Where the piece was heard most strongly."""
        location = self.located.get(ref)
        return location.strongest if location else None

    def severity_if_lost(self, piece: Piece) -> Severity:
        """Critical for a piece of high value or not the shop's own, else high. A price in another currency counts as high."""
        limit, retail = self.rules.high_value, piece.retail
        is_valuable = retail is not None and (retail.currency != limit.currency or retail.minor >= limit.minor)
        return Severity.CRITICAL if is_valuable or piece.owner is not Owner.OWN else Severity.HIGH


def tag_of(piece: Piece) -> str | None:
    """What the books say of a piece's tag: its content, else its factory identity."""
    return piece.epc or piece.tid


def compare(
    stock: ExpectedStock,
    evidence: Evidence,
    *,
    prior: Iterable[PieceRef] = (),
    moves: Iterable[Move] = (),
    rules: Rules = DEFAULT_RULES,
) -> Comparison:
    """Bring each tag to its piece and decide where it is. Of moves at one instant the later in the list counts."""
    located: dict[PieceRef, Location] = {}
    swapped: set[PieceRef] = set()
    duplicates: list[tuple[tuple[PieceRef, ...], TagEvidence | None]] = []
    unknown: list[TagEvidence] = []
    for tag in evidence.values():
        refs = _pieces_of(tag, stock)
        # While one chip alone answers, reads without factory identity are its own; beside a second chip they could be either's.
        is_doubled = len(refs) > 1 or len(tag.tids) > 1
        if is_doubled:
            duplicates.append((refs, tag))
        elif not refs:
            unknown.append(tag)
        for ref in refs:
            tid = stock.pieces[ref].tid
            if is_doubled and tid is not None and tid in tag.tids:
                located[ref] = locate(tag, tid=tid, margin_cdb=rules.margin_cdb)
            elif len(refs) == 1:
                located[ref] = locate(tag, margin_cdb=rules.margin_cdb)
                # A UID is content and factory identity at once: heard as content, it is the chip itself.
                if tid is not None and tag.tids and tid not in tag.tids and str(tid) not in tag.epcs:
                    swapped.add(ref)
    duplicates.extend(
        (refs, None) for identity, refs in stock.by_tag.items() if len(refs) > 1 and identity not in evidence
    )
    ghosts = [tag for tag in unknown if _is_ghost(tag, rules)]
    return Comparison(
        stock,
        MappingProxyType({ref: located[ref] for ref in sorted(located)}),
        frozenset(swapped),
        tuple(duplicates),
        tuple(tag for tag in unknown if tag not in ghosts),
        tuple(ghosts),
        frozenset(prior),
        MappingProxyType({move.piece: move for move in sorted(moves, key=lambda move: move.at_ms)}),
        rules,
    )


def _pieces_of(tag: TagEvidence, stock: ExpectedStock) -> tuple[PieceRef, ...]:
    """The pieces a tag belongs to: by its content, else by its chip, for a re-encoded chip still hangs on its jewel."""
    if refs := stock.by_tag.get(tag.tag):
        return refs
    chips = (*tag.tids, *tag.epcs)
    return tuple(sorted({stock.by_tid[chip] for chip in chips if chip in stock.by_tid}))


def _is_ghost(tag: TagEvidence, rules: Rules) -> bool:
    if tag.tids:
        return False
    is_rare = tag.is_counted and tag.reads < rules.ghost_reads_min
    return is_rare or (tag.has_passes and tag.passes < rules.ghost_passes_min)
