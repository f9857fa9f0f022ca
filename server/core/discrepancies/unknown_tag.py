"""Unknown tag: a sound code that no piece has: a new label not yet bound, a customer's tag, or a stranger's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from server.core.discrepancies.comparison import Comparison
from server.core.discrepancies.finding import Finding, Severity
from server.core.evidence import locate


@dataclass(frozen=True, slots=True)
class UnknownTag(Finding):
    """One tag to bind to its piece or to take away."""

    code: ClassVar[str] = "UNKNOWN_TAG"


def find(comparison: Comparison) -> Iterator[UnknownTag]:
    """Yield each unknown tag once, in order of identities. Ghosts are not tags."""
    for tag in comparison.unknown:
        heard_in = locate(tag, margin_cdb=comparison.rules.margin_cdb).strongest
        yield UnknownTag(None, tag.epcs[0], heard_in, heard_in, Severity.MEDIUM)
