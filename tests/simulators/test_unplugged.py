"""What a simulated reader does while nobody holds the other end of its link."""

import dataclasses
import pathlib

from simulators.faults import Faults, FaultyWire
from simulators.readers.barcode_line import LineScanner
from simulators.serving import Service, serve
from simulators.tags import WatchedFile

TURNS_MAX = 2000


@dataclasses.dataclass
class ScriptedLink:
    """A link whose other end is absent (-), there but not reading (.) or reading (r), turn by turn; then it is gone."""

    script: str
    taken: bytes = b""
    turn: int = 0
    name: str = "scripted"

    def is_gone(self) -> bool:
        return self.turn >= len(self.script)

    def wait(self, pending: bytes, timeout_s: float) -> tuple[bytes, int] | None:
        del timeout_s
        step = self.script[self.turn]
        self.turn += 1
        if step == "-":
            return None
        if step == "r":
            self.taken += pending
        return b"", len(pending) if step == "r" else 0

    def close(self) -> None:
        """Nothing is held."""


def taken(script: str, scans: str, folder: pathlib.Path, *, faults: Faults | None = None) -> bytes:
    (folder / "scans.txt").write_text(scans)
    link = ScriptedLink(script)
    wire = FaultyWire(faults or Faults(), seed=1)
    service = Service(link=link, wire=wire, file=WatchedFile(folder / "scans.txt"), is_following=False)
    serve(LineScanner(), service, is_stopped=lambda: link.turn > TURNS_MAX)
    return link.taken


def test_scan_made_before_anybody_listens_waits_for_the_listener(tmp_path: pathlib.Path) -> None:
    assert taken("---rrrr", "ONE\n", tmp_path) == b"ONE\r\n"


def test_bytes_on_their_way_when_the_cable_is_pulled_are_lost(tmp_path: pathlib.Path) -> None:
    # The listener that comes back must not find the rest of a frame the one before it began.
    assert taken("r..-rrrr", "ONE\n", tmp_path) == b""


def test_pieces_still_waiting_are_lost_as_well(tmp_path: pathlib.Path) -> None:
    chunks = FaultyWire(Faults(split=1.0), seed=1).carry([b"ONE\r\n", b"TWO\r\n"])

    heard = taken("rr-" + "r" * TURNS_MAX, "ONE\nTWO\n", tmp_path, faults=Faults(split=1.0))

    assert len(chunks) == 4
    assert heard == chunks[0].octets
