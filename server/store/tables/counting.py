"""Counting: tours, counts, rounds and what each person sealed, asked and saw."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text

from server.store.tables._shape import Row, big, int_key, key, octets, shop_key, unique, within_shop

_LIVE = text("state NOT IN ('voided', 'abandoned', 'missed')")


class Tour(Row, table=True):
    """All counts of one occasion of one shop day."""

    __tablename__ = "tours"
    shop_id: str = shop_key()
    id: str = key()
    occasion: str
    """opening, closing, spot, annual or initial."""
    shop_day: date
    state: str
    planned_at: datetime
    closed_at: datetime | None = None
    body: str = "{}"
    """Planned places, draw weights and thresholds as canonical JSON."""
    __table_args__ = (
        CheckConstraint("occasion IN ('opening', 'closing', 'spot', 'annual', 'initial')", name="occasion"),
        Index(None, "shop_id", "shop_day", "occasion"),
    )


class Count(Row, table=True):
    """One place on one occasion. `state` and `sheet` are projections of the transitions."""

    __tablename__ = "counts"
    shop_id: str = shop_key()
    id: str = key()
    tour_id: str
    place_id: str
    occasion: str
    shop_day: date
    n: int = big(default=1)
    """1 unless an earlier count of the same place and occasion was voided, abandoned or missed."""
    state: str
    mode: str = "challenge"
    result_no: int = big(default=0)
    """0 until the result is fixed; a later change fixes the next number."""
    opened_at: datetime | None = None
    body: str = "{}"
    """The plan, canonical JSON."""
    sheet: str = ""
    """What the steps make, JSON: a projection like `state`."""
    __table_args__ = (
        within_shop("tours", "tour_id"),
        within_shop("places", "place_id"),
        Index(
            "uq_counts_place_id_shop_day_occasion_n",
            "shop_id",
            "place_id",
            "shop_day",
            "occasion",
            "n",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index(None, "shop_id", "tour_id"),
        Index(None, "shop_id", "state"),
        CheckConstraint("mode IN ('challenge', 'blind', 'solo')", name="mode"),
    )


class TransitionRow(Row, table=True):
    """One step of a count, in order. Only the core makes them."""

    __tablename__ = "transitions"
    shop_id: str = shop_key()
    count_id: str = key()
    n: int = int_key()
    event: str
    from_state: str
    to_state: str
    person_id: str | None = None
    device_id: str | None = None
    at: datetime
    body: str = "{}"
    leaf_seq: int | None = big(default=None)
    """None: the step is not one that becomes a leaf."""
    __table_args__ = (within_shop("counts", "count_id"),)


class Round(Row, table=True):
    """One person's turn in a count."""

    __tablename__ = "rounds"
    shop_id: str = shop_key()
    id: str = key()
    count_id: str
    role: str
    """a, b or c (the third person of a recount), as in the core."""
    n: int = big(default=1)
    person_id: str
    device_id: str
    is_blind: bool = True
    opened_at: datetime
    lease_until: datetime | None = None
    sealed_at: datetime | None = None
    seal_dseq: int | None = big(default=None)
    """The device's event number of the seal."""
    body: str = "{}"
    __table_args__ = (
        within_shop("counts", "count_id"),
        within_shop("people", "person_id"),
        within_shop("devices", "device_id"),
        unique("count_id", "role", "n"),
        Index(
            "ix_rounds_open",
            "shop_id",
            "person_id",
            sqlite_where=text("sealed_at IS NULL"),
            postgresql_where=text("sealed_at IS NULL"),
        ),
        CheckConstraint("role IN ('a', 'b', 'c')", name="role"),
    )


class Attachment(Row, table=True):
    """A reader listening for a round, as a range of its agent's sequence."""

    __tablename__ = "attachments"
    shop_id: str = shop_key()
    id: str = key()
    round_id: str
    reader_id: str
    place_id: str
    from_seq: int | None = big(default=None)
    """None: the agent has not answered `listening` yet."""
    to_seq: int | None = big(default=None)
    """None: not drained yet."""
    opened_at: datetime
    lease_until: datetime
    drain_asked_at: datetime | None = None
    """When its round's person ended it; an agent that was away is told when it comes back."""
    drained_at: datetime | None = None
    __table_args__ = (
        within_shop("rounds", "round_id"),
        within_shop("readers", "reader_id"),
        within_shop("places", "place_id"),
        Index(None, "shop_id", "reader_id"),
        Index(None, "shop_id", "round_id"),
    )


class SealedSet(Row, table=True):
    """What a person sealed: the canonical set, unchanged for ever."""

    __tablename__ = "sealed_sets"
    shop_id: str = shop_key()
    round_id: str = key()
    part: str = key()
    """A1 blind, A2 after a search, B1 read and quantity, B2 answers."""
    digest: str
    body: bytes = octets()
    sealed_at: datetime
    leaf_seq: int = big()
    __table_args__ = (within_shop("rounds", "round_id"),)


class ExpectedSet(Row, table=True):
    """What the books put in a place when its count opened, frozen."""

    __tablename__ = "expected_sets"
    shop_id: str = shop_key()
    count_id: str = key()
    digest: str
    body: bytes = octets()
    frozen_at: datetime
    __table_args__ = (within_shop("counts", "count_id"),)


class Ask(Row, table=True):
    """A piece that a person is asked to show by hand."""

    __tablename__ = "asks"
    shop_id: str = shop_key()
    count_id: str = key()
    piece_id: str = key()
    reason: str = key()
    """draw, due, silent, search or differ."""
    asked_at: datetime
    __table_args__ = (within_shop("counts", "count_id"), within_shop("pieces", "piece_id"))


class Answer(Row, table=True):
    """What a person answered to an ask; a second answer is a second row."""

    __tablename__ = "answers"
    shop_id: str = shop_key()
    id: str = key()
    count_id: str
    piece_id: str
    answer: str
    how: str
    """label, eye, weight or absent."""
    person_id: str
    device_id: str
    at: datetime
    __table_args__ = (
        within_shop("counts", "count_id"),
        within_shop("pieces", "piece_id"),
        Index(None, "shop_id", "count_id", "piece_id"),
        Index(None, "shop_id", "piece_id"),
    )


class Saw(Row, table=True):
    """A person was shown something that ends their blindness for a count."""

    __tablename__ = "saw"
    shop_id: str = shop_key()
    person_id: str = key()
    count_id: str = key()
    what: str = key()
    at: datetime
    __table_args__ = (within_shop("people", "person_id"), within_shop("counts", "count_id"))
