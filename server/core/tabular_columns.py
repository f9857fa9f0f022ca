"""Tabular columns: the headings of a stock file, in our French template and its English aliases, and what each stands for.

Headings are compared without case, accents, punctuation and repeated spaces, so that `Prix de vente TTC`, `PRIX_DE_VENTE_TTC`
and `retail_price` are one column.

>>> canonical_column("Référence"), canonical_column("Emplacement "), canonical_column("Poids")
('sku', 'place', None)
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from server.core.errors import Malformed

ALIASES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sku": ("Référence", "Réf.", "reference", "piece", "ref"),
        "title": ("Désignation", "description", "name"),
        "category": ("Catégorie",),
        "collection": ("Collection",),
        "type": ("Type",),
        "status": ("Statut",),
        "owner": ("Propriétaire",),
        "depositor": ("Déposant", "consignor"),
        "slip_no": ("N° bon", "Numéro bon", "slip"),
        "due_on": ("Échéance", "due date"),
        "metal": ("Métal",),
        "fineness": ("Titre ‰", "fineness permille"),
        "weight_g": ("Poids total g", "Poids total (g)", "gross weight g", "weight g"),
        "purchase_price": ("Prix d'achat HT", "cost", "cost price"),
        "replacement_value": ("Valeur de remplacement", "insured value"),
        "retail_price": ("Prix de vente TTC", "retail", "price"),
        "currency": ("Devise",),
        "supplier": ("Fournisseur", "vendor"),
        "entered_on": ("Date d'entrée", "entry date"),
        "left_on": ("Date de sortie", "exit date"),
        "place": ("Emplacement", "location", "place path"),
        "barcode": ("Code-barres", "Code barre", "gtin", "ean"),
        "epc": ("EPC", "epc hex"),
        "tid": ("TID", "tid hex"),
        "serial": ("N° de série", "Numéro de série", "serial no"),
        "hallmark": ("Poinçon",),
        "register_no": ("N° livre de police", "Numéro livre de police", "police register no"),
        "photos": ("Photos",),
    }
)
"""Canonical name (which is an alias too) and the headings that stand for it."""


def folded_heading(heading: str) -> str:
    """A heading without case, accents, punctuation and repeated spaces: what two spellings of it share."""
    text = unicodedata.normalize("NFKD", heading.replace("°", " ").replace("º", " ")).casefold()
    letters = "".join(character for character in text if not unicodedata.combining(character))
    return " ".join(re.findall(r"[^\W_]+|‰", letters))


_CANONICAL: Final[Mapping[str, str]] = MappingProxyType(
    {folded_heading(alias): name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
)


def canonical_column(heading: str) -> str | None:
    """The canonical name of a heading, or None for a column that the template does not have."""
    return _CANONICAL.get(folded_heading(heading))


def columns_of(header: Iterable[str]) -> dict[str, str]:
    """Canonical name → the heading in this file that stands for it, in file order.

    Raises `Malformed` if two headings stand for one column: either could be the right one, so a person must choose.
    """
    found: dict[str, str] = {}
    for heading in header:
        name = canonical_column(heading)
        if name is None:
            continue
        if name in found:
            raise Malformed(f"Columns {found[name]!r} and {heading!r} both mean {name}; keep one of them.")
        found[name] = heading
    return found
