"""Counting: the first person's part, from OPEN to the end of the search, and what may be noted along the way."""

from dataclasses import replace
from typing import Final, assert_never

from server.core import count_acts as acts
from server.core.actors import Actor, is_same_human
from server.core.count_errors import (
    AlreadyVerifying,
    CountingBlind,
    DrawFixed,
    NotBlind,
    NotDrained,
    Searching,
    SearchUsed,
    WrongState,
)
from server.core.count_sheet import Count, Edit, LateReads, Mode
from server.core.count_states import CountState
from server.core.errors import Malformed
from server.core.ids import PersonId, PieceRef
from server.core.sealed_sets import RoundKind, require_own, require_reason
from server.core.signoff import require_right, require_same

CountingAct = (
    acts.Open
    | acts.BeginRound
    | acts.SealRound
    | acts.OpenSearch
    | acts.EndSearch
    | acts.GoSolo
    | acts.Saw
    | acts.EditPiece
    | acts.HearLate
)
"""The acts that this module decides on."""
COUNTING_ACTS: Final = (
    acts.Open,
    acts.BeginRound,
    acts.SealRound,
    acts.OpenSearch,
    acts.EndSearch,
    acts.GoSolo,
    acts.Saw,
    acts.EditPiece,
    acts.HearLate,
)
_VERIFIED_STATES: Final = (CountState.SEALED_B, CountState.REVEALED, CountState.RECOUNTING)


def apply_counting(count: Count, act: CountingAct) -> Count:
    """The count after one act of counting; `advance` has checked the table."""
    match act:
        case acts.Open():
            return _open(count, act)
        case acts.BeginRound():
            return _begin(count, act)
        case acts.SealRound():
            return _seal(count, act)
        case acts.OpenSearch():
            return _open_search(count, act)
        case acts.EndSearch():
            return _end_search(count, act)
        case acts.GoSolo():
            return _go_solo(count, act)
        case acts.Saw():
            return replace(count, saw=tuple(sorted({*count.saw, act.by.person})))
        case acts.EditPiece():
            edit = Edit(act.by.person, act.ref, is_after_verification=count.state in _VERIFIED_STATES)
            return replace(count, edits=(*count.edits, edit))
        case acts.HearLate():
            return replace(count, late=(*count.late, LateReads(act.at, act.refs)))
        case _:
            assert_never(act)


def require_unseen(count: Count, person: PersonId) -> None:
    """Refuse a blind round to a person who was shown A's result or the expected list.

    Raises: NotBlind.
    """
    if has_seen(count, person):
        raise NotBlind(
            "This person has seen what is expected or found here, so their round would not be blind. Ask a colleague.",
            person=person,
        )


def has_seen(count: Count, person: PersonId) -> bool:
    """Whether this human, under any account, was shown A's result or the expected list."""
    return any(is_same_human(count.people, first=viewer, second=person) for viewer in count.saw)


def require_not_counting_blind(count: Count, person: PersonId) -> None:
    """Refuse to show this place's pieces or figures to somebody whose blind work here is not sealed yet.

    For every route, on every session of that human: A until the seal; B until the blind round, or in a challenge the
    quantity, is given.
    Raises: CountingBlind.
    """
    is_a_open = count.state is CountState.COUNTING and _is_holder(count, count.a, person)
    is_said = any(quantity.by == count.b for quantity in count.quantities)
    is_b_done = count.b1 is not None or (count.mode is Mode.CHALLENGE and is_said)
    is_b_open = count.state is CountState.VERIFYING and not is_b_done and _is_holder(count, count.b, person)
    if is_a_open or is_b_open:
        raise CountingBlind("You are counting this place blind. Its pieces are shown after you seal.", person=person)


def _is_holder(count: Count, holder: Actor | None, person: PersonId) -> bool:
    return holder is not None and is_same_human(count.people, first=holder.person, second=person)


def require_no_search(count: Count, *, at: int) -> None:
    """Refuse while A's search is open and its minute has not run out.

    Raises: Searching.
    """
    if count.search_until is not None and count.a2 is None and at < count.search_until:
        raise _searching(count.search_until)


