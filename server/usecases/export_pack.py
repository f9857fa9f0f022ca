"""Export a pack: the whole log and the books of a period, as one file that a stranger can check; or an extract of one count.

Given the store, the signer and what is wanted; logs the export itself, signs a checkpoint over it, and gives the pack up to
there. The log and the list of counts are always whole. A pack of a period has all sets, signatures and records, and the
moves of the period; an extract has those of its count and its pieces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.core.errors import Malformed
from server.core.ids import CountId, ShopId
from server.core.log import canonical, merkle
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Leaf, Subject, format_time
from server.exports.pack import PackSource, Table, build_pack
from server.signer.client import SignerClient
from server.store import checkpoints, log, packs, people, places, records, shops
from server.store.packs import DescribedPiece, MoveRow
from server.store.shops import ShopFacts
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.make_records import make_records
from server.usecases.open_shop import SYSTEM_ACTOR
from server.usecases.sign_checkpoint import sign_checkpoint

DAYS_MAX: Final = 3_700
"""Ten years and the days between: as long as any register must be kept."""
_DESCRIBED: Final = ("reference", "own_reference", "name", "category", "sku", "owner", "status", "place")
_PRICED: Final = (*_DESCRIBED, "retail_minor", "purchase_minor", "replacement_minor", "currency")
_MOVED: Final = (
    "recorded_at",
    "happened_at",
    "reference",
    "kind",
    "from",
    "to",
    "status",
    "person",
    "witness",
    "ticket",
)


class Profile(StrEnum):
    """For whom a pack is made."""

    INSURER = "insurer"
    """Values and people's names."""
    AUDITOR = "auditor"
    """No amounts, no names."""
    AUTHORITY = "authority"
    """No amounts; people's names."""


@dataclass(frozen=True, slots=True)
class Period:
    """Shop days, both included. Raises: Malformed: the last is before the first, or more than `DAYS_MAX`."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < DAYS_MAX:
            raise Malformed(
                f"{self.first} to {self.last} is no period of 1 to {DAYS_MAX} days; give the earlier day with --from."
            )

    def bounds(self, shop: ShopFacts) -> tuple[datetime, datetime]:
        """The moment at which the first day begins and the one at which the last has ended, in UTC."""
        starts = time.fromisoformat(shop.day_start)
        after = self.last + timedelta(days=1)
        zone = ZoneInfo(shop.zone)
        since, until = (datetime.combine(day, starts, zone).astimezone(UTC) for day in (self.first, after))
        return since, until


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    profile: Profile
    period: Period | None = None
    """Of the moves. None: the shop day of `count`."""
    count: CountId | None = None
    """An extract about this count alone. None: a pack of everything."""


@dataclass(frozen=True, slots=True)
class BegunExport:
    """An export that the log tells of and a signed checkpoint covers; its pack can be read from the books at any later time."""

    size: int
    """Leaves of the pack."""
    period: Period
    log_vkey: str
    pdf_certificate: bytes
    """DER."""
    made_at: str
    """RFC 3339."""


@dataclass(frozen=True, slots=True)
class ExportedPack:
    """A pack and what can be said of it."""

    raw: bytes
    """The canonical ZIP."""
    leaves: int
    moves: int
    scope: str


def export_pack(store: Store, signer: SignerClient, wanted: Wanted) -> ExportedPack:
    """Log the export, sign, and build the pack. Raises: as `begin_export` and `pack_of`."""
    begun = begin_export(store, signer, wanted)
    source = store.read(lambda conn: pack_source(conn, store.shop_id, wanted, begun=begun))
    return pack_of(source, sign=lambda digest: sign_pack(store, signer, manifest_sha256=digest, size=begun.size))


def begin_export(store: Store, signer: SignerClient, wanted: Wanted) -> BegunExport:
    """Make the records that are due, log the export and sign a checkpoint over it.

    Raises: Malformed: neither a period nor a count is given. CountUnopened: nothing of that count can be handed out.
    SignerDown. RootNotExtending: the log is not the one that was signed.
    """
    period = store.read(lambda conn: _period(conn, store.shop_id, wanted))
    sign_checkpoint(store, signer)
    make_records(store, signer)
    store.run(lambda work: _log_export(work, wanted, period))
    size = sign_checkpoint(store, signer)
    return BegunExport(
        size=size,
        period=period,
        log_vkey=signer.vkey(log.origin_of(store.shop_id)),
        pdf_certificate=signer.pdf_certificate(),
        made_at=format_time(store.clock.now()),
    )


def pack_of(source: PackSource, *, sign: Callable[[bytes], str]) -> ExportedPack:
    """Build the pack; `sign` gives the note over the manifest's SHA-256. Raises: what `sign` raises."""
    raw = build_pack(source, sign_manifest=sign)
    return ExportedPack(raw, len(source.leaves), len(source.moves), source.scope)


