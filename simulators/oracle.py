"""Oracle: the discrepancies that a shop's truth implies, found from where the chips lie and never from what was read.

It is written apart from the product's engine, from the rules alone. One finding a piece, the first of: DUPLICATE_EPC,
SOLD_PRESENT, SHOULD_BE_OUT, MISPLACED (which absorbs its MISSING), then LATE_MOVE, MISSING_OVERNIGHT, MISSING. A tag
heard at a place confirms a piece whose place is that place, lies in it or holds it.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from simulators.catalogue import ARCHIVED, IN_STOCK, SOLD, Piece
from simulators.shop import Chip, Shop

HIGH_VALUE_CENTS: Final = 200_000
"""Retail price from which a missing piece is critical: the default policy, 2,000.00."""
SEVERITIES: Final = {
    "DUPLICATE_EPC": "critical", "SOLD_PRESENT": "high", "SHOULD_BE_OUT": "medium", "MISPLACED": "medium",
    "MISSING": "high", "MISSING_OVERNIGHT": "critical", "LATE_MOVE": "info", "UNKNOWN_TAG": "medium",
}  # fmt: skip
"""Default severities; a MISSING piece of high value, or not the house's own, is critical."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One discrepancy, in the output shape of `baguier reconcile`."""

    kind: str
    """Its class, for example MISSING."""
    piece: str
    """Reference; empty: the tag belongs to no piece."""
    tag: str
    """EPC, upper hex."""
    place: str
    """The piece's place in the books; for a tag of no piece, where it is heard."""
    heard_in: str
    """The place it is heard at; empty: nowhere."""
    severity: str


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What a right reconciliation of the whole shop says."""

    expected: int
    """Pieces in stock by the books."""
    found: int
    """Those of them heard at their place, in it or at what holds it."""
    findings: tuple[Finding, ...]
    """Sorted by class, piece, tag and place."""


def judge(shop: Shop, *, with_history: bool = True) -> Verdict:
    """The verdict on `shop`; without history neither the last closing nor later moves are known, so all is MISSING."""
    heard: dict[bytes, dict[bytes, str]] = defaultdict(dict)
    for chip in shop.chips:
        heard[chip.epc][chip.tid] = shop.heard_place(chip.place)
    prior = {ref for ref, _ in shop.prior} if with_history else set()
    late = {move.piece for move in shop.late_moves} if with_history else set()
    findings = []
    found = 0
    for piece in shop.pieces:
        places = heard.get(piece.epc, {})
        is_confirmed = any(_is_related(piece.place, place) for place in places.values())
        found += piece.status == IN_STOCK and is_confirmed
        kind = _kind(piece, places, is_confirmed=is_confirmed)
        if kind == "MISSING":
            kind = "LATE_MOVE" if piece.ref in late else "MISSING_OVERNIGHT" if piece.ref in prior else kind
        if kind:
            findings.append(_finding(kind, piece, places))
    findings += _unknown(shop.chips, {piece.epc for piece in shop.pieces}, shop)
    expected = sum(piece.status == IN_STOCK for piece in shop.pieces)
    return Verdict(expected=expected, found=found, findings=tuple(sorted(findings)))


def _kind(piece: Piece, places: Mapping[bytes, str], *, is_confirmed: bool) -> str:
    if len(places) > 1:
        return "DUPLICATE_EPC"
    if piece.status in {SOLD, ARCHIVED}:
        return "SOLD_PRESENT" if places else ""
    if piece.status != IN_STOCK:
        return "SHOULD_BE_OUT" if places else ""
    if is_confirmed:
        return ""
    return "MISPLACED" if places else "MISSING"


def _finding(kind: str, piece: Piece, places: Mapping[bytes, str]) -> Finding:
    severity = SEVERITIES[kind]
    if kind == "MISSING" and (piece.retail_cents >= HIGH_VALUE_CENTS or piece.owner):
        severity = "critical"
    # The chip bound to the piece says where the piece is; a clone only where the clone is.
    heard_in = places.get(piece.tid, min(places.values(), default=""))
    return Finding(kind, piece.ref, piece.epc.hex().upper(), piece.place, heard_in, severity)


def _unknown(chips: Iterable[Chip], known: set[bytes], shop: Shop) -> list[Finding]:
    findings = []
    for chip in chips:
        if chip.epc not in known:
            place = shop.heard_place(chip.place)
            tag = chip.epc.hex().upper()
            findings.append(Finding("UNKNOWN_TAG", "", tag, place, place, SEVERITIES["UNKNOWN_TAG"]))
    return findings


def _is_related(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
