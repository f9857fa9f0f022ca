"""What a count can refuse. Every code is stable; every sentence says what to do next."""

from typing import ClassVar

from server.core.errors import Absent, Conflict, Malformed, NotAllowed


class SamePerson(Conflict):
    """One human being would stand on both sides of the two-person rule."""

    code: ClassVar[str] = "same_person"


class SameDevice(Conflict):
    """Two people would identify themselves on one device."""

    code: ClassVar[str] = "same_device"


class EditorCannotVerify(Conflict):
    """A person who re-tagged, edited or decided on a piece of this count wants to verify it."""

    code: ClassVar[str] = "editor_cannot_verify"


class NoRight(NotAllowed):
    """The snapshot taken at OPEN does not give this person the right."""

    code: ClassVar[str] = "no_right"


class WrongState(Conflict):
    """The count is not at the step where this act belongs."""

    code: ClassVar[str] = "wrong_state"


class CountSealed(Conflict):
    """The round is sealed; its set never changes again."""

    code: ClassVar[str] = "count_sealed"


class CountClosed(Conflict):
    """The count has ended; only a corrective count can mend it."""

    code: ClassVar[str] = "count_closed"


class NotYours(Conflict):
    """The step belongs to another person or to that person's other device."""

    code: ClassVar[str] = "not_yours"


class AlreadyVerifying(Conflict):
    """Somebody else holds the verification."""

    code: ClassVar[str] = "already_verifying"


class Searching(Conflict):
    """The first counter is still looking for silent pieces."""

    code: ClassVar[str] = "searching"


class NotBlind(Conflict):
    """Somebody has seen what a blind round must not know."""

    code: ClassVar[str] = "not_blind"


class CountingBlind(NotAllowed):
    """Whoever has a blind round open here may not be shown its pieces."""

    code: ClassVar[str] = "counting_blind"


class NotDrained(Conflict):
    """A reader or device of the round still holds reads."""

    code: ClassVar[str] = "not_drained"


class ScanNotNeeded(Conflict):
    """Quantity and tags agree, so scanning every label settles nothing."""

    code: ClassVar[str] = "scan_not_needed"


class QuantityNeeded(Conflict):
    """The number of pieces in the tray has not been keyed."""

    code: ClassVar[str] = "quantity_needed"


class QuantityKept(Conflict):
    """The quantity was keyed once and stays as it was said."""

    code: ClassVar[str] = "quantity_kept"


class BlindRoundNeeded(Conflict):
    """The mode is blind and the verifier has not sealed a round."""

    code: ClassVar[str] = "blind_round_needed"


class AsksOpen(Conflict):
    """Pieces are still to be confirmed by hand."""

    code: ClassVar[str] = "asks_open"


class NotAsked(Conflict):
    """The piece is not among those asked."""

    code: ClassVar[str] = "not_asked"


class AlreadyAnswered(Conflict):
    """The same person has answered for the same piece before."""

    code: ClassVar[str] = "already_answered"


class DrawFixed(Conflict):
    """The draw of a seal has one root; another one would let somebody choose."""

    code: ClassVar[str] = "draw_fixed"


class ThirdPersonNeeded(Conflict):
    """A third person is enrolled and has not seen the count."""

    code: ClassVar[str] = "third_person_needed"


class CaseNeeded(Conflict):
    """Something found has no case."""

    code: ClassVar[str] = "case_needed"


class ResultChanged(Conflict):
    """The signature names another result than the one that is fixed."""

    code: ClassVar[str] = "result_changed"


class AlreadySigned(Conflict):
    """The same role has signed the same result before."""

    code: ClassVar[str] = "already_signed"


class PhotoNeeded(Conflict):
    """A closing count by one person carries a photo of the tray."""

    code: ClassVar[str] = "photo_needed"


class NotCovered(Conflict):
    """No signed checkpoint covers the signatures yet."""

    code: ClassVar[str] = "not_covered"


class TooEarly(Conflict):
    """The deadline has not passed."""

    code: ClassVar[str] = "too_early"


class SearchUsed(Conflict):
    """The one search of this count has been used, or none is open."""

    code: ClassVar[str] = "search_used"


class ReasonNeeded(Malformed):
    """An act that weakens the evidence needs a reason in words."""

    code: ClassVar[str] = "reason_needed"


class CaseExists(Conflict):
    """The subject already has an open case; one piece has one."""

    code: ClassVar[str] = "case_exists"


class CaseAbsent(Absent):
    """No such case in this count."""

    code: ClassVar[str] = "case_absent"
