"""Verification: how the second person checks a sealed count, and what makes the check stricter.

Every mode has a quantity said before any figure is shown, pieces drawn by a hash nobody chose, and high-value pieces
due today. Any doubt turns a challenge into a blind round; nothing turns a blind round back.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Final, assert_never

from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count_errors import (
    AlreadyAnswered,
    AlreadyVerifying,
    AsksOpen,
    BlindRoundNeeded,
    CountSealed,
    NotAsked,
    NotDrained,
    QuantityKept,
    QuantityNeeded,
    ScanNotNeeded,
    WrongState,
)
from server.core.count_sheet import Answer, Count, KeyedQuantity, Mode
from server.core.count_states import CountState
from server.core.counting import has_seen, require_no_search_due, require_unseen, root_fixed, silent_of
from server.core.draw import Threshold, drawn
from server.core.errors import Malformed
from server.core.ids import PieceRef
from server.core.sealed_sets import RoundKind, SealedSet, require_own
from server.core.signoff import require_same, require_two_people

QUANTITY_MAX: Final = 100_000
"""Largest quantity a person may key; more pieces than any shop has is a slip of the keyboard."""

ASK_MS_MIN: Final = 1_000
"""Least human time for one asked piece, decisions.md 3."""

VerificationAct = (
    acts.ClaimVerification
    | acts.KeyQuantity
    | acts.SealBlindRound
    | acts.ScanLabels
    | acts.AnswerAsk
    | acts.SealVerification
)
"""The acts that this module decides on."""
VERIFICATION_ACTS: Final = (
    acts.ClaimVerification,
    acts.KeyQuantity,
    acts.SealBlindRound,
    acts.ScanLabels,
    acts.AnswerAsk,
    acts.SealVerification,
)


def apply_verification(count: Count, act: VerificationAct) -> Count:
    """The count after one act of verification; `advance` has checked the table."""
    match act:
        case acts.ClaimVerification():
            return _claim(count, act)
        case acts.KeyQuantity():
            return _key_quantity(count, act)
        case acts.SealBlindRound():
            return _seal_blind(count, act)
        case acts.ScanLabels():
            return _scan_labels(count, act)
        case acts.AnswerAsk():
            return _answer(count, act)
        case acts.SealVerification():
            return _seal(count, act)
        case _:
            assert_never(act)


def mode_reasons(count: Count, *, is_offline: bool) -> tuple[str, ...]:
    """Why this count needs a blind round, sorted codes; empty: a challenge is enough. Asked after A's search."""
    a = count.present_by_a()
    expected = frozenset(piece.ref for piece in count.expected)
    sets = [one for one in (count.a1, count.a2) if one is not None]
    retag_due = {piece.ref for piece in count.expected if piece.is_retag_due}
    is_initial = count.plan.occasion is acts.Occasion.INITIAL
    found = {
        "policy": count.policy.always_blind,
        "high_value_place": count.policy.place_is_high_value,
        "annual": count.plan.occasion is acts.Occasion.ANNUAL,
        "offline": is_offline or any(one.is_offline for one in sets),
        "gap_accepted": any(one.gap is not None for one in sets),
        "stacked": any(one.is_stacked for one in sets),
        "missing": bool(silent_of(count)),
        "unexpected": not is_initial and bool(a - expected),
        "unknown_tag": not is_initial and any(one.unknown for one in sets),
        "anomaly": any(one.anomalies for one in sets),
        "by_hand_again": bool(retag_due & by_hand_only(sets)),
    }
    return tuple(sorted(code for code, is_true in found.items() if is_true))


def by_hand_only(sets: list[SealedSet]) -> frozenset[PieceRef]:
    """Pieces whose label was scanned and whose tag nobody heard: present by hand, to be re-tagged."""
    heard = frozenset(ref for one in sets for ref in one.heard)
    return frozenset(ref for one in sets for ref in one.by_hand) - heard


def verifier_of(count: Count) -> Actor | None:
    """Who says the quantity and answers the asks: B, or A when alone; None: nobody yet."""
    return count.a if count.mode is Mode.SOLO else count.b


def keyed_quantity(count: Count) -> KeyedQuantity | None:
    """The quantity of the present verifier; what an earlier claimant keyed stays on the sheet but does not count."""
    for quantity in count.quantities:
        if quantity.by == verifier_of(count):
            return quantity
    return None


def answers_of(count: Count) -> tuple[Answer, ...]:
    """The present verifier's answers, in the order given."""
    return tuple(answer for answer in count.answers if answer.by == verifier_of(count))


