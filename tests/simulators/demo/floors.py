"""A small demonstration floor for tests: two trays on one reader, one tray in the safe."""

import json
from pathlib import Path
from typing import Any

PIECES = ("BAG-000001", "BAG-000002", "BAG-000003")
ONE, TWO, SAFE = "Vitrine 1/Plateau 1", "Vitrine 1/Plateau 2", "Coffre/Plateau 1"


def piece(n: int, path: str) -> dict[str, Any]:
    return {
        "ref": f"BAG-{n:06d}",
        "name": f"Bague {n}",
        "category": "Bague",
        "place_id": path,
        "path": path,
        "retail_minor": 100_000 * n,
        "epc": f"3476{n:020X}",
        "tid": f"E280{n:020X}",
        "label": f"BAG-{n:06d}.ABCDE",
    }


def make_floor(folder: Path) -> Path:
    """Write floor.json with three pieces and its files; the shop's time is the real one."""

    def spot(antenna: int, path: str) -> dict[str, Any]:
        return {"antenna": antenna, "place_id": path, "path": path}

    def reader(name: str, *antennas: dict[str, Any]) -> dict[str, Any]:
        files = {"tags_file": str(folder / f"{name}.tags"), "stats_file": str(folder / f"{name}.stats")}
        return {"name": name, **files, "antennas": list(antennas)}

    (folder / "clock").write_text("0\n")
    document = {
        "server": "http://127.0.0.1:8000",
        "zone": "Europe/Paris",
        "links": {"claire": "http://claire.localhost:8000/#pair=t"},
        "people": [{"id": "p1", "name": "Claire Aubert", "pin": "123456", "rights": ["count"]}],
        "scanner_file": str(folder / "scans"),
        "stats_files": [],
        "readers": [reader("vitrine-1", spot(1, ONE), spot(2, TWO)), reader("coffre", spot(1, SAFE))],
        "places": [
            {"id": "Vitrine 1", "path": "Vitrine 1", "kind": "showcase"},
            *({"id": path, "path": path, "kind": "tray"} for path in (ONE, TWO, SAFE)),
        ],
        "pieces": [piece(1, ONE), piece(2, ONE), piece(3, SAFE)],
        "clock_file": str(folder / "clock"),
        "devices": {"claire": {"token": "t"}},
    }
    path = folder / "floor.json"
    path.write_text(json.dumps(document))
    return path
