"""The draw: which pieces the verifier is asked to hold, so that nobody can choose and anyone can recompute.

A piece is drawn when the hash of (signed checkpoint root, count, reference) falls below its threshold. The root covers
A's seal and is signed after it, so neither A nor the shop can steer it. All arithmetic is on whole numbers.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server.core.errors import Malformed
from server.core.ids import CountId, PieceRef

PPM: Final = 1_000_000
"""One in parts per million: a threshold of PPM always draws."""
DRAWS_MIN: Final = 12
"""Smallest expected number of drawn pieces in a tour, decisions.md T5."""
PIECES_PER_DRAW: Final = 200
"""One drawn piece per so many pieces, 0.5 %, decisions.md T5."""
WEEKS_CAP: Final = 4
"""After four weeks unseen a piece gets no heavier, decisions.md 6.7."""
HIGH_VALUE_SHARE: Final = 4
"""A piece at or above a quarter of the high-value limit weighs three times as much, decisions.md 6.7."""
_DRAW_DOMAIN: Final = b"baguier-draw/1\n"
_DUE_DOMAIN: Final = b"baguier-due/1\n"
_ROOT_BYTES: Final = 32
_COUNT_BYTES: Final = 16
_HASH_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """One piece of the tour's planned places when the tour was made."""

    ref: PieceRef
    weeks_since_seen: int | None
    """Whole weeks since last seen by hand; None: never seen by hand, which weighs like four weeks."""
    retail: int
    """Retail price in minor units; 0 when unknown."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The stored chance of one piece, in parts per million (0..1,000,000)."""

    ref: PieceRef
    ppm: int


def expected_draws(n_pieces: int) -> int:
    """K: how many pieces a tour of `n_pieces` draws on average; `max(12, ⌈pieces/200⌉)`."""
    return max(DRAWS_MIN, -(-n_pieces // PIECES_PER_DRAW))


def weight_of(candidate: Candidate, *, high_value: int) -> int:
    """w, 1..15: longer unseen and dearer pieces weigh more. `high_value` is the policy's limit in minor units."""
    weeks = WEEKS_CAP if candidate.weeks_since_seen is None else min(WEEKS_CAP, max(0, candidate.weeks_since_seen))
    # Comparing four times the price with the limit keeps the quarter exact for limits that four does not divide.
    return (1 + weeks) * (3 if candidate.retail * HIGH_VALUE_SHARE >= high_value else 1)


def thresholds(candidates: Sequence[Candidate], *, high_value: int) -> tuple[Threshold, ...]:
    """The chance of every piece of a tour, sorted by reference; to be stored with the counts."""
    draws = expected_draws(len(candidates))
    total = sum(weight_of(candidate, high_value=high_value) for candidate in candidates)
    found = (
        Threshold(candidate.ref, min(PPM, PPM * draws * weight_of(candidate, high_value=high_value) // total))
        for candidate in candidates
    )
    return tuple(sorted(found, key=lambda threshold: threshold.ref))


def is_drawn(threshold: Threshold, *, root: bytes, count: CountId) -> bool:
    """Whether the piece is asked in this count: `h·10⁶ < ppm·2²⁵⁶`.

    Raises: Malformed: the root has not 32 bytes or the count is not a UUID.
    Source: decisions.md 6.7.
    """
    hashed = hashlib.sha256(_DRAW_DOMAIN + _checked(root) + count_bytes(count) + threshold.ref.encode()).digest()
    return int.from_bytes(hashed) * PPM < threshold.ppm << _HASH_BITS


def drawn(chances: Iterable[Threshold], *, root: bytes, count: CountId) -> tuple[PieceRef, ...]:
    """The drawn pieces of one count, sorted."""
    return tuple(sorted(chance.ref for chance in chances if is_drawn(chance, root=root, count=count)))


def is_due_at_opening(ref: PieceRef, *, root: bytes) -> bool:
    """Whether a high-value piece is due in the opening tour; else it is due at closing.

    `root` is the last checkpoint root before the tour. The split is secret until asked and can be recomputed after.
    Source: decisions.md 6.7, T6.
    """
    return hashlib.sha256(_DUE_DOMAIN + _checked(root) + ref.encode()).digest()[-1] & 1 == 0


def differences(
    asked: Iterable[PieceRef], chances: Iterable[Threshold], *, root: bytes, count: CountId
) -> tuple[PieceRef, ...]:
    """The verifier's question: pieces asked but not drawn, or drawn but not asked, sorted; empty when all is right."""
    return tuple(sorted(set(asked) ^ set(drawn(chances, root=root, count=count))))


def count_bytes(count: CountId) -> bytes:
    """The 16 bytes of a count's UUID.

    Raises: Malformed: the text is not a UUID.
    """
    try:
        raw = bytes.fromhex(count.replace("-", ""))
    except ValueError:
        raw = b""
    if len(raw) != _COUNT_BYTES:
        raise Malformed(f"Count {count!r} is not a UUID; the draw needs its 16 bytes. Use the id the server gave.")
    return raw


def _checked(root: bytes) -> bytes:
    if len(root) != _ROOT_BYTES:
        raise Malformed(f"The root has {len(root)} bytes; a checkpoint root has 32. Fetch the checkpoint again.")
    return root
