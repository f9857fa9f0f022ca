"""The shape all tables share: one shop leads every key, and every constraint has a name."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, LargeBinary, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints: a migration can drop only what has a name."""


class Row(SQLModel):
    """Base of all tables: they share one metadata with the naming convention."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


def shop_key() -> Any:
    """The leading column of every key."""
    return Field(primary_key=True, foreign_key="shops.id")


def key() -> Any:
    """A further column of the primary key."""
    return Field(primary_key=True)


def int_key() -> Any:
    """A further 64-bit column of the primary key; its value is always ours, never the database's counter."""
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def big(*, default: Any = ...) -> Any:
    """A 64-bit whole number."""
    return Field(default=default, sa_type=BigInteger)


def octets(*, default: Any = ...) -> Any:
    """Exact bytes."""
    return Field(default=default, sa_type=LargeBinary)


def within_shop(table: str, *columns: str) -> ForeignKeyConstraint:
    """A reference to a row of the same shop: `columns` are ours, in the order of the other table's key."""
    own = ["shop_id", *columns]
    other = [f"{table}.shop_id", *(f"{table}.{KEYS.get(table, ('id',))[index]}" for index in range(len(columns)))]
    return ForeignKeyConstraint(own, other)


def unique(*columns: str) -> UniqueConstraint:
    """No two rows of a shop agree on these columns."""
    return UniqueConstraint("shop_id", *columns)


KEYS: dict[str, tuple[str, ...]] = {
    "piece_state": ("piece_id",),
    "signature_lines": ("signature_id", "count_id", "result_no", "person_id", "device_id"),
    "signatures": ("id", "person_id", "device_id"),
}
"""Referred columns of tables that are not referred to by `id` alone."""
