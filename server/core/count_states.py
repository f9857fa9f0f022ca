"""Count states: the one table of what may follow what. Nothing else in the shop decides on it.

```
PLANNED → OPEN → COUNTING → SEALED_A → VERIFYING → SEALED_B → REVEALED → RECOUNTING → RESOLVING → RESULT_FIXED
RESULT_FIXED → SIGNED_ONE → SIGNED_OFF | SIGNED_OFF_WITH_EXCEPTIONS → CLOSED
SEALED_A → REVEALED → … → RESULT_FIXED → SIGNED_OFF_SINGLE → CLOSED      one person alone
side exits: MISSED, ABANDONED, VOIDED
```
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from server.core import count_acts as acts


class CountState(StrEnum):
    """Where a count stands."""

    PLANNED = "planned"
    OPEN = "open"
    COUNTING = "counting"
    SEALED_A = "sealed_a"
    VERIFYING = "verifying"
    SEALED_B = "sealed_b"
    REVEALED = "revealed"
    RECOUNTING = "recounting"
    RESOLVING = "resolving"
    RESULT_FIXED = "result_fixed"
    SIGNED_ONE = "signed_one"
    SIGNED_OFF = "signed_off"
    SIGNED_OFF_WITH_EXCEPTIONS = "signed_off_with_exceptions"
    SIGNED_OFF_SINGLE = "signed_off_single"
    CLOSED = "closed"
    MISSED = "missed"
    ABANDONED = "abandoned"
    VOIDED = "voided"


S = CountState
SIGNED_OFF_STATES: Final = (S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS, S.SIGNED_OFF_SINGLE)
"""Everybody who has to sign has signed."""
ENDED_STATES: Final = (S.CLOSED, S.MISSED, S.ABANDONED, S.VOIDED)
"""Nothing but late reads may follow."""
REVEALED_STATES: Final = (
    S.REVEALED,
    S.RECOUNTING,
    S.RESOLVING,
    S.RESULT_FIXED,
    S.SIGNED_ONE,
    *SIGNED_OFF_STATES,
    S.CLOSED,
)
"""Both results lie side by side: figures may be shown, to who may see them."""

Row = Mapping[type[acts.Act], tuple[CountState, ...]]

_SIGNED_OFF: Final[Row] = {
    acts.Close: (S.CLOSED,),
    acts.ReopenResult: (S.RESOLVING,),
    acts.Void: (S.VOIDED,),
    acts.HearLate: (),
    acts.Saw: (),
}

TABLE: Final[Mapping[CountState, Row]] = MappingProxyType(
    {
        S.PLANNED: {
            acts.Open: (S.OPEN,),
            acts.Miss: (S.MISSED,),
        },
        S.OPEN: {
            acts.BeginRound: (S.COUNTING,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.Abandon: (S.ABANDONED,),
            acts.Void: (S.VOIDED,),
        },
        S.COUNTING: {
            acts.SealRound: (S.SEALED_A,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.Abandon: (S.ABANDONED,),
            acts.Void: (S.VOIDED,),
        },
        S.SEALED_A: {
            acts.OpenSearch: (),
            acts.EndSearch: (),
            acts.ClaimVerification: (S.VERIFYING,),
            acts.GoSolo: (),
            acts.KeyQuantity: (),
            acts.AnswerAsk: (),
            acts.Reveal: (S.REVEALED,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.HearLate: (),
            acts.Abandon: (S.ABANDONED,),
            acts.Void: (S.VOIDED,),
        },
        S.VERIFYING: {
            acts.ClaimVerification: (),
            acts.KeyQuantity: (),
            acts.SealBlindRound: (),
            acts.ScanLabels: (),
            acts.AnswerAsk: (),
            acts.SealVerification: (S.SEALED_B,),
            acts.GoSolo: (S.SEALED_A,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.HearLate: (),
            acts.Abandon: (S.ABANDONED,),
            acts.Void: (S.VOIDED,),
        },
        S.SEALED_B: {
            acts.Reveal: (S.REVEALED,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.HearLate: (),
            acts.Abandon: (S.ABANDONED,),
            acts.Void: (S.VOIDED,),
        },
        S.REVEALED: {
            acts.ConfirmRecount: (S.RECOUNTING,),
            acts.OpenCases: (S.RESOLVING,),
            acts.FixResult: (S.RESULT_FIXED,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.HearLate: (),
            acts.Void: (S.VOIDED,),
        },
        S.RECOUNTING: {
            acts.ConfirmRecount: (),
            acts.OpenCases: (S.RESOLVING,),
            acts.Saw: (),
            acts.EditPiece: (),
            acts.HearLate: (),
            acts.Void: (S.VOIDED,),
        },
        S.RESOLVING: {
            acts.OpenCases: (),
            acts.NoteOutcome: (),
            acts.FixResult: (S.RESULT_FIXED,),
            acts.Saw: (),
            acts.HearLate: (),
            acts.Void: (S.VOIDED,),
        },
        S.RESULT_FIXED: {
            acts.Sign: (S.SIGNED_ONE, S.SIGNED_OFF_SINGLE),
            acts.ReopenResult: (S.RESOLVING,),
            acts.Saw: (),
            acts.HearLate: (),
            acts.Void: (S.VOIDED,),
        },
        S.SIGNED_ONE: {
            acts.Sign: (S.SIGNED_OFF, S.SIGNED_OFF_WITH_EXCEPTIONS),
            acts.ReopenResult: (S.RESOLVING,),
            acts.Saw: (),
            acts.HearLate: (),
            acts.Void: (S.VOIDED,),
        },
        S.SIGNED_OFF: _SIGNED_OFF,
        S.SIGNED_OFF_WITH_EXCEPTIONS: _SIGNED_OFF,
        S.SIGNED_OFF_SINGLE: _SIGNED_OFF,
        S.CLOSED: {acts.HearLate: ()},
        S.MISSED: {},
        S.ABANDONED: {acts.HearLate: ()},
        S.VOIDED: {acts.HearLate: ()},
    }
)
"""State → act → states it may lead to; an empty tuple: the state stays as it is."""

NEXT_STEP: Final[Mapping[CountState, str]] = MappingProxyType(
    {
        S.PLANNED: "Open the count first.",
        S.OPEN: "The first counter begins the round.",
        S.COUNTING: "The first counter seals the round.",
        S.SEALED_A: "Another person verifies on another device.",
        S.VERIFYING: "The verifier finishes and seals.",
        S.SEALED_B: "Show both results side by side.",
        S.REVEALED: "Settle the lines where the two differ, or fix the result.",
        S.RECOUNTING: "Finish the recount, then open cases for what is left.",
        S.RESOLVING: "Fix the result once every finding has its case.",
        S.RESULT_FIXED: "Both people sign the list.",
        S.SIGNED_ONE: "The other person signs the list.",
        S.SIGNED_OFF: "It closes when a checkpoint covers the signatures.",
        S.SIGNED_OFF_WITH_EXCEPTIONS: "It closes when a checkpoint covers the signatures.",
        S.SIGNED_OFF_SINGLE: "It closes when a checkpoint covers the signature.",
        S.CLOSED: "Open a corrective count that names this one.",
        S.MISSED: "Plan another count of this place.",
        S.ABANDONED: "Plan another count of this place.",
        S.VOIDED: "Plan another count of this place.",
    }
)
"""What a person can do instead, for the sentence of a refusal."""
