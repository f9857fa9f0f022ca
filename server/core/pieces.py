"""Pieces: jewels, each with its own identity, a place in the books, an owner and perhaps a tag.

>>> parse_status("Vendue"), parse_status(""), parse_owner("Mme Perrin")
(<Status.SOLD: 'sold'>, <Status.IN_STOCK: 'in_stock'>, <Owner.CONSIGNED: 'consigned'>)
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from server.core.errors import Malformed
from server.core.ids import Epc, PieceRef, PlacePath, Tid
from server.core.money import Money
from server.core.tabular_columns import folded_heading


class PieceError(Malformed):
    """A word that is no status of ours."""

    code: ClassVar[str] = "piece"


class Status(StrEnum):
    """Whether the books expect a piece in its place."""

    IN_STOCK = "in_stock"
    OUT = "out"
    """With a client, at a photographer: expected back."""
    REPAIR = "repair"
    MEMO_OUT = "memo_out"
    """Entrusted to another house (*confié remis*)."""
    SOLD = "sold"
    ARCHIVED = "archived"
    """Gone for another reason: melted, returned to its owner, written off by a signed decision."""


AWAY: Final = frozenset({Status.OUT, Status.REPAIR, Status.MEMO_OUT})
"""Still the shop's to answer for, but not in its place."""
GONE: Final = frozenset({Status.SOLD, Status.ARCHIVED})


class Owner(StrEnum):
    """Whose piece it is; an insurer counts each kind apart."""

    OWN = "own"
    CONSIGNED = "consigned"
    """On memo or consignment from a supplier or a private person."""
    CUSTOMER = "customer"
    """Left by a customer, for repair or safe keeping."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One jewel as the books have it at one moment."""

    ref: PieceRef
    place: PlacePath | None
    """None: no place assigned yet (*à placer*), so it cannot be counted."""
    status: Status = Status.IN_STOCK
    owner: Owner = Owner.OWN
    epc: Epc | None = None
    """Content of its tag as the books have it, upper-case hex. None: untagged."""
    tid: Tid | None = None
    """Factory identity of its tag, noted when it was bound. None: never noted, so a clone cannot be told apart."""
    retail: Money | None = None
    """Sale price with tax. None: unknown."""


_STATUS_WORDS: Final = {
    Status.IN_STOCK: ("", "en stock", "stock", "disponible", "available", "réservé", "réservée", "reserved"),
    Status.OUT: ("sorti", "sortie", "checked out", "photo", "chez le client"),
    Status.REPAIR: ("réparation", "en réparation", "atelier", "in repair"),
    Status.MEMO_OUT: ("confié remis", "confiée remise", "on memo", "memo"),
    Status.SOLD: ("vendu", "vendue"),
    Status.ARCHIVED: ("archivé", "archivée"),
}
_OWNER_WORDS: Final = {
    Owner.OWN: ("", "propre", "en propre", "owned", "shop"),
    Owner.CONSIGNED: ("confié", "confiée", "confié reçu", "dépôt-vente", "consignment", "memo", "memo in"),
    Owner.CUSTOMER: ("client", "cliente", "customer's"),
}
_STATUSES: Final = {
    folded_heading(word): status for status, words in _STATUS_WORDS.items() for word in (status.value, *words)
}
_OWNERS: Final = {
    folded_heading(word): owner for owner, words in _OWNER_WORDS.items() for word in (owner.value, *words)
}


def parse_status(text: str) -> Status:
    """The status a word stands for, in French or English; nothing means in stock. Raises `PieceError` for another word."""
    status = _STATUSES.get(folded_heading(text))
    if status is None:
        raise PieceError(f"{text[:40]!r} is not a status; expected one of {', '.join(Status)} or its French word.")
    return status


def parse_owner(text: str) -> Owner:
    """Whose piece it is; nothing means the shop's own.

    Any word that is not ours is taken for the name of somebody else, for many books have the depositor in this column; so a
    piece is never counted as the shop's own by mistake.
    """
    return _OWNERS.get(folded_heading(text), Owner.CONSIGNED)
