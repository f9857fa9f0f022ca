"""The pack: what a shop hands to an insurer or an auditor, as members of a canonical ZIP, each named in a signed manifest.

manifest.json          canonical: format, log, size, root and every other member's path, length and SHA-256
manifest.note          signed note: SHA-256 of manifest.json and the checkpoint the events end at
log/events.jsonl       exact leaf bytes, one a line, from leaf 0
log/checkpoints.txt    signed checkpoints, oldest first
log/consistency.jsonl  proofs from each checkpoint to the next, for other tools
keys/log.vkey          the log's verifier key (what the reader trusts comes from elsewhere)
keys/pdf_cert.der      certificate of the records' seal
sealed/HASH.json       each sealed set, as it was hashed
expected/HASH.json     each frozen expected set, as it was hashed
draws/HASH.json        the chances `[[ref, ppm]…]` frozen when a tour was planned, as they were hashed
signatures.jsonl       `{signature, lines}`: the list that each signature covers
moves.jsonl            every move of a piece
counts/YYYY-MM.jsonl   every count of a month, `{count, state, …}`, voided ones too
tables/*.csv           the same for spreadsheets
records/*.pdf          one record a tour, sealed

An extract is about one count. Its log and its list of counts are whole too; instead of `sealed`, `expected` and `draws` it
has one folder, `counts/COUNT/`, with `expected.json`, `draw.json` and the sealed sets `A1.json` to `B2.json`, and of the
signatures, moves, tables and records only those of that count.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from server.core.errors import Malformed
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import PACK_LINE

PACK_FORMAT: Final = PACK_LINE
MANIFEST: Final = "manifest.json"
MANIFEST_NOTE: Final = "manifest.note"
EVENTS: Final = "log/events.jsonl"
CHECKPOINTS: Final = "log/checkpoints.txt"
CONSISTENCY: Final = "log/consistency.jsonl"
LOG_KEY: Final = "keys/log.vkey"
PDF_CERTIFICATE: Final = "keys/pdf_cert.der"
SIGNATURES: Final = "signatures.jsonl"
MOVES: Final = "moves.jsonl"
COUNTS: Final = "counts/"
RECORDS: Final = "records/"
ENTRIES_MAX: Final = 50_000
"""Members of a pack (audit design section 7): a year of a large shop has under 20,000."""
PATH_CHARS_MAX: Final = 120

_PATH: Final = re.compile(r"[a-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*){0,3}")
_DOCUMENT: Final = re.compile(r"(sealed|expected|draws)/[^/]+\.json|counts/[^/]+/[^/]+\.json")
_INDEX: Final = re.compile(r"counts/[^/]+\.jsonl")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class PackMalformed(Malformed):
    """A manifest or a path that no pack of ours has."""

    code = "pack_malformed"


@dataclass(frozen=True, slots=True)
class Member:
    """One row of the manifest."""

    path: str
    length: int
    """Bytes."""
    sha256: str
    """Lower-case hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the pack holds and where its log ends."""

    log: str
    """Origin of the log."""
    size: int
    """Leaves in the pack: all of them from 0."""
    root: str
    """Root at `size`, hex."""
    made_at: str
    """RFC 3339, as the server's clock says."""
    profile: str
    """For whom: insurer, auditor or authority."""
    scope: str
    """Sentence that says which period or count the tables and records cover. The log is always whole."""
    count: str | None
    """The one count that an extract is about; None: a pack of all counts."""
    is_demo: bool
    """A demonstration's clock and people are not real."""
    files: tuple[Member, ...]

    def to_bytes(self) -> bytes:
        """The manifest's one form; files in path order."""
        return canonical.encode(
            {
                "format": PACK_FORMAT,
                "log": self.log,
                "size": self.size,
                "root": self.root,
                "made_at": self.made_at,
                "profile": self.profile,
                "scope": self.scope,
                "count": self.count,
                "is_demo": self.is_demo,
                "files": [{"path": one.path, "bytes": one.length, "sha256": one.sha256} for one in self.files],
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The manifest in `raw`. Raises: PackMalformed or NotCanonical: anything that `to_bytes` would not write."""
        match canonical.decode_exact(raw):
            case {
                "format": "baguier-pack/1",
                "log": str(log),
                "size": int(size),
                "root": str(root),
                "made_at": str(made_at),
                "profile": str(profile),
                "scope": str(scope),
                "count": (str() | None) as count,
                "is_demo": bool(is_demo),
                "files": list(rows),
                **rest,
            } if not rest and len(rows) <= ENTRIES_MAX:
                manifest = cls(
                    log=log,
                    size=size,
                    root=root,
                    made_at=made_at,
                    profile=profile,
                    scope=scope,
                    count=count,
                    is_demo=is_demo,
                    files=tuple(_member_of(row) for row in rows),
                )
            case _:
                raise PackMalformed(f"The manifest does not have the members of format {PACK_FORMAT}.")
        paths = [one.path for one in manifest.files]
        if paths != sorted(set(paths)):
            raise PackMalformed("The manifest names a member twice or out of order.")
        return manifest


def members_of(contents: Mapping[str, bytes]) -> tuple[Member, ...]:
    """The manifest's rows for these contents. Raises: PackMalformed: a path that `is_member_path` refuses."""
    for path in contents:
        if not is_member_path(path):
            raise PackMalformed(f"{path!r:.150} cannot be a path in a pack; use letters, digits, . _ - and /.")
    return tuple(Member(path, len(raw), sha256(raw).hexdigest()) for path, raw in sorted(contents.items()))


def sha256_of(raw: bytes) -> bytes:
    """SHA-256 of a member: what a pack's note signs of the manifest."""
    return sha256(raw).digest()


def documents(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every set and table that leaves name, by its SHA-256 (hex): of a whole pack, or of an extract's folder."""
    return {sha256(raw).hexdigest(): raw for path, raw in members.items() if _DOCUMENT.fullmatch(path)}


def index_paths(members: Mapping[str, bytes]) -> list[str]:
    """The months of the list of counts, in order; not the folder of an extract."""
    return sorted(path for path in members if _INDEX.fullmatch(path))


def count_path(count: str, name: str) -> str:
    """Where an extract keeps a document of its count: `expected`, `draw`, `A1`, `A2`, `B1` or `B2`."""
    return f"{COUNTS}{count}/{name}.json"


def path_of(folder: str, raw: bytes) -> str:
    """Path under `folder` of a member that is named by its own hash."""
    return f"{folder}/{sha256(raw).hexdigest()}.json"


def is_member_path(path: str) -> bool:
    """Whether a pack may hold this path: relative, ASCII, at most four levels, no `..`, no hidden names."""
    return len(path) <= PATH_CHARS_MAX and _PATH.fullmatch(path) is not None


def lines_of(rows: Sequence[JsonValue]) -> bytes:
    """JSON Lines of canonical values."""
    return b"".join(canonical.encode(row) + b"\n" for row in rows)


def rows_of(raw: bytes) -> list[JsonValue]:
    """The values written by `lines_of`. Raises: NotCanonical or PackMalformed: a line in another form."""
    if raw and not raw.endswith(b"\n"):
        raise PackMalformed("The last line has no line feed; the file was cut.")
    return [canonical.decode_exact(line) for line in raw.split(b"\n")[:-1]]


def _member_of(row: JsonValue) -> Member:
    match row:
        case {"path": str(path), "bytes": int(length), "sha256": str(digest), **rest} if not rest:
            if is_member_path(path) and length >= 0 and _SHA256.fullmatch(digest):
                return Member(path, length, digest)
    raise PackMalformed(f"The manifest's row {row!r:.100} is not a path, a length and a SHA-256.")
