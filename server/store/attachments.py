"""Attachments as they are kept: which reader listens for which round, as a range of its agent's sequence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from server.core.ids import DeviceId, PersonId, PlaceId, RoundId, ShopId
from server.store.tables import Attachment, Count, Reader, Round, table

_ATTACHMENTS = table(Attachment)
_READERS = table(Reader)
_ROUNDS = table(Round)
_COUNTS = table(Count)
_WITH_READER: Final = _ATTACHMENTS.join(
    _READERS, and_(_READERS.c.shop_id == _ATTACHMENTS.c.shop_id, _READERS.c.id == _ATTACHMENTS.c.reader_id)
)
OPEN_MAX: Final = 1_000
"""Open attachments listed for one agent: far more than it can have readers and antennas."""
# Built once: every seal asks it.
_SELECT_OF_ROUND: Final = (
    select(_READERS.c.device_id, _ATTACHMENTS.c.id, _ATTACHMENTS.c.to_seq)
    .select_from(_WITH_READER)
    .where(_ATTACHMENTS.c.shop_id == bindparam("shop"), _ATTACHMENTS.c.round_id == bindparam("round"))
    .order_by(_ATTACHMENTS.c.opened_at, _ATTACHMENTS.c.id)
)


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """What attaching needs to know of a round."""

    id: RoundId
    place_id: PlaceId
    person_id: PersonId
    device_id: DeviceId
    is_sealed: bool
    state: str
    """Of its count."""


@dataclass(frozen=True, slots=True)
class OpenAttachment:
    """An attachment that was not drained yet."""

    id: str
    round_id: RoundId
    reader: str
    place_id: PlaceId
    reader_id: str
    is_ending: bool = False
    """True: its person has asked to drain it."""
    is_sealed: bool = False
    """True: its round is sealed, so nothing more is read into it."""
    holder: tuple[PersonId, DeviceId] | None = None
    """Person and device of its round; None: not asked."""


@dataclass(frozen=True, slots=True)
class RoundAttachment:
    """An attachment of a round, as a seal looks at it."""

    agent: DeviceId
    id: str
    to_seq: int | None
    """The agent's last number for this round; None: not drained yet."""


def round_facts(connection: Connection, shop_id: ShopId, round_id: RoundId) -> RoundFacts | None:
    """A round with the place of its count; None: there is no such round in this shop."""
    row = connection.execute(
        select(_ROUNDS.c.person_id, _ROUNDS.c.device_id, _ROUNDS.c.sealed_at, _COUNTS.c.place_id, _COUNTS.c.state)
        .select_from(
            _ROUNDS.join(_COUNTS, and_(_COUNTS.c.shop_id == _ROUNDS.c.shop_id, _COUNTS.c.id == _ROUNDS.c.count_id))
        )
        .where(_ROUNDS.c.shop_id == shop_id, _ROUNDS.c.id == round_id)
    ).first()
    if row is None:
        return None
    return RoundFacts(
        id=round_id,
        place_id=PlaceId(row.place_id),
        person_id=PersonId(row.person_id),
        device_id=DeviceId(row.device_id),
        is_sealed=row.sealed_at is not None,
        state=row.state,
    )


def add(
    connection: Connection, shop_id: ShopId, *, attachment: OpenAttachment, opened_at: datetime, lease_until: datetime
) -> None:
    """Write a new attachment; its range begins when the agent answers."""
    connection.execute(
        insert(_ATTACHMENTS).values(
            shop_id=shop_id,
            id=attachment.id,
            round_id=attachment.round_id,
            reader_id=attachment.reader_id,
            place_id=attachment.place_id,
            opened_at=opened_at,
            lease_until=lease_until,
        )
    )


def open_ones(connection: Connection, shop_id: ShopId, *, device_id: DeviceId) -> list[OpenAttachment]:
    """Attachments of an agent's readers that were not drained, oldest first; `OPEN_MAX` at most."""
    found = connection.execute(
        select(
            _ATTACHMENTS,
            _READERS.c.name.label("reader"),
            _ROUNDS.c.sealed_at,
            _ROUNDS.c.person_id,
            _ROUNDS.c.device_id.label("holder_device"),
        )
        .select_from(
            _WITH_READER.join(
                _ROUNDS, and_(_ROUNDS.c.shop_id == _ATTACHMENTS.c.shop_id, _ROUNDS.c.id == _ATTACHMENTS.c.round_id)
            )
        )
        .where(
            _ATTACHMENTS.c.shop_id == shop_id,
            _READERS.c.device_id == device_id,
            _ATTACHMENTS.c.drained_at.is_(None),
        )
        .order_by(_ATTACHMENTS.c.opened_at, _ATTACHMENTS.c.id)
        .limit(OPEN_MAX)
    )
    return [
        OpenAttachment(
            id=row.id,
            round_id=RoundId(row.round_id),
            reader=row.reader,
            place_id=PlaceId(row.place_id),
            reader_id=row.reader_id,
            is_ending=row.drain_asked_at is not None,
            is_sealed=row.sealed_at is not None,
            holder=(PersonId(row.person_id), DeviceId(row.holder_device)),
        )
        for row in found
    ]


