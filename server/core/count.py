"""Count: one place on one occasion, and the only door through which it changes.

`advance` looks the act up in the table of `count_states`, lets the module of that step decide, and returns a
`Transition`: the new sheet and the leaf for the log. No other code can make a Transition, and the store takes nothing
else, so every entry path obeys the same rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, replace
from functools import reduce
from types import MappingProxyType
from typing import Final, get_args

from server.core import count_acts as acts
from server.core.count_acts import Act, CountPlan
from server.core.count_errors import CountClosed, CountSealed, WrongState
from server.core.count_sheet import Count
from server.core.count_states import ENDED_STATES, NEXT_STEP, TABLE, CountState
from server.core.counting import COUNTING_ACTS, apply_counting
from server.core.errors import Conflict
from server.core.log.events import EventType
from server.core.plain_json import JsonObject, from_plain, from_tagged, kind_of, tagged, to_plain
from server.core.sealed_sets import SealedSet
from server.core.settling import SETTLING_ACTS, apply_settling
from server.core.signoff import apply_ending
from server.core.verification import VERIFICATION_ACTS, apply_verification, is_hasty

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
        acts.ReopenResult: EventType.COUNT_REVEALED,
        acts.Sign: EventType.SIGNATURE_MADE,
        acts.Close: EventType.COUNT_CLOSED,
        acts.Miss: EventType.COUNT_MISSED,
        acts.Abandon: EventType.COUNT_MISSED,
        acts.Void: EventType.COUNT_VOIDED,
    }
)
"""Acts that become a leaf of the log. The others are rows only: they are repeated inside the next seal or signature.

Where two acts share a type, `act` in the body tells them apart.
"""

_SEAL_ACTS: Final = (acts.SealRound, acts.EndSearch)
_VERIFIER_ACTS: Final = (acts.SealBlindRound, acts.KeyQuantity, acts.AnswerAsk, acts.ScanLabels, acts.SealVerification)
_MAKER: Final = object()


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a count, made by `advance` alone. The store writes `count`, the step and the leaf together."""

    before: CountState
    after: CountState
    act: Act
    count: Count
    leaf_type: EventType | None
    """None: this act is no leaf."""
    leaf_body: JsonObject
    """Plain JSON; holds no name, no free text, no tag code. Empty when there is no leaf."""
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
    return Transition(
        before=count.state,
        after=after.state,
        act=act,
        count=after,
        leaf_type=leaf_type,
        leaf_body={} if leaf_type is None else _leaf_body(act, before=count, after=after),
        maker=_MAKER,
    )


def replay(plan: CountPlan, done: Iterable[Act]) -> Count:
    """The sheet after all acts, in the order they were accepted. Equal to stepping one by one."""
    return reduce(lambda count, act: advance(count, act).count, done, planned(plan))


def count_to_json(count: Count) -> JsonObject:
    """The sheet for the store."""
    plain = to_plain(count)
    assert isinstance(plain, dict)
    return plain


def count_from_json(plain: JsonObject) -> Count:
    """The sheet that `count_to_json` wrote.

    Raises: Malformed.
    """
    return from_plain(Count, plain)


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


def _leaf_body(act: Act, *, before: Count, after: Count) -> JsonObject:
    """The act in plain values, with sealed sets and long lists replaced by their digests."""
    body = tagged(act)
    body["act"] = body.pop("kind")
    for name in ("by", "at"):
        # The leaf's own head carries who and when.
        del body[name]
    body["state_before"] = before.state.value
    body["state_after"] = after.state.value
    if isinstance(act, acts.SealRound | acts.EndSearch | acts.SealBlindRound):
        sealed: SealedSet = act.sealed
        body["sealed"] = sealed.summary()
    if isinstance(act, acts.GoSolo | acts.ReopenResult | acts.Void):
        body["reason"] = {"sha256": act.reason.sha256}
    match act:
        case acts.Open():
            body["expected"] = len(act.expected)
            body["known_missing"] = len(act.known_missing)
        case acts.SealVerification():
            body |= _verification_body(after)
        case acts.Sign():
            body["mode"] = None if after.mode is None else after.mode.value
        case _:
            pass
    return body


def _verification_body(count: Count) -> JsonObject:
    """What B's seal binds: mode, draw, quantity and every answer."""
    return {
        "mode": None if count.mode is None else count.mode.value,
        "mode_reasons": list(count.mode_reasons),
        "draw_root": count.draw_root,
        "quantities": to_plain([quantity for quantity in count.quantities if quantity.by == count.b]),
        "answers": to_plain([answer for answer in count.answers if answer.by == count.b]),
        "is_hasty": is_hasty(count),
        "n_scanned": None if count.scanned is None else len(count.scanned),
    }
