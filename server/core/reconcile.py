"""Reconciliation: the books at one moment beside what was heard: who is found, what differs, and a digest of it.

Pure: the same books, evidence, moves and rules give the same answer to the byte, whatever the order of reads, so that anyone
who holds the exported inputs can replay a count and compare digests.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from server.core.custody import Move
from server.core.discrepancies import CLASSES
from server.core.discrepancies.comparison import DEFAULT_RULES, Rules, compare
from server.core.discrepancies.finding import Finding
from server.core.evidence import Evidence
from server.core.expected import ExpectedStock
from server.core.ids import PieceRef, PlacePath
from server.core.log import canonical
from server.core.places import common_root


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome of comparing books and evidence."""

    place: PlacePath
    """The deepest place that contains every expected piece and every read; empty: the shop."""
    expected: tuple[PieceRef, ...]
    """In order of references."""
    found: tuple[PieceRef, ...]
    """The expected pieces that were heard in their place, in order of references."""
    discrepancies: tuple[Finding, ...]
    """Sorted by class word, piece, place, tag; at most one for each piece."""
    strays: int
    """Tags heard too weakly in some further place: the next tray's, heard through."""
    ghosts: int
    """Unknown codes heard too little to be believed."""
    digest: str
    """SHA-256, hex, see `digest_of`."""


def reconcile(
    stock: ExpectedStock,
    evidence: Evidence,
    *,
    prior: Iterable[PieceRef] = (),
    moves: Iterable[Move] = (),
    rules: Rules = DEFAULT_RULES,
) -> Reconciliation:
    """Compare frozen books with evidence.

    `prior`: what the last closing count held; it only tells MISSING_OVERNIGHT from MISSING. `moves`: those logged after the
    books were frozen; they explain gaps and never change what was expected.
    """
    comparison = compare(stock, evidence, prior=prior, moves=moves, rules=rules)
    findings: dict[tuple[PieceRef | None, str | None], Finding] = {}
    for discrepancy in CLASSES:
        for finding in discrepancy.find(comparison):
            key = (finding.piece, None) if finding.piece is not None else (None, finding.tag)
            findings.setdefault(key, finding)
    discrepancies = tuple(sorted(findings.values(), key=_order))
    expected = stock.expected()
    homes = [home for ref in expected if (home := stock.home_of(ref)) is not None]
    return Reconciliation(
        place=common_root([*homes, *(heard.place for tag in evidence.values() for heard in tag.heard)]),
        expected=expected,
        found=tuple(ref for ref in expected if comparison.confirms(ref)),
        discrepancies=discrepancies,
        strays=sum(1 for location in comparison.located.values() if location.strays),
        ghosts=len(comparison.ghosts),
        digest=digest_of(discrepancies),
    )


def digest_of(discrepancies: Iterable[Finding]) -> str:
    """SHA-256, in hex, over the canonical JSON of the sorted `[class, piece reference, place path]`, with "" for none.

    References and paths, never our own ids: the books that were exported are enough to compute it again.
    """
    rows = sorted([finding.code, finding.piece or "", finding.place or ""] for finding in discrepancies)
    return hashlib.sha256(canonical.encode(rows)).hexdigest()


def _order(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.code, finding.piece or "", finding.place or "", finding.tag or "")
