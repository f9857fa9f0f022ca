"""`baguier reconcile`: the pure comparison on two files, without a server or a database."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from server.core.discrepancies.finding import Finding
from server.core.errors import DomainError
from server.core.evidence import fold
from server.core.expected import freeze
from server.core.reconcile import Reconciliation, reconcile
from server.imports.reconcile_files import read_expected, read_moves, read_observations, read_prior, read_rules

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: baguier reconcile --expected stock.csv --reads reads.jsonl --json")
def reconcile_files(
    *,
    expected: Annotated[Path, typer.Option(help="CSV or XLSX of the books: French template or English aliases.")],
    reads: Annotated[Path, typer.Option(help="JSON Lines of reads: id_hex, place, perhaps tid_hex, rssi_dbm, count.")],
    policy: Annotated[Path | None, typer.Option(help="JSON: high_value in minor units, currency.")] = None,
    prior: Annotated[Path | None, typer.Option(help="CSV of the last closing count: sku, place.")] = None,
    moves: Annotated[Path | None, typer.Option(help="JSON Lines of later moves: at, kind, piece, from, to.")] = None,
    params: Annotated[Path | None, typer.Option(help="JSON: margin_cdb, ghost_reads_min, ghost_passes_min.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Compare what should be there with what was heard. Every line of both files counts.

    Discrepancies are an answer, not a failure: the exit code is 0; 2 for a file that cannot be used.
    """
    try:
        rules = read_rules(policy, params)
        stock = freeze(read_expected(expected, currency=rules.high_value.currency))
        result = reconcile(
            stock,
            fold(read_observations(reads)),
            prior=read_prior(prior) if prior else (),
            moves=read_moves(moves) if moves else (),
            rules=rules,
        )
    except DomainError as refused:
        print(refused.sentence, file=sys.stderr)
        raise typer.Exit(2) from refused
    if as_json:
        print(json.dumps(_document(result), ensure_ascii=False))
    else:
        _print_for_people(result)


def _document(result: Reconciliation) -> dict[str, object]:
    return {
        "place": result.place,
        "expected": len(result.expected),
        "found": len(result.found),
        "discrepancies": [_row(finding) for finding in result.discrepancies],
        "completeness": _completeness(result),
        "strays": result.strays,
        "ghosts": result.ghosts,
        "digest": result.digest,
    }


def _row(finding: Finding) -> dict[str, object]:
    return {
        "class": finding.code,
        "piece": finding.piece,
        "tag": finding.tag,
        "place": finding.place,
        "heard_in": finding.heard_in,
        "severity": finding.severity.value,
    }


def _completeness(result: Reconciliation) -> float | None:
    """Found of expected, 0 to 1, rounded down to four places so that only all is 1. None: nothing was expected."""
    if not result.expected:
        return None
    return len(result.found) * 10_000 // len(result.expected) / 10_000


def _print_for_people(result: Reconciliation) -> None:
    print(f"{result.place or 'Shop'}: {len(result.found)} found of {len(result.expected)} expected")
    for finding in result.discrepancies:
        heard = f"heard in {finding.heard_in}" if finding.heard_in else "not heard"
        print(
            f"{finding.severity:<9} {finding.code:<18} {finding.piece or finding.tag}  {finding.place or '-'}  {heard}"
        )
    print(f"digest {result.digest}")
