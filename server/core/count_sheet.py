"""Count sheet: all that is known of one count, as one frozen value. Only `count.advance` makes the next one."""

from dataclasses import dataclass, field
from enum import StrEnum

from server.core.actors import Actor, PersonRights, Role
from server.core.count_acts import CountPlan, CountPolicy, ExpectedPiece, OpenedCase, Sight
from server.core.count_states import CountState
from server.core.ids import PersonId, PieceRef, RoundId
from server.core.sealed_sets import Reason, SealedSet


class Mode(StrEnum):
    """How the second person verifies; the server's choice, never the device's."""

    CHALLENGE = "challenge"
    """Blind quantity, drawn pieces, due high-value pieces."""
    BLIND = "blind"
    """A whole round without seeing A's, then the same quantity and asks."""
    SOLO = "solo"
    """Nobody verifies; the count never becomes green."""


class Grade(StrEnum):
    """Who settled a line where A and B differ."""

    THIRD_PERSON = "third_person"
    BOTH_AGAIN = "both_again"
    """A and B each confirmed on their own device: weaker than a third person."""


@dataclass(frozen=True, slots=True)
class KeyedQuantity:
    """What a person said they see in the tray."""

    by: Actor
    at: int
    n_pieces: int
    is_blind: bool
    """False: this person had already seen A's result or the expected list."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One asked piece and what the person said."""

    by: Actor
    at: int
    ref: PieceRef
    is_present: bool
    sight: Sight


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One person's word in the recount."""

    by: Actor
    at: int
    role: Role
    ref: PieceRef
    is_present: bool
    sight: Sight


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece touched while the count ran."""

    person: PersonId
    ref: PieceRef
    is_after_verification: bool
    """True: B had sealed; the edit bars nobody from signing, only from confirming this piece."""


@dataclass(frozen=True, slots=True)
class Result:
    """The fixed line of a count: what both people sign."""

    number: int
    """1 for the first; each reopening makes the next."""
    sha256: str
    """Hex digest over everything below and the sealed sets; stable across replays."""
    present: tuple[PieceRef, ...]
    missing: tuple[PieceRef, ...]
    by_hand: tuple[PieceRef, ...]
    """Present, and no radio heard them."""
    known_missing: tuple[PieceRef, ...]
    """Had an open case before this count and still not here."""
    reappeared: tuple[PieceRef, ...]
    """Were known missing and are here: their cases reopen."""
    grades: tuple[Grade, ...]
    """How the recount lines were settled, without repetition; empty: there were none."""
    exceptions: tuple[str, ...]
    """Codes read in full before signing, sorted; empty: the line can be green."""


@dataclass(frozen=True, slots=True)
class CountSignature:
    """One person's signature on one result."""

    signature: str
    """Id of the person's one signature under the whole list."""
    role: Role
    by: Actor
    at: int
    result_no: int
    result_sha256: str
    list_no: int
    statement_sha256: str
    photo_sha256: str | None


@dataclass(frozen=True, slots=True)
class LateReads:
    """Pieces heard after the seal of a round that did not have them."""

    at: int
    refs: tuple[PieceRef, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One count. None and empty mean "not yet"."""

    plan: CountPlan
    state: CountState = CountState.PLANNED
    policy: CountPolicy = field(default_factory=CountPolicy)
    people: tuple[PersonRights, ...] = ()
    expected_sha256: str | None = None
    scope_sha256: str | None = None
    expected: tuple[ExpectedPiece, ...] = ()
    known_missing: tuple[PieceRef, ...] = ()
    opened_at: int | None = None
    touched_at: int | None = None
    """When the last act happened; an abandoned count is one that nobody touches."""
    round_a: RoundId | None = None
    round_b: RoundId | None = None
    """The round of the present claimant; None: nobody has claimed."""
    a: Actor | None = None
    b: Actor | None = None
    c: Actor | None = None
    a1: SealedSet | None = None
    a2: SealedSet | None = None
    b1: SealedSet | None = None
    search_until: int | None = None
    lease_until: int | None = None
    mode: Mode | None = None
    mode_reasons: tuple[str, ...] = ()
    draw_root: str | None = None
    quantities: tuple[KeyedQuantity, ...] = ()
    answers: tuple[Answer, ...] = ()
    scanned: tuple[PieceRef, ...] | None = None
    """Every label of the place; None: quantity and tags agreed, or nobody scanned."""
    recount: tuple[Confirmation, ...] = ()
    cases: tuple[OpenedCase, ...] = ()
    result: Result | None = None
    results_made: int = 0
    signatures: tuple[CountSignature, ...] = ()
    voided_signatures: tuple[CountSignature, ...] = ()
    signed_off_as: CountState | None = None
    """How it was signed off, kept when CLOSED; None before."""
    closed_by_checkpoint: int | None = None
    saw: tuple[PersonId, ...] = ()
    editors: tuple[PersonId, ...] = ()
    """Barred from verifying since before OPEN."""
    edits: tuple[Edit, ...] = ()
    late: tuple[LateReads, ...] = ()
    reason: Reason | None = None
    """Why it is void or was done alone."""
    confirmed_by: Actor | None = None
    """The second person of a void."""

    def present_by_a(self) -> frozenset[PieceRef]:
        """A's set: A1 and what the search found."""
        sealed = (self.a1, self.a2)
        return frozenset().union(*(one.present for one in sealed if one is not None))

    def sealed_sets(self) -> tuple[SealedSet, ...]:
        """The sealed sets so far, in the order A1, A2, B1."""
        return tuple(one for one in (self.a1, self.a2, self.b1) if one is not None)

    def barred_from_verifying(self) -> frozenset[PersonId]:
        """People who touched a piece of this count before it was verified."""
        return frozenset(self.editors) | {edit.person for edit in self.edits if not edit.is_after_verification}
