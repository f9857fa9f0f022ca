"""Shop folder: how the commands find a shop's records, found it on first use, and say no."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from server.cli.acts import Hands, Perform, perform
from server.cli.local_door import ServerLink
from server.core.errors import DomainError
from server.settings import Settings, settings_from
from server.signer.spawn import signer_of
from server.store.database import StoreInUse
from server.store.unit_of_work import FIRST_COMMAND, NoShopYet, Store
from server.usecases.open_shop import open_shop
from server.usecases.shop_clock import clock_of

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the shop's records. Also BAGUIER_DATA.", show_default=False)
]
UrlOption = Annotated[
    str | None, typer.Option("--database-url", help="sqlite:///PATH instead of the folder's own database.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
ShopOption = Annotated[str | None, typer.Option("--shop", help="Name of a new shop.")]
ZoneOption = Annotated[str | None, typer.Option("--zone", help="Time zone of a new shop, such as Europe/Paris.")]
CurrencyOption = Annotated[str | None, typer.Option("--currency", help="Currency of a new shop, such as EUR.")]

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
SignerOption = Annotated[
    Path | None, typer.Option(help="Socket of a running signer; one is started if absent.", show_default=False)
]

EXIT_REFUSED = 2
"""The command could not be done as asked; one sentence on standard error says why."""
EXIT_IN_USE = 1
"""Another command holds the folder; the same command works once that has ended."""


@dataclass(frozen=True, slots=True)
class Founding:
    """Name, zone and currency for the first command in an empty folder."""

    name: str | None
    zone: str | None
    currency: str | None

    @property
    def is_whole(self) -> bool:
        """Whether a shop can be written with it."""
        return bool(self.name and self.zone and self.currency)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal into its sentence on standard error and exit code 2."""
    try:
        yield
    except DomainError as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(EXIT_REFUSED) from refusal


def settings(data: Path | None, database_url: str | None) -> Settings:
    """The settings of a command. Raises: Malformed: no folder was named."""
    return settings_from(data=data, database_url=database_url)


@contextmanager
def try_again_when_in_use() -> Iterator[None]:
    """End the command with exit code 1 and one sentence when another command holds the folder: it works once that has ended."""
    try:
        yield
    except StoreInUse as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(EXIT_IN_USE) from refusal


@contextmanager
def acting(chosen: Settings, *, founding: Founding | None = None, signer: Path | None = None) -> Iterator[Perform]:
    """Do acts on the shop's records for the length of a command: in the server that runs, or here when none does.

    `signer` is used here only; a server has its own.
    Raises: NoShopYet: as `opened`. StoreInUse: another command has the folder open.
    """
    with ExitStack() as stack:
        link: ServerLink | None = None
        try:
            store = stack.enter_context(opened(chosen, founding))
        except StoreInUse as in_use:
            link = ServerLink.open(chosen.database.parent, in_use)
        if link is not None:
            stack.callback(link.close)
            yield link.perform
            return
        hands = Hands(store, cache(lambda: stack.enter_context(signer_of(chosen.data, signer))))
        yield lambda name, body: perform(hands, name, body)


@contextmanager
def opened(chosen: Settings, founding: Founding | None = None) -> Iterator[Store]:
    """The shop's store for the length of a command; a new shop is written when name, zone and currency are all given.

    Raises: NoShopYet: the folder is empty and one of the three is missing. StoreInUse: a server runs.
    """
    if not chosen.database.exists() and (founding is None or not founding.is_whole):
        # A refused first command leaves no empty database behind.
        raise NoShopYet(FIRST_COMMAND)
    with Store(chosen.database, clock=clock_of(chosen)) as store:
        require_shop(store, founding)
        yield store


def require_shop(store: Store, founding: Founding | None) -> None:
    """Write a new shop where there is none. Raises: NoShopYet: name, zone or currency is missing."""
    if store.find_shop() is not None:
        return
    if founding is None or not founding.is_whole:
        raise NoShopYet(FIRST_COMMAND)
    name, zone, currency = str(founding.name), str(founding.zone), str(founding.currency)
    store.run(lambda unit: open_shop(unit, name=name, zone=zone, currency=currency))


def confirm(question: str, *, is_sure: bool) -> None:
    """Ask on standard error unless the person said --yes; end the command with exit code 1 on no."""
    if not is_sure:
        typer.confirm(question, abort=True, err=True)


def answer(document: Mapping[str, object], *, as_json: bool, text: str) -> None:
    """Print the result: JSON on standard output, or text for people."""
    print(json.dumps(document, ensure_ascii=False) if as_json else text)
