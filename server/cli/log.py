"""`baguier log check`: rebuilds the tree and the counts of the live database from their leaves and steps, and compares."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

Said = dict[str, str | int]
app = typer.Typer(add_completion=False, help="Rebuild the log's tree and compare it.")


@app.callback()
def _noun() -> None:
    """Rebuild the log's tree and compare it."""


@app.command(epilog="Example: baguier log check --data shop")
def check(
    data: Annotated[Path, typer.Option(envvar="BAGUIER_DATA", help="Folder of the shop's records.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Exit code: 0 tree and counts are what leaves and steps make, 1 broken (names the first bad one), 2 cannot tell."""
    raise typer.Exit(check_command(data, as_json=as_json))


def check_command(data: Path, *, as_json: bool) -> int:
    """Check the log in `data`; the exit code as `check` says."""
    from sqlalchemy.exc import DatabaseError

    from server.core.errors import DomainError
    from server.settings import settings_from
    from server.store import counts, log, shops
    from server.store.database import read_engine

    database = settings_from(data=data).database
    if not database.is_file():
        print(f"Cannot tell: there is no database in {data}.", file=sys.stderr)
        return 2
    engine = read_engine(database)
    try:
        with engine.begin() as connection:
            shop_id = shops.only_shop(connection)
            if shop_id is None:
                print("Cannot tell: this data folder has no shop yet.", file=sys.stderr)
                return 2
            frontier = log.check(connection, shop_id)
            counts_n = counts.check(connection, shop_id)
    except counts.CountBroken as broken:
        return _say(
            {"verdict": "broken", "sentence": broken.sentence, "count": str(broken.facts.get("count", ""))},
            1,
            as_json=as_json,
        )
    except log.LogBroken as broken:
        return _say(
            {"verdict": "broken", "sentence": broken.sentence, "leaf": broken.facts.get("seq", -1)}, 1, as_json=as_json
        )
    except (DomainError, DatabaseError) as error:
        print(f"Cannot tell: {error}", file=sys.stderr)
        return 2
    finally:
        engine.dispose()
    intact: Said = {"verdict": "intact", "size": frontier.size, "root": frontier.root().hex(), "counts": counts_n}
    return _say(intact, 0, as_json=as_json)


def _say(result: Said, code: int, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(result))
    elif code == 0:
        print(
            f"The log is intact: {result['size']} leaves, root {str(result['root'])[:16]}…, {result['counts']} counts."
        )
    else:
        print(result["sentence"])
    return code