def sign_pack(store: Store, signer: SignerClient, *, manifest_sha256: bytes, size: int) -> str:
    """The signer's note over a manifest and the log's first `size` leaves, however much was signed since.

    Raises: SignerDown. RootNotExtending: what was signed does not continue those leaves.
    """
    origin = log.origin_of(store.shop_id)
    last, _ = signer.last(origin)
    hashes = store.read(lambda conn: log.leaf_hashes(conn, store.shop_id, end=max(size, last)))
    return signer.pack(
        origin,
        manifest_sha256=manifest_sha256,
        size=size,
        root=merkle.root_of(hashes[:size]),
        proof=merkle.consistency_proof(hashes, size, last) if size < last else (),
    )


def _period(connection: Connection, shop_id: ShopId, wanted: Wanted) -> Period:
    if wanted.count is not None:
        packs.folder_of_count(connection, shop_id, wanted.count, end=log.head(connection, shop_id).size)
    if wanted.period is not None:
        return wanted.period
    found = None if wanted.count is None else packs.tour_of(connection, shop_id, wanted.count)
    if found is None:
        raise Malformed("Say which days the pack is about with --from and --to, or which count with --count.")
    return Period(found[1], found[1])


def _log_export(work: UnitOfWork, wanted: Wanted, period: Period) -> None:
    work.append_leaf(
        EventType.EXPORT_MADE,
        Subject("export", work.new_id()),
        {
            "profile": wanted.profile.value,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "count": wanted.count,
        },
        actor=SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM,
    )


