"""A shop drawn as text: what the books have where, what was heard where, and what happened besides.

    in Vitrine/P1:        ring-1 ring-2(sold) ring-3(consigned, 2500 EUR, tid:T1) ring-4(tag:ring-1)
    without place:        ring-5
    heard in Vitrine/P1:  ring-1 ring-3(-60 dBm, tid:T2) stranger
    last closing:         ring-1
    moved since:          ring-1>Coffre ring-2>

A name stands for a piece and for its tag; a heard name that is in no place is a tag of nobody.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from server.core.custody import Move
from server.core.discrepancies.comparison import Comparison, Rules, compare
from server.core.evidence import Evidence, Observation, fold
from server.core.expected import ExpectedStock, freeze
from server.core.ids import Epc, PieceRef, PlacePath, Tid
from server.core.money import Money
from server.core.pieces import Owner, Piece, Status
from server.core.reconcile import Reconciliation, reconcile


def epc_of(name: str) -> Epc:
    """A raw content (header A0 is no scheme) that spells the name."""
    return Epc(("A0" + name.encode().hex()).upper().ljust(24, "0"))


def tid_of(name: str) -> Tid:
    return Tid(("E280" + name.encode().hex()).upper())


@dataclass
class ShopPicture:
    """The drawing, as values of the core."""

    pieces: list[Piece] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    prior: list[PieceRef] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)

    @property
    def stock(self) -> ExpectedStock:
        return freeze(self.pieces)

    @property
    def evidence(self) -> Evidence:
        return fold(self.observations)

    @property
    def comparison(self) -> Comparison:
        return compare(self.stock, self.evidence, prior=self.prior, moves=self.moves, rules=self.rules)

    @property
    def reconciliation(self) -> Reconciliation:
        return reconcile(self.stock, self.evidence, prior=self.prior, moves=self.moves, rules=self.rules)

    @property
    def findings(self) -> list[str]:
        """One line a finding: class, piece or tag, place, and where heard."""
        return [
            f"{found.code} {found.piece or found.tag} {found.place or '-'} heard {found.heard_in or '-'} {found.severity.value}"
            for found in self.reconciliation.discrepancies
        ]


def draw(text: str) -> ShopPicture:
    """Parse a drawing; lines without a known heading are prose."""
    picture = ShopPicture()
    for line in text.splitlines():
        heading, colon, rest = line.strip().partition(": ")
        if not colon:
            continue
        if heading.startswith("in "):
            picture.pieces += [_piece(name, notes, PlacePath(heading[3:])) for name, notes in _tokens(rest)]
        elif heading == "without place":
            picture.pieces += [_piece(name, notes, None) for name, notes in _tokens(rest)]
        elif heading.startswith("heard in "):
            picture.observations += [_observation(name, notes, PlacePath(heading[9:])) for name, notes in _tokens(rest)]
        elif heading == "last closing":
            picture.prior += [PieceRef(name) for name, _ in _tokens(rest)]
        elif heading == "moved since":
            picture.moves += [_move(name, number) for number, (name, _) in enumerate(_tokens(rest))]
    return picture


def _tokens(rest: str) -> Iterator[tuple[str, list[str]]]:
    for match in re.finditer(r"([^\s(]+)(?:\(([^)]*)\))?", rest):
        yield match[1], [note.strip() for note in (match[2] or "").split(",") if note]


def _piece(name: str, notes: list[str], place: PlacePath | None) -> Piece:
    status, owner, epc, tid, retail = Status.IN_STOCK, Owner.OWN, epc_of(name), None, None
    for note in notes:
        if note.startswith("tag:"):
            epc = epc_of(note[4:])
        elif note.startswith("tid:"):
            tid = tid_of(note[4:])
        elif note.endswith("EUR"):
            retail = Money(int(note.removesuffix("EUR")) * 100, "EUR")
        elif note in set(Owner):
            owner = Owner(note)
        else:
            status = Status(note)
    return Piece(PieceRef(name), place, status, owner, epc=epc, tid=tid, retail=retail)


def _observation(name: str, notes: list[str], place: PlacePath) -> Observation:
    reads, strength, tid, is_counted, passes = 10, -45, None, False, None
    for note in notes:
        if note.endswith("dBm"):
            strength = int(note.removesuffix("dBm"))
        elif note.startswith("tid:"):
            tid = tid_of(note[4:])
        elif note.endswith("reads"):
            reads, is_counted = int(note.removesuffix("reads")), True
        elif note.endswith("passes"):
            passes = int(note.removesuffix("passes"))
    return Observation(
        epc_of(name),
        place,
        tid,
        reads=reads,
        is_counted=is_counted,
        passes=passes,
        strength_sum_cdbm=strength * 100 * reads,
        measured=reads,
    )


def _move(token: str, number: int) -> Move:
    name, _, target = token.partition(">")
    kind = "transfer" if target else "sale"
    return Move(PieceRef(name), kind, number, None, PlacePath(target) if target else None)
