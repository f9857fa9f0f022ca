"""Shop: a jeweller's ground truth for one count: what the books say, where each chip really lies, and why they differ.

Trays of 25 lie in two showcases, read by readers of four antennas, and in a safe, swept by a sled that hears the safe as
one place. Days of sales, showings, repairs and logged moves pass; then the night and the morning before the count bring
thefts, pieces laid in the wrong tray, sold pieces never taken out, cloned and unknown tags. All chance comes from the seed.
"""

import dataclasses
import datetime as dt
import math
import random
from collections.abc import Callable, Iterable
from typing import Final

from simulators import catalogue
from simulators.catalogue import PREFIX, Piece, make_piece
from simulators.epc import encode_giai96, encode_tid

TRAY_PIECES: Final = 25
READER_ANTENNAS: Final = 4
SHOWCASES: Final = ("Vitrine 1", "Vitrine 2")
SAFE: Final = "Coffre"
SLED: Final = "sled"
FIRST_DAY: Final = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SMALL_SHOP: Final = 20
_PLANTED_SHARE: Final = 0.01
_ARRIVED_SHARE: Final = 0.03


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """One antenna of one reader and the place it stands for."""

    reader_id: str
    antenna: int
    """1-based."""
    place: str
    """A tray of a showcase, or the whole safe for the sled."""