def ask_reasons(count: Count) -> dict[PieceRef, str]:
    """Pieces the verifier must hold in the hand and why, in order of references; never a piece nobody found.

    `due`: high value or handled; `draw`: the hash chose it; `silent`: by hand in A's round; `search`: by hand in A's
    search. What B's own round or scan confirmed by its label is done already. Known missing pieces are never asked.
    """
    chances = [Threshold(piece.ref, piece.ppm) for piece in count.expected]
    by_draw: tuple[PieceRef, ...] = ()
    if count.draw_root is not None:
        by_draw = drawn(chances, root=bytes.fromhex(count.draw_root), count=count.plan.count)
    by_hand = by_hand_only([one for one in (count.a1, count.a2) if one is not None])
    in_search = frozenset[PieceRef]() if count.a2 is None else frozenset(count.a2.by_hand)
    reasons: dict[PieceRef, str] = {
        **dict.fromkeys(by_hand - in_search, "silent"),
        **dict.fromkeys(by_hand & in_search, "search"),
        **dict.fromkeys(by_draw, "draw"),
        **{piece.ref: "due" for piece in count.expected if piece.is_due},
    }
    found = count.present_by_a() | (frozenset() if count.b1 is None else count.b1.present)
    done = frozenset(count.scanned or ()) | frozenset(() if count.b1 is None else count.b1.by_hand)
    askable = found - done - frozenset(count.known_missing)
    return {ref: reasons[ref] for ref in sorted(reasons) if ref in askable}


def asks(count: Count) -> tuple[PieceRef, ...]:
    """The pieces of `ask_reasons`, sorted."""
    return tuple(ask_reasons(count))


def open_asks(count: Count) -> tuple[PieceRef, ...]:
    """Asks the verifier has not answered, sorted."""
    answered = {answer.ref for answer in answers_of(count)}
    return tuple(ref for ref in asks(count) if ref not in answered)


def found_by_verifier(count: Count) -> frozenset[PieceRef]:
    """Pieces the verifier's quantity is measured against: the own blind round, else A's, as the answers correct it.

    A silent piece confirmed by hand adds to it, and a tag whose piece is not there takes from it.
    """
    found = count.present_by_a() if count.b1 is None else count.b1.present
    labelled = frozenset[PieceRef]() if count.b1 is None else frozenset(count.b1.by_hand)
    in_hand = {answer.ref for answer in answers_of(count) if answer.is_present}
    absent = {answer.ref for answer in answers_of(count) if not answer.is_present}
    return (found - absent) | labelled | in_hand


def is_quantity_unequal(count: Count) -> bool:
    """Whether the quantity the verifier keyed differs from the pieces that `found_by_verifier` gives."""
    quantity = keyed_quantity(count)
    return quantity is not None and quantity.n_pieces != len(found_by_verifier(count))


def is_hasty(count: Count) -> bool:
    """Whether two answers came faster than a person can take a piece in hand: a flag, never a refusal."""
    moments = sorted(answer.at for answer in answers_of(count))
    return any(later - earlier < ASK_MS_MIN for earlier, later in pairwise(moments))


def require_checks_done(count: Count) -> None:
    """Refuse to go on before the quantity, the blind round if one is due, and every ask.

    Raises: QuantityNeeded, BlindRoundNeeded, AsksOpen.
    """
    if keyed_quantity(count) is None:
        raise QuantityNeeded("Key how many pieces you see in the tray first.")
    if count.mode is Mode.BLIND and count.b1 is None:
        raise BlindRoundNeeded("This count needs your own blind round. Read the tray and seal it first.")
    if count.draw_root is None:
        raise AsksOpen(
            "The draw is not known yet: no signed checkpoint covers the first seal. Take the verification again soon."
        )
    left = open_asks(count)
    if left:
        raise AsksOpen(f"Confirm the asked pieces first; {len(left)} left.", n_left=len(left))


def _claim(count: Count, act: acts.ClaimVerification) -> Count:
    assert count.a is not None
    if count.mode is Mode.SOLO:
        raise WrongState(
            "The first counter went on alone with a reason. Sign it as single, or set it aside and recount."
        )
    require_no_search_due(count, at=act.at)
    require_two_people(count.a, act.by, people=count.people, editors=count.barred_from_verifying())
    if count.b is not None and act.by != count.b and not _is_free(count, at=act.at):
        raise AlreadyVerifying("A colleague is verifying this count. Take the next tray.")
    reasons = tuple(sorted({*count.mode_reasons, *mode_reasons(count, is_offline=act.is_offline)}))
    mode = Mode.BLIND if reasons else Mode.CHALLENGE
    root = root_fixed(count, act.draw_root)
    if mode is Mode.BLIND and count.b1 is None:
        require_unseen(count, act.by.person)
    # A blind round is read without the draw; what is asked after it waits for the draw, and so does its person.
    if root is None and (mode is Mode.CHALLENGE or count.b1 is not None):
        raise AsksOpen(
            "No signed checkpoint covers the first seal yet, so nothing can be drawn. Try again in a moment."
        )
    is_renewed = act.by == count.b
    claimed = replace(
        count,
        state=CountState.VERIFYING,
        b=act.by,
        round_b=count.round_b if is_renewed else act.round,
        mode=mode,
        mode_reasons=reasons,
        draw_root=root,
    )
    return _leased(claimed, at=act.at)


