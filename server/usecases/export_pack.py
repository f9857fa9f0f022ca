"""Export a pack: the whole log and the books of a period, as one file that a stranger can check.

Given the store, the signer and a period; logs the export itself, signs a checkpoint over it, and gives the pack up to there.
The log, the sets, the signatures and the list of counts are always whole; moves and tables cover the period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.core.errors import Malformed
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Leaf, Subject, format_time
from server.exports.pack import PackSource, Table, build_pack
from server.signer.client import SignerClient
from server.store import checkpoints, log, packs, people, places, shops
from server.store.packs import DescribedPiece, MoveRow
from server.store.shops import ShopFacts
from server.store.unit_of_work import Store, UnitOfWork
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
class ExportedPack:
    """A pack and what can be said of it."""

    raw: bytes
    """The canonical ZIP."""
    leaves: int
    moves: int
    scope: str


def export_pack(store: Store, signer: SignerClient, *, period: Period, profile: Profile) -> ExportedPack:
    """Log the export, sign, and build the pack.

    Raises: SignerDown. RootNotExtending: the log is not the one that was signed. SignedListLost. PackNotClosed: somebody
    else let the signer sign more in between; ask again.
    """
    store.run(lambda work: _log_export(work, period, profile))
    size = sign_checkpoint(store, signer)
    origin = log.origin_of(store.shop_id)
    keys = (signer.vkey(origin), signer.pdf_certificate())
    made_at = format_time(store.clock.now())
    source = store.read(
        lambda conn: _source(conn, store, size=size, period=period, profile=profile, keys=keys, made_at=made_at)
    )
    raw = build_pack(source, sign_manifest=lambda digest: signer.pack(origin, manifest_sha256=digest))
    return ExportedPack(raw, len(source.leaves), len(source.moves), source.scope)


def _log_export(work: UnitOfWork, period: Period, profile: Profile) -> None:
    work.append_leaf(
        EventType.EXPORT_MADE,
        Subject("export", work.new_id()),
        {"profile": profile.value, "from": period.first.isoformat(), "to": period.last.isoformat()},
        actor=SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM,
    )


def _source(
    connection: Connection,
    store: Store,
    *,
    size: int,
    period: Period,
    profile: Profile,
    keys: tuple[str, bytes],
    made_at: str,
) -> PackSource:
    shop_id = store.shop_id
    facts = shops.shop_facts(connection, shop_id)
    since, until = period.bounds(facts)
    leaves = packs.leaves(connection, shop_id, end=size)
    moves = packs.moves(connection, shop_id, end=size, since=since, until=until)
    return PackSource(
        origin=log.origin_of(shop_id),
        leaves=leaves,
        checkpoints=checkpoints.notes(connection, shop_id, up_to=size),
        log_vkey=keys[0],
        pdf_certificate=keys[1],
        sealed_sets=packs.sealed_sets(connection, shop_id, end=size),
        expected_sets=packs.expected_sets(connection, shop_id, end=size),
        signatures=packs.signatures(connection, shop_id, end=size),
        moves=tuple(_move_row(one) for one in moves),
        counts=packs.count_rows(connection, shop_id, end=size),
        tables=_tables(connection, store, moves=moves, profile=profile),
        records={},
        made_at=made_at,
        profile=profile.value,
        scope=f"Moves of the shop days {period.first} to {period.last}, {facts.zone}; pieces as of {made_at}.",
        is_demo=Leaf.from_bytes(leaves[0]).body.get("demo") is True,
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


def _tables(connection: Connection, store: Store, *, moves: tuple[MoveRow, ...], profile: Profile) -> tuple[Table, ...]:
    paths = {str(place): str(path) for place, path in places.paths(connection, store.shop_id).items()}
    named = profile is not Profile.AUDITOR
    names = {str(one.id): one.name for one in people.people(connection, store.shop_id)} if named else {}
    has_amounts = profile is Profile.INSURER
    pieces = tuple(_piece_cells(one, paths, has_amounts=has_amounts) for one in packs.pieces(connection, store.shop_id))
    return (
        Table("pieces", _PRICED if has_amounts else _DESCRIBED, pieces),
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
