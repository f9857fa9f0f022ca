"""Roll-forward: what should be here today, from the last count and every move since, piece by piece.

An insurer asks two things of a loss: what the stock was, and when each piece was last there. Both are answered from
dated facts, never from totals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from server.core.errors import Conflict
from server.core.ids import CountId, PieceRef


class MoveKind(StrEnum):
    """How a piece came to a place or left it."""

    ARRIVAL = "arrival"
    RETURN = "return"
    TRANSFER_IN = "transfer_in"
    SALE = "sale"
    TRANSFER_OUT = "transfer_out"
    REPAIR_OUT = "repair_out"
    MEMO_OUT = "memo_out"
    SHOWING_OUT = "showing_out"


COMING: frozenset[MoveKind] = frozenset({MoveKind.ARRIVAL, MoveKind.RETURN, MoveKind.TRANSFER_IN})
"""Moves that bring a piece here; the others take it away."""


@dataclass(frozen=True, slots=True)
class Move:
    """One piece coming or going at one moment."""

    ref: PieceRef
    kind: MoveKind
    at: int
    """When it happened (ms), not when it was written down."""


@dataclass(frozen=True, slots=True)
class Presence:
    """One signed finding that a piece was here, or that it was not."""

    ref: PieceRef
    count: CountId
    at: int
    """When the round was sealed (ms)."""
    is_present: bool


@dataclass(frozen=True, slots=True)
class RollForwardLine:
    """One kind of move between two counts."""

    kind: MoveKind
    refs: tuple[PieceRef, ...]


@dataclass(frozen=True, slots=True)
class RollForward:
    """Opening, every kind of move line by line, and what should be there at the end."""

    opening: tuple[PieceRef, ...]
    lines: tuple[RollForwardLine, ...]
    """In the order of `MoveKind`; kinds without moves are left out."""
    expected: tuple[PieceRef, ...]
    doubts: tuple[Move, ...]
    """Moves that the pieces contradict: a sale of what was not here, an arrival of what already was."""


@dataclass(frozen=True, slots=True)
class LossWindow:
    """Between these two findings the piece went; a day is better than a year."""

    ref: PieceRef
    last_present: Presence | None
    """None: never confirmed by a signed count."""
    first_missing: Presence

    def minutes(self) -> int | None:
        """Length in whole minutes, rounded up; None: it has no beginning."""
        if self.last_present is None:
            return None
        return -(-(self.first_missing.at - self.last_present.at) // 60_000)


def roll_forward(opening: Iterable[PieceRef], moves: Iterable[Move]) -> RollForward:
    """What should be here after `moves`, in order of time; moves of one moment bring before they take."""
    start = frozenset(opening)
    here = set(start)
    doubts: list[Move] = []
    ordered = sorted(moves, key=lambda move: (move.at, move.kind not in COMING, move.ref, move.kind))
    for move in ordered:
        is_coming = move.kind in COMING
        if is_coming == (move.ref in here):
            doubts.append(move)
        elif is_coming:
            here.add(move.ref)
        else:
            here.remove(move.ref)
    lines = (
        RollForwardLine(kind, tuple(move.ref for move in ordered if move.kind is kind))
        for kind in MoveKind
        if any(move.kind is kind for move in ordered)
    )
    return RollForward(tuple(sorted(start)), tuple(lines), tuple(sorted(here)), tuple(doubts))


def loss_window(ref: PieceRef, found: Iterable[Presence]) -> LossWindow:
    """When the piece went: the last signed presence and the first absence after it.

    Raises: NothingMissing: the newest finding says that it is here, or there is none.
    """
    ordered = sorted((one for one in found if one.ref == ref), key=lambda one: (one.at, one.count))
    present = [index for index, one in enumerate(ordered) if one.is_present]
    first_absent = present[-1] + 1 if present else 0
    if first_absent == len(ordered):
        raise NothingMissing(f"No signed count says that {ref} is missing since it was last seen. Nothing to date.")
    return LossWindow(ref, ordered[present[-1]] if present else None, ordered[first_absent])


class NothingMissing(Conflict):
    """A loss window was asked of a piece that no count misses."""

    code = "nothing_missing"
