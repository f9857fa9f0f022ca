"""Round rows: one person's turn in a count, the readers that listen for it and what they heard."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, select, update

from server.clock import from_ms
from server.core import count_acts as acts
from server.core.count_states import ENDED_STATES, CountState
from server.core.ids import CountId, DeviceId, PersonId, PlaceId, RoundId, ShopId
from server.core.plain_json import JsonObject, object_from_text, object_to_text
from server.store.tables import AntennaHome, Attachment, Count, Observation, Reader, Round, Saw, table

_ROUNDS, _HEARD = table(Round), table(Observation)
_COUNTS, _SAW = table(Count), table(Saw)
_ATTACHMENTS, _READERS, _HOMES = table(Attachment), table(Reader), table(AntennaHome)
_STILL_ASKING: Final = (
    CountState.OPEN,
    CountState.COUNTING,
    CountState.SEALED_A,
    CountState.VERIFYING,
    CountState.SEALED_B,
    CountState.REVEALED,
    CountState.RECOUNTING,
)
"""States in which somebody may still be asked for a blind round, or for a third word."""
# Built once: a seal needs them all, and to build a statement costs four times as much as to run it.
_THIS_ROUND: Final = and_(_ROUNDS.c.shop_id == bindparam("shop"), _ROUNDS.c.id == bindparam("round"))
_SELECT_ROUND: Final = select(
    _ROUNDS.c.id,
    _ROUNDS.c.count_id,
    _ROUNDS.c.role,
    _ROUNDS.c.n,
    _ROUNDS.c.person_id,
    _ROUNDS.c.device_id,
    _ROUNDS.c.sealed_at.is_not(None).label("is_sealed"),
    _ROUNDS.c.body,
    _ROUNDS.c.seal_dseq,
)
_SELECT_THIS: Final = _SELECT_ROUND.where(_THIS_ROUND)
_SELECT_NEWEST: Final = (
    _SELECT_ROUND.where(
        _ROUNDS.c.shop_id == bindparam("shop"),
        _ROUNDS.c.count_id == bindparam("count"),
        _ROUNDS.c.person_id == bindparam("person"),
    )
    .order_by(_ROUNDS.c.sealed_at.is_(None).desc(), _ROUNDS.c.opened_at.desc(), _ROUNDS.c.id.desc())
    .limit(1)
)
_CLOSE: Final = update(_ROUNDS).where(_THIS_ROUND, _ROUNDS.c.sealed_at.is_(None))
_NOTE_SEAL: Final = update(_ROUNDS).where(_THIS_ROUND)
_SELECT_HEARD_IN_TIME: Final = select(_HEARD).where(
    _HEARD.c.shop_id == bindparam("shop"), _HEARD.c.round_id == bindparam("round"), _HEARD.c.late.is_(False)
)


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One person's turn in a count."""

    id: RoundId
    count_id: CountId
    role: str
    n: int
    person_id: PersonId
    device_id: DeviceId
    is_sealed: bool
    body: JsonObject
    """What the person asked when sealing; empty before."""
    seal_dseq: int | None
    """The device's number of the seal; None: not sealed, or sealed by a call and not by an event."""


def add(
    connection: Connection,
    shop_id: ShopId,
    *,
    count_id: CountId,
    act: acts.BeginRound | acts.ClaimVerification,
    role: str,
    is_blind: bool,
) -> None:
    """Write a person's turn, to which readers can attach; the next number of its role is taken."""
    taken = connection.execute(
        select(func.count()).where(_ROUNDS.c.shop_id == shop_id, _ROUNDS.c.count_id == count_id, _ROUNDS.c.role == role)
    ).scalar_one()
    connection.execute(
        insert(_ROUNDS).values(
            shop_id=shop_id,
            id=act.round,
            count_id=count_id,
            role=role,
            n=int(taken) + 1,
            person_id=act.by.person,
            device_id=act.by.device,
            is_blind=is_blind,
            opened_at=from_ms(act.at),
            body="{}",
        )
    )


def close(connection: Connection, shop_id: ShopId, round_id: RoundId, *, sealed_at: datetime) -> None:
    """From now on what is heard for this round is late. The first moment stands."""
    connection.execute(_CLOSE, {"shop": shop_id, "round": round_id, "sealed_at": sealed_at})


def close_others(
    connection: Connection, shop_id: ShopId, count_id: CountId, *, but: RoundId | None, closed_at: datetime
) -> None:
    """End the turns that can no longer be sealed: a claimant who was replaced, a search that ran out, a count that ended."""
    connection.execute(
        update(_ROUNDS)
        .where(
            _ROUNDS.c.shop_id == shop_id,
            _ROUNDS.c.count_id == count_id,
            _ROUNDS.c.sealed_at.is_(None),
            _ROUNDS.c.id != (but or ""),
        )
        .values(sealed_at=closed_at)
    )


def by_id(connection: Connection, shop_id: ShopId, round_id: RoundId) -> RoundRow | None:
    """A round; None: unknown."""
    return _round(connection.execute(_SELECT_THIS, {"shop": shop_id, "round": round_id}))


def open_of(connection: Connection, shop_id: ShopId, count_id: CountId, *, person_id: PersonId) -> RoundRow | None:
    """The person's newest turn in a count that is not sealed; None: there is none."""
    row = newest_of(connection, shop_id, count_id, person_id=person_id)
    return None if row is None or row.is_sealed else row


