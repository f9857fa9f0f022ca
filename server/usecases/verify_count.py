"""Verify a count: the second person takes it, says how many pieces they see, and shows the pieces that were drawn.

Given a sealed count; the server chooses the mode and the draw; after the second seal both results are shown side by side,
what differs waits for a recount, and what is left becomes cases.
"""

from dataclasses import dataclass
from typing import Final

from server.core import count_acts as acts
from server.core.actors import SERVER, Actor
from server.core.count_acts import Sight
from server.core.count_errors import AsksOpen, CountingBlind
from server.core.count_result import recount_lines, verdict
from server.core.count_sheet import Count, Mode
from server.core.count_states import ENDED_STATES, CountState
from server.core.counting import require_not_counting_blind
from server.core.errors import Malformed
from server.core.ids import CountId, PieceRef, RoundId
from server.core.sealed_sets import Reason
from server.core.verification import (
    answers_of,
    ask_reasons,
    is_quantity_unequal,
    keyed_quantity,
    open_asks,
    verifier_of,
)
from server.store import counts, signatures
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import advance_count, moment, take_step
from server.usecases.decide_case import open_cases
from server.usecases.seal_round_set import refs_of_labels

_STILL: Final = (CountState.PLANNED, *ENDED_STATES)
"""States in which nobody's blindness is at stake."""
_ANSWERING: Final = (CountState.SEALED_A, CountState.VERIFYING)
"""States in which asked pieces are answered; the first one only for who goes on alone."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of one piece: a label's code for "here", a reference for "not here"."""

    label: str | None = None
    absent: PieceRef | None = None


def claim(work: UnitOfWork, count_id: CountId, by: Actor, *, is_offline: bool = False) -> Count:
    """Take the verification for ten minutes; the sheet says the mode and B's round.

    Raises: CountAbsent, WrongState, Searching, SamePerson, SameDevice, EditorCannotVerify, NoRight, AlreadyVerifying,
    NotBlind, AsksOpen: no signed checkpoint covers A's seal yet.
    """
    count = counts.load(work.conn, work.shop_id, count_id)
    act = acts.ClaimVerification(by, moment(work), RoundId(work.new_id()), _root(work, count), is_offline)
    return take_step(work, count, act).count


def go_solo(work: UnitOfWork, count_id: CountId, by: Actor, *, reason: Reason) -> Count:
    """A goes on alone; the count never becomes green. Raises: whatever the core refuses, AsksOpen as for `claim`."""
    count = counts.load(work.conn, work.shop_id, count_id)
    root = _root(work, count)
    if root is None:
        raise AsksOpen("No signed checkpoint covers the seal yet, so nothing can be drawn. Try again in a moment.")
    return take_step(work, count, acts.GoSolo(by, moment(work), reason, root)).count


def key_quantity(work: UnitOfWork, count_id: CountId, by: Actor, *, n_pieces: int) -> Count:
    """What the verifier sees in the tray. Raises: whatever the core refuses."""
    return advance_count(work, count_id, acts.KeyQuantity(by, moment(work), n_pieces))


@dataclass(frozen=True, slots=True)
class Asked:
    """A piece that the verifier is asked to hold."""

    ref: PieceRef
    reason: str
    """due, draw, silent or search."""
    is_present: bool | None
    """None: not answered yet."""


def asked_with_answers(count: Count, by: Actor) -> tuple[Asked, ...]:
    """The asked pieces in order of references: none for anybody but the verifier, none before the quantity is said."""
    is_before = keyed_quantity(count) is None or (count.mode is Mode.BLIND and count.b1 is None)
    if verifier_of(count) != by or is_before or count.state not in _ANSWERING:
        return ()
    said = {answer.ref: answer.is_present for answer in answers_of(count)}
    return tuple(Asked(ref, reason, said.get(ref)) for ref, reason in ask_reasons(count).items())