@dataclasses.dataclass(frozen=True, slots=True)
class Chip:
    """One tag that really lies in the shop."""

    epc: bytes
    tid: bytes
    place: str
    """The tray it really lies in."""
    rssi_dbm: int
    """Mean strength at the antenna of its place."""


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """One thing that happened to a piece, logged or not."""

    at: dt.datetime
    kind: str
    """sale, out, repair, memo_out, return, move, arrival; and what no book tells: theft, unlogged_move."""
    piece: str
    source: str | None
    """Place it left; None: it came from outside."""
    target: str | None
    """Place it went to; None: it left the shop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shop:
    """The books and the truth at one count."""

    counted_at: dt.datetime
    """T0: when the expected stock was frozen."""
    pieces: tuple[Piece, ...]
    """The books at T0, by reference."""
    chips: tuple[Chip, ...]
    """The truth while the readers listen."""
    ports: tuple[Port, ...]
    """What hears which place."""
    prior: tuple[tuple[str, str], ...]
    """Piece and place of the last closing."""
    late_moves: tuple[Move, ...]
    """Logged after T0."""
    history: tuple[Move, ...]
    """Everything that happened, thefts too, in order of time."""

    def heard_place(self, place: str) -> str:
        """The place a reader stands for when a tag lies in tray `place`: the tray, or the safe."""
        return SAFE if place.startswith(f"{SAFE}/") else place


def make_shop(*, seed: int, pieces: int, days: int = 1) -> Shop:
    """The shop of `seed` with `pieces` pieces in its books, counted on the last of `days` days.

    A shop of some hundred pieces holds every kind of discrepancy; a very small one lacks some. Raises: ValueError:
    `pieces` or `days` is below 1.
    """
    if pieces < 1 or days < 1:
        raise ValueError(f"A shop needs at least one piece and one day; {pieces} pieces and {days} days were given.")
    story = _Story(seed, pieces)
    for day in range(days):
        story.live_day(FIRST_DAY + dt.timedelta(days=day))
    return story.count(FIRST_DAY + dt.timedelta(days=days, hours=8))


def trays(pieces: int) -> tuple[str, ...]:
    """The tray paths of a shop of `pieces` pieces: four fifths in the showcases, the rest in the safe."""
    total = math.ceil(pieces / TRAY_PIECES)
    in_safe = total // 5
    shown = total - in_safe
    halves = (math.ceil(shown / 2), shown // 2)
    paths = [f"{case}/Plateau {n + 1}" for case, count in zip(SHOWCASES, halves, strict=True) for n in range(count)]
    return (*paths, *(f"{SAFE}/Plateau {n + 1}" for n in range(in_safe)))


def ports_of(paths: Iterable[str]) -> tuple[Port, ...]:
    """Readers of four antennas over the trays of each showcase, and the sled when there is a safe."""
    paths = tuple(paths)
    ports = []
    for number, case in enumerate(SHOWCASES, start=1):
        shown = [path for path in paths if path.startswith(f"{case}/")]
        for index, path in enumerate(shown):
            reader, antenna = divmod(index, READER_ANTENNAS)
            ports.append(Port(f"vitrine-{number}-{reader + 1}", antenna + 1, path))
    if any(path.startswith(f"{SAFE}/") for path in paths):
        ports.append(Port(SLED, 1, SAFE))
    return tuple(ports)


class _Story:
    """A shop while it is being lived; `books` and `truth` part only in the last night and morning."""

    def __init__(self, seed: int, count: int) -> None:
        self._chance = random.Random(seed)
        self._trays = trays(count)
        self._books: dict[str, Piece] = {}
        self._truth: dict[str, str] = {}
        self._history: list[Move] = []
        self._extra: list[Chip] = []
        self._late: list[Move] = []
        for number in range(1, count + 1):
            piece = make_piece(number, self._trays[(number - 1) // TRAY_PIECES], self._chance)
            self._books[piece.ref] = piece
            self._truth[piece.ref] = piece.place

    def live_day(self, day: dt.datetime) -> None:
        """Sales, showings, repairs, memos, returns and logged moves of one shop day; books and truth agree after it."""
        # Who comes back today left on an earlier day; hours follow each other so that the history can be told in order.
        away = self._pick(self._with(catalogue.OUT, catalogue.REPAIR, catalogue.MEMO_OUT), 0.2)
        for share, kind, status in (
            (0.02, "sale", catalogue.SOLD), (0.01, "out", catalogue.OUT), (0.01, "repair", catalogue.REPAIR),
            (0.01, "memo_out", catalogue.MEMO_OUT),
        ):  # fmt: skip
            for ref in self._pick(self._with(catalogue.IN_STOCK), share):
                self._leave(ref, kind, status, at=self._moment(day, 9, 14))
        for ref in away:
            self._come_back(ref, at=self._moment(day, 14, 16))
        for ref in self._pick(self._with(catalogue.IN_STOCK), 0.02):
            self._move(ref, at=self._moment(day, 16, 18))
        for ref in self._pick(self._with(catalogue.SOLD), 0.2):
            self._books[ref] = dataclasses.replace(self._books[ref], status=catalogue.ARCHIVED)

    def count(self, counted_at: dt.datetime) -> Shop:
        """Plant the discrepancies of the last night and morning and freeze the shop."""
        night = counted_at - dt.timedelta(hours=6)
        arrived = frozenset(self._pick(self._with(catalogue.IN_STOCK), _ARRIVED_SHARE))
        for ref in arrived:
            self._log(ref, "arrival", night + dt.timedelta(hours=5), target=self._books[ref].place)
        prior = tuple((ref, self._books[ref].place) for ref in self._with(catalogue.IN_STOCK) if ref not in arrived)
        free = [ref for ref in self._with(catalogue.IN_STOCK) if ref not in arrived]
        self._chance.shuffle(free)
        self._plant(sorted(arrived), self._steal, at=counted_at - dt.timedelta(minutes=30), share=0.2)
        for plant, at in (
            (self._steal, night),
            (self._misplace, night),
            (self._clone, night),
            (self._leave_late, counted_at + dt.timedelta(minutes=20)),
        ):
            taken = self._plant(free, plant, at=at, share=_PLANTED_SHARE)
            free = free[taken:]
        for status in ((catalogue.SOLD, catalogue.ARCHIVED), (catalogue.OUT, catalogue.REPAIR, catalogue.MEMO_OUT)):
            self._plant(self._with(*status), self._lay_back, at=night, share=0.2)
        for number in range(max(1, round(len(self._books) * _PLANTED_SHARE / 2))):
            self._lay_unknown(number)
        return self._frozen(counted_at, prior)

    def _frozen(self, counted_at: dt.datetime, prior: tuple[tuple[str, str], ...]) -> Shop:
        own = [
            Chip(self._books[ref].epc, self._books[ref].tid, place, self._chance.randint(-58, -44))
            for ref, place in sorted(self._truth.items())
        ]
        return Shop(
            counted_at=counted_at,
            pieces=tuple(piece for _, piece in sorted(self._books.items())),
            chips=(*own, *self._extra),
            ports=ports_of(self._trays),
            prior=prior,
            late_moves=tuple(sorted(self._late, key=lambda move: (move.at, move.piece))),
            history=tuple(sorted(self._history, key=lambda move: (move.at, move.piece))),
        )

    def _with(self, *statuses: str) -> list[str]:
        return sorted(ref for ref, piece in self._books.items() if piece.status in statuses)

    def _count(self, refs: list[str], share: float) -> int:
        # A handful of pieces must not all be sold and stolen: below SMALL_SHOP shares are rounded, not raised to one.
        at_least = 1 if len(self._books) >= SMALL_SHOP else 0
        return min(len(refs), max(at_least, round(len(refs) * share)))

    def _pick(self, refs: list[str], share: float) -> list[str]:
        return sorted(self._chance.sample(refs, self._count(refs, share)))

    def _moment(self, day: dt.datetime, from_hour: int, to_hour: int) -> dt.datetime:
        return day + dt.timedelta(minutes=self._chance.randrange(from_hour * 60, to_hour * 60))

    def _log(
        self, ref: str, kind: str, at: dt.datetime, *, source: str | None = None, target: str | None = None
    ) -> Move:
        move = Move(at, kind, ref, source, target)
        self._history.append(move)
        return move

    def _leave(self, ref: str, kind: str, status: str, *, at: dt.datetime) -> None:
        self._books[ref] = dataclasses.replace(self._books[ref], status=status)
        self._log(ref, kind, at, source=self._truth.pop(ref))

    def _come_back(self, ref: str, *, at: dt.datetime) -> None:
        piece = self._books[ref]
        self._books[ref] = dataclasses.replace(piece, status=catalogue.IN_STOCK)
        self._truth[ref] = piece.place
        self._log(ref, "return", at, target=piece.place)

    def _move(self, ref: str, *, at: dt.datetime) -> None:
        target = self._chance.choice(self._trays)
        self._log(ref, "move", at, source=self._truth[ref], target=target)
        self._books[ref] = dataclasses.replace(self._books[ref], place=target)
        self._truth[ref] = target

    def _plant(
        self,
        refs: list[str],
        plant: Callable[[str, dt.datetime], None],
        *,
        at: dt.datetime,
        share: float,
    ) -> int:
        chosen = refs[: self._count(refs, share)]
        for ref in chosen:
            plant(ref, at)
        return len(chosen)

    def _steal(self, ref: str, at: dt.datetime) -> None:
        self._log(ref, "theft", at, source=self._truth.pop(ref))

    def _misplace(self, ref: str, at: dt.datetime) -> None:
        others = [tray for tray in self._trays if tray != self._truth[ref]]
        if others:
            target = self._chance.choice(others)
            self._log(ref, "unlogged_move", at, source=self._truth[ref], target=target)
            self._truth[ref] = target

    def _clone(self, ref: str, at: dt.datetime) -> None:
        del at
        # Half of the clones lie beside the true tag, half anywhere: an engine must look over all places.
        place = self._truth[ref] if self._chance.random() < 0.5 else self._chance.choice(self._trays)
        self._extra.append(
            Chip(self._books[ref].epc, encode_tid(1 << 47 | len(self._extra)), place, self._chance.randint(-58, -44))
        )

    def _leave_late(self, ref: str, at: dt.datetime) -> None:
        kind = self._chance.choice(("sale", "out", "repair", "memo_out"))
        self._late.append(self._log(ref, kind, at, source=self._truth.pop(ref)))

    def _lay_back(self, ref: str, at: dt.datetime) -> None:
        # Present though sold or out: laid back where it lay before, and nobody wrote it down.
        self._truth[ref] = self._books[ref].place
        self._log(ref, "unlogged_move", at, target=self._books[ref].place)

    def _lay_unknown(self, number: int) -> None:
        epc = encode_giai96(PREFIX, 900_000_000 + number)
        self._extra.append(
            Chip(epc, encode_tid(1 << 46 | number), self._chance.choice(self._trays), self._chance.randint(-58, -44))
        )
