"""`baguier export audit`: the evidence pack of the shop."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Final

import typer

from server.cli.shop_folder import DataOption, JsonOption, UrlOption, answer, opened, refusals, settings
from server.core.errors import Malformed
from server.core.ids import CountId
from server.signer.spawn import signer_of
from server.store.database import StoreInUse
from server.usecases.export_pack import Period, Profile, Wanted, export_pack

EXIT_IN_USE: Final = 1
"""A server or another command holds the folder; the same command works once that has ended."""
SignerOption = Annotated[
    Path | None, typer.Option(help="Socket of a running signer; one is started if absent.", show_default=False)
]
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
    """Sign the log and write the pack. Exit code: 0 written, 1 a server runs, 2 not possible as asked.

    Hand `baguier trust export` over BEFORE the pack is made: a trust file newer than the pack cannot verify it.
    """
    with refusals(), in_use(EXIT_IN_USE):
        if (first is None) is not (last is None):
            raise Malformed("A period has two ends: give both --from and --to, or with --count neither.")
        period = Period(first.date(), last.date()) if first is not None and last is not None else None
        wanted = Wanted(profile, period=period, count=None if count is None else CountId(count))
        require_folder(out)
        chosen = settings(data, database_url)
        with opened(chosen) as store, signer_of(chosen.data, signer) as client:
            pack = export_pack(store, client, wanted)
        write_whole(out, pack.raw, mode=0o600)
    answer(
        {"out": str(out), "bytes": len(pack.raw), "leaves": pack.leaves, "moves": pack.moves, "scope": pack.scope},
        as_json=as_json,
        text=f"{out}: {pack.leaves} leaves, {pack.moves} moves. Check it with: baguier verify {out} --trust TRUST, "
        "where TRUST was written before.",
    )


@contextmanager
def in_use(code: int) -> Iterator[None]:
    """End the command with `code` and one sentence when a server or another command holds the folder."""
    try:
        yield
    except StoreInUse as refusal:
        print(refusal.sentence, file=sys.stderr)
        raise typer.Exit(code) from refusal


def require_folder(out: Path) -> None:
    """Refuse before anything is logged if the file could not be written. Raises: Malformed."""
    folder = out.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise Malformed(f"{out} cannot be written: name a file in a folder that exists and is yours with --out.")


def write_whole(out: Path, raw: bytes, *, mode: int) -> None:
    """Put a file in place at once, on the disk before the command ends: nobody ever reads half of it.

    Raises: Malformed: it cannot be written; what stood there still stands.
    """
    try:
        with NamedTemporaryFile(dir=out.absolute().parent, prefix=".baguier-", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
                part.chmod(mode)
                part.replace(out)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Malformed(
            f"{str(out)[:200]} cannot be written: {error.strerror}. Name another file with --out."
        ) from error
