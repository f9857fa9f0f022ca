"""Builds a pack: members from the log and the store, a signed manifest over them, one canonical ZIP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.core.errors import Conflict
from server.core.log import merkle, pack
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint, join_notes, parse_pack_text, split_notes
from server.core.log.merkle import Frontier
from server.core.log.note import NoteMalformed
from server.core.log.pack import Manifest
from server.exports.canonical_zip import write_zip
from server.exports.csv_tables import write_csv

TABLES: Final = "tables/"


class PackNotClosed(Conflict):
    """The leaves given do not end where the signed head ends; a pack of them would be broken from the start."""

    code = "pack_not_closed"


@dataclass(frozen=True, slots=True)
class Table:
    """One table for spreadsheets."""

    name: str
    """File name without ending: lower-case letters, digits and _."""
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSource:
    """All that goes into a pack. The log is always whole; tables, moves and records may cover a period."""

    origin: str
    leaves: tuple[bytes, ...]
    """Exact leaf bytes from leaf 0 up to the last signed checkpoint, in order."""
    checkpoints: tuple[str, ...]
    """Signed notes, oldest first."""
    log_vkey: str
    pdf_certificate: bytes
    """DER certificate of the records' seal."""
    sealed_sets: tuple[bytes, ...]
    """Exact bytes of each sealed set that a leaf names by its SHA-256."""
    expected_sets: tuple[bytes, ...]
    """Exact bytes of each frozen expected set that a leaf names by its SHA-256."""
    draws: tuple[bytes, ...]
    """Exact bytes of the chances of each tour, which a leaf names by its SHA-256."""
    signatures: tuple[Mapping[str, JsonValue], ...]
    """`{signature, lines}`: each signature's id and the list it covers."""
    moves: tuple[Mapping[str, JsonValue], ...]
    counts: Mapping[str, Sequence[Mapping[str, JsonValue]]]
    """Rows `{count, state, …}` by month `YYYY-MM`: every count that a leaf opened, whatever became of it."""
    tables: tuple[Table, ...] = ()
    records: Mapping[str, bytes]
    """Sealed PDF records by name without ending, such as `2026-03-02-opening`."""
    made_at: str
    """RFC 3339 UTC, as `events.format_time` writes."""
    profile: str = "insurer"
    scope: str = "whole"
    count: str | None = None
    """The one count that an extract is about; its sets are then in `folder`."""
    folder: Mapping[str, bytes] = field(default_factory=dict)
    """Documents of the extract's count by name: `expected`, `draw`, `A1` to `B2`."""
    is_demo: bool = False


def build_pack(source: PackSource, *, sign_manifest: Callable[[bytes], str]) -> bytes:
    """The pack as a canonical ZIP.

    `sign_manifest` takes the manifest's SHA-256 and gives the note over it and the last checkpoint: the signer's `pack`.
    Raises: PackNotClosed: `leaves` do not end at the head that the note names. PackMalformed: a name no pack can have.
    """
    contents = _contents_of(source)
    frontier = Frontier.of(map(merkle.leaf_hash, source.leaves))
    manifest = Manifest(
        log=source.origin,
        size=frontier.size,
        root=frontier.root().hex(),
        made_at=source.made_at,
        profile=source.profile,
        scope=source.scope,
        count=source.count,
        is_demo=source.is_demo,
        files=pack.members_of(contents),
    ).to_bytes()
    note = sign_manifest(pack.sha256_of(manifest))
    _, head = parse_pack_text(note.partition("\n\n")[0] + "\n")
    if head != Checkpoint(source.origin, frontier.size, frontier.root()):
        raise PackNotClosed(
            f"The leaves given end at size {frontier.size}, the last signed checkpoint at {head.size}. "
            "Sign a checkpoint, then read the leaves up to it."
        )
    return write_zip({**contents, pack.MANIFEST: manifest, pack.MANIFEST_NOTE: note.encode()})


def _contents_of(source: PackSource) -> dict[str, bytes]:
    contents = {
        pack.EVENTS: b"".join(leaf + b"\n" for leaf in source.leaves),
        pack.CHECKPOINTS: join_notes(source.checkpoints).encode(),
        pack.CONSISTENCY: pack.lines_of(_consistency_rows(source)),
        pack.LOG_KEY: source.log_vkey.encode("ascii"),
        pack.PDF_CERTIFICATE: source.pdf_certificate,
        pack.SIGNATURES: pack.lines_of(source.signatures),
        pack.MOVES: pack.lines_of(source.moves),
    }
    contents |= {pack.path_of("sealed", raw): raw for raw in source.sealed_sets}
    contents |= {pack.path_of("expected", raw): raw for raw in source.expected_sets}
    contents |= {pack.path_of("draws", raw): raw for raw in source.draws}
    contents |= {pack.count_path(source.count or "", name): raw for name, raw in source.folder.items()}
    contents |= {f"{pack.COUNTS}{month}.jsonl": pack.lines_of(rows) for month, rows in source.counts.items()}
    contents |= {f"{TABLES}{table.name}.csv": write_csv(table.header, table.rows) for table in source.tables}
    contents |= {f"{pack.RECORDS}{name}.pdf": raw for name, raw in source.records.items()}
    return contents


def _consistency_rows(source: PackSource) -> list[JsonValue]:
    """Proofs from each checkpoint to the next: a foreign tool needs no leaves to follow them."""
    sizes = sorted({_size_of(note) for note in source.checkpoints} - {0})
    rows: list[JsonValue] = []
    frontier = Frontier()
    hashes = [merkle.leaf_hash(leaf) for leaf in source.leaves]
    for old, new in zip([0, *sizes], sizes, strict=False):
        added = hashes[old:new]
        if old:
            proof = merkle.extension_proof(frontier, added)
            rows.append({"old": old, "new": new, "proof": [one.hex() for one in proof]})
        for one in added:
            frontier = frontier.appended(one)
    return rows


def _size_of(note: str) -> int:
    (one,) = split_notes(note + "\n")
    lines = one.split("\n")
    if len(lines) < 2 or not lines[1].isdecimal():
        raise NoteMalformed(f"The text {note!r:.60} is not a checkpoint's note.")
    return int(lines[1])
