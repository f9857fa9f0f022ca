"""Stock file: the jewels of the demonstration's shop, as the table a jeweller would hand to `baguier import`.

Twelve trays of 25 in two showcases and a safe. The house's own numbers (`MB-0001`), so that the import gives the references.
"""

import csv
import io
import random
from collections.abc import Iterator
from typing import Final

from simulators.catalogue import Piece, make_piece

TRAY_PIECES: Final = 25
CONTAINERS: Final = ("Vitrine 1", "Vitrine 2", "Coffre")
TRAYS_EACH: Final = 4
PIECES: Final = len(CONTAINERS) * TRAYS_EACH * TRAY_PIECES
RETAIL_CENTS_MIN: Final = 100_00
RETAIL_CENTS_MAX: Final = 15_000_00
CONSIGNED_EVERY: Final = 60
"""Five of the pieces belong to others: each of them is confirmed by hand once a day, so many would make a long demonstration."""
_CONSIGNOR: Final = "Atelier Lenoir"
_CATEGORIES: Final = {
    "Collier": "Colliers", "Chaîne": "Colliers", "Bracelet": "Bracelets", "Boucles": "Boucles d'oreilles",
    "Créoles": "Boucles d'oreilles", "Broche": "Broches", "Montre": "Montres",
}  # fmt: skip
_RINGS: Final = "Bagues"
COLUMNS: Final = ("sku", "name", "category", "place", "epc", "tid", "owner", "retail_price", "currency")


def trays() -> Iterator[str]:
    """The paths of the trays, in the order in which they are filled."""
    for container in CONTAINERS:
        for number in range(1, TRAYS_EACH + 1):
            yield f"{container}/Plateau {number}"


def stock_csv(*, seed: int) -> str:
    """The table of `PIECES` jewels; the same seed gives the same bytes."""
    chance = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for index, tray in enumerate(tray for tray in trays() for _ in range(TRAY_PIECES)):
        number = index + 1
        piece = _priced(number, tray, chance)
        owner = _CONSIGNOR if number % CONSIGNED_EVERY == 0 else ""
        writer.writerow(
            (
                f"MB-{number:04d}", piece.name, category_of(piece.name), tray, piece.epc.hex().upper(),
                piece.tid.hex().upper(), owner, f"{piece.retail_cents // 100}.{piece.retail_cents % 100:02d}", "EUR",
            )
        )  # fmt: skip
    return text.getvalue()


def category_of(name: str) -> str:
    """The drawer word for a designation, in French; what is none of the others is a ring."""
    return _CATEGORIES.get(name.partition(" ")[0], _RINGS)


def _priced(number: int, tray: str, chance: random.Random) -> Piece:
    """A piece within the price range of the shop window."""
    while True:
        piece = make_piece(number, tray, chance)
        if RETAIL_CENTS_MIN <= piece.retail_cents <= RETAIL_CENTS_MAX:
            return piece
