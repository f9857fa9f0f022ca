"""Sealed sets: what one person's round heard and scanned, fixed for ever at the seal."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from operator import lt

from server.core.actors import Actor
from server.core.count_errors import ReasonNeeded
from server.core.errors import Malformed
from server.core.ids import PersonId, PieceRef
from server.core.plain_json import JsonObject, digest_of, to_plain


class RoundKind(StrEnum):
    """Which of the four sets of a count this is."""

    A1 = "a1"
    """A's blind round."""
    A2 = "a2"
    """A's search after the seal, with the list of silent pieces in hand: not blind."""
    B1 = "b1"
    """B's blind round."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A tag that contradicts its piece, such as `DUPLICATE_EPC` or `TAG_MISMATCH`."""

    discrepancy: str
    """Class code of domain.md (e)."""
    ref: PieceRef


@dataclass(frozen=True, slots=True)
class Reason:
    """Words of a person. The log holds only `sha256`, so that the words can be erased."""

    text: str
    sha256: str
    """Hex SHA-256 of a 32-byte salt and the text; the edge makes it."""


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """Somebody accepted by name that a reader or device never delivered its last reads."""

    person: PersonId
    reason: Reason


@dataclass(frozen=True, slots=True)
class SealedSet:
    """The canonical set of one round. Tuples are sorted and without repetition; anything else is refused."""

    kind: RoundKind
    by: Actor
    at: int
    """When the person sealed, ms since the epoch, by the device."""
    heard: tuple[PieceRef, ...]
    """Pieces whose tag was heard for this place."""
    by_hand: tuple[PieceRef, ...]
    """Pieces whose own label was scanned. A piece may be in both."""
    unknown: tuple[str, ...] = ()
    """Opaque names of tags that no piece owns; never the code of a tag."""
    anomalies: tuple[Anomaly, ...] = ()
    is_lossy: bool = False
    """True: the source may drop bursts, so silence proves nothing."""
    is_stacked: bool = False
    """True: a second tray tag was about as strong; whose pieces these are is not settled by radio."""
    is_offline: bool = False
    """True: sealed as a claim of the device and delivered later."""
    gap: AcceptedGap | None = None
    """None: every device and reader of the round has drained."""

    def __post_init__(self) -> None:
        for name, refs in (("heard", self.heard), ("by_hand", self.by_hand), ("unknown", self.unknown)):
            if not all(map(lt, refs, refs[1:])):
                raise Malformed(f"The {name} pieces of a seal come sorted and once each; sort them and seal again.")

    @property
    def present(self) -> frozenset[PieceRef]:
        """Every piece this round says is here."""
        return frozenset(self.heard) | frozenset(self.by_hand)

    def sha256(self) -> str:
        """Hex digest of the canonical set; the signature line names it."""
        return digest_of(to_plain(self))

    def summary(self) -> JsonObject:
        """What the log says of the seal: the digest and plain numbers, no piece and no tag."""
        return {
            "kind": self.kind.value,
            "sha256": self.sha256(),
            "n_heard": len(self.heard),
            "n_by_hand": len(self.by_hand),
            "n_unknown": len(self.unknown),
            "n_anomalies": len(self.anomalies),
            "gap_accepted_by": None if self.gap is None else self.gap.person,
        }


def require_reason(reason: Reason) -> None:
    """Refuse an empty reason.

    Raises: ReasonNeeded: `reason.text` is blank.
    """
    if not reason.text.strip():
        raise ReasonNeeded("The reason is empty. Say in a few words why, then try again.")


def require_own(sealed: SealedSet, *, kind: RoundKind, by: Actor) -> None:
    """Refuse a set that is not the sender's own round, or whose gap was accepted without a reason.

    Raises: Malformed, ReasonNeeded.
    """
    if sealed.kind is not kind or sealed.by != by:
        raise Malformed(
            f"The set is {sealed.kind} of {sealed.by.person}; this step takes {kind} of {by.person}. Seal your own round."
        )
    if sealed.gap is not None:
        require_reason(sealed.gap.reason)


def salted_digest(text: str, *, salt: bytes) -> Reason:
    """The words of a person with their erasable digest; `salt` has 32 random bytes from the edge."""
    return Reason(text, hashlib.sha256(salt + text.encode()).hexdigest())
