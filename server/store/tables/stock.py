"""Stock: the shop, its places, its pieces, what they carry and every move of them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from server.store.tables._shape import Row, big, int_key, key, shop_key, unique, within_shop

STATUSES = ("in_stock", "out", "repair", "memo_out", "sold", "archived")
"""Where a piece stands. Only `in_stock` is expected in a place."""
_STATUS_LIST = "(" + ", ".join(f"'{status}'" for status in STATUSES) + ")"


class Shop(Row, table=True):
    """One shop, with the facts that give its days and amounts their meaning."""

    __tablename__ = "shops"
    id: str = Field(primary_key=True)
    name: str
    zone: str
    """IANA time zone, such as Europe/Paris."""
    day_start: str = "04:00"
    """Local time at which a new shop day begins."""
    currency: str
    """ISO 4217 code of every amount of this shop."""
    body: str = "{}"
    """Policy as canonical JSON; thresholds are integers."""
    created_at: datetime
    __table_args__ = (CheckConstraint("length(currency) = 3", name="currency"),)


class Place(Row, table=True):
    """A node of the shop's tree: showcase, safe, tray. Its path is a display, its id the identity."""

    __tablename__ = "places"
    shop_id: str = shop_key()
    id: str = key()
    parent_id: str | None = None
    """None: directly below the shop."""
    name: str
    kind: str = "place"
    code: str | None = None
    """What its printed label says; None: no label yet."""
    body: str = "{}"
    """Tray certificate, slots and learned parameters as canonical JSON."""
    created_at: datetime
    retired_at: datetime | None = None
    __table_args__ = (
        within_shop("places", "parent_id"),
        Index("uq_places_parent_id_name", "shop_id", text("coalesce(parent_id, '')"), "name", unique=True),
        unique("code"),
        CheckConstraint("name NOT LIKE '%/%' AND length(name) > 0", name="name"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
    )


class Piece(Row, table=True):
    """A jewel: what never changes about it. Its description is in piece_facts, its present in piece_state."""

    __tablename__ = "pieces"
    shop_id: str = shop_key()
    id: str = key()
    ref: str
    """`BAG-000001`: immutable, unique in the shop."""
    number: int = big()
    """The number in `ref`; the next piece takes the highest plus one."""
    kind: str = "piece"
    import_id: str | None = None
    created_at: datetime
    __table_args__ = (
        unique("ref"),
        unique("number"),
        within_shop("imports", "import_id"),
        CheckConstraint("kind IN ('piece', 'lot')", name="kind"),
    )


class PieceFacts(Row, table=True):
    """One version of a piece's description; a correction is a further version."""

    __tablename__ = "piece_facts"
    shop_id: str = shop_key()
    piece_id: str = key()
    n: int = int_key()
    """1, 2, 3 … without a gap."""
    body: str
    """Canonical JSON of the description: name, category, sku, metal, stones, prices in minor units."""
    import_id: str | None = None
    at: datetime
    __table_args__ = (within_shop("pieces", "piece_id"), within_shop("imports", "import_id"))


class PieceState(Row, table=True):
    """The present of a piece: a projection of its moves and of its latest facts, made for lists."""

    __tablename__ = "piece_state"
    shop_id: str = shop_key()
    piece_id: str = key()
    place_id: str | None = None
    """None: to be placed, so no count covers it."""
    status: str = "in_stock"
    ownership: str = "own"
    """own, consigned or customer, as in the core."""
    name: str
    category: str = ""
    sku: str = ""
    barcode: str = ""
    own_ref: str = ""
    retail_minor: int | None = big(default=None)
    currency: str
    facts_n: int = big()
    __table_args__ = (
        within_shop("pieces", "piece_id"),
        within_shop("places", "place_id"),
        Index(None, "shop_id", "place_id", "status"),
        Index(None, "shop_id", "sku"),
        Index(None, "shop_id", "barcode"),
        CheckConstraint(f"status IN {_STATUS_LIST}", name="status"),
        CheckConstraint("ownership IN ('own', 'consigned', 'customer')", name="ownership"),
        CheckConstraint("retail_minor IS NULL OR retail_minor >= 0", name="retail"),
    )


class Tag(Row, table=True):
    """A chip and what carries it: a piece, or a tray. An EPC has one bearer at a time."""

    __tablename__ = "tags"
    shop_id: str = shop_key()
    id: str = key()
    epc: str
    """Upper-case hex."""
    tid: str | None = None
    piece_id: str | None = None
    place_id: str | None = None
    """Set instead of `piece_id` for a tray's own tag."""
    bound_at: datetime
    retired_at: datetime | None = None
    __table_args__ = (
        within_shop("pieces", "piece_id"),
        within_shop("places", "place_id"),
        Index(
            "uq_tags_epc_in_use",
            "shop_id",
            "epc",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index(None, "shop_id", "piece_id"),
        CheckConstraint("(piece_id IS NULL) <> (place_id IS NULL)", name="one_bearer"),
        CheckConstraint("epc = upper(epc) AND length(epc) > 0", name="epc"),
    )


class Label(Row, table=True):
    """A printed label: its code proves that a hand held the piece, so no answer shows it."""

    __tablename__ = "labels"
    shop_id: str = shop_key()
    code: str = key()
    """`BAG-000001.K3Q7Z`: reference, point, five random base32 letters, changed on reprint."""
    piece_id: str
    made_at: datetime
    retired_at: datetime | None = None
    __table_args__ = (within_shop("pieces", "piece_id"), Index(None, "shop_id", "piece_id"))


class Move(Row, table=True):
    """One change of a piece's place or custody. Expected stock comes from these rows alone."""

    __tablename__ = "moves"
    shop_id: str = shop_key()
    id: str = key()
    piece_id: str
    kind: str
    """entered, sale, out, back or moved."""
    from_place_id: str | None = None
    to_place_id: str | None = None
    from_status: str | None = None
    to_status: str
    at: datetime
    """When it happened, as claimed."""
    rx: datetime
    """When the server recorded it."""
    person_id: str | None = None
    witness_id: str | None = None
    device_id: str | None = None
    ticket: str = ""
    leaf_seq: int = big()
    __table_args__ = (
        within_shop("pieces", "piece_id"),
        within_shop("places", "from_place_id"),
        within_shop("places", "to_place_id"),
        Index(None, "shop_id", "piece_id", "leaf_seq"),
        Index(None, "shop_id", "leaf_seq"),
        CheckConstraint("kind IN ('entered', 'sale', 'out', 'back', 'moved')", name="kind"),
        CheckConstraint(f"to_status IN {_STATUS_LIST}", name="to_status"),
        CheckConstraint("witness_id IS NULL OR witness_id <> person_id", name="witness"),
    )


class Import(Row, table=True):
    """One applied file."""

    __tablename__ = "imports"
    shop_id: str = shop_key()
    id: str = key()
    mapping: str
    file_name: str
    file_sha256: str
    person_id: str | None = None
    applied_at: datetime
    body: str
    """The counts of new, changed, unchanged, skipped and rejected rows as canonical JSON."""
    leaf_seq: int = big()


class ImportKey(Row, table=True):
    """Which piece a line of a source stands for, for ever: the same line twice makes one piece."""

    __tablename__ = "import_keys"
    shop_id: str = shop_key()
    key: str = key()
    """Canonical JSON of [source, reference, option values, ordinal]."""
    piece_id: str
    import_id: str
    __table_args__ = (unique("piece_id"), within_shop("pieces", "piece_id"), within_shop("imports", "import_id"))


class Proposal(Row, table=True):
    """What a file says that the shop must decide: a lower quantity, another place."""

    __tablename__ = "proposals"
    shop_id: str = shop_key()
    id: str = key()
    import_id: str
    piece_id: str
    kind: str
    body: str
    raised_at: datetime
    settled_at: datetime | None = None
    outcome: str | None = None
    __table_args__ = (
        within_shop("imports", "import_id"),
        within_shop("pieces", "piece_id"),
        Index(
            "uq_proposals_open",
            "shop_id",
            "piece_id",
            "kind",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        CheckConstraint("kind IN ('fewer', 'place')", name="kind"),
    )
