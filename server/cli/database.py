"""`baguier db`: bring the database up to this program's version, copy it, put a copy back."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.shop_folder import DataOption, JsonOption, UrlOption, YesOption, answer, confirm, refusals, settings
from server.store.backups import back_up, restore
from server.store.database import DataFolderLock, write_engine
from server.store.migrations import upgrade as upgrade_schema

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Upgrade, back up and restore the database.")


@app.command(epilog="Example: baguier db upgrade --data shop --yes")
def upgrade(
    *, data: DataOption = None, database_url: UrlOption = None, is_sure: YesOption = False, as_json: JsonOption = False
) -> None:
    """Bring the database to this program's revision in one transaction and put its guards back."""
    with refusals():
        chosen = settings(data, database_url)
        if chosen.database.exists():
            confirm(f"Upgrade {chosen.database}? Make a backup first.", is_sure=is_sure)
        chosen.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with DataFolderLock(chosen.database.parent):
            engine = write_engine(chosen.database)
            revision = upgrade_schema(engine)
            engine.dispose()
    answer({"revision": revision}, as_json=as_json, text=f"The database has revision {revision}.")


@app.command(epilog="Example: baguier db backup --out shop-2026-03-02.sqlite3 --data shop")
def backup(
    out: Annotated[Path, typer.Option(help="File to write; it must not exist.")],
    *,
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the database whole, also while the server runs. The signer's folder is copied apart."""
    with refusals():
        size = back_up(settings(data, database_url).database, out)
    answer({"file": str(out), "bytes": size}, as_json=as_json, text=f"{out} holds the database ({size} bytes).")


@app.command("restore", epilog="Example: baguier db restore shop-2026-03-02.sqlite3 --data shop --yes")
def restore_command(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy made by `baguier db backup`.")],
    *,
    data: DataOption = None,
    database_url: UrlOption = None,
    is_sure: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a copy in the place of the database, which is kept beside it. The log's tree is checked first."""
    with refusals():
        chosen = settings(data, database_url)
        confirm(f"Replace {chosen.database} by {copy}?", is_sure=is_sure)
        kept, leaves = restore(copy, chosen.database)
    text = f"Restored {leaves} leaves." + (f" The former database is {kept}." if kept else "")
    answer({"leaves": leaves, "kept": None if kept is None else str(kept)}, as_json=as_json, text=text)