def require_no_search_due(count: Count, *, at: int) -> None:
    """Refuse to verify while A searches, or may still begin to because A1 left something silent.

    A search that was ended, with or without a find, is over; so is one that A did not open in the time of the offer.
    Raises: Searching.
    """
    require_no_search(count, at=at)
    offered_until = search_offered_until(count)
    if offered_until is not None and at < offered_until:
        raise _searching(offered_until)


def search_offered_until(count: Count) -> int | None:
    """Until when a search is kept for A, ms; None: nobody sealed, nothing is silent, or the search was opened."""
    if count.a1 is None or count.search_until is not None or not silent_of(count):
        return None
    return count.a1.at + acts.SEARCH_OFFER_MS


def silent_of(count: Count) -> tuple[PieceRef, ...]:
    """The expected pieces that A has not found so far, in order of references; known missing ones are left out."""
    expected = {piece.ref for piece in count.expected} - set(count.known_missing)
    return tuple(sorted(expected - count.present_by_a()))


def _searching(until: int) -> Searching:
    return Searching(
        "The first counter is looking for silent pieces. Take the next tray and come back in a minute.",
        search_until=until,
    )


def root_fixed(count: Count, root: str | None) -> str | None:
    """The draw's root: the first one given, for ever.

    Raises: DrawFixed: another root than the stored one. Malformed: not 32 bytes in hex.
    """
    if root is None or root == count.draw_root:
        return count.draw_root
    if count.draw_root is not None:
        raise DrawFixed("The draw of this count was fixed by an earlier checkpoint. Use that one.")
    if len(root) != 64 or root.strip("0123456789abcdef"):
        raise Malformed("A draw root is 64 lower-case hex digits. Fetch the checkpoint again.")
    return root


def _open(count: Count, act: acts.Open) -> Count:
    refs = [piece.ref for piece in act.expected]
    if refs != sorted(set(refs)) or not set(act.known_missing) <= set(refs):
        raise Malformed("Expected pieces come sorted, once each, with the known missing among them. Freeze them again.")
    return replace(
        count,
        state=CountState.OPEN,
        policy=act.policy,
        people=act.people,
        expected_sha256=act.expected_sha256,
        scope_sha256=act.scope_sha256,
        expected=act.expected,
        known_missing=tuple(sorted(act.known_missing)),
        editors=act.editors,
        opened_at=act.at,
    )


def _begin(count: Count, act: acts.BeginRound) -> Count:
    require_right(count, act.by.person)
    require_unseen(count, act.by.person)
    return replace(count, state=CountState.COUNTING, a=act.by, round_a=act.round)


def _seal(count: Count, act: acts.SealRound) -> Count:
    require_same(act.by, count.a)
    require_own(act.sealed, kind=RoundKind.A1, by=act.by)
    if not act.is_drained and act.sealed.gap is None:
        raise NotDrained(
            "A reader or device of this round still holds reads. Wait for it, or accept the gap by name with a reason."
        )
    return replace(count, state=CountState.SEALED_A, a1=act.sealed)


def _open_search(count: Count, act: acts.OpenSearch) -> Count:
    require_same(act.by, count.a)
    if count.search_until is not None:
        raise SearchUsed("The one search of this count has been made. The verifier comes next.")
    return replace(count, search_until=act.at + count.policy.search_ms)


def _end_search(count: Count, act: acts.EndSearch) -> Count:
    require_same(act.by, count.a)
    require_own(act.sealed, kind=RoundKind.A2, by=act.by)
    if count.search_until is None or count.a2 is not None:
        raise SearchUsed("No search is open for this count. The verifier comes next.")
    return replace(count, a2=act.sealed)


def _go_solo(count: Count, act: acts.GoSolo) -> Count:
    require_same(act.by, count.a)
    require_reason(act.reason)
    require_no_search(count, at=act.at)
    if count.mode is Mode.SOLO:
        raise WrongState("This count already goes on with one person. Key the quantity and answer the draw.")
    is_free = count.lease_until is None or (count.b1 is None and act.at >= count.lease_until)
    if not is_free:
        raise AlreadyVerifying("A colleague is verifying this count. Let them finish.")
    return replace(
        count,
        state=CountState.SEALED_A,
        mode=Mode.SOLO,
        mode_reasons=tuple(sorted({*count.mode_reasons, "solo"})),
        b=None,
        lease_until=None,
        reason=act.reason,
        draw_root=root_fixed(count, act.draw_root),
    )
