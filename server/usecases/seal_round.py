"""Seal a round: fix for ever what one person's readers and hands found, once everything that was heard has arrived.

Given a round and the labels its person scanned, in this call or as events before; asks the readers to drain; when every
attachment is drained and everything up to its end is stored, makes the canonical set and seals it. Called again after each
drain, it seals as soon as it can.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.clock import from_ms
from server.core import count_acts as acts
from server.core.actors import Actor
from server.core.count import advance
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.errors import DomainError
from server.core.ids import CountId, DeviceId, PersonId, PieceRef, RoundId
from server.core.plain_json import JsonObject, from_plain, to_plain
from server.core.sealed_sets import AcceptedGap, Reason, RoundKind
from server.store import attachments, counts, reads, rounds, signatures
from server.store.attachments import RoundAttachment
from server.store.rounds import RoundRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step
from server.usecases.attach_reader import NotYourRound, RoundAbsent, RoundSealed
from server.usecases.seal_round_set import refs_of_labels, scanned_pieces, sealed_set


@dataclass(frozen=True, slots=True)
class SealAsked:
    """What a person seals with."""

    labels: tuple[str, ...] = ()
    """Codes of the labels they scanned, in any order, beside those that came as events of the round."""
    gap: Reason | None = None
    """None: wait for every reader. Else what is still missing is accepted by name, which makes the verification blind."""
    carried_by: PersonId | None = None
    """Who brought the seal from the device, when it is another person."""


@dataclass(frozen=True, slots=True)
class SealNoted:
    """What a seal is made with once nothing is on its way any more."""

    by_hand: tuple[PieceRef, ...]
    """The pieces whose label the person scanned, sorted."""
    gap: Reason | None
    carried_by: PersonId | None
    """Both as asked."""


@dataclass(frozen=True, slots=True)
class SealOutcome:
    """Where a seal stands."""

    count: Count
    waiting: int
    """Attachments that are not drained yet; 0 and sealed, or the seal waits for them."""
    is_sealed: bool
    draining: tuple[tuple[DeviceId, str], ...]
    """Agent and attachment of each reader that still listens: the agent is to be told `drain`, now or when it is back."""


def ask_seal(
    work: UnitOfWork, round_id: RoundId, *, by: Actor, asked: SealAsked, dseq: int | None = None
) -> SealOutcome:
    """The round's person seals, from their device; `dseq` is the seal's number there. Asked again it is the same.

    The first labels stand.
    Raises: RoundAbsent, NotYourRound, LabelUnknown, and what the core refuses. RoundSealed: it was ended without their seal.
    """
    return _ask_seal(work, own_round(work, round_id, by), asked, dseq=dseq)


def ask_seal_in(work: UnitOfWork, count_id: CountId, *, by: Actor, asked: SealAsked) -> SealOutcome:
    """The same for the person's round in a count: their open one, else their last, for who asks again. Raises as `ask_seal`."""
    row = rounds.newest_of(work.conn, work.shop_id, count_id, person_id=by.person)
    if row is None:
        raise RoundAbsent("You have no open round in this count. Open it from the tour.", count=count_id)
    return _ask_seal(work, _own(row, by), asked, dseq=None)


def _ask_seal(work: UnitOfWork, row: RoundRow, asked: SealAsked, *, dseq: int | None) -> SealOutcome:
    if row.is_sealed and seal_asked(row) is None:
        raise RoundSealed("This round was ended before you sealed it: somebody went on here. Open the tour again.")
    attached = attachments.of_round(work.conn, work.shop_id, row.id)
    if attachments.still_open(attached):
        attachments.ask_to_drain(work.conn, work.shop_id, row.id, at=work.now)
    if not row.is_sealed and (not row.body or asked.gap is not None):
        row = _noted(work, row, asked, dseq=dseq)
    outcome = _seal_if_drained(work, row, attached)
    if not outcome.is_sealed:
        _require_sealable(work, row, outcome.count)
    return outcome


def _noted(work: UnitOfWork, row: RoundRow, asked: SealAsked, *, dseq: int | None) -> RoundRow:
    """The round with what its person seals it with: scanned in this call or as events before. Raises: LabelUnknown."""
    first = seal_asked(row)
    in_hand = {*refs_of_labels(work, asked.labels), *scanned_pieces(work, row.id)} if first is None else first.by_hand
    gap = None if asked.gap is None else to_plain(asked.gap)
    carrier = asked.carried_by if first is None else first.carried_by
    said: JsonObject = {"by_hand": [*sorted(in_hand)], "at": moment(work), "gap": gap, "carried_by": carrier}
    number = dseq if row.seal_dseq is None else row.seal_dseq
    rounds.note_seal_asked(work.conn, work.shop_id, row.id, asked=said, dseq=number)
    return replace(row, body=said, seal_dseq=number)


def seal_if_drained(work: UnitOfWork, round_id: RoundId) -> SealOutcome:
    """Seal a round whose person asked for it, if nothing is on its way any more: after a drain or a batch.

    A round that nobody sealed, or that is sealed, stays as it is.
    Raises: RoundAbsent.
    """
    return _seal_if_drained(work, _round(work, round_id), attachments.of_round(work.conn, work.shop_id, round_id))