def pack_source(connection: Connection, shop_id: ShopId, wanted: Wanted, *, begun: BegunExport) -> PackSource:
    """All that goes into the pack, read at one moment. The reader needs no right to write."""
    facts = shops.shop_facts(connection, shop_id)
    since, until = begun.period.bounds(facts)
    leaves = packs.leaves(connection, shop_id, end=begun.size)
    moves = packs.moves(connection, shop_id, end=begun.size, since=since, until=until)
    described = packs.pieces(connection, shop_id)
    scope = f"Moves of the shop days {begun.period.first} to {begun.period.last}, {facts.zone}; pieces as of {begun.made_at}."
    found: _Evidence
    if wanted.count is None:
        found = _of_all(connection, shop_id, begun.size)
    else:
        found = _of_count(connection, shop_id, wanted.count, end=begun.size)
        scope = f"Extract about count {wanted.count} and its pieces. {scope}"
        moves = tuple(move for move in moves if move.ref in found.refs)
        described = tuple(piece for piece in described if piece.ref in found.refs)
    return PackSource(
        origin=log.origin_of(shop_id),
        leaves=leaves,
        checkpoints=checkpoints.notes(connection, shop_id, up_to=begun.size),
        log_vkey=begun.log_vkey,
        pdf_certificate=begun.pdf_certificate,
        sealed_sets=found.sealed,
        expected_sets=found.expected,
        draws=found.draws,
        folder=found.folder,
        # A record names people.
        records={} if wanted.profile is Profile.AUDITOR else found.records,
        count=wanted.count,
        signatures=packs.signatures(connection, shop_id, end=begun.size, count_id=wanted.count),
        moves=tuple(_move_row(one) for one in moves),
        counts=packs.count_rows(connection, shop_id, end=begun.size),
        tables=_tables(connection, shop_id, moves=moves, pieces=described, profile=wanted.profile),
        made_at=begun.made_at,
        profile=wanted.profile.value,
        scope=scope,
        is_demo=Leaf.from_bytes(leaves[0]).body.get("demo") is True,
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Sets, tables and records: of all counts, or in the folder of one."""

    sealed: tuple[bytes, ...] = ()
    expected: tuple[bytes, ...] = ()
    draws: tuple[bytes, ...] = ()
    folder: Mapping[str, bytes] = field(default_factory=dict)
    records: Mapping[str, bytes] = field(default_factory=dict)
    refs: frozenset[str] = frozenset()
    """Of an extract: the pieces it is about."""


def _of_all(connection: Connection, shop_id: ShopId, end: int) -> _Evidence:
    return _Evidence(
        sealed=packs.sealed_sets(connection, shop_id, end=end),
        expected=packs.expected_sets(connection, shop_id, end=end),
        draws=tuple(packs.draws(connection, shop_id, end=end).values()),
        records=records.records(connection, shop_id, end=end),
    )


def _of_count(connection: Connection, shop_id: ShopId, count_id: CountId, *, end: int) -> _Evidence:
    folder = packs.folder_of_count(connection, shop_id, count_id, end=end)
    found = packs.tour_of(connection, shop_id, count_id)
    assert found is not None
    kept = canonical.decode(folder["expected"])
    pieces = kept["pieces"] if isinstance(kept, dict) else []
    assert isinstance(pieces, list)
    return _Evidence(
        folder=folder,
        records=records.records(connection, shop_id, end=end, tour_id=found[0]),
        refs=frozenset(str(row["ref"]) for row in pieces if isinstance(row, dict)),
    )


def _move_row(move: MoveRow) -> Mapping[str, JsonValue]:
    return {
        "move": move.id,
        "piece": move.ref,
        "kind": move.kind,
        "from_place": move.from_place,
        "to_place": move.to_place,
        "from_status": move.from_status,
        "to_status": move.to_status,
        "at": format_time(move.at),
        "rx": format_time(move.rx),
        "person": move.person,
        "witness": move.witness,
        "device": move.device,
        "ticket": move.ticket,
        "leaf": move.leaf,
    }


def _tables(
    connection: Connection,
    shop_id: ShopId,
    *,
    moves: tuple[MoveRow, ...],
    pieces: tuple[DescribedPiece, ...],
    profile: Profile,
) -> tuple[Table, ...]:
    paths = {str(place): str(path) for place, path in places.paths(connection, shop_id).items()}
    named = profile is not Profile.AUDITOR
    names = {str(one.id): one.name for one in people.people(connection, shop_id)} if named else {}
    has_amounts = profile is Profile.INSURER
    return (
        Table(
            "pieces",
            _PRICED if has_amounts else _DESCRIBED,
            tuple(_piece_cells(one, paths, has_amounts=has_amounts) for one in pieces),
        ),
        Table("moves", _MOVED, tuple(_move_cells(one, paths, names) for one in moves)),
    )


def _piece_cells(piece: DescribedPiece, paths: Mapping[str, str], *, has_amounts: bool) -> tuple[str, ...]:
    facts = piece.facts
    details = facts["details"]
    assert isinstance(details, dict)
    described = [facts["own_ref"], facts["name"], facts["category"], facts["sku"], piece.ownership, piece.status]
    cells = [piece.ref, *described, paths.get(piece.place_id or "", "")]
    if has_amounts:
        cells += [
            facts["retail_minor"],
            details.get("purchase_minor"),
            details.get("replacement_minor"),
            piece.currency,
        ]
    return tuple("" if cell is None else str(cell) for cell in cells)


def _move_cells(move: MoveRow, paths: Mapping[str, str], names: Mapping[str, str]) -> tuple[str, ...]:
    people_cells = [names.get(one, one) if one else "" for one in (move.person, move.witness)]
    places_cells = [paths.get(one, one) if one else "" for one in (move.from_place, move.to_place)]
    return (
        format_time(move.rx),
        format_time(move.at),
        move.ref,
        move.kind,
        *places_cells,
        move.to_status,
        *people_cells,
        move.ticket,
    )
