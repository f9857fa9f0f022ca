"""`baguier import`: a stock file becomes pieces of the shop."""

import secrets
import sys
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands
from server.cli.shop_folder import (
    CurrencyOption,
    DataOption,
    Founding,
    JsonOption,
    ShopOption,
    UrlOption,
    ZoneOption,
    acting,
    answer,
    refusals,
    require_shop,
    settings,
)
from server.core.errors import Malformed
from server.core.places import place_path
from server.imports.mappings import mapping_for
from server.imports.plan import Books, Plan, plan_import
from server.imports.tabular import Table, read_table
from server.settings import Settings
from server.store.database import read_once
from server.store.shops import only_shop
from server.usecases.import_stock import Choices, StockFile, import_stock, plan_stock
from server.usecases.open_shop import checked_currency

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""RFC 4648, table 3."""
EXIT_REJECTED = 1
REJECTED_SHOWN_MAX = 20
"""Rejected rows listed for people; the JSON document has them all."""

app = typer.Typer(add_completion=False, help="Bring a stock file in; `--dry-run` shows what would change.")


def label_suffix() -> str:
    """Five random base32 letters: 33 million codes, so a label cannot be guessed from its reference."""
    return "".join(secrets.choice(BASE32) for _ in range(5))


@app.command(
    epilog="Example: baguier import stock.csv --data shop --shop 'Maison Claire' --zone Europe/Paris --currency EUR"
)
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX: Shopify's export or our template.")],
    *,
    mapping: Annotated[str | None, typer.Option(help="shopify or template; found from the headings if absent.")] = None,
    place: Annotated[
        str | None, typer.Option(help="Place of rows that name none, such as 'Vitrine 3/Plateau 5'.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    skip_rejected: Annotated[bool, typer.Option("--skip-rejected", help="Apply the other rows.")] = False,
    data: DataOption = None,
    database_url: UrlOption = None,
    shop: ShopOption = None,
    zone: ZoneOption = None,
    currency: CurrencyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import FILE. Exit code: 0 applied, 1 rows were rejected and nothing applied, 2 not possible as asked."""
    with refusals():
        path = None if place is None else place_path(place)
        chosen = settings(data, database_url)
        stock_file = _read(file, mapping)
        if dry_run:
            document = _document(_plan_only(chosen, stock_file, currency), stock_file, is_applied=False)
        else:
            founding = Founding(shop, zone, currency)
            told = {"file": _file_plain(stock_file), "place": path, "skip_rejected": skip_rejected}
            with acting(chosen, founding=founding) as perform:
                document = perform("stock.import", {**told, "founding": [shop, zone, currency]})
    answer(document, as_json=as_json, text=_sentence(document, is_dry=dry_run))
    for one in document["rejected"][:REJECTED_SHOWN_MAX]:
        column = f", {one['column']}" if one["column"] else ""
        print(f"line {one['row']}{column}: {one['reason']}", file=sys.stderr)
    if document["rejected"] and not skip_rejected:
        raise typer.Exit(EXIT_REJECTED)


def import_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Apply a stock file that the command has read; found the shop when there is none. Raises: NoShopYet, Malformed."""
    require_shop(hands.store, Founding(*body["founding"]))
    stock_file = _file_from(body["file"])
    choices = Choices(place=body["place"], skip_rejected=body["skip_rejected"])
    plan = hands.store.run(lambda unit: import_stock(unit, stock_file, choices, label_suffix=label_suffix)).plan
    return _document(plan, stock_file, is_applied=not plan.rejected or choices.skip_rejected)


def _file_plain(file: StockFile) -> dict[str, Any]:
    rows = [[line, dict(cells)] for line, cells in file.table.rows]
    return {
        "name": file.name,
        "sha256": file.sha256,
        "mapping": file.mapping.name,
        "header": list(file.table.header),
        "rows": rows,
    }


def _file_from(plain: Body) -> StockFile:
    table = Table(tuple(plain["header"]), tuple((line, cells) for line, cells in plain["rows"]))
    return StockFile(plain["name"], plain["sha256"], table, mapping_for(table.header, plain["mapping"]))


def _read(file: Path, mapping: str | None) -> StockFile:
    table = read_table(file)
    return StockFile(
        name=file.name,
        sha256=sha256(file.read_bytes()).hexdigest(),
        table=table,
        mapping=mapping_for(table.header, mapping),
    )


def _plan_only(chosen: Settings, file: StockFile, currency: str | None) -> Plan:
    """Compare without holding the folder, so that a dry run also works beside a running server."""
    if chosen.database.exists():
        shop_id = read_once(chosen.database, only_shop)
        if shop_id is not None:
            return read_once(chosen.database, lambda connection: plan_stock(connection, shop_id, file))
    if currency is None:
        raise Malformed("This data folder has no shop yet. Add --currency CUR so that prices can be read, such as EUR.")
    reading = file.mapping.read(file.table, currency=checked_currency(currency))
    return plan_import(reading, source=file.mapping.name, books=Books())


def _document(plan: Plan, file: StockFile, *, is_applied: bool) -> dict[str, Any]:
    return {
        "mapping": file.mapping.name,
        "applied": is_applied,
        "new": len(plan.new),
        "changed": len(plan.changed),
        "unchanged": plan.unchanged,
        "skipped": plan.skipped,
        "rejected": [{"row": one.row, "column": one.column, "reason": one.reason} for one in plan.rejected],
        "proposed": [
            {"row": one.row, "kind": one.kind, "piece": one.piece.ref, "place": one.place} for one in plan.proposed
        ],
        "unused_columns": list(plan.unused),
    }


def _sentence(document: Body, *, is_dry: bool) -> str:
    state = "Dry run, nothing written" if is_dry else "Applied" if document["applied"] else "Nothing applied"
    return (
        f"{state}: {document['new']} new, {document['changed']} changed, {document['unchanged']} unchanged pieces; "
        f"{document['skipped']} rows without a piece, {len(document['rejected'])} rejected, "
        f"{len(document['proposed'])} to decide."
    )
