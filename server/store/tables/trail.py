"""Trail: the tamper-evident log and what reaches it from devices and readers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field

from server.store.tables._shape import Row, big, int_key, key, octets, shop_key, unique, within_shop


class LogLeaf(Row, table=True):
    """One leaf of the shop's log: exact bytes, in an order without gaps from 0."""

    __tablename__ = "log_leaves"
    shop_id: str = shop_key()
    seq: int = int_key()
    event_id: str
    type: str
    subject_kind: str
    subject_id: str
    rx: datetime
    raw: bytes = octets()
    """The leaf's canonical bytes: what is hashed."""
    leaf_hash: bytes = octets()
    """SHA-256 of 00 ‖ raw."""
    __table_args__ = (
        unique("event_id"),
        Index(None, "shop_id", "subject_kind", "subject_id", "seq"),
        CheckConstraint("seq >= 0", name="seq"),
        CheckConstraint("length(leaf_hash) = 32", name="leaf_hash"),
    )


class LogHead(Row, table=True):
    """Size, frontier and root of the log, changed in the transaction that adds a leaf. Derived from the leaves."""

    __tablename__ = "log_head"
    shop_id: str = shop_key()
    size: int = big()
    frontier: bytes = octets()
    root: bytes = octets()


class CheckpointRow(Row, table=True):
    """One signed statement of size and root, as the signer gave it."""

    __tablename__ = "checkpoints"
    shop_id: str = shop_key()
    size: int = int_key()
    root: bytes = octets()
    frontier: bytes = octets()
    """The right edge of the tree at this size: the next proof starts from it and hashes the new leaves only."""
    note: str
    """The signed note, exactly."""
    signed_at: datetime
    __table_args__ = (CheckConstraint("length(root) = 32", name="root"),)


class Reader(Row, table=True):
    """A reader as its agent last described it."""

    __tablename__ = "readers"
    shop_id: str = shop_key()
    id: str = key()
    device_id: str
    """The agent that speaks for it."""
    name: str
    protocol: str
    serial: str = ""
    region: str = ""
    body: str = "{}"
    """Health and settings as canonical JSON."""
    seen_at: datetime
    __table_args__ = (unique("device_id", "name"), within_shop("devices", "device_id"))


class AntennaHome(Row, table=True):
    """Which place an antenna stands for."""

    __tablename__ = "antenna_homes"
    shop_id: str = shop_key()
    reader_id: str = key()
    antenna: int = int_key()
    place_id: str
    mapped_at: datetime
    __table_args__ = (within_shop("readers", "reader_id"), within_shop("places", "place_id"))


class BatchRow(Row, table=True):
    """The exact bytes an agent sent: the truth from which observations can be rebuilt."""

    __tablename__ = "batches"
    shop_id: str = shop_key()
    device_id: str = key()
    seq: int = int_key()
    """The agent's own sequence, without gaps from 1."""
    raw: bytes = octets()
    sha256: bytes = octets()
    rx: datetime
    __table_args__ = (
        within_shop("devices", "device_id"),
        CheckConstraint("seq > 0", name="seq"),
        CheckConstraint("length(sha256) = 32", name="sha256"),
    )


class Observation(Row, table=True):
    """What a round holds of a tag at one antenna. Derived from batches and attachments, added to by upsert."""

    __tablename__ = "observations"
    shop_id: str = shop_key()
    round_id: str = key()
    epc: str = key()
    tid: str = key()
    """Empty: the reader did not give it."""
    reader_id: str = key()
    antenna: int = int_key()
    late: bool = key()
    """True: heard after the seal; it changes no sealed set."""
    reads_n: int = big()
    passes_n: int = big()
    first_ms: int = big()
    last_ms: int = big()
    rssi_sum_cdbm: int | None = big(default=None)
    rssi_max_cdbm: int | None = big(default=None)
    __table_args__ = (within_shop("rounds", "round_id"),)


class SightingRow(Row, table=True):
    """When a piece was last found by hand and last by radio. Derived from seals, answers and moves, for lists."""

    __tablename__ = "sightings"
    shop_id: str = shop_key()
    ref: str = key()
    is_by_hand: bool = key()
    at_ms: int = big()
    place_id: str | None = None
    person_id: str | None = None


class DeviceEvent(Row, table=True):
    """One event of a handheld, exactly as sent. Same id or same number with other content is a conflict."""

    __tablename__ = "device_events"
    shop_id: str = shop_key()
    id: str = key()
    device_id: str
    dseq: int = big()
    person_id: str | None = None
    count_id: str | None = None
    round_id: str | None = None
    type: str
    at: datetime
    """As the device's clock claims."""
    mono_ms: int = big()
    rx: datetime
    session_id: str
    """The session that carried it: another person's when people switched before it was sent."""
    raw: bytes = octets()
    """Canonical JSON of the event."""
    quarantine: str | None = None
    """Code of the refusal that keeps it from counting; None: it was acted on."""
    __table_args__ = (
        unique("device_id", "dseq"),
        within_shop("devices", "device_id"),
        within_shop("sessions", "session_id"),
        Index(None, "shop_id", "round_id", "dseq"),
        CheckConstraint("dseq > 0", name="dseq"),
    )


class DeviceConflict(Row, table=True):
    """An event whose number or id was taken by another one: kept beside it, so that a copied or cleared device is seen."""

    __tablename__ = "device_conflicts"
    shop_id: str = shop_key()
    device_id: str = key()
    dseq: int = int_key()
    sha256: bytes = Field(primary_key=True, sa_type=LargeBinary)
    id: str
    session_id: str
    raw: bytes = octets()
    rx: datetime
    __table_args__ = (
        within_shop("devices", "device_id"),
        within_shop("sessions", "session_id"),
        CheckConstraint("length(sha256) = 32", name="sha256"),
    )
