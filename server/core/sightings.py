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
    """One piece, there and then."""

    ref: PieceRef
    is_by_hand: bool
    at: int
    """ms since 1970."""
    place: PlaceId | None
    """None: it was leaving the shop."""
    person: PersonId | None
    """None: heard, whoever held the reader."""


def sightings_of(act: Act, count: Count) -> tuple[Sighting, ...]:
    """The pieces that an act on a count found at its place, in order of references, by hand before by radio."""
    place = count.plan.place
    match act:
        case acts.SealRound(sealed=sealed) | acts.EndSearch(sealed=sealed) | acts.SealBlindRound(sealed=sealed):
            return _sealed(sealed, place=place)
        case acts.AnswerAsk(is_present=True) | acts.ConfirmRecount(is_present=True):
            return (Sighting(act.ref, is_by_hand=True, at=act.at, place=place, person=act.by.person),)
        case acts.ScanLabels(refs=refs):
            return tuple(Sighting(ref, is_by_hand=True, at=act.at, place=place, person=act.by.person) for ref in refs)
        case acts.HearLate(refs=refs):
            return tuple(Sighting(ref, is_by_hand=False, at=act.at, place=place, person=None) for ref in refs)
        case _:
            return ()


def _sealed(sealed: SealedSet, *, place: PlaceId) -> tuple[Sighting, ...]:
    by_hand = [
        Sighting(ref, is_by_hand=True, at=sealed.at, place=place, person=sealed.by.person) for ref in sealed.by_hand
    ]
    heard = [Sighting(ref, is_by_hand=False, at=sealed.at, place=place, person=None) for ref in sealed.heard]
    return tuple(by_hand + heard)
