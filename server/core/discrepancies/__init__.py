"""Discrepancies: each way in which the books and the evidence can differ, one module a class.

A new class is a module with one type and one `find`, and a line in `CLASSES`.
"""

from typing import Final

from server.core.discrepancies import (
    ambiguous_location,
    duplicate_epc,
    late_move,
    misplaced,
    missing,
    missing_overnight,
    should_be_out,
    sold_present,
    tag_mismatch,
    unknown_tag,
)

CLASSES: Final = (
    duplicate_epc,
    tag_mismatch,
    sold_present,
    should_be_out,
    late_move,
    ambiguous_location,
    misplaced,
    missing_overnight,
    missing,
    unknown_tag,
)
"""In order of precedence: a piece has the first finding that fits it, and no other."""
