"""Demo shop: fills an empty data folder with a jeweller's shop through the same use cases that a real one goes through.

`floor.json` then tells the simulators what they must know to act: who works there with which PIN, what lies where, and the
codes on the labels. It is readable by its owner only, and no real shop ever has one.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from reader_drivers.reads import ReaderEntry
from server.cli.import_stock import label_suffix
from server.cli.out_files import write_whole
from server.clock import Clock, DemoClock
from server.core.errors import Conflict
from server.core.ids import DeviceId, Epc, PlaceId, PlacePath
from server.imports.mappings import mapping_for
from server.imports.tabular import read_table
from server.settings import Settings
from server.signer.spawn import signer_of
from server.store import places, stock
from server.store.expected import pieces_of_labels
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.describe_readers import describe_readers
from server.usecases.enrol_person import PIN_DIGITS, PinMac, enrol_person
from server.usecases.import_stock import Choices, StockFile, import_stock
from server.usecases.map_antennas import map_antenna
from server.usecases.open_shop import open_shop
from server.usecases.pair_device import offer_pairing, pair_program

SHOP: Final = "Maison Baguier"
ZONE: Final = ZoneInfo("Europe/Paris")
CURRENCY: Final = "EUR"
OPENING: Final = time(8, 35)
PEOPLE: Final = (
    ("Claire Aubert", ("count",)),
    ("Marc Delaunay", ("count",)),
    ("Inès Ben Salah", ("count",)),
    ("Léa Roche", ("count", "manage", "own", "read")),
)
DEVICES: Final = {"claire": "handheld", "marc": "handheld", "bureau": "desk"}
"""Name in the link, and kind."""
READERS: Final = {"vitrine-1": "Vitrine 1", "vitrine-2": "Vitrine 2", "coffre": "Coffre"}
"""Reader and the container under whose trays its antennas lie: antenna n below Plateau n."""
ANTENNAS: Final = (1, 2, 3, 4)
SCANNER: Final = "douchette"
PROTOCOL: Final = "thingmagic_ff"
AGENT: Final = "comptoir"
LINK_LIFETIME: Final = timedelta(days=366)
"""The demonstration's clock jumps from morning to evening and to the next day; its links must outlive that."""
SEEDED_BEFORE: Final = timedelta(minutes=5)
"""The shop's records begin before it opens."""


