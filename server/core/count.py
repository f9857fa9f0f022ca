"""Count: one place on one occasion, and the only door through which it changes.

`advance` looks the act up in the table of `count_states`, lets the module of that step decide, and returns a
`Transition`: the new sheet and the leaf for the log. No other code can make a Transition, and the store takes nothing
else, so every entry path obeys the same rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, fields, replace
from functools import reduce
from types import MappingProxyType
from typing import Final, get_args

from server.core import count_acts as acts
from server.core.actors import Role
from server.core.count_acts import Act, CountPlan
from server.core.count_errors import CountClosed, CountSealed, WrongState
from server.core.count_sheet import Count
from server.core.count_states import ENDED_STATES, NEXT_STEP, TABLE, CountState
from server.core.counting import COUNTING_ACTS, apply_counting
from server.core.errors import Conflict
from server.core.log.events import EventType, Subject
from server.core.plain_json import JsonObject, from_tagged, kind_of, tagged, to_plain
from server.core.sealed_parts import SealedPart, part_sealed_by
from server.core.sealed_sets import RoundKind
from server.core.settling import SETTLING_ACTS, apply_settling
from server.core.signoff import apply_ending
from server.core.verification import VERIFICATION_ACTS, answers_of, apply_verification, is_hasty, keyed_quantity

LEAF_OF: Final[Mapping[type[Act], EventType]] = MappingProxyType(
    {
        acts.Open: EventType.COUNT_OPENED,
        acts.SealRound: EventType.ROUND_SEALED,
        acts.EndSearch: EventType.SEARCH_ENDED,
        acts.SealBlindRound: EventType.ROUND_SEALED,
        acts.SealVerification: EventType.VERIFICATION_ANSWERED,
        acts.GoSolo: EventType.VERIFICATION_ANSWERED,
        acts.Reveal: EventType.COUNT_REVEALED,
        acts.ConfirmRecount: EventType.VERIFICATION_ANSWERED,
        acts.OpenCases: EventType.CASE_OPENED,
        acts.ReopenResult: EventType.VERIFICATION_ANSWERED,
        acts.Close: EventType.COUNT_CLOSED,
        acts.Miss: EventType.COUNT_MISSED,
        acts.Abandon: EventType.COUNT_MISSED,
        acts.Void: EventType.COUNT_VOIDED,
    }
)
"""Acts that become a leaf of the log. The others are rows only: they are repeated inside the next seal or signature.

A signature is one leaf for its whole list (`tours.signature_leaf`). Where two acts share a type, `act` in the body tells
them apart; a `verification.answered` without `sealed_sha256` is no seal.
"""

_SEAL_ACTS: Final = (acts.SealRound, acts.EndSearch)
_VERIFIER_ACTS: Final = (acts.SealBlindRound, acts.KeyQuantity, acts.AnswerAsk, acts.ScanLabels, acts.SealVerification)
_NOT_IN_BODY: Final = ("by", "at", "sealed", "carried_by", "expected", "known_missing")
"""Members of acts that a leaf has elsewhere, or as digests and numbers only."""
_MAKER: Final = object()


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a count, made by `advance` alone. The store writes `count`, the step and the leaf together."""

    before: CountState
    after: CountState
    act: Act
    made_from: Count
    """The sheet before: only the newest may be stepped from."""
    count: Count
    leaf_type: EventType | None
    """None: this act is no leaf."""
    leaf_subject: Subject
    """The round for a sealed round, else the count."""
    leaf_body: JsonObject
    """Plain JSON; holds no name, no free text, no tag code. Empty when there is no leaf."""
    sealed: SealedPart | None
    """The document to keep for ever; None: nothing was sealed."""
    maker: InitVar[object] = None

    def __post_init__(self, maker: object) -> None:
        if maker is not _MAKER:
            raise TypeError("A Transition is made by count.advance and by nothing else.")


def planned(plan: CountPlan) -> Count:
    """The sheet of a count that nobody has started."""
    return Count(plan)


def advance(count: Count, act: Act) -> Transition:
    """The step that `act` makes from `count`.

    Raises: a subclass of Conflict, NotAllowed, Malformed or Absent with a stable code; the count is then unchanged.
    """
    row = TABLE[count.state]
    if type(act) not in row:
        raise _refusal(count, act)
    reached = _apply(count, act)
    assert reached.state in (row[type(act)] or (count.state,)), (count.state, act, reached.state)
    touched_at = act.at if reached.touched_at is None else max(act.at, reached.touched_at)
    after = replace(reached, touched_at=touched_at)
    leaf_type = LEAF_OF.get(type(act))
    sealed = part_sealed_by(act, after)
    is_round = sealed is not None and leaf_type is EventType.ROUND_SEALED
    return Transition(
        before=count.state,
        after=after.state,
        act=act,
        made_from=count,
        count=after,
        leaf_type=leaf_type,
        leaf_subject=Subject("round", sealed.round) if sealed and is_round else Subject("count", count.plan.count),
        leaf_body={} if leaf_type is None else _leaf_body(act, before=count, after=after, sealed=sealed),
        sealed=sealed,
        maker=_MAKER,
    )


