"""Counts as they are kept: each step is a row, the sheet is what the steps make, `counts` holds the newest.

Only a `Transition` of the core can be kept, so no entry path goes round the rules. The sheet lies beside its steps, because
to make it again costs more than all else that a request does; `check` makes it again and compares.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from server.clock import from_ms
from server.core import count_acts as acts
from server.core.count import Transition, act_from_json, act_to_json, planned, replay
from server.core.count_acts import CountPlan
from server.core.count_sheet import Count, Mode
from server.core.errors import Absent, Conflict, DomainError
from server.core.ids import CountId, ShopId, TourId
from server.core.plain_json import from_plain, kind_of, object_from_text, object_to_text, to_plain
from server.core.verification import ask_reasons, keyed_quantity
from server.store import expected, rounds
from server.store import tables as rows
from server.store.tables import table

_COUNTS, _STEPS, _ROUNDS = table(rows.Count), table(rows.TransitionRow), table(rows.Round)
_SEALED, _ASKS, _ANSWERS, _SAW = table(rows.SealedSet), table(rows.Ask), table(rows.Answer), table(rows.Saw)
_SHEET_TO_TEXT: Final = msgspec.json.Encoder()
_SHEET_FROM_TEXT: Final = msgspec.json.Decoder(Count)
"""Forty times as fast as `from_plain` for 200 pieces; that one stays the judge of what comes from outside."""
# Built once: every request looks a count up, and every step writes these.
_THIS_COUNT: Final = and_(_COUNTS.c.shop_id == bindparam("shop"), _COUNTS.c.id == bindparam("count"))
_SELECT_SHEET: Final = select(_COUNTS.c.state, _COUNTS.c.sheet).where(_THIS_COUNT)
_UPDATE_SHEET: Final = update(_COUNTS).where(_THIS_COUNT, _COUNTS.c.sheet == bindparam("made_from"))
_NEXT_STEP: Final = select(func.coalesce(func.max(_STEPS.c.n), 0) + 1).where(
    _STEPS.c.shop_id == bindparam("shop"), _STEPS.c.count_id == bindparam("count")
)
_INSERT_STEP: Final = insert(_STEPS).values(n=_NEXT_STEP.scalar_subquery()).returning(_STEPS.c.n)
_INSERT_SEALED: Final = insert(_SEALED)
FIGURES = "figures"
"""What a person saw: A's result or the expected list."""
_WITH_ASKS = (acts.KeyQuantity, acts.SealBlindRound)
"""Acts after which the verifier may be told what to hold in the hand."""

_TAKING_OVER = (acts.ClaimVerification, acts.GoSolo, acts.Abandon, acts.Void)
"""Acts that end the turns of others."""


class CountAbsent(Absent):
    """No such count in this shop."""

    code: ClassVar[str] = "count_absent"


class CountBroken(Conflict):
    """The kept state of a count is not the one its steps lead to."""

    code: ClassVar[str] = "count_broken"


class CountMoved(Conflict):
    """The step was made from a sheet that is no longer the newest."""

    code: ClassVar[str] = "count_moved"


def sheet_to_text(count: Count) -> str:
    """A sheet as it is kept: one sheet, one text."""
    return _SHEET_TO_TEXT.encode(count).decode()


def sheet_from_text(text: str) -> Count:
    """The sheet that `sheet_to_text` wrote. Raises: msgspec.DecodeError."""
    return _SHEET_FROM_TEXT.decode(text)


def add_planned(connection: Connection, shop_id: ShopId, plan: CountPlan, *, tour_id: TourId, day: date) -> None:
    """Write a planned count; its place, day, occasion and number must be free."""
    connection.execute(
        insert(_COUNTS).values(
            shop_id=shop_id,
            id=plan.count,
            tour_id=tour_id,
            place_id=plan.place,
            occasion=plan.occasion.value,
            shop_day=day,
            n=plan.n,
            state="planned",
            mode=Mode.CHALLENGE.value,
            result_no=0,
            body=object_to_text({"plan": to_plain(plan)}),
            sheet=sheet_to_text(planned(plan)),
        )
    )


