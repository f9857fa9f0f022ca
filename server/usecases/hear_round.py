"""Hear a round: what its person may know while readers listen: whether it was read enough, and that a strange tag is among it.

Given a stored batch and a round that it belongs to; counts the passes of each antenna and looks up each tag of the round once.
Knows nothing of what is expected. Held in memory, for a server that starts again may read a tray some passes longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from reader_drivers.reads import Batch, ReadRow
from server.core.blind_stop import Stage, stage_of
from server.core.epc import identity_of
from server.core.evidence import Observation, fold, locate
from server.core.ids import Epc, PlaceId, PlacePath, RoundId, Tid
from server.store import expected, readers, stock
from server.store.reads import Listening
from server.store.unit_of_work import UnitOfWork
from server.usecases.seal_round_set import is_ghost

ROUNDS_MAX: Final = 256
"""Rounds remembered: as many as one batch can belong to. The one that was silent longest is forgotten."""
STRANGE_MAX: Final = 1_000
"""Strange tags whose strengths are followed in one round; with that many one is certain."""


@dataclass(slots=True)
class _Round:
    """What was heard of one round since the server started."""

    homes: dict[str, dict[int, PlaceId]] = field(default_factory=dict)
    """Reader → antenna → the place it stands for."""
    passes: dict[tuple[str, int], int] = field(default_factory=dict)
    """(reader, antenna) of this place → passes that ended."""
    looked_up: set[bytes] = field(default_factory=set)
    strange: set[bytes] = field(default_factory=set)
    seen: list[Observation] = field(default_factory=list)
    """Reads of strange tags, until one is believed."""
    is_unknown_heard: bool = False
    counted_to: dict[str, int] = field(default_factory=dict)
    """Attachment → last batch: a unit that was undone is done again."""


class RoundsHeard:
    """The open rounds of one server. Used by the writer's thread alone."""

    def __init__(self) -> None:
        self._rounds: dict[RoundId, _Round] = {}

    def hear(self, work: UnitOfWork, listening: Listening, batch: Batch) -> None:
        """Add a batch to a round and tell its person the stage, or what a scanner read."""
        topic = f"round/{listening.round_id}"
        for scan in batch.scans:
            work.announce(topic, "round.scanned", {"text": scan.text})
        if listening.is_sealed or not (batch.passes or batch.reads):
            return
        heard = self._round(listening.round_id)
        if batch.seq <= heard.counted_to.get(listening.attachment_id, 0):
            return
        heard.counted_to[listening.attachment_id] = batch.seq
        if listening.reader_id not in heard.homes:
            _meet_reader(work, heard, listening)
        homes = heard.homes[listening.reader_id]
        for row in batch.passes:
            if homes.get(row.ant, listening.place_id) == listening.place_id:
                key = (listening.reader_id, row.ant)
                heard.passes[key] = heard.passes.get(key, 0) + 1
        if not heard.is_unknown_heard:
            heard.is_unknown_heard = _hears_unknown(work, heard, listening, batch=batch)
        said = {"stage": _stage(heard, listening.place_id).value, "is_unknown_heard": heard.is_unknown_heard}
        work.announce(topic, "round.stage", said)

    def _round(self, round_id: RoundId) -> _Round:
        heard = self._rounds.pop(round_id, None) or _Round()
        while len(self._rounds) >= ROUNDS_MAX:
            del self._rounds[next(iter(self._rounds))]
        self._rounds[round_id] = heard
        return heard


def _meet_reader(work: UnitOfWork, heard: _Round, listening: Listening) -> None:
    homes = dict(readers.homes_of(work.conn, work.shop_id, listening.reader_id))
    heard.homes[listening.reader_id] = homes
    # An antenna of this place that never ends a pass holds the stage back: it is broken, and somebody must look.
    for antenna, place in homes.items():
        if place == listening.place_id:
            heard.passes.setdefault((listening.reader_id, antenna), 0)


def _stage(heard: _Round, place: PlaceId) -> Stage:
    mapped: list[int] = []
    homeless: list[int] = []
    for (reader, antenna), n in heard.passes.items():
        (mapped if heard.homes[reader].get(antenna) == place else homeless).append(n)
    return stage_of(mapped=mapped, homeless=homeless)


def _hears_unknown(work: UnitOfWork, heard: _Round, listening: Listening, *, batch: Batch) -> bool:
    """Whether a tag that nothing in the shop bears is at this place, and heard well enough to be no error of the air."""
    new = {row.epc for row in batch.reads} - heard.looked_up
    if new:
        heard.looked_up |= new
        heard.strange |= _strange(work, new)
    if not heard.strange:
        return False
    rows = [row for row in batch.reads if row.epc in heard.strange]
    if not rows:
        return False
    homes = heard.homes[listening.reader_id]
    heard.seen += [_observation(row, homes.get(row.ant, listening.place_id)) for row in rows]
    if len(heard.seen) >= STRANGE_MAX:
        return True
    here = PlacePath(listening.place_id)
    return any(not is_ghost(tag) and here in locate(tag).contenders for tag in fold(heard.seen).values())


def _strange(work: UnitOfWork, epcs: Iterable[bytes]) -> set[bytes]:
    """Those that no tag in use has. Only what is not found by its exact content is compared with all tags of the shop."""
    by_hex = {Epc(epc.hex().upper()): epc for epc in epcs}
    left = by_hex.keys() - stock.tags_among(work.conn, work.shop_id, list(by_hex))
    if not left:
        return set()
    borne = expected.bearers(work.conn, work.shop_id)
    return {by_hex[epc] for epc in left if identity_of(epc) not in borne}


def _observation(row: ReadRow, place: PlaceId) -> Observation:
    return Observation(
        epc=Epc(row.epc.hex().upper()),
        place=PlacePath(place),
        tid=None if row.tid is None else Tid(row.tid.hex().upper()),
        reads=row.dcount,
        is_counted=True,
        passes=row.dpasses or None,
        strength_sum_cdbm=row.rssi_sum_cdbm or 0,
        measured=row.dcount if row.rssi_sum_cdbm is not None else 0,
    )
