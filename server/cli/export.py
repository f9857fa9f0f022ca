"""`baguier export audit`: the evidence pack of the shop."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.acts import Body, Hands, Perform
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
from server.core.errors import Malformed
from server.core.ids import CountId
from server.settings import Settings
from server.store.database import read_once
from server.store.shops import only_shop
from server.usecases.export_pack import (
    BegunExport,
    ExportedPack,
    Period,
    Profile,
    Wanted,
    begin_export,
    pack_of,
    pack_source,
    sign_pack,
)

app = typer.Typer(add_completion=False, help="Evidence for insurers, auditors and authorities.")


@app.callback()
def _noun() -> None:
    """Evidence for insurers, auditors and authorities."""


@app.command(epilog="Example: baguier export audit --from 2026-03-01 --to 2026-03-31 --out march.zip --data shop")
def audit(
    *,
    out: Annotated[Path, typer.Option(metavar="PACK.zip", help="The pack; one that stands there is replaced.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First shop day.")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last shop day, included.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="Who gets it: amounts and names differ.")] = Profile.INSURER,
    count: Annotated[
        str | None, typer.Option(metavar="ID", help="An extract about this count alone, with a folder of its own.")
    ] = None,
    signer: SignerOption = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the log and write the pack; works beside a running server. Exit code: 0 written, 2 not possible as asked.

    Hand `baguier trust export` over BEFORE the pack is made: a trust file newer than the pack cannot verify it.
    Exit code 1: another command holds the folder; try again.
    """
    with refusals(), try_again_when_in_use():
        if (first is None) is not (last is None):
            raise Malformed("A period has two ends: give both --from and --to, or with --count neither.")
        period = Period(first.date(), last.date()) if first is not None and last is not None else None
        wanted = Wanted(profile, period=period, count=None if count is None else CountId(count))
        require_folder(out)
        chosen = settings(data, database_url)
        with acting(chosen, signer=signer) as perform:
            pack = _pack(chosen, wanted, perform)
        write_whole(out, pack.raw, mode=0o600)
    answer(
        {"out": str(out), "bytes": len(pack.raw), "leaves": pack.leaves, "moves": pack.moves, "scope": pack.scope},
        as_json=as_json,
        text=f"{out}: {pack.leaves} leaves, {pack.moves} moves. Check it with: baguier verify {out} --trust TRUST, "
        "where TRUST was written before.",
    )


def _pack(chosen: Settings, wanted: Wanted, perform: Perform) -> ExportedPack:
    """The pack, built here from the database itself, so that a large one keeps no server busy."""
    begun = begun_from(perform("export.begin", wanted_plain(wanted)))
    shop_id = read_once(chosen.database, only_shop)
    assert shop_id is not None
    source = read_once(chosen.database, lambda connection: pack_source(connection, shop_id, wanted, begun=begun))

    def sign(manifest_sha256: bytes) -> str:
        told = perform("export.sign", {"manifest_sha256": manifest_sha256.hex(), "size": begun.size})
        return str(told["note"])

    return pack_of(source, sign=sign)


def wanted_plain(wanted: Wanted) -> dict[str, Any]:
    """What is wanted, as `begin_act` is told."""
    period = wanted.period
    days = None if period is None else [period.first.isoformat(), period.last.isoformat()]
    return {"profile": wanted.profile.value, "days": days, "count": wanted.count}


def begun_from(told: Body) -> BegunExport:
    """What `begin_act` told."""
    first, last = map(date.fromisoformat, told["days"])
    certificate = bytes.fromhex(told["pdf_certificate"])
    return BegunExport(told["size"], Period(first, last), told["log_vkey"], certificate, told["made_at"])


def begin_act(hands: Hands, body: Body) -> dict[str, Any]:
    """Log an export and sign a checkpoint over it. Raises: what `begin_export` refuses."""
    period = None if body["days"] is None else Period(*map(date.fromisoformat, body["days"]))
    begun = begin_export(hands.store, hands.signer(), Wanted(Profile(body["profile"]), period, body["count"]))
    return {
        "size": begun.size,
        "days": [begun.period.first.isoformat(), begun.period.last.isoformat()],
        "log_vkey": begun.log_vkey,
        "pdf_certificate": begun.pdf_certificate.hex(),
        "made_at": begun.made_at,
    }


def sign_act(hands: Hands, body: Body) -> dict[str, Any]:
    """The note of a pack over the log's first `size` leaves. Raises: what `sign_pack` refuses."""
    manifest_sha256 = bytes.fromhex(body["manifest_sha256"])
    return {"note": sign_pack(hands.store, hands.signer(), manifest_sha256=manifest_sha256, size=body["size"])}