def newest_of(connection: Connection, shop_id: ShopId, count_id: CountId, *, person_id: PersonId) -> RoundRow | None:
    """The person's newest turn in a count, one that is not sealed before others; None: they had none."""
    return _round(connection.execute(_SELECT_NEWEST, {"shop": shop_id, "count": count_id, "person": person_id}))


def open_counts_of(connection: Connection, shop_id: ShopId, person_id: PersonId) -> tuple[CountId, ...]:
    """Counts in which a person has a turn that is not sealed, in order of ids."""
    found = connection.execute(
        select(_ROUNDS.c.count_id)
        .where(_ROUNDS.c.shop_id == shop_id, _ROUNDS.c.person_id == person_id, _ROUNDS.c.sealed_at.is_(None))
        .distinct()
    )
    return tuple(sorted(CountId(count_id) for count_id in found.scalars()))


def is_counting(connection: Connection, shop_id: ShopId, person_id: PersonId) -> bool:
    """Whether a person has a turn in a count that is neither sealed nor ended."""
    found = connection.execute(
        select(_ROUNDS.c.id)
        .select_from(
            _ROUNDS.join(_COUNTS, (_COUNTS.c.shop_id == _ROUNDS.c.shop_id) & (_COUNTS.c.id == _ROUNDS.c.count_id))
        )
        .where(
            _ROUNDS.c.shop_id == shop_id,
            _ROUNDS.c.person_id == person_id,
            _ROUNDS.c.sealed_at.is_(None),
            _COUNTS.c.state.not_in([state.value for state in ENDED_STATES]),
        )
        .limit(1)
    ).first()
    return found is not None


def may_verify_blind(connection: Connection, shop_id: ShopId, person_id: PersonId) -> bool:
    """Whether a count is open of which a person has seen nothing: no turn of theirs, no figure and no list."""
    has_turn = exists().where(
        _ROUNDS.c.shop_id == shop_id, _ROUNDS.c.count_id == _COUNTS.c.id, _ROUNDS.c.person_id == person_id
    )
    has_seen = exists().where(_SAW.c.shop_id == shop_id, _SAW.c.person_id == person_id, _SAW.c.count_id == _COUNTS.c.id)
    found = connection.execute(
        select(_COUNTS.c.id)
        .where(
            _COUNTS.c.shop_id == shop_id,
            _COUNTS.c.state.in_([state.value for state in _STILL_ASKING]),
            ~has_turn,
            ~has_seen,
        )
        .limit(1)
    ).first()
    return found is not None


def _round(found: Any) -> RoundRow | None:
    row = found.first()
    if row is None:
        return None
    return RoundRow(
        id=RoundId(row.id),
        count_id=CountId(row.count_id),
        role=row.role,
        n=row.n,
        person_id=PersonId(row.person_id),
        device_id=DeviceId(row.device_id),
        is_sealed=bool(row.is_sealed),
        body=object_from_text(row.body),
        seal_dseq=row.seal_dseq,
    )


def of_attachment(connection: Connection, shop_id: ShopId, attachment_id: str) -> RoundId | None:
    """The round that an attachment listens for; None: unknown."""
    found = connection.execute(
        select(_ATTACHMENTS.c.round_id).where(_ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.id == attachment_id)
    ).scalar()
    return None if found is None else RoundId(found)


def heard_in_time(connection: Connection, shop_id: ShopId, round_id: RoundId) -> list[Any]:
    """The observations of a round that came before its seal, as rows with the columns of the table."""
    return list(connection.execute(_SELECT_HEARD_IN_TIME, {"shop": shop_id, "round": round_id}))


def heard_late(connection: Connection, shop_id: ShopId, round_id: RoundId, *, epcs: Collection[str]) -> frozenset[str]:
    """Those of the tags that came for this round after its seal before."""
    found = connection.execute(
        select(_HEARD.c.epc).where(
            _HEARD.c.shop_id == shop_id,
            _HEARD.c.round_id == round_id,
            _HEARD.c.late.is_(True),
            _HEARD.c.epc.in_(list(epcs)),
        )
    )
    return frozenset(found.scalars())


def antenna_homes(connection: Connection, shop_id: ShopId, round_id: RoundId) -> Mapping[tuple[str, int], PlaceId]:
    """(reader, antenna) → the place it stands for, of the readers that listened for this round."""
    found = connection.execute(
        select(_HOMES.c.reader_id, _HOMES.c.antenna, _HOMES.c.place_id).where(
            _HOMES.c.shop_id == shop_id,
            _HOMES.c.reader_id.in_(
                select(_ATTACHMENTS.c.reader_id).where(
                    _ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.round_id == round_id
                )
            ),
        )
    )
    return {(row.reader_id, int(row.antenna)): PlaceId(row.place_id) for row in found}


def note_seal_asked(
    connection: Connection, shop_id: ShopId, round_id: RoundId, *, asked: JsonObject, dseq: int | None
) -> None:
    """Remember what the person sealed with and the number their device gave it, until the readers have drained."""
    connection.execute(
        _NOTE_SEAL, {"shop": shop_id, "round": round_id, "body": object_to_text(asked), "seal_dseq": dseq}
    )
