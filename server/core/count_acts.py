"""Acts: everything a person or the clock may do to a count. A closed union of plain values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from server.core.actors import Actor, PersonRights, Role
from server.core.ids import CaseId, CountId, PersonId, PieceRef, PlaceId, RoundId, ShopId
from server.core.sealed_sets import Reason, SealedSet

SEARCH_MS: Final = 60_000
"""Longest search after A's seal, decisions.md 6.2: longer looks would delay every tray of the tour."""
SEARCH_OFFER_MS: Final = 15_000
"""How long a search that is due is kept for A, who opens it in a second or two; after it the device is away or A went on."""
LEASE_MS: Final = 600_000
"""A claimed verification is free again after 10 minutes, decisions.md 3."""
ABANDON_MS: Final = 14_400_000
"""A count nobody touched for four hours is abandoned; long enough for a lunch, short enough for the same day."""


class Occasion(StrEnum):
    """Why the place is counted."""

    OPENING = "opening"
    CLOSING = "closing"
    SPOT = "spot"
    ANNUAL = "annual"
    INITIAL = "initial"
    """*Constat initial*: nothing is expected, what is found becomes the content."""
    CORRECTIVE = "corrective"
    """Mends a closed count by naming it."""


class Sight(StrEnum):
    """How a piece was confirmed."""

    LABEL = "label"
    """Its own label was scanned."""
    EYE = "eye"
    WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class CountPlan:
    """One place on one occasion, before anybody starts."""

    count: CountId
    shop: ShopId
    place: PlaceId
    occasion: Occasion
    shop_day: str
    """ISO date of the shop's day, which starts at the shop's day start, not at midnight."""
    n: int
    """1 for the first count of this place, day and occasion; more after a void or an abandoned one."""
    deadline: int
    """After this moment (ms) an untouched plan is MISSED."""
    corrects: CountId | None = None
    """None: not a corrective count."""


@dataclass(frozen=True, slots=True)
class CountPolicy:
    """The shop's rules for this count, frozen at OPEN; a change applies to later counts."""

    always_blind: bool = False
    place_is_high_value: bool = False
    search_ms: int = SEARCH_MS
    lease_ms: int = LEASE_MS
    abandon_ms: int = ABANDON_MS


@dataclass(frozen=True, slots=True)
class ExpectedPiece:
    """One piece the move ledger puts here at OPEN."""

    ref: PieceRef
    ppm: int = 0
    """Chance of being drawn, parts per million."""
    is_due: bool = False
    """High-value or handled since: to be confirmed by hand in this count whatever the draw says."""
    is_retag_due: bool = False
    """Once present by hand and not re-tagged since: being by hand again is a gap."""


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case as the count opens it."""

    case: CaseId
    """May be the open case of another count of the tour: one piece has one."""
    discrepancy: str
    """Class code of domain.md (e)."""
    subject: str
    """Piece reference, opaque tag name, or the place id for a gap in the quantity."""
    outcome: str = "under_investigation"
    """What people decided so far, domain.md (e)."""


@dataclass(frozen=True, slots=True)
class Open:
    """Freeze what is expected, the rules and the rights."""

    by: Actor
    at: int
    expected_sha256: str
    scope_sha256: str
    expected: tuple[ExpectedPiece, ...]
    known_missing: tuple[PieceRef, ...]
    """Expected pieces with an open case: listed, never alarming again."""
    people: tuple[PersonRights, ...]
    editors: tuple[PersonId, ...]
    """People who re-tagged, edited or decided on a piece of this place since its last closed count."""
    policy: CountPolicy = field(default_factory=CountPolicy)


@dataclass(frozen=True, slots=True)
class BeginRound:
    """A starts; this person and device are A from here on."""

    by: Actor
    at: int
    round: RoundId


@dataclass(frozen=True, slots=True)
class SealRound:
    """A's device seals A1 once every reader and device of the round has drained."""

    by: Actor
    at: int
    sealed: SealedSet
    is_drained: bool
    carried_by: PersonId | None = None
    """Whose session brought this seal of a device; None: the person's own."""


@dataclass(frozen=True, slots=True)
class OpenSearch:
    """A gets the list of silent pieces and up to a minute to find them."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class EndSearch:
    """A's finds (A2), marked "not blind"."""

    by: Actor
    at: int
    sealed: SealedSet
    carried_by: PersonId | None = None
    """Whose session brought this seal of a device; None: the person's own."""


