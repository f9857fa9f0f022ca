"""Catalogue: the pieces a simulated French jeweller owns or holds, with designations, prices, owners and tags."""

import dataclasses
import random
from typing import Final

from simulators.epc import encode_giai96, encode_sgtin96, encode_tid

PREFIX: Final = "9521141"
"""A company prefix GS1 uses in its own examples (TDS 2.3, annex E): no real company's number is claimed."""

IN_STOCK, OUT, REPAIR, MEMO_OUT, SOLD, ARCHIVED = "in_stock", "out", "repair", "memo_out", "sold", "archived"

_KINDS: Final = (
    ("Bague solitaire", 0.9, 4.5), ("Bague trilogie", 1.1, 5.0), ("Bague entourage", 0.8, 3.5),
    ("Chevalière", 0.0, 2.4), ("Alliance", 0.0, 1.2), ("Alliance tour complet", 0.7, 2.0),
    ("Collier pendentif", 0.4, 1.4), ("Collier de perles", 0.0, 3.0), ("Chaîne maille forçat", 0.0, 1.6),
    ("Bracelet rivière", 1.0, 6.0), ("Bracelet jonc", 0.0, 2.8), ("Boucles d'oreilles puces", 0.5, 1.3),
    ("Créoles", 0.0, 1.1), ("Broche feuille", 0.3, 2.2), ("Montre automatique", 0.0, 4.0),
)  # fmt: skip
"""Designation, chance that it bears a stone, price factor."""
_METALS: Final = (
    ("or jaune 750", 1.0),
    ("or gris 750", 1.1),
    ("or rose 750", 1.0),
    ("platine 950", 1.6),
    ("argent 925", 0.2),
)
_STONES: Final = (("diamant", 3.0), ("saphir", 1.8), ("rubis", 2.0), ("émeraude", 1.9), ("aigue-marine", 0.8))
_CONSIGNORS: Final = ("Atelier Lenoir", "Maison Valette", "Joaillerie Brun & Fils")
_CLIENTS: Final = ("Mme Perrin", "M. Gauthier", "Mme Lefèvre", "M. Rousseau")
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CONSIGNED_SHARE: Final = 0.07
_CLIENT_SHARE: Final = 0.02


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One jewel as the shop's books have it."""

    ref: str
    """The shop's own number, `BAG-000001` on."""
    name: str
    """French designation for people."""
    place: str
    """Where the books say it belongs; for a sold piece, where it lay last."""
    epc: bytes
    """12 bytes: GIAI-96 or SGTIN-96."""
    tid: bytes
    """12 bytes: the chip bound to it."""
    barcode: str
    """Code of its printed label: reference, point, five random characters."""
    status: str
    """in_stock, out, repair, memo_out, sold or archived."""
    owner: str
    """Empty: the house; else whose it is (consignor or client)."""
    retail_cents: int
    """Price with tax, in euro cents."""


def make_piece(number: int, place: str, chance: random.Random) -> Piece:
    """Piece `number` (from 1 on), in stock at `place`; half have a trade item number, half only the shop's own."""
    ref = f"BAG-{number:06d}"
    name, retail_cents = _designation(chance)
    if chance.random() < 0.5:
        epc = encode_giai96(PREFIX, number)
    else:
        epc = encode_sgtin96(PREFIX, indicator=0, item=f"{chance.randrange(100_000):05d}", serial=number)
    return Piece(
        ref=ref,
        name=name,
        place=place,
        epc=epc,
        tid=encode_tid(chance.getrandbits(16) << 32 | number),
        barcode=f"{ref}.{''.join(chance.choice(_BASE32) for _ in range(5))}",
        status=IN_STOCK,
        owner=_owner(chance),
        retail_cents=retail_cents,
    )


def _designation(chance: random.Random) -> tuple[str, int]:
    kind, stone_chance, factor = chance.choice(_KINDS)
    metal, metal_factor = chance.choice(_METALS)
    price = 180 * factor * metal_factor * chance.lognormvariate(0, 0.35)
    name = f"{kind} {metal}"
    if chance.random() < stone_chance:
        stone, stone_factor = chance.choice(_STONES)
        carats = chance.choice((0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.52, 0.7, 1.01))
        name += f", {stone} {f'{carats:.2f}'.replace('.', ',')} ct"
        price += 1500 * stone_factor * carats**1.6
    return name, max(40, round(price / 5) * 5) * 100


def _owner(chance: random.Random) -> str:
    draw = chance.random()
    if draw < _CONSIGNED_SHARE:
        return chance.choice(_CONSIGNORS)
    return chance.choice(_CLIENTS) if draw < _CONSIGNED_SHARE + _CLIENT_SHARE else ""
