"""Leaves: one fact of the shop each, as exact canonical bytes, in the order the log accepted them.

`{v, log, seq, id, type, at, rx, actor, actor_kind, device, dseq, subject{kind, id}, body}`. `seq` is the leaf's index
in the tree. `at` is the time claimed where the act happened, `rx` the server's. `actor` is a pseudonym: names live in a
directory that can be erased.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from server.core.errors import Malformed
from server.core.log import canonical
from server.core.log.canonical import JsonValue

LEAF_VERSION: Final = 1
LEAF_BYTES_MAX: Final = 64 * 1024
"""A larger body is logged by its SHA-256 and kept beside the log."""
ID_CHARS_MAX: Final = 200
"""Longest id, actor, subject or origin."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FIELDS: Final = frozenset(
    ("v", "log", "seq", "id", "type", "at", "rx", "actor", "actor_kind", "device", "dseq", "subject", "body")
)


class LeafMalformed(Malformed):
    """Bytes or fields that cannot be a leaf."""

    code = "leaf_malformed"


class EventType(StrEnum):
    """What a leaf can say. The list is closed: a verifier refuses any other word."""

    SHOP_OPENED = "shop.opened"
    PERSON_ENROLLED = "person.enrolled"
    PERSON_DISABLED = "person.disabled"
    PERSON_PIN_CHANGED = "person.pin_changed"
    DEVICE_PAIRED = "device.paired"
    DEVICE_REVOKED = "device.revoked"
    PIECE_ENTERED = "piece.entered"
    PIECE_CHANGED = "piece.changed"
    PIECE_MOVED = "piece.moved"
    TAG_BOUND = "tag.bound"
    TAG_UNBOUND = "tag.unbound"
    LABEL_PRINTED = "label.printed"
    PLACES_CHANGED = "places.changed"
    IMPORT_APPLIED = "import.applied"
    OBSERVATION_BATCHES = "observation.batches"
    BATCHES_DROPPED = "batches.dropped"
    TOUR_PLANNED = "tour.planned"
    COUNT_OPENED = "count.opened"
    ROUND_SEALED = "round.sealed"
    SEARCH_ENDED = "search.ended"
    VERIFICATION_ANSWERED = "verification.answered"
    COUNT_REVEALED = "count.revealed"
    CASE_OPENED = "case.opened"
    CASE_DECIDED = "case.decided"
    SIGNATURE_MADE = "signature.made"
    COUNT_CLOSED = "count.closed"
    COUNT_VOIDED = "count.voided"
    COUNT_MISSED = "count.missed"
    SAFE_SHUT = "safe.shut"
    SAFE_OPENED = "safe.opened"
    POLICY_CHANGED = "policy.changed"
    RECORD_MADE = "record.made"
    EXPORT_MADE = "export.made"
    REGION_MISMATCH = "region.mismatch"
    CLOCK_ANOMALY = "clock.anomaly"
    EPOCH_STARTED = "epoch.started"
    BACKUP_RESTORED = "backup.restored"


