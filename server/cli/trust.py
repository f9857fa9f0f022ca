"""`baguier trust export`: what whoever will check packs keeps of the shop's log, given to them before a pack arrives."""

from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands
from server.cli.out_files import require_folder, write_whole
from server.cli.shop_folder import (
    DataOption,
    JsonOption,
    SignerOption,
    UrlOption,
    acting,
    answer,
    refusals,
    settings,
    try_again_when_in_use,
)
from server.core.log.trust import Trust
from server.usecases.export_trust import export_trust

app = typer.Typer(add_completion=False, help="What others keep of the log, to check packs with.")


@app.callback()
def _noun() -> None:
    """What others keep of the log, to check packs with."""


@app.command("export", epilog="Example: baguier trust export --out trust.json --data shop")
def export_command(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The trust file; one that stands there is replaced.")],
    signer: SignerOption = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the log's key, the records' seal and the newest signed checkpoint. Exit code: 0 written, 2 not possible.

    Do this BEFORE `baguier export audit`, and hand the file over by another way than the pack: a pack older than the trust
    file cannot be told to continue what it holds. Exit code 1: another command holds the folder; try again.
    """
    with refusals(), try_again_when_in_use():
        require_folder(out)
        chosen = settings(data, database_url)
        with acting(chosen, signer=signer) as perform:
            trust = Trust.from_json(perform("trust.export", {})["trust"].encode())
        write_whole(out, trust.to_json().encode(), mode=0o644)
    size = trust.held()[-1].size
    answer(
        {"out": str(out), "origin": trust.origin, "size": size},
        as_json=as_json,
        text=f"{out} holds the key of {trust.origin} and its checkpoint of size {size}. Hand it over before any pack.",
    )


def trust_act(hands: Hands, _body: Body) -> dict[str, Any]:
    """The trust file of now. Raises: what `export_trust` refuses."""
    return {"trust": export_trust(hands.store, hands.signer()).to_json()}
