"""Attach a reader: let it listen for a person's open round.

Given the round and the reader's name; opens an attachment and, from the agent's answers, knows exactly which batches
belong to the round and when it has been heard to the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from server.core.count_states import CountState
from server.core.errors import Absent, Conflict, NotAllowed
from server.core.ids import DeviceId, PersonId, RoundId
from server.store import attachments, readers, reads
from server.store.attachments import OpenAttachment, RoundFacts
from server.store.unit_of_work import UnitOfWork

LEASE: Final = timedelta(seconds=30)
"""An attachment ends by itself when its device stops renewing it: a handheld that died must not keep a reader on the air."""
LABELS_ASKED: Final = frozenset(
    state.value for state in (CountState.SEALED_A, CountState.VERIFYING, CountState.REVEALED, CountState.RECOUNTING)
)
"""States in which people scan labels for a count although their own round is sealed."""


class RoundAbsent(Absent):
    """No such round in this shop."""

    code: ClassVar[str] = "round_absent"


class ReaderAbsent(Absent):
    """No agent has spoken of a reader with this name."""

    code: ClassVar[str] = "reader_absent"


class NotYourRound(NotAllowed):
    """Only the round's person, on the round's device, may attach or seal."""

    code: ClassVar[str] = "not_your_round"


class RoundSealed(Conflict):
    """The round was sealed; what is heard from now on would be late."""

    code: ClassVar[str] = "count_sealed"


class ReaderBusy(Conflict):
    """The reader listens for another round."""

    code: ClassVar[str] = "reader_busy"


@dataclass(frozen=True, slots=True)
class Attached:
    """What must be told to the agent once the attachment is stored."""

    agent: DeviceId
    attachment: OpenAttachment
    antennas: tuple[int, ...]
    """Antennas that stand for the round's place; none: all of the reader."""
    ended: tuple[str, ...] = ()
    """Attachments of the same reader that give way, to be drained first."""


def attach_reader(
    work: UnitOfWork, *, round_id: RoundId, reader: str, person_id: PersonId, device_id: DeviceId
) -> Attached:
    """Open an attachment of `reader` for a round; asked again, renew the lease of the one that is open.

    A reader whose antennas stand for places listens for one round a place; any other for one round at a time. What listens
    for a sealed round gives way; a scanner also follows its person from round to round, and into a sealed round for as long as
    labels are asked for there.
    Raises: RoundAbsent, ReaderAbsent, NotYourRound, RoundSealed, ReaderBusy.
    """
    facts = _own_round(work, round_id=round_id, person_id=person_id, device_id=device_id)
    found = readers.reader_by_name(work.conn, work.shop_id, reader)
    if found is None:
        raise ReaderAbsent(
            f"No agent has a reader called {reader!r}. Check its cable and the agent's file.", reader=reader
        )
    reader_id, agent = found
    is_scanner = readers.is_scanner(work.conn, work.shop_id, reader_id)
    if facts.is_sealed and not (is_scanner and facts.state in LABELS_ASKED):
        raise RoundSealed("This round is sealed. Nothing more can be read into it; ask for a recount if it is wrong.")
    antennas = readers.antennas_at_home(work.conn, work.shop_id, reader_id=reader_id, place_id=facts.place_id)
    own = [one for one in attachments.open_ones(work.conn, work.shop_id, device_id=agent) if one.reader_id == reader_id]
    for one in own:
        if one.round_id == round_id:
            attachments.renew(work.conn, work.shop_id, one.id, until=work.now + LEASE)
            return Attached(agent=agent, attachment=one, antennas=antennas)
    in_the_way = [one for one in own if not antennas or one.place_id == facts.place_id]
    for one in in_the_way:
        if not (one.is_sealed or (is_scanner and one.holder == (person_id, device_id))):
            raise ReaderBusy(f"{reader} listens for another count. Seal that one first, or take another reader.")
        attachments.ask_one_to_drain(work.conn, work.shop_id, one.id, at=work.now)
    fresh = OpenAttachment(
        id=work.new_id(), round_id=round_id, reader=reader, place_id=facts.place_id, reader_id=reader_id
    )
    attachments.add(work.conn, work.shop_id, attachment=fresh, opened_at=work.now, lease_until=work.now + LEASE)
    return Attached(agent, fresh, antennas, tuple(one.id for one in in_the_way))