class ActorKind(StrEnum):
    """Who acted: a person, a paired device, a program with its own key, or the server by itself."""

    PERSON = "person"
    DEVICE = "device"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the fact is about: a kind of thing (`count`, `piece`, …) and its id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One fact of the log, in values. Its bytes are `to_bytes`; only the bytes are hashed."""

    log: str
    """Origin of the log, the first line of its checkpoints."""
    seq: int
    """Index in the tree, from 0 without gaps."""
    id: str
    """UUIDv7 made where the act happened. It never decides an order."""
    type: EventType
    at: datetime
    """When the act happened, as claimed there. Aware; kept to the millisecond."""
    rx: datetime
    """When the server accepted it. Aware; kept to the millisecond."""
    actor: str
    actor_kind: ActorKind
    device: str | None
    """The device that sent it; None: no device did."""
    dseq: int | None
    """Number of the event on its device, from 1 without gaps; None: not a device's event."""
    subject: Subject
    body: Mapping[str, JsonValue]

    def to_bytes(self) -> bytes:
        """The exact bytes that are stored, hashed and exported.

        Raises: LeafMalformed: over `LEAF_BYTES_MAX`, or a field out of its range. NotCanonical: a value outside the profile.
        """
        _check_fields(self)
        raw = canonical.encode(
            {
                "v": LEAF_VERSION,
                "log": self.log,
                "seq": self.seq,
                "id": self.id,
                "type": self.type.value,
                "at": format_time(self.at),
                "rx": format_time(self.rx),
                "actor": self.actor,
                "actor_kind": self.actor_kind.value,
                "device": self.device,
                "dseq": self.dseq,
                "subject": {"kind": self.subject.kind, "id": self.subject.id},
                "body": self.body,
            }
        )
        if len(raw) > LEAF_BYTES_MAX:
            raise LeafMalformed(
                f"The {self.type} leaf has {len(raw)} bytes; the limit is {LEAF_BYTES_MAX}. Log the body's SHA-256."
            )
        return raw

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Leaf":
        """The fact in a leaf's bytes. The bytes must be exactly what `to_bytes` writes.

        Raises: LeafMalformed or NotCanonical: too long, another form, an unknown type, a missing or an extra field.
        """
        if len(raw) > LEAF_BYTES_MAX:
            raise LeafMalformed(f"The leaf has {len(raw)} bytes; the limit is {LEAF_BYTES_MAX}.")
        fields = canonical.decode_exact(raw)
        if not isinstance(fields, dict) or fields.keys() != _FIELDS or repr(fields["v"]) != repr(LEAF_VERSION):
            raise LeafMalformed(f"The leaf {raw[:60]!r}… does not have the fields of version {LEAF_VERSION}.")
        subject = fields["subject"]
        if not isinstance(subject, dict) or subject.keys() != {"kind", "id"}:
            raise LeafMalformed(f"The leaf {fields['seq']} has no subject of kind and id.")
        try:
            leaf = cls(
                log=fields["log"],
                seq=fields["seq"],
                id=fields["id"],
                type=EventType(fields["type"]),
                at=parse_time(fields["at"]),
                rx=parse_time(fields["rx"]),
                actor=fields["actor"],
                actor_kind=ActorKind(fields["actor_kind"]),
                device=fields["device"],
                dseq=fields["dseq"],
                subject=Subject(subject["kind"], subject["id"]),
                body=fields["body"],
            )
        except ValueError as error:
            raise LeafMalformed(f"The leaf {fields['seq']} cannot be read: {error}.") from error
        _check_fields(leaf)
        return leaf


def leaf(
    event_type: EventType,
    subject: Subject,
    body: Mapping[str, JsonValue],
    *,
    log: str,
    seq: int,
    id: str,  # noqa: A002 — the leaf's own word for it.
    rx: datetime,
    actor: str,
    actor_kind: ActorKind,
    device: str | None = None,
    dseq: int | None = None,
    at: datetime | None = None,
) -> bytes:
    """The exact bytes of one leaf; `at` defaults to `rx`. Raises as `Leaf.to_bytes`."""
    return Leaf(
        log=log,
        seq=seq,
        id=id,
        type=event_type,
        at=rx if at is None else at,
        rx=rx,
        actor=actor,
        actor_kind=actor_kind,
        device=device,
        dseq=dseq,
        subject=subject,
        body=body,
    ).to_bytes()


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly three decimals, cut (not rounded) so that no time lies in the future.

    Raises: LeafMalformed: a time without a zone.
    """
    if moment.tzinfo is None:
        raise LeafMalformed(f"The time {moment.isoformat()} has no zone. Give an aware time.")
    # Not strftime: of a year before 1000 it leaves digits out, and a leaf that nobody can read would stand for ever.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse_time(text: object) -> datetime:
    """The moment written by `format_time`. Raises: LeafMalformed: any other form."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise LeafMalformed(f"The time {text!r:.40} is not written like 2026-03-02T08:35:00.000Z.")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise LeafMalformed(f"The time {text} is not in the calendar.") from error


def _check_fields(leaf: Leaf) -> None:
    texts = [leaf.log, leaf.id, leaf.actor, leaf.subject.kind, leaf.subject.id]
    if leaf.device is not None:
        texts.append(leaf.device)
    if not all(isinstance(text, str) and 0 < len(text) <= ID_CHARS_MAX for text in texts):
        raise LeafMalformed(f"A {leaf.type} leaf has an id that is empty or longer than {ID_CHARS_MAX} characters.")
    if type(leaf.seq) is not int or leaf.seq < 0:
        raise LeafMalformed(f"A leaf's seq is its index, 0 or more; {leaf.seq!r:.40} was given.")
    if leaf.dseq is not None and (type(leaf.dseq) is not int or leaf.dseq < 1):
        raise LeafMalformed(f"A device's events are numbered from 1; {leaf.dseq!r:.40} was given.")
    if not isinstance(leaf.body, dict):
        raise LeafMalformed(f"The body of a {leaf.type} leaf must be an object.")
