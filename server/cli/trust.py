"""`baguier trust export`: what whoever will check packs keeps of the shop's log, given to them before a pack arrives."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.export import EXIT_IN_USE, SignerOption, in_use, require_folder, write_whole
from server.cli.shop_folder import DataOption, JsonOption, UrlOption, answer, opened, refusals, settings
from server.signer.spawn import signer_of
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
    """Write the log's key, the records' seal and the newest signed checkpoint. Exit code: 0, 1 a server runs, 2 refused."""
    with refusals(), in_use(EXIT_IN_USE):
        require_folder(out)
        chosen = settings(data, database_url)
        with opened(chosen) as store, signer_of(chosen.data, signer) as client:
            trust = export_trust(store, client)
        write_whole(out, trust.to_json().encode(), mode=0o644)
    size = trust.held()[-1].size
    answer(
        {"out": str(out), "origin": trust.origin, "size": size},
        as_json=as_json,
        text=f"{out} holds the key of {trust.origin} and its checkpoint of size {size}. Hand it over before any pack.",
    )
