"""Floor: where each piece of the demonstration's shop really lies, and which tags are dead, whatever the books say.

`floor.json`, written by `baguier demo`, names places, pieces, readers and files. What was done since (stolen, laid elsewhere,
tag killed) is kept beside it in `floor_state.json`, so that the page and the scripted day see the same floor; the readers
see it through their tags files. The shop's clock is a file too: its offset from the real time.

    floor = Floor(folder / "floor.json")
    floor.steal("BAG-000007")
    floor.write()
"""

import dataclasses
import datetime as dt
import json
import os
import pathlib
import zlib
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulators.tags import Tag, WatchedFile, encode_tag

STATE_FILE: Final = "floor_state.json"
RSSI_DBM_MIN: Final = -58
RSSI_DBM_STEPS: Final = 15
"""A label lies better or worse on its antenna: -58 to -44 dBm, always the same for one piece."""


class FloorError(ValueError):
    """The floor knows no such piece or place, or its clock would go back; the sentence says what to give instead."""


@dataclasses.dataclass(frozen=True, slots=True)
class FloorPiece:
    """One jewel as floor.json has it: its identity, and where the books had it when the demonstration began."""

    ref: str
    name: str
    category: str
    place_id: str
    path: str
    """Its place in the books at the start."""
    retail_minor: int
    """Price with tax in minor units."""
    epc: str
    """Upper-case hex."""
    tid: str
    label: str
    """Code of its printed label: what a scanner reads."""


@dataclasses.dataclass(frozen=True, slots=True)
class FloorPlace:
    """One place of the shop."""

    id: str
    path: str
    kind: str
    """`tray`, `showcase` or `safe`."""


@dataclasses.dataclass(frozen=True, slots=True)
class FloorReader:
    """One reader: the files by which its simulator is told and tells, and the place of each antenna."""

    name: str
    tags_file: pathlib.Path
    stats_file: pathlib.Path
    antennas: Mapping[int, str]
    """Path of the tray on each antenna, 1-based."""