def of_round(connection: Connection, shop_id: ShopId, round_id: RoundId) -> tuple[RoundAttachment, ...]:
    """All attachments of a round, drained ones too, oldest first."""
    found = connection.execute(_SELECT_OF_ROUND, {"shop": shop_id, "round": round_id})
    return tuple(RoundAttachment(DeviceId(row.device_id), row.id, row.to_seq) for row in found)


def still_open(attached: Iterable[RoundAttachment]) -> tuple[tuple[DeviceId, str], ...]:
    """Agent and id of each attachment that was not drained."""
    return tuple((one.agent, one.id) for one in attached if one.to_seq is None)


def drained_unsealed(connection: Connection, shop_id: ShopId, *, device_id: DeviceId) -> dict[str, int]:
    """Attachment → its last number, for those of an agent that were drained and whose round is not sealed yet."""
    found = connection.execute(
        select(_ATTACHMENTS.c.id, _ATTACHMENTS.c.to_seq)
        .select_from(
            _WITH_READER.join(
                _ROUNDS, and_(_ROUNDS.c.shop_id == _ATTACHMENTS.c.shop_id, _ROUNDS.c.id == _ATTACHMENTS.c.round_id)
            )
        )
        .where(
            _ATTACHMENTS.c.shop_id == shop_id,
            _READERS.c.device_id == device_id,
            _ATTACHMENTS.c.to_seq.is_not(None),
            _ROUNDS.c.sealed_at.is_(None),
        )
        .order_by(_ATTACHMENTS.c.id)
        .limit(OPEN_MAX)
    )
    return {row.id: int(row.to_seq) for row in found}


def renew(connection: Connection, shop_id: ShopId, attachment_id: str, *, until: datetime) -> None:
    """Let an attachment live until `until`. One that is ending goes on ending."""
    connection.execute(
        update(_ATTACHMENTS)
        .where(_ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.id == attachment_id)
        .values(lease_until=until)
    )


def end_lapsed(connection: Connection, shop_id: ShopId, *, at: datetime) -> tuple[tuple[DeviceId, str], ...]:
    """Note that attachments which nobody renewed are to end; give agent and id of each, oldest first."""
    is_lapsed = and_(
        _ATTACHMENTS.c.shop_id == shop_id,
        _ATTACHMENTS.c.lease_until < at,
        _ATTACHMENTS.c.drain_asked_at.is_(None),
        _ATTACHMENTS.c.drained_at.is_(None),
    )
    found = connection.execute(
        select(_READERS.c.device_id, _ATTACHMENTS.c.id)
        .select_from(_WITH_READER)
        .where(is_lapsed)
        .order_by(_ATTACHMENTS.c.opened_at, _ATTACHMENTS.c.id)
    ).all()
    if found:
        connection.execute(update(_ATTACHMENTS).where(is_lapsed).values(drain_asked_at=at))
    return tuple((DeviceId(row.device_id), row.id) for row in found)


def ask_to_drain(connection: Connection, shop_id: ShopId, round_id: RoundId, *, at: datetime) -> None:
    """Note that the round's person ends its attachments; asked again, the first moment stands."""
    connection.execute(
        update(_ATTACHMENTS)
        .where(
            _ATTACHMENTS.c.shop_id == shop_id,
            _ATTACHMENTS.c.round_id == round_id,
            _ATTACHMENTS.c.drain_asked_at.is_(None),
            _ATTACHMENTS.c.drained_at.is_(None),
        )
        .values(drain_asked_at=at)
    )


def ask_one_to_drain(connection: Connection, shop_id: ShopId, attachment_id: str, *, at: datetime) -> None:
    """Note that one attachment ends while others of its round go on; asked again, the first moment stands."""
    connection.execute(
        update(_ATTACHMENTS)
        .where(
            _ATTACHMENTS.c.shop_id == shop_id,
            _ATTACHMENTS.c.id == attachment_id,
            _ATTACHMENTS.c.drain_asked_at.is_(None),
            _ATTACHMENTS.c.drained_at.is_(None),
        )
        .values(drain_asked_at=at)
    )


def begin(connection: Connection, shop_id: ShopId, *, attachment_id: str, from_seq: int) -> bool:
    """Note where the reads of an attachment begin. False: it is unknown or had begun before; the first word stands."""
    changed = connection.execute(
        update(_ATTACHMENTS)
        .where(_ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.id == attachment_id, _ATTACHMENTS.c.from_seq.is_(None))
        .values(from_seq=from_seq)
    )
    return changed.rowcount == 1


def end(connection: Connection, shop_id: ShopId, *, attachment_id: str, to_seq: int, drained_at: datetime) -> bool:
    """Note where the reads of an attachment end. False: it is unknown or had ended before; the first word stands."""
    changed = connection.execute(
        update(_ATTACHMENTS)
        .where(
            _ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.id == attachment_id, _ATTACHMENTS.c.drained_at.is_(None)
        )
        .values(to_seq=to_seq, drained_at=drained_at)
    )
    return changed.rowcount == 1


def belongs_to(connection: Connection, shop_id: ShopId, *, attachment_id: str, device_id: DeviceId) -> bool:
    """Whether the attachment's reader is spoken for by this agent."""
    found = connection.execute(
        select(_READERS.c.id)
        .select_from(_WITH_READER)
        .where(_ATTACHMENTS.c.shop_id == shop_id, _ATTACHMENTS.c.id == attachment_id, _READERS.c.device_id == device_id)
    ).first()
    return found is not None
