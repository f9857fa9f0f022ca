"""Evidence: what a count holds of each tag: where it was heard, how often, how strongly, with which factory identity.

Sums of whole numbers only: any order of the reads and any split into batches gives the same evidence, so a replay gives the
same digest. Strengths are in hundredths of a dBm.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from types import MappingProxyType
from typing import Final

from server.core.epc import identity_of
from server.core.ids import Epc, PlacePath, Tid
from server.core.places import contains

MARGIN_CDB: Final = 600
"""6 dB: with fewer than three past counts the tag is where its mean is stronger by this much (uncertainty.md 5.2)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Reads of one tag at one place, summed by whoever heard them."""

    epc: Epc
    place: PlacePath
    """The place the reader or antenna stands for."""
    tid: Tid | None = None
    """None: the reader gave none."""
    reads: int = 1
    is_counted: bool = False
    """Whether `reads` was counted by the reader. Otherwise one line may stand for any number of reads."""
    passes: int | None = None
    """Inventories in which it was heard. None: the reader does not tell."""
    strength_sum_cdbm: int = 0
    """Sum over the measured reads."""
    measured: int = 0
    """How many of the reads had a strength."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one place heard of one tag with one factory identity."""

    place: PlacePath
    tid: Tid | None
    reads: int
    passes: int
    strength_sum_cdbm: int
    measured: int


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """Everything heard of one tag."""

    tag: str
    """Its identity: filter and trailing zero words aside."""
    epcs: tuple[Epc, ...]
    """The contents heard, sorted; more than one differ only in control information."""
    heard: tuple[Heard, ...]
    """Sorted by place, then factory identity."""
    is_counted: bool
    """Whether every observation was counted by its reader, so that few reads mean few hearings."""
    has_passes: bool
    """Whether every observation told its passes."""

    @property
    def tids(self) -> tuple[Tid, ...]:
        """The factory identities heard, sorted. Two of them are two chips."""
        return tuple(sorted({heard.tid for heard in self.heard if heard.tid is not None}))

    @property
    def reads(self) -> int:
        """Reads over all places."""
        return sum(heard.reads for heard in self.heard)

    @property
    def passes(self) -> int:
        """Passes over all places; meaningful only with `has_passes`."""
        return sum(heard.passes for heard in self.heard)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a tag is, as far as strength can tell."""

    strongest: PlacePath
    """The contender with the strongest mean."""
    contenders: tuple[PlacePath, ...]
    """Sorted: the places that claim it within the margin. A place that contains another claimant is left out: the inner one
    says the same, and more."""
    strays: tuple[PlacePath, ...]
    """Sorted: places that heard it too weakly to claim it."""


Evidence = Mapping[str, TagEvidence]
"""Tag identity → what was heard of it, in order of identities."""


def fold(observations: Iterable[Observation]) -> Evidence:
    """Sum observations. Any order and any split of them, joined by `merged`, gives an equal result."""
    sums = _Sums({}, {}, set(), set())
    for seen in observations:
        tag = identity_of(seen.epc)
        sums.epcs.setdefault(tag, set()).add(seen.epc)
        row = (seen.reads, seen.passes or 0, seen.strength_sum_cdbm, seen.measured)
        sums.add(tag, (seen.place, seen.tid), row=row)
        if not seen.is_counted:
            sums.uncounted.add(tag)
        if seen.passes is None:
            sums.without_passes.add(tag)
    return sums.frozen()


def merged(*parts: Evidence) -> Evidence:
    """The evidence of all parts together, as if their observations had been folded at once."""
    sums = _Sums({}, {}, set(), set())
    for part in parts:
        for tag in part.values():
            sums.epcs.setdefault(tag.tag, set()).update(tag.epcs)
            for heard in tag.heard:
                row = (heard.reads, heard.passes, heard.strength_sum_cdbm, heard.measured)
                sums.add(tag.tag, (heard.place, heard.tid), row=row)
            if not tag.is_counted:
                sums.uncounted.add(tag.tag)
            if not tag.has_passes:
                sums.without_passes.add(tag.tag)
    return sums.frozen()


def locate(tag: TagEvidence, *, tid: Tid | None = None, margin_cdb: int = MARGIN_CDB) -> Location:
    """Decide where a tag is: the strongest mean by at least `margin_cdb`.

    `tid`: hear only the reads of that chip, for two chips may answer with one content. Places without any strength cannot be
    compared, so they stay in contention. A tie goes to the first path, so that the answer never depends on order.
    """
    places: dict[PlacePath, list[int]] = {}
    for heard in tag.heard:
        if tid is None or heard.tid == tid:
            row = places.setdefault(heard.place, [0, 0])
            row[0] += heard.strength_sum_cdbm
            row[1] += heard.measured

    def by_mean(one: PlacePath, other: PlacePath) -> int:
        return _by_mean(places[one], places[other])

    best = min(sorted(places), key=cmp_to_key(by_mean))
    claimants = [
        place
        for place in sorted(places)
        if place == best or not _is_stronger_by(places[best], places[place], margin_cdb)
    ]
    contenders = [
        place for place in claimants if not any(place != inner and contains(place, inner) for inner in claimants)
    ]
    strongest = min(contenders, key=cmp_to_key(by_mean))
    return Location(strongest, tuple(contenders), tuple(sorted(places.keys() - set(claimants))))


@dataclass(slots=True)
class _Sums:
    """Running sums, the only thing here that changes: frozen before it leaves."""

    rows: dict[str, dict[tuple[PlacePath, str], list[int]]]
    """Tag → (place, factory identity or empty text) → reads, passes, strength sum, measured."""
    epcs: dict[str, set[Epc]]
    uncounted: set[str]
    without_passes: set[str]

    def add(self, tag: str, key: tuple[PlacePath, Tid | None], *, row: Sequence[int]) -> None:
        place, tid = key
        sums = self.rows.setdefault(tag, {}).setdefault((place, tid or ""), [0, 0, 0, 0])
        for column, number in enumerate(row):
            sums[column] += number

    def frozen(self) -> Evidence:
        return MappingProxyType(
            {
                tag: TagEvidence(
                    tag,
                    tuple(sorted(self.epcs[tag])),
                    tuple(
                        Heard(place, Tid(tid) if tid else None, *row)
                        for (place, tid), row in sorted(self.rows[tag].items())
                    ),
                    is_counted=tag not in self.uncounted,
                    has_passes=tag not in self.without_passes,
                )
                for tag in sorted(self.rows)
            }
        )


def _by_mean(one: Sequence[int], other: Sequence[int]) -> int:
    """Order by descending mean (negative: `one` comes first), by cross-multiplication, which is exact; unmeasured come last."""
    if not one[1] or not other[1]:
        return (one[1] == 0) - (other[1] == 0)
    return other[0] * one[1] - one[0] * other[1]


def _is_stronger_by(best: Sequence[int], other: Sequence[int], margin_cdb: int) -> bool:
    if not best[1] or not other[1]:
        return False
    return best[0] * other[1] - other[0] * best[1] >= margin_cdb * best[1] * other[1]