def load(connection: Connection, shop_id: ShopId, count_id: CountId) -> Count:
    """The sheet of a count.

    Raises: CountAbsent. CountBroken: the sheet cannot be read, or stands elsewhere than the kept state says.
    """
    row = connection.execute(_SELECT_SHEET, {"shop": shop_id, "count": count_id}).first()
    if row is None or not row.sheet:
        raise CountAbsent(f"There is no count {count_id[:40]}. Open the tour again.", count=count_id)
    try:
        count = sheet_from_text(row.sheet)
    except msgspec.DecodeError as error:
        raise _broken(count_id, f"has a sheet that cannot be read: {error}") from error
    if count.state.value != row.state:
        raise _broken(count_id, f"is kept as {row.state}, but its sheet says {count.state}")
    return count


def replayed(connection: Connection, shop_id: ShopId, count_id: CountId) -> Count:
    """The sheet made again from the plan and every step.

    Raises: CountAbsent. Malformed or a refusal of the core: the steps are not ones that the core made.
    """
    body = connection.execute(
        select(_COUNTS.c.body).where(_COUNTS.c.shop_id == shop_id, _COUNTS.c.id == count_id)
    ).scalar()
    plain = {} if body is None else object_from_text(body)
    if "plan" not in plain:
        raise CountAbsent(f"There is no count {count_id[:40]}. Open the tour again.", count=count_id)
    steps = connection.execute(
        select(_STEPS.c.body).where(_STEPS.c.shop_id == shop_id, _STEPS.c.count_id == count_id).order_by(_STEPS.c.n)
    ).scalars()
    return replay(from_plain(CountPlan, plain["plan"]), [act_from_json(object_from_text(step)) for step in steps])


def check(connection: Connection, shop_id: ShopId) -> int:
    """Make every sheet again from its steps and compare; give how many there are. About 200 counts a second.

    Raises: CountBroken: names the first count whose sheet is not what its steps make.
    """
    wanted = select(_COUNTS.c.id).where(_COUNTS.c.shop_id == shop_id).order_by(_COUNTS.c.id)
    ids = connection.execute(wanted).scalars().all()
    for count_id in ids:
        try:
            is_same = load(connection, shop_id, count_id) == replayed(connection, shop_id, count_id)
        except DomainError as error:
            raise _broken(count_id, f"cannot be made again from its steps: {error}") from error
        if not is_same:
            raise _broken(count_id, "has a sheet that its steps do not make")
    return len(ids)


def _broken(count_id: CountId, what: str) -> CountBroken:
    return CountBroken(
        f"Count {count_id} {what}. Restore a backup and compare with the last pack that left the shop.", count=count_id
    )


def keep(connection: Connection, shop_id: ShopId, step: Transition, *, leaf_seq: int | None) -> None:
    """Write a step with everything that follows from it.

    Raises: TypeError: not a step of the core. CountMoved: the count has gone on since the step was made.
    """
    if not isinstance(step, Transition):
        raise TypeError("Only a Transition made by count.advance is kept.")
    count, act = step.count, step.act
    count_id = count.plan.count
    changed = connection.execute(
        _UPDATE_SHEET,
        {
            "shop": shop_id,
            "count": count_id,
            "made_from": sheet_to_text(step.made_from),
            "state": step.after.value,
            "mode": (count.mode or Mode.CHALLENGE).value,
            "result_no": count.results_made,
            "opened_at": None if count.opened_at is None else from_ms(count.opened_at),
            "sheet": sheet_to_text(count),
        },
    )
    if changed.rowcount != 1:
        raise CountMoved("The count has gone on in the meantime. Look at it again and repeat the step.", count=count_id)
    n = connection.execute(
        _INSERT_STEP,
        {
            "shop": shop_id,
            "count": count_id,
            "shop_id": shop_id,
            "count_id": count_id,
            "event": kind_of(type(act)),
            "from_state": step.before.value,
            "to_state": step.after.value,
            "person_id": act.by.person,
            "device_id": act.by.device,
            "at": from_ms(act.at),
            "body": object_to_text(act_to_json(act)),
            "leaf_seq": leaf_seq,
        },
    ).scalar_one()
    _keep_rounds(connection, shop_id, step)
    _keep_sealed(connection, shop_id, step, leaf_seq=leaf_seq)
    _keep_words(connection, shop_id, step, n=n)