class Floor:
    """The floor of one demonstration. Acts change this object; `write` makes them real for readers and other processes.

    An act takes up what another process wrote first, so the page and a script may take turns. Raises: FloorError, OSError.
    """

    def __init__(self, floor_json: pathlib.Path) -> None:
        document: dict[str, Any] = json.loads(floor_json.read_text(encoding="utf-8"))
        self.document: Mapping[str, Any] = document
        """All of floor.json: addresses, people, links."""
        self.zone = ZoneInfo(document["zone"])
        self.places = tuple(FloorPlace(one["id"], one["path"], one["kind"]) for one in document["places"])
        self.readers = tuple(_reader(one) for one in document["readers"])
        names = [field.name for field in dataclasses.fields(FloorPiece)]
        self.pieces: Mapping[str, FloorPiece] = {
            one["ref"]: FloorPiece(**{name: one[name] for name in names}) for one in document["pieces"]
        }
        """By reference, in the order of references."""
        self._clock_file = pathlib.Path(document["clock_file"])
        self._scanner_file = pathlib.Path(document["scanner_file"])
        self._state_file = floor_json.with_name(STATE_FILE)
        self._state = WatchedFile(self._state_file)
        self._lies: dict[str, str | None] = {ref: piece.path for ref, piece in self.pieces.items()}
        self._dead: set[str] = set()
        self.refresh()

    @property
    def trays(self) -> tuple[str, ...]:
        """Paths of the places in which pieces lie, in the order of paths."""
        return tuple(sorted(place.path for place in self.places if place.kind == "tray"))

    def refresh(self) -> None:
        """Take up what another process wrote since; what was not written here yet is kept when nobody did."""
        text = self._state.text_if_changed()
        if text:
            state = json.loads(text)
            self._lies = {ref: state["lies"].get(ref) for ref in self.pieces}
            self._dead = set(state["dead"]) & self.pieces.keys()

    def lies_in(self, ref: str) -> str | None:
        """Path of the tray in which a piece really lies; None: it is not in the shop."""
        self._require_piece(ref)
        return self._lies[ref]

    def is_dead(self, ref: str) -> bool:
        """Whether the piece's tag never answers again."""
        self._require_piece(ref)
        return ref in self._dead

    def pieces_in(self, path: str) -> tuple[FloorPiece, ...]:
        """The pieces that really lie in a tray, by reference."""
        self._require_tray(path)
        return tuple(piece for ref, piece in self.pieces.items() if self._lies[ref] == path)

    def gone(self) -> tuple[FloorPiece, ...]:
        """The pieces that are not in the shop, by reference."""
        return tuple(piece for ref, piece in self.pieces.items() if self._lies[ref] is None)

    def steal(self, ref: str) -> None:
        """Take a piece out of the shop: stolen, sold or shown elsewhere, the readers cannot tell."""
        self.refresh()
        self._require_piece(ref)
        self._lies[ref] = None

    def lay(self, ref: str, path: str) -> None:
        """Lay a piece into a tray, wherever it was."""
        self.refresh()
        self._require_piece(ref)
        self._require_tray(path)
        self._lies[ref] = path

    def kill_tag(self, ref: str) -> None:
        """Make a piece's tag dead: the piece lies there and no reader hears it."""
        self.refresh()
        self._require_piece(ref)
        self._dead.add(ref)

    def scan(self, text: str) -> None:
        """Pull the scanner's trigger over a label: its text goes out on the scanner's line, at once."""
        if not text.isprintable() or not text:
            raise FloorError("A label holds printable characters. Take the label of a piece.")
        with self._scanner_file.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def write(self) -> None:
        """Make every act since the last `write` real: tags files first, then the state; each file is whole at any moment."""
        for reader in self.readers:
            lines = [
                encode_tag(self._tag(piece, antenna))
                for antenna, path in sorted(reader.antennas.items())
                for piece in self.pieces_in(path)
            ]
            replace_text(reader.tags_file, "".join(f"{line}\n" for line in lines))
        state = {"lies": self._lies, "dead": sorted(self._dead)}
        replace_text(self._state_file, json.dumps(state, ensure_ascii=False) + "\n")
        # Our own words are no news.
        self._state.text_if_changed()

    def now(self) -> dt.datetime:
        """The shop's time, aware, in its zone."""
        offset = dt.timedelta(milliseconds=int(self._clock_file.read_text(encoding="ascii")))
        return (dt.datetime.now(dt.UTC) + offset).astimezone(self.zone)

    def set_clock(self, moment: dt.datetime) -> None:
        """Let the shop's clock go on from `moment` (aware). Raises: FloorError: back in time, where records lie already."""
        now = self.now()
        if moment < now:
            raise FloorError(f"The shop's clock says {now:%d.%m. %H:%M}; it only goes forward. Choose a later time.")
        # Rounded up: the clock must not say a millisecond before the moment.
        offset_ms = -((dt.datetime.now(dt.UTC) - moment) // dt.timedelta(milliseconds=1))
        replace_text(self._clock_file, f"{offset_ms}\n")

    def _tag(self, piece: FloorPiece, antenna: int) -> Tag:
        return Tag(
            antenna,
            bytes.fromhex(piece.epc),
            tid=bytes.fromhex(piece.tid),
            rssi_dbm=RSSI_DBM_MIN + zlib.crc32(piece.ref.encode()) % RSSI_DBM_STEPS,
            mute=piece.ref in self._dead,
        )

    def _require_piece(self, ref: str) -> None:
        if ref not in self.pieces:
            raise FloorError(f"There is no piece {ref[:40]!r} on this floor. Take a reference such as BAG-000001.")

    def _require_tray(self, path: str) -> None:
        if path not in self.trays:
            raise FloorError(f"There is no tray {path[:60]!r}. Take one of {', '.join(self.trays)}.")


def replace_text(path: pathlib.Path, text: str) -> None:
    """Put a file's new text in place at once, readable by its owner only: nobody ever reads half of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)


def _reader(one: Mapping[str, Any]) -> FloorReader:
    return FloorReader(
        name=one["name"],
        tags_file=pathlib.Path(one["tags_file"]),
        stats_file=pathlib.Path(one["stats_file"]),
        antennas={int(spot["antenna"]): spot["path"] for spot in one["antennas"]},
    )
