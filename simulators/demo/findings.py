"""Findings: what a pack's evidence says happened, read by somebody who has the pack and nothing else of ours.

    baguier-simulate findings PACK.zip --truth truth.json

Members used (format `baguier-pack/1`): manifest.json (path and SHA-256 of every other member), log/events.jsonl (one leaf a
line), counts/YYYY-MM.jsonl (place and tour of each count), expected/HASH.json (what the books had in a place), sealed/HASH.json
(what a person found there), tables/pieces.csv (each piece's tray in the books). Who changed what is `baguier verify`'s work.
"""

import argparse
import csv
import dataclasses
import hashlib
import io
import json
import pathlib
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

FORMAT: Final = "baguier-pack/1"
ABSENT: Final = frozenset({"MISSING", "MISSING_OVERNIGHT", "UNVERIFIED", "ROUND_CONFLICT"})
"""Classes of a piece that nobody found."""
Json = Mapping[str, Any]


class PackUnreadable(ValueError):
    """The pack is not what its manifest says, or of another format."""


@dataclasses.dataclass(slots=True)
class FoundCase:
    """One case as the log tells it."""

    piece: str
    """Reference; for a place or an unknown tag its id."""
    discrepancy: str
    counts: list[str]
    """Counts that name it, the one that opened it first."""
    outcome: str = "OPEN"


