"""Folding: what one reader said in one window (100 ms), as few exact rows instead of every hearing.

Rows hold differences, so the sum over any batches is exact: hearings, strengths, and passes in which a tag was heard. A
(tag, antenna, pass) counts once even when the pass reaches over several windows. Source: decisions.md 6.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, TypeAlias, TypeVar

from reader_drivers.driver import PassEnd
from reader_drivers.reads import ROWS_MAX, BarcodeScan, Batch, PassRow, ReadRow, ScanRow, TagRead, encode_message

FOLD_WINDOW_S: Final = 0.1
"""People see a tag within a blink; ten batches a second per reader are cheap for the disk."""

T = TypeVar("T")
TagKey: TypeAlias = tuple[bytes, bytes | None]
"""EPC and TID. A read without TID is its own row: the server decides whether it is the same tag."""


@dataclass(slots=True)
class _Heard:
    first_ms: int
    last_ms: int
    count: int = 0
    passes: int = 0
    rssi_sum_cdbm: int | None = None
    rssi_max_cdbm: int | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """One window, not yet numbered. Times are the host's monotonic ms."""

    t0_ms: int
    passes: tuple[PassEnd, ...]
    reads: tuple[tuple[TagKey, int, _Heard], ...]
    """(tag, antenna, sums) sorted by EPC, TID, antenna."""
    scans: tuple[BarcodeScan, ...]

    def maker(self, reader: str, utc_ns_of: Callable[[int], int]) -> Callable[[int], bytes]:
        """A function from the sequence to the bytes of the batch; `utc_ns_of` turns monotonic ms into UTC ns."""
        t0_ms, t0_utc_ns = self.t0_ms, utc_ns_of(self.t0_ms)
        passes = tuple(PassRow(e.antenna, e.n, e.from_ms - t0_ms, e.to_ms - t0_ms) for e in self.passes)
        reads = tuple(
            ReadRow(
                epc,
                tid,
                antenna,
                heard.first_ms - t0_ms,
                heard.last_ms - t0_ms,
                heard.count,
                heard.passes,
                heard.rssi_sum_cdbm,
                heard.rssi_max_cdbm,
            )
            for (epc, tid), antenna, heard in self.reads
        )
        scans = tuple(ScanRow(scan.text, scan.aim, (scan.at_ms or t0_ms) - t0_ms) for scan in self.scans)
        return lambda seq: encode_message(Batch(seq, reader, t0_utc_ns, passes, reads, scans))


class Folder:
    """The open window of one reader."""

    def __init__(self) -> None:
        self._passes: list[PassEnd] = []
        self._heard: dict[tuple[TagKey, int], _Heard] = {}
        self._scans: list[BarcodeScan] = []
        self._in_pass: dict[int, set[TagKey]] = {}

    def hear(self, event: TagRead | BarcodeScan | PassEnd, now: int) -> None:
        """Add one event; `now` stands in for a read that carries no time."""
        match event:
            case PassEnd():
                self._passes.append(event)
                self._in_pass.pop(event.antenna, None)
            case BarcodeScan():
                self._scans.append(event)
            case TagRead():
                self._hear_tag(event, now if event.at_ms is None else event.at_ms)

    def take(self) -> list[Folded]:
        """Close the window: its content, in parts of at most `ROWS_MAX` rows of a kind, empty when nothing was said.

        Running passes are remembered: a tag heard again in the same pass adds no pass to the next window.
        """
        reads = sorted(self._heard.items(), key=lambda item: (item[0][0][0], item[0][0][1] or b"", item[0][1]))
        rows = [(tag, antenna, heard) for (tag, antenna), heard in reads]
        parts = zip_longest(_parts(self._passes), _parts(rows), _parts(self._scans), fillvalue=())
        folded = [Folded(_earliest(p, r, s), tuple(p), tuple(r), tuple(s)) for p, r, s in parts]
        self._passes, self._heard, self._scans = [], {}, []
        return folded

    def _hear_tag(self, read: TagRead, at_ms: int) -> None:
        tag: TagKey = (bytes.fromhex(read.id_hex), bytes.fromhex(read.tid_hex) if read.tid_hex else None)
        antenna = read.antenna or 0
        heard = self._heard.setdefault((tag, antenna), _Heard(at_ms, at_ms))
        heard.last_ms = max(heard.last_ms, at_ms)
        heard.count += read.count
        in_pass = self._in_pass.setdefault(antenna, set())
        if tag not in in_pass:
            in_pass.add(tag)
            heard.passes += 1
        if read.rssi_dbm is None:
            return
        strength = round(read.rssi_dbm * 100)
        total = strength * read.count if read.rssi_sum_cdbm is None else read.rssi_sum_cdbm
        heard.rssi_sum_cdbm = (heard.rssi_sum_cdbm or 0) + total
        heard.rssi_max_cdbm = strength if heard.rssi_max_cdbm is None else max(heard.rssi_max_cdbm, strength)


def _parts(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[at : at + ROWS_MAX] for at in range(0, len(rows), ROWS_MAX)]


def _earliest(
    passes: Sequence[PassEnd], reads: Sequence[tuple[TagKey, int, _Heard]], scans: Sequence[BarcodeScan]
) -> int:
    times = [end.from_ms for end in passes] + [heard.first_ms for _, _, heard in reads]
    return min(times + [scan.at_ms for scan in scans if scan.at_ms is not None], default=0)
