"""Duplicate EPC: one content bound to two pieces, or heard from two chips: a mis-encoded label or a clone.

While it lasts, hearing that content proves neither piece, unless the chip's factory identity tells them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison, tag_of
from server.core.discrepancies.finding import Finding, Severity
from server.core.evidence import locate


@dataclass(frozen=True, slots=True)
class DuplicateEpc(Finding):
    """One piece whose tag another tag imitates, or an unknown content heard from two chips."""

    code: ClassVar[str] = "DUPLICATE_EPC"


def find(comparison: Comparison) -> Iterator[DuplicateEpc]:
    """Yield each piece bound to a doubled content once: if expected, or if the content was heard."""
    for refs, tag in comparison.duplicates:
        heard_in = None if tag is None else locate(tag, margin_cdb=comparison.rules.margin_cdb).strongest
        if not refs and tag is not None:
            yield DuplicateEpc(None, tag.epcs[0], heard_in, heard_in, Severity.CRITICAL)
        for ref in refs:
            piece = comparison.stock.pieces[ref]
            if tag is not None or comparison.stock.home_of(ref) is not None:
                yield DuplicateEpc(
                    ref, tag_of(piece), piece.place, comparison.heard_in(ref) or heard_in, Severity.CRITICAL
                )
