"""Expected stock: what the books put where at the moment a count opens, frozen.

Later moves never change it; they explain gaps. Sold and absent pieces stay in it, for a tag of theirs that is heard has a name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from server.core.epc import identity_of
from server.core.errors import Conflict
from server.core.ids import PieceRef, PlacePath
from server.core.pieces import Piece, Status


class SameReference(Conflict):
    """Two pieces of one shop cannot have one reference."""

    code: ClassVar[str] = "same_reference"


@dataclass(frozen=True, slots=True)
class ExpectedStock:
    """All pieces the books know, and the index by which a tag finds its piece. Build it with `freeze`."""

    pieces: Mapping[PieceRef, Piece]
    """In the order of references."""
    by_tag: Mapping[str, tuple[PieceRef, ...]]
    """Tag identity (see `server.core.epc.identity_of`) → pieces bound to it; more than one is a fault of the books."""
    by_tid: Mapping[str, PieceRef]
    """Factory identity → its piece, where exactly one has it."""

    def home_of(self, ref: PieceRef) -> PlacePath | None:
        """Where the piece should be counted. None: it is away, gone, or was never given a place."""
        piece = self.pieces[ref]
        return piece.place if piece.status is Status.IN_STOCK else None

    def expected(self) -> tuple[PieceRef, ...]:
        """The pieces that a count must find, in order of references."""
        return tuple(ref for ref in self.pieces if self.home_of(ref) is not None)


def freeze(pieces: Iterable[Piece]) -> ExpectedStock:
    """Freeze the books. Raises `SameReference`; `EpcError` if a tag content is not hex."""
    by_ref: dict[PieceRef, Piece] = {}
    for piece in sorted(pieces, key=lambda piece: piece.ref):
        if piece.ref in by_ref:
            raise SameReference(
                f"Reference {piece.ref!r} stands for two pieces; each piece needs its own.", piece=piece.ref
            )
        by_ref[piece.ref] = piece
    by_tag: dict[str, list[PieceRef]] = {}
    by_tid: dict[str, list[PieceRef]] = {}
    for ref, piece in by_ref.items():
        if piece.epc is not None:
            by_tag.setdefault(identity_of(piece.epc), []).append(ref)
        if piece.tid is not None:
            by_tid.setdefault(piece.tid, []).append(ref)
    return ExpectedStock(
        MappingProxyType(by_ref),
        MappingProxyType({tag: tuple(refs) for tag, refs in by_tag.items()}),
        MappingProxyType({tid: refs[0] for tid, refs in by_tid.items() if len(refs) == 1}),
    )