def _seal_if_drained(work: UnitOfWork, row: RoundRow, attached: Sequence[RoundAttachment]) -> SealOutcome:
    count = counts.load(work.conn, work.shop_id, row.count_id)
    draining = attachments.still_open(attached)
    asked = seal_asked(row)
    if row.is_sealed or asked is None:
        return SealOutcome(count, len(draining), row.is_sealed, draining=draining)
    is_drained = not draining and _reads_have_arrived(work, attached)
    if not is_drained and asked.gap is None:
        return SealOutcome(count, max(len(draining), 1), is_sealed=False, draining=draining)
    sealed = _sealed(work, count, row, asked=asked, is_drained=is_drained)
    return SealOutcome(sealed, len(draining), is_sealed=True, draining=draining)


def _require_sealable(work: UnitOfWork, row: RoundRow, count: Count) -> None:
    """A seal that waits for its readers is tried as if they had finished, so that its person hears of a refusal at once."""
    asked = seal_asked(row)
    if asked is not None:
        advance(count, _act(work, count, row, asked=asked, is_drained=True))


def seal_after_drain(work: UnitOfWork, attachment_id: str) -> SealOutcome | None:
    """To be called when an attachment was noted as drained: its round is sealed if nothing else is on its way.

    None: there is no such attachment, or what changed since the seal was asked forbids it; its person is told, and the agent,
    who can do nothing about it, goes on.
    """
    round_id = rounds.of_attachment(work.conn, work.shop_id, attachment_id)
    if round_id is None:
        return None
    try:
        with work.part():
            return seal_if_drained(work, round_id)
    except DomainError as refusal:
        work.announce(f"round/{round_id}", "round.refused", {"code": refusal.code})
        return None


def _reads_have_arrived(work: UnitOfWork, attached: Sequence[RoundAttachment]) -> bool:
    """Whether each agent's stored sequence has reached the end of its attachments to this round."""
    return all(
        reads.acked_seq(work.conn, work.shop_id, one.agent) >= one.to_seq for one in attached if one.to_seq is not None
    )


def _sealed(work: UnitOfWork, count: Count, row: RoundRow, *, asked: SealNoted, is_drained: bool) -> Count:
    act = _act(work, count, row, asked=asked, is_drained=is_drained)
    after = take_step(work, count, act, dseq=row.seal_dseq).count
    if row.id not in (after.round_a, after.round_b):
        # The search has a round of its own, and its step closes A's.
        rounds.close(work.conn, work.shop_id, row.id, sealed_at=from_ms(act.at))
    work.announce(f"round/{row.id}", "round.sealed", {})
    return after


def _act(work: UnitOfWork, count: Count, row: RoundRow, *, asked: SealNoted, is_drained: bool) -> acts.Act:
    by, at = Actor(row.person_id, row.device_id), moment(work)
    gap = None if asked.gap is None or is_drained else AcceptedGap(by.person, asked.gap)
    kind = _kind(count, row)
    sealed = sealed_set(work, count, row, kind=kind, by_hand=asked.by_hand, gap=gap)
    if kind is RoundKind.A1:
        return acts.SealRound(by, at, sealed, is_drained, carried_by=asked.carried_by)
    if kind is RoundKind.A2:
        return acts.EndSearch(by, at, sealed, carried_by=asked.carried_by)
    seal = counts.last_seal_of_a(work.conn, work.shop_id, count)
    assert seal is not None, "B's round begins after A's seal"
    root = count.draw_root or signatures.first_root_over(work.conn, work.shop_id, seal)
    return acts.SealBlindRound(by, at, sealed, is_drained, root, carried_by=asked.carried_by)


def _kind(count: Count, row: RoundRow) -> RoundKind:
    if row.role == "b":
        return RoundKind.B1
    return RoundKind.A1 if row.id == count.round_a and count.state is CountState.COUNTING else RoundKind.A2


def own_round(work: UnitOfWork, round_id: RoundId, by: Actor) -> RoundRow:
    """The round, which must be this person's on this device. Raises: RoundAbsent, NotYourRound."""
    return _own(_round(work, round_id), by)


def _own(row: RoundRow, by: Actor) -> RoundRow:
    if (row.person_id, row.device_id) != (by.person, by.device):
        raise NotYourRound("This round belongs to another person or another device. Take a place of your own.")
    return row


def _round(work: UnitOfWork, round_id: RoundId) -> RoundRow:
    row = rounds.by_id(work.conn, work.shop_id, round_id)
    if row is None:
        raise RoundAbsent(f"There is no round {round_id[:40]}. Open the count again from the tour.", round=round_id)
    return row


def seal_asked(row: RoundRow) -> SealNoted | None:
    """What the person sealed with; None: they have not sealed."""
    in_hand = row.body.get("by_hand")
    if not isinstance(in_hand, list):
        return None
    gap = row.body.get("gap")
    reason = from_plain(Reason, gap) if isinstance(gap, dict) else None
    carrier = row.body.get("carried_by")
    return SealNoted(
        by_hand=tuple(PieceRef(str(ref)) for ref in in_hand),
        gap=reason,
        carried_by=PersonId(carrier) if isinstance(carrier, str) else None,
    )
