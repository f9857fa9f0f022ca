"""A small pack written by hand from its format's description: two trays, a morning, an evening."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

MINUTE = 60_000
HOMES = {"ring-1": "Tray 1", "ring-2": "Tray 1", "pearl-1": "Tray 2"}


def seal(kind: str, at: int, *heard: str, by_hand: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"kind": kind, "at": at, "heard": sorted(heard), "by_hand": sorted(by_hand)}


class PackStory:
    """Leaves and members as the shop's people make them, one act after the other."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self.leaves: list[dict[str, Any]] = []
        self._counts: list[dict[str, Any]] = []

    def count(self, name: str, tour: str, place: str) -> None:
        """A count is opened: the books expect what belongs there."""
        self._counts.append({"count": name, "tour": tour, "place": f"id of {place}"})
        pieces = [{"ref": ref} for ref, home in HOMES.items() if home == place]
        self._member("expected", {"count": name, "place": f"id of {place}", "pieces": pieces})

    def sealed(self, count: str, part: dict[str, Any]) -> None:
        """A round is sealed."""
        self._leaf("round.sealed", "round", {"count": count, "sealed_sha256": self._member("sealed", part)})

    def searched(self, count: str, a1: dict[str, Any], a2: dict[str, Any]) -> None:
        """A's search has ended."""
        name = self._member("sealed", {"a1": a1, "a2": a2})
        self._leaf("search.ended", count, {"count": count, "sealed_sha256": name})

    def case_opened(self, count: str, case: str, subject: str, *, discrepancy: str) -> None:
        one = {"case": case, "subject": subject, "discrepancy": discrepancy, "outcome": "under_investigation"}
        self._leaf("case.opened", count, {"count": count, "cases": [one]})

    def case_decided(self, case: str, discrepancy: str, outcome: str | None) -> None:
        self._leaf("case.decided", case, {"discrepancy": discrepancy, "outcome": outcome})

    def write(self, path: Path) -> Path:
        """The pack as a file."""
        rows = "".join(f'"{ref}","{home}"\r\n' for ref, home in HOMES.items())
        members = self.members | {
            "log/events.jsonl": self._lines(self.leaves),
            "counts/2026-03.jsonl": self._lines(self._counts),
            "tables/pieces.csv": b"\xef\xbb\xbf" + f'"reference","place"\r\n{rows}'.encode(),
        }
        files = [{"path": name, "sha256": hashlib.sha256(raw).hexdigest()} for name, raw in sorted(members.items())]
        with zipfile.ZipFile(path, "w") as pack:
            pack.writestr("manifest.json", json.dumps({"format": "baguier-pack/1", "files": files}))
            for name, raw in members.items():
                pack.writestr(name, raw)
        return path

    def _leaf(self, kind: str, subject: str, body: dict[str, Any]) -> None:
        self.leaves.append({"type": kind, "subject": {"id": subject}, "body": body})

    def _member(self, folder: str, content: dict[str, Any]) -> str:
        raw = json.dumps(content).encode()
        name = hashlib.sha256(raw).hexdigest()
        self.members[f"{folder}/{name}.json"] = raw
        return name

    def _lines(self, rows: list[dict[str, Any]]) -> bytes:
        return "".join(json.dumps(row) + "\n" for row in rows).encode()


def a_day() -> PackStory:
    """Morning: all there. Evening: ring-1 is gone, ring-2 lies in tray 2, the pearl's tag is dead."""
    story = PackStory()
    for tour, at in (("opening", 0), ("closing", 600 * MINUTE)):
        for tray in ("Tray 1", "Tray 2"):
            story.count(f"{tour} {tray}", tour, tray)
        if tour == "opening":
            story.sealed("opening Tray 1", seal("a1", at, "ring-1", "ring-2"))
            story.sealed("opening Tray 2", seal("a1", at, "pearl-1"))
    at = 600 * MINUTE
    story.sealed("closing Tray 1", seal("a1", at))
    first = seal("a1", at + MINUTE, "ring-2")
    story.sealed("closing Tray 2", first)
    story.searched("closing Tray 2", first, seal("a2", at + 2 * MINUTE, by_hand=("pearl-1",)))
    story.case_opened("closing Tray 1", "case-1", "ring-1", discrepancy="MISSING")
    story.case_opened("closing Tray 1", "case-2", "ring-2", discrepancy="MISSING")
    story.case_opened("closing Tray 2", "case-2", "ring-2", discrepancy="MISPLACED")
    story.case_decided("case-2", "MISPLACED", None)
    story.case_decided("case-1", "MISSING", "under_investigation")
    story.case_decided("case-2", "MISPLACED", "found_elsewhere")
    return story
