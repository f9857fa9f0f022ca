"""Signing: cases, signatures and closures; here the database itself refuses one person twice."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text

from server.store.tables._shape import Row, big, int_key, key, octets, shop_key, unique, within_shop

_OPEN = text("closed_at IS NULL AND piece_id IS NOT NULL")
_LINE = ("signature_id", "count_id", "result_no", "person_id", "device_id")


class CaseRow(Row, table=True):
    """The follow-up of a finding by people. One open case per piece."""

    __tablename__ = "cases"
    shop_id: str = shop_key()
    id: str = key()
    klass: str
    """The discrepancy's class; reclassifying is an event that changes this projection."""
    state: str
    piece_id: str | None = None
    place_id: str | None = None
    count_id: str | None = None
    severity: str
    opened_at: datetime
    closed_at: datetime | None = None
    body: str = "{}"
    __table_args__ = (
        within_shop("pieces", "piece_id"),
        within_shop("places", "place_id"),
        within_shop("counts", "count_id"),
        Index(
            "uq_cases_piece_id_open",
            "shop_id",
            "piece_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        CheckConstraint("piece_id IS NOT NULL OR place_id IS NOT NULL OR count_id IS NOT NULL", name="subject"),
    )


class CaseEvent(Row, table=True):
    """One step of a case, in order."""

    __tablename__ = "case_events"
    shop_id: str = shop_key()
    case_id: str = key()
    n: int = int_key()
    type: str
    person_id: str | None = None
    device_id: str | None = None
    at: datetime
    body: str = "{}"
    leaf_seq: int = big()
    __table_args__ = (within_shop("cases", "case_id"),)


class SignatureRow(Row, table=True):
    """One person's signature under one list of a tour."""

    __tablename__ = "signatures"
    shop_id: str = shop_key()
    id: str = key()
    tour_id: str
    list_no: int = big()
    person_id: str
    device_id: str
    statement: bytes = octets()
    """The exact `baguier-sign/1` bytes that were signed."""
    sha256: str
    grade: str = "S0"
    signed_at: datetime
    leaf_seq: int = big()
    __table_args__ = (
        unique("tour_id", "list_no", "person_id"),
        unique("id", "person_id", "device_id"),
        within_shop("tours", "tour_id"),
        within_shop("people", "person_id"),
        within_shop("devices", "device_id"),
    )


class SignatureLine(Row, table=True):
    """One count of a signed list. A result bears one signature per role, person and device."""

    __tablename__ = "signature_lines"
    shop_id: str = shop_key()
    signature_id: str = key()
    count_id: str = key()
    result_no: int = big()
    role: str
    person_id: str
    device_id: str
    __table_args__ = (
        within_shop("signatures", "signature_id", "person_id", "device_id"),
        within_shop("counts", "count_id"),
        unique("count_id", "result_no", "role"),
        unique("count_id", "result_no", "person_id"),
        unique("count_id", "result_no", "device_id"),
        unique(*_LINE),
        CheckConstraint("role IN ('a', 'b', 'c')", name="role"),
    )


class Closure(Row, table=True):
    """A count closed by two people on two devices, or openly by one."""

    __tablename__ = "closures"
    shop_id: str = shop_key()
    count_id: str = key()
    result_no: int = int_key()
    mode: str
    """double or solo."""
    signature_a: str
    person_a: str
    device_a: str
    signature_b: str | None = None
    person_b: str | None = None
    device_b: str | None = None
    closed_at: datetime
    leaf_seq: int = big()
    __table_args__ = (
        within_shop("counts", "count_id"),
        *(
            ForeignKeyConstraint(
                ["shop_id", f"signature_{side}", "count_id", "result_no", f"person_{side}", f"device_{side}"],
                ["signature_lines.shop_id", *(f"signature_lines.{column}" for column in _LINE)],
            )
            for side in ("a", "b")
        ),
        # A comparison with NULL would let the check pass, so presence is asked first.
        CheckConstraint(
            "mode = 'solo' OR (mode = 'double' AND signature_b IS NOT NULL AND person_b IS NOT NULL AND device_b IS NOT "
            "NULL AND person_a <> person_b AND device_a <> device_b)",
            name="two_people",
        ),
        CheckConstraint("mode IN ('double', 'solo')", name="mode"),
    )


class RecordRow(Row, table=True):
    """The one sealed PDF of a tour that ended."""

    __tablename__ = "records"
    shop_id: str = shop_key()
    tour_id: str = key()
    name: str
    """File name without ending, such as `2026-03-02-opening`."""
    pdf: bytes = octets()
    made_at: datetime
    leaf_seq: int = big()
    __table_args__ = (within_shop("tours", "tour_id"), unique("name"))
