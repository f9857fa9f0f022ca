"""Tables of the store, by subject, and their Core form for hot paths.

Rows in GUARDED tables are never changed or deleted: the database refuses it (guards.py).
"""

from typing import Final

from sqlalchemy import Table

from server.store.tables._shape import Row
from server.store.tables.counting import (
    Answer,
    Ask,
    Attachment,
    Count,
    ExpectedSet,
    Round,
    Saw,
    SealedSet,
    Tour,
    TransitionRow,
)
from server.store.tables.people import Device, Pairing, Person, PinTriesRow, SessionRow
from server.store.tables.signing import CaseEvent, CaseRow, Closure, RecordRow, SignatureLine, SignatureRow
from server.store.tables.stock import (
    STATUSES,
    Import,
    ImportKey,
    Label,
    Move,
    Piece,
    PieceFacts,
    PieceState,
    Place,
    Proposal,
    Shop,
    Tag,
)
from server.store.tables.trail import (
    AntennaHome,
    BatchRow,
    CheckpointRow,
    DeviceConflict,
    DeviceEvent,
    LogHead,
    LogLeaf,
    Observation,
    Reader,
)

METADATA: Final = Row.metadata
"""Every table with its constraints."""


def table(model: type[Row]) -> Table:
    """The Core table of a model, for statements that make no objects."""
    return METADATA.tables[str(model.__tablename__)]


GUARDED: Final[tuple[type[Row], ...]] = (
    LogLeaf,
    CheckpointRow,
    Piece,
    PieceFacts,
    Move,
    Import,
    ImportKey,
    BatchRow,
    DeviceEvent,
    DeviceConflict,
    TransitionRow,
    SealedSet,
    ExpectedSet,
    Ask,
    Answer,
    Saw,
    CaseEvent,
    SignatureRow,
    SignatureLine,
    Closure,
    RecordRow,
)
"""Tables of what was counted, moved, signed or logged: rows are added, never changed."""

__all__ = [
    "GUARDED",
    "METADATA",
    "STATUSES",
    "Answer",
    "AntennaHome",
    "Ask",
    "Attachment",
    "BatchRow",
    "CaseEvent",
    "CaseRow",
    "CheckpointRow",
    "Closure",
    "Count",
    "Device",
    "DeviceConflict",
    "DeviceEvent",
    "ExpectedSet",
    "Import",
    "ImportKey",
    "Label",
    "LogHead",
    "LogLeaf",
    "Move",
    "Observation",
    "Pairing",
    "Person",
    "Piece",
    "PieceFacts",
    "PieceState",
    "PinTriesRow",
    "Place",
    "Proposal",
    "Reader",
    "RecordRow",
    "Round",
    "Row",
    "Saw",
    "SealedSet",
    "SessionRow",
    "Shop",
    "SignatureLine",
    "SignatureRow",
    "Tag",
    "Tour",
    "TransitionRow",
    "table",
]