def needs_labels(count: Count, by: Actor) -> bool:
    """Whether this person must scan every label: all asks are answered and the quantity still differs from the round."""
    is_unsettled = count.b1 is not None and count.scanned is None and is_quantity_unequal(count)
    is_mine = count.state is CountState.VERIFYING and count.b == by
    return is_mine and is_unsettled and not open_asks(count)


def answer(work: UnitOfWork, count_id: CountId, by: Actor, *, word: Word) -> Count:
    """One asked piece is in the hand, by the code on its label, or it is not there.

    Raises: Malformed: both or neither was said. LabelUnknown, NotAsked and whatever else the core refuses.
    """
    ref, is_present = _said(work, word)
    return advance_count(work, count_id, acts.AnswerAsk(by, moment(work), ref, is_present, Sight.LABEL))


def scan_labels(work: UnitOfWork, count_id: CountId, by: Actor, *, labels: tuple[str, ...]) -> Count:
    """Every label of the place, when quantity and tags disagree. Raises: LabelUnknown and what the core refuses."""
    refs = refs_of_labels(work, labels)
    return advance_count(work, count_id, acts.ScanLabels(by, moment(work), refs))


def seal_verification(work: UnitOfWork, count_id: CountId, by: Actor) -> Count:
    """B is done: the results are shown side by side, and cases begin for what nobody doubts.

    Raises: QuantityNeeded, BlindRoundNeeded, AsksOpen, NotYours and whatever else the core refuses.
    """
    sealed = advance_count(work, count_id, acts.SealVerification(by, moment(work)))
    return _settled(work, take_step(work, sealed, acts.Reveal(SERVER, moment(work))).count)


def reveal_solo(work: UnitOfWork, count_id: CountId, by: Actor) -> Count:
    """One person alone has keyed and answered; the result is shown to them. Raises: whatever the core refuses."""
    return _settled(work, advance_count(work, count_id, acts.Reveal(by, moment(work))))


def confirm_recount(work: UnitOfWork, count_id: CountId, by: Actor, *, word: Word) -> Count:
    """One person's word on a piece where A and B differ. Raises: Malformed, LabelUnknown and what the core refuses."""
    ref, is_present = _said(work, word)
    act = acts.ConfirmRecount(by, moment(work), ref, is_present, Sight.LABEL)
    return _settled(work, advance_count(work, count_id, act))


def show_figures(work: UnitOfWork, count_id: CountId, by: Actor) -> Count:
    """The sheet with its figures, for a person who may see them; written down, for it ends their blindness here.

    Raises: CountingBlind: their own blind work here is not sealed, or the first round is not.
    """
    count = counts.load(work.conn, work.shop_id, count_id)
    require_not_counting_blind(count, by.person)
    if count.state in (CountState.OPEN, CountState.COUNTING):
        raise CountingBlind("The first round is not sealed, so nobody sees a figure of it. Come back after the seal.")
    if count.state in _STILL or by.person in count.saw:
        return count
    return take_step(work, count, acts.Saw(by, moment(work))).count


def is_recounted(count: Count) -> bool:
    """Whether nobody is left to say a word on the lines where A and B differ."""
    return all(_is_said(count, ref) for ref in recount_lines(count))


def _is_said(count: Count, ref: PieceRef) -> bool:
    roles = {one.role for one in count.recount if one.ref == ref}
    return verdict(count, ref) is not None or len(roles) > 1


def _settled(work: UnitOfWork, count: Count) -> Count:
    return open_cases(work, count) if is_recounted(count) else count


def _root(work: UnitOfWork, count: Count) -> str | None:
    if count.draw_root is not None:
        return count.draw_root
    seal = counts.last_seal_of_a(work.conn, work.shop_id, count)
    return None if seal is None else signatures.first_root_over(work.conn, work.shop_id, seal)


def _said(work: UnitOfWork, word: Word) -> tuple[PieceRef, bool]:
    if (word.label is None) == (word.absent is None):
        raise Malformed("Say one thing of the piece: scan its label, or name the reference that is not there.")
    if word.absent is not None:
        return word.absent, False
    assert word.label is not None
    return refs_of_labels(work, (word.label,))[0], True