def _is_free(count: Count, *, at: int) -> bool:
    """Whether another person may take the verification over."""
    assert count.b is not None
    if count.b1 is not None:
        return False
    is_stuck = count.mode is Mode.BLIND and has_seen(count, count.b.person)
    return is_stuck or count.lease_until is None or at >= count.lease_until


def _leased(count: Count, *, at: int) -> Count:
    return replace(count, lease_until=at + count.policy.lease_ms)


def _made_blind(count: Count, reason: str) -> Count:
    """The count with a blind round due; a count by one person only carries the reason."""
    mode = Mode.SOLO if count.mode is Mode.SOLO else Mode.BLIND
    return replace(count, mode=mode, mode_reasons=tuple(sorted({*count.mode_reasons, reason})))


def _require_verifier(count: Count, by: Actor) -> None:
    if count.state is CountState.SEALED_A and count.mode is not Mode.SOLO:
        raise WrongState("Nobody has taken the verification. Take it first.")
    require_same(by, verifier_of(count))
    if count.mode is not Mode.SOLO:
        assert count.a is not None
        require_two_people(count.a, by, people=count.people, editors=count.barred_from_verifying())


def _key_quantity(count: Count, act: acts.KeyQuantity) -> Count:
    _require_verifier(count, act.by)
    if not 0 <= act.n_pieces <= QUANTITY_MAX:
        raise Malformed(f"{act.n_pieces} is no number of pieces in a tray; key 0 to {QUANTITY_MAX}.")
    if keyed_quantity(count) is not None:
        raise QuantityKept("The quantity has been keyed and stays as it was said. Go on with the count.")
    quantity = KeyedQuantity(act.by, act.at, act.n_pieces, is_blind=not has_seen(count, act.by.person))
    keyed = _leased(replace(count, quantities=(*count.quantities, quantity)), at=act.at)
    return _made_blind(keyed, "quantity") if keyed.mode is Mode.CHALLENGE and is_quantity_unequal(keyed) else keyed


def _seal_blind(count: Count, act: acts.SealBlindRound) -> Count:
    _require_verifier(count, act.by)
    if count.mode is not Mode.BLIND:
        raise WrongState("This count is verified by quantity and asked pieces; a whole round is not called for.")
    if count.b1 is not None:
        raise CountSealed("Your round is sealed and stays as it is. Answer the asked pieces.")
    if keyed_quantity(count) is None:
        raise QuantityNeeded("Key how many pieces you see in the tray before you seal.")
    require_unseen(count, act.by.person)
    require_own(act.sealed, kind=RoundKind.B1, by=act.by)
    if not act.is_drained and act.sealed.gap is None:
        raise NotDrained(
            "A reader or device of this round still holds reads. Wait for it, or accept the gap by name with a reason."
        )
    return _leased(replace(count, b1=act.sealed, draw_root=root_fixed(count, act.draw_root)), at=act.at)


def _scan_labels(count: Count, act: acts.ScanLabels) -> Count:
    _require_verifier(count, act.by)
    if count.b1 is None or count.scanned is not None or not is_quantity_unequal(count):
        raise ScanNotNeeded("Scanning every label is for a quantity that differs from your sealed round. Go on.")
    if list(act.refs) != sorted(set(act.refs)):
        raise Malformed("Scanned pieces come sorted and once each; sort them and send them again.")
    return _leased(replace(count, scanned=act.refs), at=act.at)


def _answer(count: Count, act: acts.AnswerAsk) -> Count:
    _require_verifier(count, act.by)
    if count.mode is Mode.BLIND and count.b1 is None:
        raise BlindRoundNeeded("The asked pieces come after your own round. Read the tray and seal it first.")
    if act.ref not in asks(count):
        raise NotAsked("This piece is not among those asked. Scan one that is.", piece=act.ref)
    if act.ref not in open_asks(count):
        raise AlreadyAnswered("This piece has been answered and stays as it was said.", piece=act.ref)
    answer = Answer(act.by, act.at, act.ref, act.is_present, act.sight)
    answered = _leased(replace(count, answers=(*count.answers, answer)), at=act.at)
    return answered if act.is_present else _made_blind(answered, "ask_absent")


def _seal(count: Count, act: acts.SealVerification) -> Count:
    _require_verifier(count, act.by)
    require_checks_done(count)
    return replace(count, state=CountState.SEALED_B)