class FolderNotEmpty(Conflict):
    """The data folder of a demonstration already holds something."""

    code = "folder_not_empty"


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where everything of one demonstration lies."""

    settings: Settings

    @property
    def root(self) -> Path:
        """The data folder."""
        return self.settings.data

    @property
    def floor(self) -> Path:
        """What the simulators know."""
        return self.root / "floor.json"

    @property
    def stock(self) -> Path:
        """The stock file that is imported."""
        return self.root / "stock.csv"

    @property
    def logs(self) -> Path:
        """What each process says."""
        return self.root / "logs"

    @property
    def agent_toml(self) -> Path:
        """The agent's settings."""
        return self.root / "agent.toml"

    def tags(self, reader: str) -> Path:
        """Tags file of a reader, or the scans file of the scanner."""
        return self.root / "readers" / f"{reader}.{'scans' if reader == SCANNER else 'tags'}"

    def stats(self, reader: str) -> Path:
        """What a simulated reader says it sent."""
        return self.root / "readers" / f"{reader}.stats"

    def link(self, reader: str) -> Path:
        """Stable name of a reader's pseudo-terminal."""
        return self.root / "readers" / reader

    def make(self) -> None:
        """Make the folders and the empty files that readers start with. Raises: FolderNotEmpty."""
        if self.root.exists() and any(self.root.iterdir()):
            raise FolderNotEmpty(
                f"{self.root} is not empty. A demonstration needs an empty folder; name another with --data."
            )
        for folder in (self.root, self.logs, self.root / "readers"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for reader in (*READERS, SCANNER):
            self.tags(reader).touch(mode=0o600)


def set_clock(clock_file: Path, shop_time: time, *, less: timedelta = timedelta()) -> None:
    """Let the shop's clock go on from `shop_time` of today in its zone, `less` a little."""
    now = datetime.now(UTC)
    moment = datetime.combine(now.astimezone(ZONE), shop_time, ZONE) - less
    # Rounded up: the clock must not say a millisecond before the moment.
    offset_ms = -((now - moment) // timedelta(milliseconds=1))
    write_whole(clock_file, f"{offset_ms}\n".encode(), mode=0o600)


def seed_shop(folder: DemoFolder, *, port: int) -> Mapping[str, object]:
    """Write the shop, its people, devices and readers, and `floor.json`; give what floor.json says.

    The stock file must be there. The clock stands at the opening afterwards. Raises: DomainError; SignerDown.
    """
    set_clock(folder.settings.demo_clock, OPENING, less=SEEDED_BEFORE)
    clock: Clock = DemoClock(folder.settings.demo_clock)
    with Store(folder.settings.database, clock=clock) as store, signer_of(folder.root, None) as signer:
        store.run(lambda unit: open_shop(unit, name=SHOP, zone=ZONE.key, currency=CURRENCY, is_demo=True))
        suffixes = _import(store, folder.stock)
        people = [_enrol(store, name=name, rights=rights, pin_mac=signer.pin_mac) for name, rights in PEOPLE]
        tokens = store.run(_offer_links)
        agent = store.run(lambda unit: _pair_agent(unit, folder))
        store.run(lambda unit: _map_readers(unit, agent))
        document = {
            "server": f"http://127.0.0.1:{port}",
            "zone": ZONE.key,
            "links": {name: f"http://{name}.localhost:{port}/#pair={token}" for name, token in tokens.items()},
            "people": people,
            "scanner_file": str(folder.tags(SCANNER)),
            "stats_files": [str(folder.stats(reader)) for reader in (*READERS, SCANNER)],
            "clock_file": str(folder.settings.demo_clock),
            "devices": {name: {"token": token} for name, token in tokens.items()},
            **store.run(lambda unit: _inventory(unit, folder, suffixes)),
        }
    write_whole(folder.floor, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode(), mode=0o600)
    _write_agent_toml(folder, port=port)
    set_clock(folder.settings.demo_clock, OPENING)
    return document


def _import(store: Store, file: Path) -> list[str]:
    """Import the stock file; give the random ends of the label codes, in the order of the pieces."""
    table = read_table(file)
    stock_file = StockFile(file.name, sha256(file.read_bytes()).hexdigest(), table, mapping_for(table.header, None))
    suffixes: list[str] = []

    def suffix() -> str:
        suffixes.append(label_suffix())
        return suffixes[-1]

    outcome = store.run(lambda unit: import_stock(unit, stock_file, Choices(), label_suffix=suffix))
    assert outcome.import_id is not None, outcome.plan.rejected
    return suffixes


def _enrol(store: Store, *, name: str, rights: tuple[str, ...], pin_mac: PinMac) -> dict[str, object]:
    pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
    person = enrol_person(store, name=name, rights=rights, pin=pin, pin_mac=pin_mac)
    return {"id": person, "name": name, "pin": pin, "rights": list(rights)}


def _offer_links(unit: UnitOfWork) -> dict[str, str]:
    tokens = {name: secrets.token_urlsafe(32) for name in DEVICES}
    for name, kind in DEVICES.items():
        offer_pairing(unit, name=name, kind=kind, token=tokens[name], lifetime=LINK_LIFETIME)
    return tokens


def _pair_agent(unit: UnitOfWork, folder: DemoFolder) -> DeviceId:
    token = secrets.token_urlsafe(32)
    write_whole(folder.root / "agent.token", f"{token}\n".encode(), mode=0o600)
    return pair_program(unit, name=AGENT, kind="agent", secret=token)


def _map_readers(unit: UnitOfWork, agent: DeviceId) -> None:
    entries = [ReaderEntry(reader, PROTOCOL, ANTENNAS, "lost") for reader in READERS]
    describe_readers(unit, device_id=agent, readers=entries)
    for reader, container in READERS.items():
        for antenna in ANTENNAS:
            map_antenna(unit, reader=reader, antenna=antenna, place=_tray(container, antenna))


def _tray(container: str, antenna: int) -> PlacePath:
    return PlacePath(f"{container}/Plateau {antenna}")


def _inventory(unit: UnitOfWork, folder: DemoFolder, suffixes: list[str]) -> dict[str, object]:
    """Readers, places and pieces as the simulators need them."""
    paths = places.paths(unit.conn, unit.shop_id)
    ids = {path: place for place, path in paths.items()}
    return {
        "places": [{"id": place, "path": path, "kind": _kind(path)} for place, path in paths.items()],
        "readers": [
            {
                "name": reader,
                "tags_file": str(folder.tags(reader)),
                "stats_file": str(folder.stats(reader)),
                "antennas": [_spot(antenna, _tray(container, antenna), ids) for antenna in ANTENNAS],
            }
            for reader, container in READERS.items()
        ],
        "pieces": _pieces(unit, folder.stock, suffixes=suffixes, paths=paths),
    }


def _spot(antenna: int, path: PlacePath, ids: Mapping[PlacePath, PlaceId]) -> dict[str, object]:
    return {"antenna": antenna, "place_id": ids[path], "path": path}


def _kind(path: PlacePath) -> str:
    return "tray" if "/" in path else "safe" if path == READERS["coffre"] else "showcase"


def _pieces(
    unit: UnitOfWork, file: Path, *, suffixes: list[str], paths: Mapping[PlaceId, PlacePath]
) -> list[dict[str, object]]:
    tids = {cells["epc"]: cells["tid"] for _, cells in read_table(file).rows}
    epcs: dict[str | None, Epc] = {piece: epc for epc, piece in stock.tags_in_use(unit.conn, unit.shop_id).items()}
    codes = [f"{stock.reference(n)}.{suffix}" for n, suffix in enumerate(suffixes, start=1)]
    labels = {ref: code for code, ref in pieces_of_labels(unit.conn, unit.shop_id, codes).items()}
    return [
        {
            "ref": piece.ref,
            "name": piece.name,
            "category": piece.category,
            "place_id": piece.place_id,
            "path": paths[piece.place_id],
            "retail_minor": piece.retail_minor,
            "epc": epcs[piece.id],
            "tid": tids[epcs[piece.id]],
            "label": labels[piece.ref],
        }
        for piece in stock.pieces(unit.conn, unit.shop_id)
        if piece.place_id is not None
    ]


def _write_agent_toml(folder: DemoFolder, *, port: int) -> None:
    head = (
        f'server = "ws://127.0.0.1:{port}"\ntoken_file = "agent.token"\ndata_dir = "spool"\nname = "{AGENT}"\n'
        f'demo_clock_file = "{folder.settings.demo_clock.name}"\n'
    )
    readers = "".join(
        f'\n[[reader]]\nname = "{reader}"\nprotocol = "{PROTOCOL}"\nport = {json.dumps(str(folder.link(reader)))}\n'
        f'region = "EU"\npower_dbm = 20\nantennas = {list(ANTENNAS)}\n'
        for reader in READERS
    )
    scanner = (
        f'\n[[reader]]\nname = "{SCANNER}"\nprotocol = "barcode_line"\nport = {json.dumps(str(folder.link(SCANNER)))}\n'
    )
    write_whole(folder.agent_toml, (head + readers + scanner).encode(), mode=0o600)
