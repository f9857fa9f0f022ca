"""Plan: what an import would do, worked out before anything is written.

A piece is known again by its import key: source, reference, option values and ordinal. So the same file twice does nothing, a
larger quantity adds pieces, and a smaller one only asks: a file never removes a jewel, nor carries one to another place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from server.core.ids import Epc, PieceId, PieceRef, PlacePath
from server.core.log import canonical
from server.core.pieces import GONE, Status
from server.imports.lines import Facts, Line, Reading, Rejected


@dataclass(frozen=True, slots=True)
class KnownPiece:
    """A piece that an earlier import of the same source made."""

    id: PieceId
    ref: PieceRef
    facts: str
    """Canonical JSON of its latest description."""
    facts_n: int
    place: PlacePath | None
    status: Status
    epc: Epc | None


@dataclass(frozen=True, slots=True)
class NewPiece:
    """A piece to enter."""

    key: str
    line: Line


@dataclass(frozen=True, slots=True)
class ChangedPiece:
    """A piece whose description differs."""

    piece: KnownPiece
    facts: Facts


@dataclass(frozen=True, slots=True)
class Proposed:
    """Something that the file says and the shop decides."""

    kind: Literal["fewer", "place"]
    piece: KnownPiece
    row: int
    place: PlacePath | None = None
    """The place the file names, for the kind `place`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one import would write, in the order of the file."""

    new: tuple[NewPiece, ...]
    changed: tuple[ChangedPiece, ...]
    unchanged: int
    """Pieces that the file describes as they are."""
    skipped: int
    """Rows without a piece: further images, and quantity 0."""
    rejected: tuple[Rejected, ...]
    proposed: tuple[Proposed, ...]
    unused: tuple[str, ...] = ()
    """Headings of columns that were left out."""

    @property
    def is_empty(self) -> bool:
        """True: applying it would write nothing."""
        return not (self.new or self.changed or self.proposed)


def import_key(source: str, line: Line, ordinal: int) -> str:
    """The key of a line's n-th piece, from 1; the same for ever."""
    return canonical.encode([source, line.reference, list(line.options), ordinal]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the shop knows before the import."""

    known: Mapping[str, KnownPiece] = field(default_factory=dict)
    """Import key → piece, for the file's source."""
    epcs_in_use: Mapping[Epc, PieceId | None] = field(default_factory=dict)
    """Tag → the piece that bears it; None: a tray does."""
    asked: frozenset[tuple[PieceId, str]] = frozenset()
    """Piece and kind of the proposals that already wait for a decision: they are not made twice."""


def plan_import(reading: Reading, *, source: str, books: Books) -> Plan:
    """Compare a file with what its source has brought before."""
    known = books.known
    rejected = list(reading.rejected)
    taken = dict(books.epcs_in_use)
    sound: list[Line] = []
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    for line in reading.lines:
        complaint = _repeated(line, seen) or _tag_complaint(line, taken, known.get(import_key(source, line, 1)))
        if complaint is not None:
            rejected.append(complaint)
            continue
        seen[line.reference, line.options] = line.row
        if line.epc is not None:
            taken.setdefault(line.epc, None)
        sound.append(line)
    new: list[NewPiece] = []
    changed: list[ChangedPiece] = []
    proposed: list[Proposed] = []
    unchanged = 0
    ordinals = _ordinals(known)
    for line in sound:
        keys = [import_key(source, line, n) for n in range(1, line.quantity + 1)]
        new += [NewPiece(key, line) for key in keys if key not in known]
        same = [known[key] for key in keys if key in known]
        changed += [ChangedPiece(piece, line.facts) for piece in same if piece.facts != line.facts.to_text()]
        unchanged += sum(piece.facts == line.facts.to_text() for piece in same)
        asks = _proposals(line, ordinals.get((line.reference, line.options), []))
        proposed += [ask for ask in asks if (ask.piece.id, ask.kind) not in books.asked]
    return Plan(
        new=tuple(new),
        changed=tuple(changed),
        unchanged=unchanged,
        skipped=reading.skipped + sum(line.quantity == 0 for line in sound),
        rejected=tuple(sorted(rejected, key=lambda one: (one.row, one.column))),
        proposed=tuple(proposed),
        unused=reading.unused,
    )


def _repeated(line: Line, seen: Mapping[tuple[str, tuple[str, ...]], int]) -> Rejected | None:
    earlier = seen.get((line.reference, line.options))
    if earlier is None:
        return None
    named = " / ".join((line.reference, *line.options))
    return Rejected(line.row, "", f"The row repeats {named!r} of line {earlier}; keep one of them, with its quantity.")


def _tag_complaint(line: Line, taken: Mapping[Epc, PieceId | None], known: KnownPiece | None) -> Rejected | None:
    """One tag is on one piece; a file binds it when the piece is entered, later a person does."""
    if line.epc is None:
        return None
    if line.quantity > 1:
        return Rejected(line.row, line.epc_column, f"One tag for {line.quantity} pieces; give each piece its own row.")
    if known is not None and known.epc == line.epc:
        return None
    if known is not None:
        return Rejected(
            line.row, line.epc_column, f"{known.ref} bears another tag or none; bind this one with the piece in hand."
        )
    if line.epc in taken:
        return Rejected(line.row, line.epc_column, f"The tag {line.epc} is already in use; a tag is on one piece.")
    return None


def _ordinals(known: Mapping[str, KnownPiece]) -> dict[tuple[str, tuple[str, ...]], list[KnownPiece]]:
    """The known pieces of each line, by falling ordinal."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[int, KnownPiece]]] = {}
    for key, piece in known.items():
        match canonical.decode(key.encode()):
            case [_, str(reference), [*options], int(ordinal)]:
                found.setdefault((reference, tuple(map(str, options))), []).append((ordinal, piece))
            case _:
                raise AssertionError(f"{key} is no import key of ours")
    return {line: [piece for _, piece in sorted(pieces, key=lambda one: -one[0])] for line, pieces in found.items()}


def _proposals(line: Line, known: list[KnownPiece]) -> Iterator[Proposed]:
    """Sold pieces are left out of the comparison: the till has lowered the quantity for them already."""
    present = [piece for piece in known if piece.status not in GONE]
    surplus = present[: max(0, len(present) - line.quantity)]
    for piece in surplus:
        yield Proposed("fewer", piece, line.row)
    for piece in present:
        if line.place not in (None, piece.place) and piece not in surplus:
            yield Proposed("place", piece, line.row, line.place)