def _keep_rounds(connection: Connection, shop_id: ShopId, step: Transition) -> None:
    """A round begins with A and with each claim; the lease and the kind of B's round follow every step."""
    count, act = step.count, step.act
    if isinstance(act, acts.BeginRound):
        rounds.add(connection, shop_id, count_id=count.plan.count, act=act, role="a", is_blind=True)
    if isinstance(act, _TAKING_OVER):
        still = count.round_b if isinstance(act, acts.ClaimVerification) else None
        rounds.close_others(connection, shop_id, count.plan.count, but=still, closed_at=from_ms(act.at))
    if isinstance(act, acts.ClaimVerification) and count.round_b == act.round:
        rounds.add(connection, shop_id, count_id=count.plan.count, act=act, role="b", is_blind=count.mode is Mode.BLIND)
    if count.round_b is not None:
        connection.execute(
            update(_ROUNDS)
            .where(_ROUNDS.c.shop_id == shop_id, _ROUNDS.c.id == count.round_b)
            .values(
                is_blind=count.mode is Mode.BLIND,
                lease_until=None if count.lease_until is None else from_ms(count.lease_until),
            )
        )


def _keep_sealed(connection: Connection, shop_id: ShopId, step: Transition, *, leaf_seq: int | None) -> None:
    if step.sealed is None:
        return
    assert leaf_seq is not None, "every seal is a leaf"
    sealed_at = from_ms(step.act.at)
    connection.execute(
        _INSERT_SEALED,
        {
            "shop_id": shop_id,
            "round_id": step.sealed.round,
            "part": step.sealed.part,
            "digest": step.sealed.sha256,
            "body": step.sealed.body,
            "sealed_at": sealed_at,
            "leaf_seq": leaf_seq,
        },
    )
    rounds.close(connection, shop_id, step.sealed.round, sealed_at=sealed_at)


def _keep_words(connection: Connection, shop_id: ShopId, step: Transition, *, n: int) -> None:
    """What people were asked, answered and shown, as rows that lists can be made of."""
    count, act = step.count, step.act
    key: dict[str, Any] = {"shop_id": shop_id, "count_id": count.plan.count}
    if isinstance(act, _WITH_ASKS) and keyed_quantity(count) is not None:
        _keep_asks(connection, shop_id, count, at=from_ms(act.at))
    if isinstance(act, acts.AnswerAsk | acts.ConfirmRecount):
        ids = expected.piece_ids(connection, shop_id, (act.ref,))
        connection.execute(
            insert(_ANSWERS).values(
                **key,
                id=f"{count.plan.count}-{n}",
                piece_id=ids[act.ref],
                answer="present" if act.is_present else "absent",
                how=act.sight.value if act.is_present else "absent",
                person_id=act.by.person,
                device_id=act.by.device,
                at=from_ms(act.at),
            )
        )
    if isinstance(act, acts.Saw):
        seen = select(_SAW.c.what).where(
            _SAW.c.shop_id == shop_id, _SAW.c.count_id == count.plan.count, _SAW.c.person_id == act.by.person
        )
        if connection.execute(seen).first() is None:
            connection.execute(insert(_SAW).values(**key, person_id=act.by.person, what=FIGURES, at=from_ms(act.at)))


def _keep_asks(connection: Connection, shop_id: ShopId, count: Count, *, at: datetime) -> None:
    if count.mode is Mode.BLIND and count.b1 is None:
        return
    written = set(
        connection.execute(
            select(_ASKS.c.piece_id).where(_ASKS.c.shop_id == shop_id, _ASKS.c.count_id == count.plan.count)
        ).scalars()
    )
    reasons = ask_reasons(count)
    ids = expected.piece_ids(connection, shop_id, list(reasons))
    new = [
        {
            "shop_id": shop_id,
            "count_id": count.plan.count,
            "piece_id": ids[ref],
            "reason": reason,
            "asked_at": at,
        }
        for ref, reason in reasons.items()
        if ids[ref] not in written
    ]
    if new:
        connection.execute(insert(_ASKS), new)


def last_seal_of_a(connection: Connection, shop_id: ShopId, count: Count) -> int | None:
    """Index of the leaf of the last thing A sealed; None: A has not sealed."""
    found = connection.execute(
        select(func.max(_SEALED.c.leaf_seq)).where(_SEALED.c.shop_id == shop_id, _SEALED.c.round_id == count.round_a)
    ).scalar()
    return None if found is None else int(found)