@dataclass(frozen=True, slots=True)
class ClaimVerification:
    """B takes the count for ten minutes; the server chooses the mode here."""

    by: Actor
    at: int
    round: RoundId
    """B's round, to which readers attach if the mode is blind."""
    draw_root: str | None
    """Hex root of the first signed checkpoint covering A's seal; None only while none exists (offline)."""
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class KeyQuantity:
    """How many pieces the person sees in the tray, said before any figure is shown."""

    by: Actor
    at: int
    n_pieces: int


@dataclass(frozen=True, slots=True)
class SealBlindRound:
    """B's device seals B1, the whole round made without seeing A's."""

    by: Actor
    at: int
    sealed: SealedSet
    is_drained: bool
    draw_root: str | None = None
    """Hex root when the claim had none; it must be known before the asks."""
    carried_by: PersonId | None = None
    """Whose session brought this seal of a device; None: the person's own."""


@dataclass(frozen=True, slots=True)
class ScanLabels:
    """Every label of the place, scanned because quantity and tags disagree."""

    by: Actor
    at: int
    refs: tuple[PieceRef, ...]


@dataclass(frozen=True, slots=True)
class AnswerAsk:
    """One asked piece is in the hand, or it is not there."""

    by: Actor
    at: int
    ref: PieceRef
    is_present: bool
    sight: Sight


@dataclass(frozen=True, slots=True)
class SealVerification:
    """B is done: quantity, round if blind, and every ask (B2)."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class Reveal:
    """A, B and expected side by side."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class ConfirmRecount:
    """One person's word on one piece where A and B differ."""

    by: Actor
    at: int
    ref: PieceRef
    is_present: bool
    sight: Sight


@dataclass(frozen=True, slots=True)
class OpenCases:
    """What is left becomes cases."""

    by: Actor
    at: int
    cases: tuple[OpenedCase, ...]


@dataclass(frozen=True, slots=True)
class NoteOutcome:
    """A case of this count was decided, or reclassified because another count of the tour heard the piece."""

    by: Actor
    at: int
    case: CaseId
    discrepancy: str
    outcome: str


@dataclass(frozen=True, slots=True)
class FixResult:
    """The line of the count is final and can be signed."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class ReopenResult:
    """The line must change after all; any signature on it is void, in both lists."""

    by: Actor
    at: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Sign:
    """One person's signature on this count, as a line of the tour's list."""

    by: Actor
    at: int
    signature: str
    """Id of the signature under the list; the same for all its lines."""
    role: Role
    result_no: int
    result_sha256: str
    list_no: int
    statement_sha256: str
    photo_sha256: str | None = None
    """Needed when one person closes alone; None otherwise."""


@dataclass(frozen=True, slots=True)
class Close:
    """A signed checkpoint covers the signatures."""

    by: Actor
    at: int
    signatures_size: int
    """Size of the log just after the last signature of this count."""
    checkpoint_size: int
    """Size of the log that the newest signed checkpoint covers."""


@dataclass(frozen=True, slots=True)
class GoSolo:
    """One person goes on alone, with a reason; such a count is never green."""

    by: Actor
    at: int
    reason: Reason
    draw_root: str
    """Hex root for the self-draw."""


@dataclass(frozen=True, slots=True)
class Miss:
    """The deadline passed and nobody counted."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody came back to this count."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class Void:
    """Two people set the count aside; it stays in every export."""

    by: Actor
    at: int
    confirmed_by: Actor
    reason: Reason


@dataclass(frozen=True, slots=True)
class Saw:
    """`by` was shown A's result or the expected list; no blind round for them any more."""

    by: Actor
    at: int


@dataclass(frozen=True, slots=True)
class EditPiece:
    """A piece of the count was re-tagged or edited by `by` while the count ran."""

    by: Actor
    at: int
    ref: PieceRef


@dataclass(frozen=True, slots=True)
class HearLate:
    """Reads that came after the seal: shown, counted for nothing, may reopen a case."""

    by: Actor
    at: int
    refs: tuple[PieceRef, ...]


Act = (
    Open
    | BeginRound
    | SealRound
    | OpenSearch
    | EndSearch
    | ClaimVerification
    | KeyQuantity
    | SealBlindRound
    | ScanLabels
    | AnswerAsk
    | SealVerification
    | Reveal
    | ConfirmRecount
    | OpenCases
    | NoteOutcome
    | FixResult
    | ReopenResult
    | Sign
    | Close
    | GoSolo
    | Miss
    | Abandon
    | Void
    | Saw
    | EditPiece
    | HearLate
)
"""Everything that can happen to a count."""