def replay(plan: CountPlan, done: Iterable[Act]) -> Count:
    """The sheet after all acts, in the order they were accepted. Equal to stepping one by one."""
    return reduce(lambda count, act: advance(count, act).count, done, planned(plan))


def act_to_json(act: Act) -> JsonObject:
    """An act for the store or the wire, with its `kind`."""
    return tagged(act)


def act_from_json(plain: JsonObject) -> Act:
    """The act that `act_to_json` wrote.

    Raises: Malformed.
    """
    members: tuple[type[Act], ...] = get_args(Act)
    return from_tagged(members, plain)


def _apply(count: Count, act: Act) -> Count:
    if isinstance(act, COUNTING_ACTS):
        return apply_counting(count, act)
    if isinstance(act, VERIFICATION_ACTS):
        return apply_verification(count, act)
    if isinstance(act, SETTLING_ACTS):
        return apply_settling(count, act)
    return apply_ending(count, act)


def _refusal(count: Count, act: Act) -> Conflict:
    """The sentence for an act that does not belong to this state."""
    act_kind = kind_of(type(act))
    step = NEXT_STEP[count.state]
    if count.state in ENDED_STATES:
        return CountClosed(
            f"This count is {count.state} and final; {act_kind} cannot follow. {step}", state=count.state.value
        )
    is_sealed = count.a1 is not None if isinstance(act, _SEAL_ACTS) else count.b is not None
    if isinstance(act, _SEAL_ACTS + _VERIFIER_ACTS) and is_sealed:
        return CountSealed(
            f"This round is sealed and stays as it is; {act_kind} comes too late. {step}", state=count.state.value
        )
    return WrongState(f"The count is {count.state}; {act_kind} does not fit here. {step}", state=count.state.value)


def _leaf_body(act: Act, *, before: Count, after: Count, sealed: SealedPart | None) -> JsonObject:
    """The act in plain values, with sealed sets and long lists replaced by their digests and numbers.

    Who and when stand in the head of the leaf.
    """
    body: JsonObject = {
        field.name: to_plain(getattr(act, field.name)) for field in fields(act) if field.name not in _NOT_IN_BODY
    }
    body |= {
        "act": kind_of(type(act)),
        "count": after.plan.count,
        "state_before": before.state.value,
        "state_after": after.state.value,
    }
    match act:
        case acts.Open():
            body |= {"expected": len(act.expected), "known_missing": len(act.known_missing)}
        case acts.SealRound() | acts.EndSearch():
            is_blind = act.sealed.kind is RoundKind.A1
            body |= {
                "sealed": act.sealed.summary(),
                **_seal_members(sealed, Role.A, is_blind=is_blind),
                **_carrier(act),
            }
        case acts.SealBlindRound():
            body |= {"sealed": act.sealed.summary(), **_seal_members(sealed, Role.B, is_blind=True), **_carrier(act)}
        case acts.SealVerification():
            quantity = keyed_quantity(after)
            is_blind = quantity is not None and quantity.is_blind
            body |= {**_verification_body(after), **_seal_members(sealed, Role.B, is_blind=is_blind)}
        case acts.GoSolo() | acts.ReopenResult() | acts.Void():
            body["reason"] = {"sha256": act.reason.sha256}
        case acts.Close():
            body |= _closing_body(after)
        case _:
            pass
    return body


def _seal_members(sealed: SealedPart | None, role: Role, *, is_blind: bool) -> JsonObject:
    """What the verifier of a pack reads of a seal."""
    assert sealed is not None
    return {"role": role.letter(), "part": sealed.part, "sealed_sha256": sealed.sha256, "blind": is_blind}


def _carrier(act: acts.SealRound | acts.EndSearch | acts.SealBlindRound) -> JsonObject:
    """Who brought a seal that waited on the device; nothing when its own person did."""
    return {} if act.carried_by is None else {"carried_by": act.carried_by}


def _verification_body(count: Count) -> JsonObject:
    """What B's seal binds, for a reader of the log alone; the answers stand in B2."""
    quantity = keyed_quantity(count)
    return {
        "mode": to_plain(count.mode),
        "mode_reasons": list(count.mode_reasons),
        "draw_root": count.draw_root,
        "n_pieces_keyed": None if quantity is None else quantity.n_pieces,
        "n_answers": len(answers_of(count)),
        "n_absent": sum(1 for answer in answers_of(count) if not answer.is_present),
        "is_hasty": is_hasty(count),
        "n_scanned": None if count.scanned is None else len(count.scanned),
    }


def _closing_body(count: Count) -> JsonObject:
    """The result and the signatures that close it; no B: one person alone."""
    assert count.result is not None
    by_role = {signature.role: signature.signature for signature in count.signatures}
    return {
        "result": count.result.sha256,
        "result_no": count.result.number,
        "signed_off_as": to_plain(count.signed_off_as),
        "signature_a": by_role[Role.A],
        "signature_b": by_role.get(Role.B),
    }
