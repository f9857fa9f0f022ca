"""The canonical set of a round: from what its readers heard and its person scanned to the pieces that are here.

A tag counts for the place where it was heard by far the loudest; weaker ones are the neighbour's, heard through. Known tags
become references, unknown ones opaque names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from server.core.actors import Actor
from server.core.count_sheet import Count
from server.core.discrepancies.comparison import DEFAULT_RULES
from server.core.errors import Malformed
from server.core.evidence import Evidence, Observation, TagEvidence, fold, locate
from server.core.ids import Epc, PieceRef, PlaceId, PlacePath, RoundId, Tid
from server.core.sealed_sets import AcceptedGap, Anomaly, RoundKind, SealedSet
from server.store import device_events, expected, rounds
from server.store.expected import Bearer
from server.store.rounds import RoundRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment
from server.usecases.open_count import tag_name

STACKED_CDB = 1_200
"""12 dB: a second tray tag about as loud as this tray's own means two trays on one pad, decisions.md 6.5."""


class LabelUnknown(Malformed):
    """A scanned code is on no label in use."""

    code: ClassVar[str] = "label_unknown"


def refs_of_labels(work: UnitOfWork, codes: Sequence[str]) -> tuple[PieceRef, ...]:
    """The pieces that wear these labels, sorted, once each. Raises: LabelUnknown."""
    found = expected.pieces_of_labels(work.conn, work.shop_id, codes)
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise LabelUnknown(
            f"{len(unknown)} scanned codes are on no label in use. Scan the piece's newest label, or print a new one.",
            n_unknown=len(unknown),
        )
    return tuple(sorted(set(found.values())))


def scanned_pieces(work: UnitOfWork, round_id: RoundId) -> frozenset[PieceRef]:
    """The pieces whose label was scanned in a round and not retracted after.

    Each label was in use when it was scanned; one printed since then takes no piece out of the hand.
    """
    codes = device_events.labels_of(work.conn, work.shop_id, round_id)
    return frozenset(expected.pieces_of_labels(work.conn, work.shop_id, codes, in_use=False).values())


def sealed_set(
    work: UnitOfWork,
    count: Count,
    row: RoundRow,
    *,
    kind: RoundKind,
    by_hand: Iterable[PieceRef],
    gap: AcceptedGap | None,
) -> SealedSet:
    """The set of a round as it is now; `by_hand` are the pieces whose label was scanned. Late reads take no part."""
    home = _path(count.plan.place)
    evidence = _evidence(work, count, row)
    owners = expected.bearers(work.conn, work.shop_id) if evidence else {}
    here = [tag for tag in evidence.values() if home in locate(tag).contenders]
    pieces = [(tag, owner) for tag in here if (owner := owners.get(tag.tag)) is not None and owner.ref is not None]
    return SealedSet(
        kind=kind,
        by=Actor(row.person_id, row.device_id),
        at=moment(work),
        heard=tuple(sorted({owner.ref for _, owner in pieces if owner.ref is not None})),
        by_hand=tuple(sorted(set(by_hand))),
        unknown=tuple(
            sorted({tag_name(work.shop_id, tag.tag) for tag in here if tag.tag not in owners and not is_ghost(tag)})
        ),
        anomalies=_anomalies(pieces),
        is_stacked=is_stacked(here, owners, place=count.plan.place),
        gap=gap,
    )


def is_ghost(tag: TagEvidence) -> bool:
    """Whether an unknown tag was heard too little to be believed: an error of the air, no discrepancy."""
    if tag.tids:
        return False
    is_rare = tag.is_counted and tag.reads < DEFAULT_RULES.ghost_reads_min
    return is_rare or (tag.has_passes and tag.passes < DEFAULT_RULES.ghost_passes_min)


def is_stacked(here: Sequence[TagEvidence], owners: Mapping[str, Bearer], *, place: PlaceId) -> bool:
    """Whether another tray's tag was about as loud as this tray's own; without own tag, whether one was heard at all."""
    own: list[int] = []
    others: list[int] = []
    for tag in here:
        owner = owners.get(tag.tag)
        if owner is not None and owner.place_id is not None:
            (own if owner.place_id == place else others).append(_mean_cdbm(tag, place))
    return bool(others) and (not own or max(own) - max(others) < STACKED_CDB)


def _mean_cdbm(tag: TagEvidence, place: PlaceId) -> int:
    sums = [(one.strength_sum_cdbm, one.measured) for one in tag.heard if one.place == _path(place) and one.measured]
    total, measured = sum(one[0] for one in sums), sum(one[1] for one in sums)
    return total // measured if measured else 0


def _anomalies(pieces: Sequence[tuple[TagEvidence, Bearer]]) -> tuple[Anomaly, ...]:
    """Tags that contradict their piece: two chips with one content, or another chip than the one that was bound."""
    found = set()
    for tag, owner in pieces:
        assert owner.ref is not None
        if len(tag.tids) > 1:
            found.add(("DUPLICATE_EPC", owner.ref))
        elif owner.tid is not None and tag.tids and tag.tids != (owner.tid,):
            found.add(("TAG_MISMATCH", owner.ref))
    return tuple(Anomaly(code, ref) for code, ref in sorted(found))


def _evidence(work: UnitOfWork, count: Count, row: RoundRow) -> Evidence:
    heard = rounds.heard_in_time(work.conn, work.shop_id, row.id)
    if not heard:
        return {}
    homes = rounds.antenna_homes(work.conn, work.shop_id, row.id)
    return fold(
        Observation(
            epc=Epc(one.epc),
            place=_path(homes.get((one.reader_id, one.antenna), count.plan.place)),
            tid=Tid(one.tid) if one.tid else None,
            reads=one.reads_n,
            is_counted=True,
            passes=one.passes_n or None,
            strength_sum_cdbm=one.rssi_sum_cdbm or 0,
            measured=one.reads_n if one.rssi_sum_cdbm is not None else 0,
        )
        for one in heard
        if one.epc  # A blank chip names nothing; it must not keep a tray from being sealed.
    )


def _path(place: PlaceId) -> PlacePath:
    # Ids stand for paths here: evidence only compares places, and a renamed tray is the same tray.
    return PlacePath(place)
