"""Acts: what commands do to a shop's records, by name; done here, or in the server that has the records open.

An act takes plain JSON and gives plain JSON, and never opens a file that somebody names: files are read and written by the
command, as its own user.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeAlias

from server.core.errors import Malformed
from server.signer.client import SignerClient
from server.store.unit_of_work import Store

Body: TypeAlias = Mapping[str, Any]
"""Plain JSON: what an act is told and what it tells."""
Perform: TypeAlias = Callable[[str, Body], dict[str, Any]]
"""Does an act by its name. Raises DomainError: the act's own refusal, wherever it was done."""

ACTS: Final = {
    "device.pair": ("server.cli.devices", "pair_act"),
    "device.revoke": ("server.cli.devices", "revoke_act"),
    "export.begin": ("server.cli.export", "begin_act"),
    "export.sign": ("server.cli.export", "sign_act"),
    "person.change_pin": ("server.cli.people", "change_pin_act"),
    "person.disable": ("server.cli.people", "disable_act"),
    "person.enrol": ("server.cli.people", "enrol_act"),
    "reader.map": ("server.cli.readers", "map_act"),
    "stock.import": ("server.cli.import_stock", "import_act"),
    "trust.export": ("server.cli.trust", "trust_act"),
}
"""Name of each act, its module and its function; loaded when it is first asked for."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What an act works with."""

    store: Store
    signer: Callable[[], SignerClient]
    """The running server's signer; in a command, one that is started when an act first needs it."""


def perform(hands: Hands, name: str, body: Body) -> dict[str, Any]:
    """Do an act. Raises: Malformed: there is none of that name. DomainError: what the act refuses."""
    if name not in ACTS:
        raise Malformed(
            f"The running server does not know {name[:40]!r}: it is of another version. Start the server again."
        )
    module, function = ACTS[name]
    act: Callable[[Hands, Body], dict[str, Any]] = getattr(import_module(module), function)
    return act(hands, body)
