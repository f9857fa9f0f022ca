"""Signature rows: lists that people signed, their lines and the closures. Here the database refuses one person twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from server.core.actors import Actor, Role
from server.core.count_sheet import Count, CountSignature, Mode
from server.core.errors import Conflict
from server.core.ids import CountId, PersonId, ShopId, TourId
from server.store.tables import CheckpointRow, Closure, SignatureLine, SignatureRow, table

_SIGNATURES, _LINES, _CLOSURES = table(SignatureRow), table(SignatureLine), table(Closure)
_CHECKPOINTS = table(CheckpointRow)


class SecondSignature(Conflict):
    """The database holds a signature of this person, device or role on this result, or the pair is no pair."""

    code: ClassVar[str] = "same_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature under a list, as it is kept."""

    id: str
    tour_id: TourId
    list_no: int
    by: Actor
    statement: bytes
    sha256: str
    signed_at: datetime
    leaf_seq: int


@dataclass(frozen=True, slots=True)
class SignedLine:
    """One count of a signed list."""

    count_id: CountId
    result_no: int
    role: Role


def add(connection: Connection, shop_id: ShopId, signed: Signed, *, lines: Sequence[SignedLine]) -> None:
    """Write a signature and its lines.

    Raises: SecondSignature: the same person, device or role has signed one of these results, or this list, already.
    """
    who = {"shop_id": shop_id, "person_id": signed.by.person, "device_id": signed.by.device}
    try:
        connection.execute(
            insert(_SIGNATURES).values(
                **who,
                id=signed.id,
                tour_id=signed.tour_id,
                list_no=signed.list_no,
                statement=signed.statement,
                sha256=signed.sha256,
                signed_at=signed.signed_at,
                leaf_seq=signed.leaf_seq,
            )
        )
        connection.execute(
            insert(_LINES),
            [
                {
                    **who,
                    "signature_id": signed.id,
                    "count_id": line.count_id,
                    "result_no": line.result_no,
                    "role": line.role.value,
                }
                for line in lines
            ],
        )
    except IntegrityError as error:
        raise SecondSignature(
            "This person, this device or this role has signed a line of this list already. Another person signs on another "
            "device."
        ) from error


def close(connection: Connection, shop_id: ShopId, count: Count, *, closed_at: datetime, leaf_seq: int) -> None:
    """Write the closure of a count that the core closed.

    Raises: SecondSignature: the two signatures are not of two people on two devices, or are not kept.
    """
    assert count.result is not None
    by_role = {signature.role: signature for signature in count.signatures}
    try:
        connection.execute(
            insert(_CLOSURES).values(
                shop_id=shop_id,
                count_id=count.plan.count,
                result_no=count.result.number,
                mode="solo" if count.mode is Mode.SOLO else "double",
                closed_at=closed_at,
                leaf_seq=leaf_seq,
                **_side(by_role.get(Role.A), "a"),
                **_side(by_role.get(Role.B), "b"),
            )
        )
    except IntegrityError as error:
        raise SecondSignature("The two signatures of this count are not of two people on two devices.") from error


def _side(signature: CountSignature | None, side: str) -> dict[str, str | None]:
    if signature is None:
        return {}
    return {
        f"signature_{side}": signature.signature,
        f"person_{side}": signature.by.person,
        f"device_{side}": signature.by.device,
    }


def last_list_no(connection: Connection, shop_id: ShopId, tour_id: TourId) -> int:
    """Number of the newest signed list of a tour; 0: nobody has signed."""
    found = connection.execute(
        select(func.max(_SIGNATURES.c.list_no)).where(
            _SIGNATURES.c.shop_id == shop_id, _SIGNATURES.c.tour_id == tour_id
        )
    ).scalar()
    return 0 if found is None else int(found)


def signed_at(
    connection: Connection, shop_id: ShopId, tour_id: TourId, *, list_no: int, person: PersonId
) -> datetime | None:
    """When a person signed a list of a tour, in UTC without a zone as it is kept; None: not yet."""
    found: datetime | None = connection.execute(
        select(_SIGNATURES.c.signed_at).where(
            _SIGNATURES.c.shop_id == shop_id,
            _SIGNATURES.c.tour_id == tour_id,
            _SIGNATURES.c.list_no == list_no,
            _SIGNATURES.c.person_id == person,
        )
    ).scalar()
    return found


def covering_size(connection: Connection, shop_id: ShopId, count: Count) -> int:
    """Size of the log just after the last of a count's signatures; 0: it has none."""
    found = connection.execute(
        select(func.max(_SIGNATURES.c.leaf_seq)).where(
            _SIGNATURES.c.shop_id == shop_id, _SIGNATURES.c.id.in_([one.signature for one in count.signatures])
        )
    ).scalar()
    return 0 if found is None else int(found) + 1


def signers(connection: Connection, shop_id: ShopId, count_id: CountId) -> tuple[PersonId, ...]:
    """Who has signed any result of a count, in order of ids."""
    rows = connection.execute(
        select(_LINES.c.person_id).where(_LINES.c.shop_id == shop_id, _LINES.c.count_id == count_id).distinct()
    )
    return tuple(sorted(PersonId(person) for person in rows.scalars()))


def first_root_over(connection: Connection, shop_id: ShopId, leaf_seq: int) -> str | None:
    """Hex root of the first signed checkpoint that covers a leaf; None: none is signed yet."""
    root = connection.execute(
        select(_CHECKPOINTS.c.root)
        .where(_CHECKPOINTS.c.shop_id == shop_id, _CHECKPOINTS.c.size > leaf_seq)
        .order_by(_CHECKPOINTS.c.size)
        .limit(1)
    ).scalar()
    return None if root is None else bytes(root).hex()
