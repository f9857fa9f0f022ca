"""A shop for browser journeys: trays on a reader's pad one at a time, two handhelds and a desk; all processes real, all data invented."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from server.core.ids import PieceRef
from server.imports.mappings import mapping_for
from server.imports.tabular import read_table
from server.signer.spawn import spawned_signer
from server.store import stock
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.enrol_person import enrol_person
from server.usecases.import_stock import Choices, StockFile, import_stock
from server.usecases.open_shop import open_shop
from server.usecases.pair_device import offer_pairing, pair_program
from tests.journeys.counter_pc import CounterPc, kill, until
from tests.server.seeds import AGENT_TOKEN, database_of

LINKS: Final = {"claire": "handheld", "marc": "handheld", "bureau": "desk"}
"""Device and kind. Its link's token is its name and `-opens-the-shop-once`."""
PEOPLE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "Claire Aubert": ("470912", ("count",)),
    "Marc Delaunay": ("135790", ("count",)),
    "Léa Roche": ("246801", ("count", "manage", "own", "read")),
}
"""Name → PIN and rights."""
PIECES_A_TRAY: Final = 5
LABEL_END: Final = "K3Q7Z"
LAID_S: Final = 20.0
REST_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class PadPiece:
    """One jewel on a tray."""

    ref: str
    path: str
    epc: str
    tid: str

    @property
    def label(self) -> str:
        """What is printed on it."""
        return f"{self.ref}.{LABEL_END}"


class PadShop(CounterPc):
    """The processes, and what lies on the pad."""

    pieces: tuple[PadPiece, ...]

    @property
    def trays(self) -> list[str]:
        """Paths of the trays, in order."""
        return list(dict.fromkeys(piece.path for piece in self.pieces))

    def on_tray(self, path: str) -> list[PadPiece]:
        """The pieces that the books have there."""
        return [piece for piece in self.pieces if piece.path == path]

    def lay_on_pad(self, pieces: list[PadPiece]) -> None:
        """Put a tray with these pieces on the pad, instead of whatever lay there; done when the reader has it in its field.

        A person takes seconds to change trays, so the reader is at rest by then: a round that was just sealed hears nothing of
        the next tray.
        """
        self._until_at_rest()
        lines = [{"antenna": 1, "epc": piece.epc, "tid": piece.tid, "rssi_dbm": -50} for piece in pieces]
        fresh = self.folder / "pad.tags.new"
        fresh.write_text("".join(json.dumps(line) + "\n" for line in lines))
        before = self.told()["loads"]
        fresh.replace(self.folder / "pad.tags")
        until(lambda: self.told()["loads"] > before, timeout_s=LAID_S, what="the tray lies on the pad")

    def _until_at_rest(self) -> None:
        """Wait until the reader tells nothing any more; while it reads it tells a tag every few milliseconds."""
        seen, since_s = -1, 0.0

        def is_at_rest() -> bool:
            nonlocal seen, since_s
            told = int(self.told()["reads_told"])
            if told != seen:
                seen, since_s = told, time.monotonic()
            return time.monotonic() - since_s >= REST_S

        until(is_at_rest, timeout_s=LAID_S, what="the reader rests")

    def link(self, device: str) -> str:
        """The one-time link that pairs a device; each is opened in a browser context of its own."""
        return f"http://localhost:{self.port}/#pair={device}-opens-the-shop-once"


@contextmanager
def pad_shop(folder: Path, *, trays: int) -> Iterator[PadShop]:
    """A shop with `trays` trays of five rings, all of it there, and everything running. At the end every process is gone."""
    pc = PadShop(folder)
    pc.data.mkdir()
    pc.pieces = _seed(pc, trays)
    try:
        pc.start_reader(tags=0, options=("--follow",))
        pc.start_server()
        pc.start_agent()
        yield pc
    finally:
        for process in (pc.agent, pc.reader):
            if process is not None:
                kill(process)
        if pc.server is not None and pc.server.process.poll() is None:
            pc.kill_server()


def _seed(pc: PadShop, trays: int) -> tuple[PadPiece, ...]:
    file = pc.folder / "stock.csv"
    pieces = tuple(
        PadPiece(f"BAG-{n + 1:06d}", _path(n // PIECES_A_TRAY), f"3034{n:020X}", f"E280{n:020X}")
        for n in range(trays * PIECES_A_TRAY)
    )
    rows = [
        f"{piece.ref},Bague {n + 1},{piece.path},{piece.epc},{piece.tid},{350 + n}.00,EUR"
        for n, piece in enumerate(pieces)
    ]
    file.write_text("sku,name,place,epc,tid,retail_price,currency\n" + "\n".join(rows) + "\n")
    with Store(database_of(pc.data)) as store, spawned_signer(pc.data) as signer:
        store.run(lambda unit: open_shop(unit, name="Maison des essais", zone="Europe/Paris", currency="EUR"))
        store.run(lambda unit: _stock(unit, file))
        for name, (pin, rights) in PEOPLE.items():
            enrol_person(store, name=name, rights=rights, pin=pin, pin_mac=signer.pin_mac)
        store.run(_pair)
        known = store.read(lambda conn: {piece.ref for piece in stock.pieces(conn, store.shop_id)})
    assert known == {PieceRef(piece.ref) for piece in pieces}
    return pieces


def _path(tray: int) -> str:
    return f"Vitrine {tray // 10 + 1}/Plateau {tray % 10 + 1}"


def _stock(unit: UnitOfWork, file: Path) -> None:
    table = read_table(file)
    stock_file = StockFile(file.name, sha256(file.read_bytes()).hexdigest(), table, mapping_for(table.header, None))
    outcome = import_stock(unit, stock_file, Choices(), label_suffix=lambda: LABEL_END)
    assert outcome.import_id is not None, outcome.plan.rejected


def _pair(unit: UnitOfWork) -> None:
    for device, kind in LINKS.items():
        offer_pairing(unit, name=device, kind=kind, token=f"{device}-opens-the-shop-once")
    pair_program(unit, name="comptoir", kind="agent", secret=AGENT_TOKEN)
