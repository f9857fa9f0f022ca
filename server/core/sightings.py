"""Sightings: when a piece was last seen by a hand and last heard by a radio, which is where a search begins.

A label, an answer or a move by a person is a hand; a sealed round's tag reads are the radio. What nobody sealed is no sighting.
"""

from dataclasses import dataclass

from server.core import count_acts as acts
from server.core.count_acts import Act
from server.core.count_sheet import Count
from server.core.ids import PersonId, PieceRef, PlaceId
from server.core.sealed_sets import SealedSet


@dataclass(frozen=True, slots=True)
class Sighting:
    """Pieces found together, there and then."""

    refs: tuple[PieceRef, ...]
    is_by_hand: bool
    at: int
    """ms since 1970."""
    place: PlaceId | None
    """None: it was leaving the shop."""
    person: PersonId | None
    """None: heard, whoever held the reader."""


def sightings_of(act: Act, count: Count) -> tuple[Sighting, ...]:
    """The pieces that an act on a count found at its place, by hand before by radio."""
    place = count.plan.place
    match act:
        case acts.SealRound(sealed=sealed) | acts.EndSearch(sealed=sealed) | acts.SealBlindRound(sealed=sealed):
            return _sealed(sealed, place=place)
        case acts.AnswerAsk(is_present=True) | acts.ConfirmRecount(is_present=True):
            return (Sighting((act.ref,), is_by_hand=True, at=act.at, place=place, person=act.by.person),)
        case acts.ScanLabels(refs=refs):
            return (Sighting(refs, is_by_hand=True, at=act.at, place=place, person=act.by.person),)
        case acts.HearLate(refs=refs):
            return (Sighting(refs, is_by_hand=False, at=act.at, place=place, person=None),)
        case _:
            return ()


def _sealed(sealed: SealedSet, *, place: PlaceId) -> tuple[Sighting, ...]:
    return (
        Sighting(sealed.by_hand, is_by_hand=True, at=sealed.at, place=place, person=sealed.by.person),
        Sighting(sealed.heard, is_by_hand=False, at=sealed.at, place=place, person=None),
    )
