"""Shop files: a simulated shop as the files that `baguier reconcile`, an import and simulated readers take.

==========================  =================================================================================
expected.csv           the books: sku, place, epc, tid, barcode, status, owner, retail_price, currency, name
prior.csv              the last closing: sku, place
moves.jsonl            moves logged after the count began: at, kind, piece, from, to
reads.jsonl            what the readers heard in 20 passes an antenna, one line a tag and antenna
oracle.jsonl           the discrepancies implied by expected.csv and reads.jsonl alone
oracle_with_history.jsonl  the same, given prior.csv and moves.jsonl too
oracle_summary.json    expected and found
history.jsonl          everything that happened, thefts too
ports.jsonl            which antenna of which reader stands for which place
tags/READER.jsonl      tags file of each reader
==========================  =================================================================================
"""

import csv
import io
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Final

from simulators.oracle import Verdict, judge
from simulators.radio import Radio
from simulators.shop import Move, Port, Shop
from simulators.tags import Tag, encode_tag

PASSES: Final = 20
"""Passes of each antenna: what the stop of a mapped antenna asks; 0.1 to the power 20 is never."""


def write_shop(shop: Shop, folder: pathlib.Path, *, seed: int) -> None:
    """Write every file of `shop` into `folder`, which is made when it is not there; older files are replaced.

    `seed` is of the radio: the same shop may be heard differently. Raises: OSError: a file cannot be written.
    """
    (folder / "tags").mkdir(parents=True, exist_ok=True)
    plain, full = judge(shop, with_history=False), judge(shop)
    texts = {
        "expected.csv": expected_csv(shop),
        "prior.csv": _csv(("sku", "place"), shop.prior),
        "moves.jsonl": _json_lines(_move_line(move) for move in shop.late_moves),
        "history.jsonl": _json_lines(_move_line(move) for move in shop.history),
        "reads.jsonl": _json_lines(reads_of(shop, seed=seed)),
        "oracle_with_history.jsonl": _json_lines(oracle_lines(full)),
        "oracle.jsonl": _json_lines(oracle_lines(plain)),
        "oracle_summary.json": json.dumps({"expected": full.expected, "found": full.found}) + "\n",
        "ports.jsonl": _json_lines(
            {"reader_id": port.reader_id, "antenna": port.antenna, "place": port.place} for port in shop.ports
        ),
    }
    texts |= {f"tags/{reader}.jsonl": "".join(f"{encode_tag(tag)}\n" for tag in tags) for reader, tags in tags_of(shop)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def expected_csv(shop: Shop) -> str:
    """The books as a table with the English column names of the import."""
    columns = ("sku", "place", "epc", "tid", "barcode", "status", "owner", "retail_price", "currency", "name")
    return _csv(
        columns,
        (
            (
                piece.ref, piece.place, piece.epc.hex().upper(), piece.tid.hex().upper(), piece.barcode, piece.status,
                piece.owner, f"{piece.retail_cents // 100}.{piece.retail_cents % 100:02d}", "EUR", piece.name,
            )
            for piece in shop.pieces
        ),
    )  # fmt: skip


def tags_of(shop: Shop) -> Iterator[tuple[str, tuple[Tag, ...]]]:
    """Each reader and the tags lying on its antennas, readers in the order of their ports."""
    by_place = {port.place: port for port in shop.ports}
    tags: dict[str, list[Tag]] = {port.reader_id: [] for port in shop.ports}
    for chip in shop.chips:
        port = by_place[shop.heard_place(chip.place)]
        tags[port.reader_id].append(Tag(port.antenna, chip.epc, tid=chip.tid, rssi_dbm=chip.rssi_dbm))
    yield from ((reader, tuple(lying)) for reader, lying in tags.items())


def reads_of(shop: Shop, *, seed: int, passes: int = PASSES) -> Iterator[dict[str, object]]:
    """One line a tag and antenna that heard it, strays too, with the fields of a read and its place.

    `count` and `passes` are the passes that heard it, `rssi_sum` their strengths' sum in hundredths of a dBm,
    `rssi_dbm` the strongest.
    """
    ports: dict[str, list[Port]] = {}
    for port in shop.ports:
        ports.setdefault(port.reader_id, []).append(port)
    for number, (reader, tags) in enumerate(tags_of(shop)):
        radio = Radio(tags, seed=seed * 1000 + number)
        for port in ports[reader]:
            heard: dict[tuple[str, str], list[int]] = {}
            for _ in range(passes):
                for hearing in radio.hear(port.antenna):
                    chip = (hearing.tag.epc.hex().upper(), hearing.tag.tid.hex().upper())
                    heard.setdefault(chip, []).append(hearing.rssi_dbm)
            for (epc, tid), strengths in sorted(heard.items()):
                yield {
                    "reader_id": reader, "air": "gen2", "id_hex": epc, "tid_hex": tid, "antenna": port.antenna,
                    "rssi_dbm": max(strengths), "count": len(strengths), "passes": len(strengths),
                    "rssi_sum": 100 * sum(strengths), "place": port.place,
                }  # fmt: skip


def oracle_lines(verdict: Verdict) -> Iterator[dict[str, object]]:
    """The findings in the output shape of `baguier reconcile`; what is empty is null."""
    for finding in verdict.findings:
        yield {
            "class": finding.kind, "piece": finding.piece or None, "tag": finding.tag, "place": finding.place,
            "heard_in": finding.heard_in or None, "severity": finding.severity,
        }  # fmt: skip


def _move_line(move: Move) -> dict[str, object]:
    at = move.at.isoformat().replace("+00:00", "Z")
    return {"at": at, "kind": move.kind, "piece": move.piece, "from": move.source, "to": move.target}


def _json_lines(lines: Iterable[dict[str, object]]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
