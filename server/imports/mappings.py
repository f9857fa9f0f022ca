"""Mappings: the stock files we understand, in the order in which an unknown file is tried."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from server.core.errors import Malformed
from server.imports import french_template, shopify
from server.imports.lines import Reading
from server.imports.tabular import Table


class UnknownFile(Malformed):
    """No mapping recognises the headings."""

    code: ClassVar[str] = "unknown_file"


class ReadLines(Protocol):
    """Understands a table's rows."""

    def __call__(self, table: Table, *, currency: str) -> Reading:
        """The rows as lines; amounts without a currency are in `currency`."""
        ...


@dataclass(frozen=True, slots=True)
class Mapping:
    """One kind of stock file."""

    name: str
    """Also the source in import keys, so it never changes."""
    recognises: Callable[[Iterable[str]], bool]
    read: ReadLines


MAPPINGS: Final = (
    Mapping(shopify.NAME, shopify.is_shopify, shopify.read_shopify),
    Mapping(french_template.NAME, french_template.is_template, french_template.read_template),
)


def mapping_for(header: tuple[str, ...], name: str | None = None) -> Mapping:
    """The mapping called `name`, or else the first that recognises the headings.

    Raises: UnknownFile: no such name, or its headings are not in the file.
    """
    names = ", ".join(one.name for one in MAPPINGS)
    if name is not None and all(one.name != name for one in MAPPINGS):
        raise UnknownFile(f"There is no mapping {name!r}; expected one of {names}.")
    for one in MAPPINGS:
        if name in (None, one.name) and one.recognises(header):
            return one
    raise UnknownFile(
        f"The headings ({', '.join(header)[:120]}) are not those of {name or 'any file we know'}. Known are Shopify's "
        "product export (Handle, Variant Inventory Qty, Variant Price) and the template (Référence, Désignation)."
    )