def attachments_to_drain(
    work: UnitOfWork, *, round_id: RoundId, person_id: PersonId, device_id: DeviceId
) -> tuple[tuple[DeviceId, str], ...]:
    """End the open attachments of a person's round: each agent is to be told `drain`, now or when it is back.

    Raises: RoundAbsent, NotYourRound.
    """
    _own_round(work, round_id=round_id, person_id=person_id, device_id=device_id)
    attachments.ask_to_drain(work.conn, work.shop_id, round_id, at=work.now)
    return attachments.still_open(attachments.of_round(work.conn, work.shop_id, round_id))


def end_lapsed(work: UnitOfWork) -> tuple[tuple[DeviceId, str], ...]:
    """End what nobody renewed; each agent is to be told `drain`, now or when it is back. What was heard stays in the round.

    For a job: nobody asks for it. A device that comes back attaches again.
    """
    return attachments.end_lapsed(work.conn, work.shop_id, at=work.now)


def _own_round(work: UnitOfWork, *, round_id: RoundId, person_id: PersonId, device_id: DeviceId) -> RoundFacts:
    facts = attachments.round_facts(work.conn, work.shop_id, round_id)
    if facts is None:
        raise RoundAbsent(f"There is no round {round_id}. Open the count again from the tour.", round=round_id)
    if (facts.person_id, facts.device_id) != (person_id, device_id):
        raise NotYourRound("This round belongs to another person or another device. Take a place of your own.")
    return facts


def note_listening(work: UnitOfWork, *, device_id: DeviceId, attachment_id: str, from_seq: int) -> None:
    """The agent listens: batches from `from_seq` on belong to the attachment. Said twice, the first word stands."""
    _require_own(work, device_id=device_id, attachment_id=attachment_id)
    attachments.begin(work.conn, work.shop_id, attachment_id=attachment_id, from_seq=from_seq)


def note_drained(work: UnitOfWork, *, device_id: DeviceId, attachment_id: str, to_seq: int) -> None:
    """The agent has sent all that the attachment heard: nothing after `to_seq` belongs to it."""
    _require_own(work, device_id=device_id, attachment_id=attachment_id)
    attachments.end(work.conn, work.shop_id, attachment_id=attachment_id, to_seq=to_seq, drained_at=work.now)


def _require_own(work: UnitOfWork, *, device_id: DeviceId, attachment_id: str) -> None:
    if not attachments.belongs_to(work.conn, work.shop_id, attachment_id=attachment_id, device_id=device_id):
        raise NotAllowed(f"Attachment {attachment_id} is not one of this agent's readers. It is ignored.")


@dataclass(frozen=True, slots=True)
class Opened:
    """What an agent that comes back must be told."""

    acked_seq: int
    attached: tuple[Attached, ...]
    unsealed: Mapping[str, int]
    """Attachment → last number, where the round waits for batches that are still on their way."""


def open_attachments(work: UnitOfWork, *, device_id: DeviceId) -> Opened:
    """Everything of an agent that is still open: its stored sequence, and the rounds its readers listen for."""
    shop_id = work.shop_id
    attached = tuple(
        Attached(
            agent=device_id,
            attachment=one,
            antennas=readers.antennas_at_home(work.conn, shop_id, reader_id=one.reader_id, place_id=one.place_id),
        )
        for one in attachments.open_ones(work.conn, shop_id, device_id=device_id)
    )
    return Opened(
        acked_seq=reads.acked_seq(work.conn, shop_id, device_id),
        attached=attached,
        unsealed=attachments.drained_unsealed(work.conn, shop_id, device_id=device_id),
    )
