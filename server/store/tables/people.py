"""People and the devices they identify on. The log knows both by their ids alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index

from server.store.tables._shape import Row, big, key, octets, shop_key, unique, within_shop


class Person(Row, table=True):
    """Someone of the shop. The name lives here only, so that it can be erased without breaking a proof."""

    __tablename__ = "people"
    shop_id: str = shop_key()
    id: str = key()
    name: str
    rights: str
    """Words of count, manage, own, read, in that order, separated by one space."""
    language: str = "fr"
    pin_hash: str
    """Argon2id over the signer's HMAC of shop, person and PIN."""
    pin_set_at: datetime
    enrolled_at: datetime
    disabled_at: datetime | None = None
    __table_args__ = (unique("name"), CheckConstraint("length(name) > 0", name="name"))


class Device(Row, table=True):
    """A browser profile, an agent or a program that holds a secret of this shop."""

    __tablename__ = "devices"
    shop_id: str = shop_key()
    id: str = key()
    name: str
    kind: str
    secret_sha256: bytes = octets()
    """Only the hash of the 256-bit secret is kept."""
    acked: int = big(default=0)
    """Highest number up to which everything of this device is stored without a gap."""
    paired_at: datetime
    seen_at: datetime | None = None
    revoked_at: datetime | None = None
    __table_args__ = (
        unique("secret_sha256"),
        CheckConstraint("kind IN ('handheld', 'desk', 'agent', 'integration')", name="kind"),
        CheckConstraint("length(secret_sha256) = 32", name="secret"),
    )


class PinTriesRow(Row, table=True):
    """Wrong PINs since the last right one, by the id that was asked for, whether or not somebody has it."""

    __tablename__ = "pin_tries"
    shop_id: str = shop_key()
    person_id: str = key()
    device_id: str = key()
    wrong: int = big()
    paused_until: datetime | None = None
    __table_args__ = (within_shop("devices", "device_id"), Index(None, "shop_id", "device_id"))


class Pairing(Row, table=True):
    """A one-time link that turns a browser into a device."""

    __tablename__ = "pairings"
    shop_id: str = shop_key()
    id: str = key()
    token_sha256: bytes = octets()
    name: str
    kind: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    device_id: str | None = None
    __table_args__ = (
        unique("token_sha256"),
        within_shop("devices", "device_id"),
        CheckConstraint("kind IN ('handheld', 'desk')", name="kind"),
    )


class SessionRow(Row, table=True):
    """A person signed in on a device."""

    __tablename__ = "sessions"
    shop_id: str = shop_key()
    id: str = key()
    token_sha256: bytes = octets()
    person_id: str
    device_id: str
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None = None
    __table_args__ = (
        unique("token_sha256"),
        within_shop("people", "person_id"),
        within_shop("devices", "device_id"),
        Index(None, "shop_id", "person_id"),
    )