@dataclasses.dataclass(frozen=True, slots=True)
class Seal:
    """What one person found in one count, and when they sealed it."""

    count: str
    at: int
    """Milliseconds since 1970."""
    heard: frozenset[str]
    by_hand: frozenset[str]

    @property
    def present(self) -> frozenset[str]:
        """Every piece the person says is there."""
        return self.heard | self.by_hand


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """The members of a pack that say what was found where."""

    leaves: tuple[Json, ...]
    counts: Mapping[str, Json]
    """Row by count."""
    expected: Mapping[str, frozenset[str]]
    """Pieces by count, as the books had them at its opening."""
    seals: tuple[Seal, ...]
    """In the order of the log."""
    path_of: Mapping[str, str]
    """Path by place."""

    @classmethod
    def of(cls, pack: zipfile.ZipFile) -> Self:
        """Raises: PackUnreadable, KeyError or ValueError: it has not the form that its manifest promises."""
        members = _members(pack)
        leaves = tuple(_lines(members["log/events.jsonl"]))
        rows = [row for path in sorted(members) if path.startswith("counts/") for row in _lines(members[path])]
        frozen = [json.loads(raw) for path, raw in members.items() if path.startswith("expected/")]
        home = {row["reference"]: row["place"] for row in _table(members["tables/pieces.csv"])}
        return cls(
            leaves=leaves,
            counts={row["count"]: row for row in rows},
            expected={one["count"]: frozenset(piece["ref"] for piece in one["pieces"]) for one in frozen},
            seals=tuple(_seals(leaves, members)),
            path_of={one["place"]: _usual(home[piece["ref"]] for piece in one["pieces"]) for one in frozen},
        )

    def cases(self) -> list[dict[str, Any]]:
        """Every case as `{piece, class, home, heard_in, outcome}`, by piece."""
        return sorted((self._told(case) for case in self._cases().values()), key=lambda told: str(told["piece"]))

    def by_hand(self) -> list[str]:
        """Pieces that a person found by their label alone: in that count nobody's reader heard them. By reference."""
        found = set[str]()
        for count in self.counts:
            seals = [seal for seal in self.seals if seal.count == count]
            heard = {ref for seal in seals for ref in seal.heard}
            found |= {ref for seal in seals for ref in seal.by_hand} - heard
        return sorted(found)

    def windows(self) -> list[dict[str, Any]]:
        """For each piece that nobody found: the minutes from the last seal that has it to the first that misses it."""
        return [
            {"piece": case.piece, "class": case.discrepancy, "loss_window_min": self._window_min(case)}
            for case in sorted(self._cases().values(), key=lambda one: one.piece)
            if case.discrepancy in ABSENT
        ]

    def _cases(self) -> dict[str, FoundCase]:
        found: dict[str, FoundCase] = {}
        for leaf in self.leaves:
            body = leaf["body"]
            if leaf["type"] == "case.opened":
                for one in body["cases"]:
                    case = found.setdefault(one["case"], FoundCase(one["subject"], one["discrepancy"], []))
                    case.counts.append(body["count"])
            elif leaf["type"] == "case.decided":
                case = found[leaf["subject"]["id"]]
                case.discrepancy = body["discrepancy"]
                case.outcome = case.outcome if body["outcome"] is None else str(body["outcome"]).upper()
        return found

    def _told(self, case: FoundCase) -> dict[str, Any]:
        tour = self.counts[case.counts[0]]["tour"]
        in_tour = [count for count, row in self.counts.items() if row["tour"] == tour]
        homes = [self._path(count) for count in in_tour if case.piece in self.expected.get(count, ())]
        home = homes[0] if homes else None
        heard = {self._path(seal.count) for seal in self.seals if seal.count in in_tour and case.piece in seal.present}
        elsewhere = sorted(heard - {home})
        return {
            "piece": case.piece,
            "class": case.discrepancy,
            "home": home,
            "heard_in": elsewhere[0] if elsewhere else None,
            "outcome": case.outcome,
        }

    def _window_min(self, case: FoundCase) -> int | None:
        missed = [
            seal.at
            for seal in self.seals
            if seal.count in case.counts and case.piece in self.expected[seal.count] - seal.present
        ]
        if not missed:
            return None
        had = [seal.at for seal in self.seals if case.piece in seal.present and seal.at < missed[0]]
        return round((missed[0] - had[-1]) / 60_000) if had else None

    def _path(self, count: str) -> str:
        return self.path_of[self.counts[count]["place"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare a pack with the truth; exit code 0 equal, 1 not, 2 bad usage or unreadable."""
    parser = argparse.ArgumentParser(prog="baguier-simulate findings", description="Compare a pack with the truth.")
    parser.add_argument("pack", type=pathlib.Path, help="the evidence pack")
    parser.add_argument(
        "--truth", type=pathlib.Path, required=True, help="the file a scripted day wrote before it began"
    )
    given = parser.parse_args(arguments)
    try:
        truth = json.loads(given.truth.read_text(encoding="utf-8"))
        with zipfile.ZipFile(given.pack) as pack:
            evidence = Evidence.of(pack)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"The pack cannot be compared: {error!r}. Make both files again.", file=sys.stderr)
        return 2
    compared = compare(truth, {"cases": evidence.cases(), "by_hand": evidence.by_hand()})
    print(json.dumps({**compared, "windows": evidence.windows()}, ensure_ascii=False))
    return 0 if compared["is_equal"] else 1


def compare(truth: Json, found: Json) -> dict[str, Any]:
    """What the evidence lacks and what it has too much: `{is_equal, found, lacks, has_more}`."""
    lacks = {kind: [one for one in truth[kind] if one not in found[kind]] for kind in ("cases", "by_hand")}
    has_more = {kind: [one for one in found[kind] if one not in truth[kind]] for kind in ("cases", "by_hand")}
    is_as_many = all(len(truth[kind]) == len(found[kind]) for kind in ("cases", "by_hand"))
    is_equal = is_as_many and not any((*lacks.values(), *has_more.values()))
    return {"is_equal": is_equal, "found": dict(found), "lacks": lacks, "has_more": has_more}


def _members(pack: zipfile.ZipFile) -> dict[str, bytes]:
    """The members that the manifest names, each with the hash it names."""
    manifest = json.loads(pack.read("manifest.json"))
    if manifest["format"] != FORMAT:
        raise PackUnreadable(f"The pack has format {manifest['format']}; {FORMAT} was expected.")
    members = {row["path"]: pack.read(row["path"]) for row in manifest["files"]}
    for row in manifest["files"]:
        if hashlib.sha256(members[row["path"]]).hexdigest() != row["sha256"]:
            raise PackUnreadable(f"{row['path']} is not the member that the manifest names.")
    return members


def _seals(leaves: Sequence[Json], members: Mapping[str, bytes]) -> Iterator[Seal]:
    """Rounds and searches, each once: what B answered is in the round it belongs to, or agrees with A's."""
    for leaf in leaves:
        body = leaf["body"]
        if leaf["type"] not in {"round.sealed", "search.ended"}:
            continue
        part = json.loads(members[f"sealed/{body['sealed_sha256']}.json"])
        sealed = part["a2"] if leaf["type"] == "search.ended" else part
        earlier = frozenset(part["a1"]["heard"]) if leaf["type"] == "search.ended" else frozenset[str]()
        yield Seal(
            count=body["count"],
            at=sealed["at"],
            heard=frozenset(sealed["heard"]) | earlier,
            by_hand=frozenset(sealed["by_hand"]),
        )


def _lines(raw: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in raw.decode().split("\n") if line]


def _table(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


def _usual(paths: Iterator[str]) -> str:
    """The path that most pieces of a place have in the table: some may have moved since."""
    return Counter(paths).most_common(1)[0][0]


if __name__ == "__main__":
    sys.exit(main())
