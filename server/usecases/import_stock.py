"""Import stock: a file of pieces becomes pieces of the shop, whole or not at all, and once however often it comes.

Given a table and its mapping; plans against the books and writes pieces, descriptions, labels, tags, places and proposals with
one leaf `import.applied`; promises that the same file twice changes nothing and that no file removes or moves a piece.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection

from server.core.ids import PersonId, PieceId, PlaceId, PlacePath, ShopId
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Subject
from server.imports.lines import Facts
from server.imports.mappings import Mapping
from server.imports.plan import Books, KnownPiece, NewPiece, Plan, plan_import
from server.imports.tabular import Table
from server.store import imports, places, shops, stock
from server.store.unit_of_work import UnitOfWork
from server.usecases.open_shop import SYSTEM_ACTOR


@dataclass(frozen=True, slots=True)
class StockFile:
    """A file that was read but not yet compared."""

    name: str
    """For people; it is not in the log."""
    sha256: str
    table: Table
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person at the command or the wizard chose."""

    place: PlacePath | None = None
    """Where pieces go whose row names no place. None: to be placed."""
    skip_rejected: bool = False
    """True: apply the other rows although some were rejected."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was planned and whether it was written."""

    plan: Plan
    import_id: str | None
    """None: nothing was written, because rows were rejected or nothing was new."""


def plan_stock(connection: Connection, shop_id: ShopId, file: StockFile) -> Plan:
    """Compare a file with the books; writes nothing."""
    currency = shops.shop_facts(connection, shop_id).currency
    paths = places.paths(connection, shop_id)
    known = {
        one.key: KnownPiece(
            id=one.piece_id,
            ref=one.ref,
            facts=one.facts,
            facts_n=one.facts_n,
            place=None if one.place_id is None else paths.get(one.place_id),
            status=one.status,
            epc=one.epc,
        )
        for one in imports.imported(connection, shop_id, file.mapping.name)
    }
    books = Books(
        known=known,
        epcs_in_use=stock.tags_in_use(connection, shop_id),
        asked=imports.open_proposals(connection, shop_id),
    )
    return plan_import(file.mapping.read(file.table, currency=currency), source=file.mapping.name, books=books)


def import_stock(
    unit: UnitOfWork,
    file: StockFile,
    choices: Choices,
    *,
    label_suffix: Callable[[], str],
    person: PersonId | None = None,
) -> Outcome:
    """Apply a file. `label_suffix` gives five random base32 letters for each label, from the edge."""
    plan = plan_stock(unit.conn, unit.shop_id, file)
    if plan.is_empty or (plan.rejected and not choices.skip_rejected):
        return Outcome(plan, None)
    tree = places.PlaceTree(unit.conn, unit.shop_id, new_id=unit.new_id, now=unit.now)
    first = stock.highest_number(unit.conn, unit.shop_id) + 1
    currency = shops.shop_facts(unit.conn, unit.shop_id).currency
    entries = [
        _entry(
            unit,
            new,
            number=first + n,
            state={"place_id": _place(tree, new, choices), **_searchable(new.line.facts, currency=currency)},
            label_suffix=label_suffix,
        )
        for n, new in enumerate(plan.new)
    ]
    import_id = unit.new_id()
    counts = _counts(file, plan, entries, new_places=len(tree.made))
    leaf_seq = unit.append_leaf(
        EventType.IMPORT_APPLIED,
        Subject("import", import_id),
        counts,
        actor=person or SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM if person is None else ActorKind.PERSON,
    )
    imports.record_import(
        unit.conn,
        unit.shop_id,
        imports.AppliedImport(
            id=import_id,
            mapping=file.mapping.name,
            file_name=file.name,
            file_sha256=file.sha256,
            person_id=person,
            applied_at=unit.now,
            body=canonical.encode(counts).decode(),
            leaf_seq=leaf_seq,
        ),
    )
    stock.enter(
        unit.conn,
        unit.shop_id,
        entries,
        import_id=import_id,
        leaf_seq=leaf_seq,
        person_id=person,
        now=unit.now,
    )
    _write_the_rest(unit, plan, entries, import_id=import_id)
    unit.announce("board", "stock.changed", {"new": len(plan.new), "changed": len(plan.changed)})
    return Outcome(plan, import_id)


def _place(tree: places.PlaceTree, new: NewPiece, choices: Choices) -> PlaceId | None:
    path = new.line.place or choices.place
    return None if path is None else tree.place(path)


def _entry(
    unit: UnitOfWork, new: NewPiece, *, number: int, state: dict[str, object], label_suffix: Callable[[], str]
) -> stock.Entry:
    return stock.Entry(
        piece_id=PieceId(unit.new_id()),
        number=number,
        facts=new.line.facts.to_text(),
        state={"status": new.line.status.value, **state},
        label_code=f"{stock.reference(number)}.{label_suffix()}",
        move_id=unit.new_id(),
        tag_id=unit.new_id(),
        epc=new.line.epc,
        tid=new.line.tid,
    )


def _searchable(facts: Facts, *, currency: str) -> dict[str, object]:
    """The columns by which a piece is listed and found."""
    return {
        "ownership": facts.owner.value,
        "name": facts.name,
        "category": facts.category,
        "sku": facts.sku,
        "barcode": facts.barcode,
        "own_ref": facts.own_ref,
        "retail_minor": None if facts.retail is None else facts.retail.minor,
        "currency": currency,
    }


def _counts(file: StockFile, plan: Plan, entries: Sequence[stock.Entry], *, new_places: int) -> dict[str, JsonValue]:
    """The leaf's body: what was done, and a digest of the new rows without free text about people."""
    rows: list[JsonValue] = [
        [
            stock.reference(entry.number),
            new.line.place,
            new.line.status.value,
            new.line.facts.owner.value,
            None if new.line.facts.retail is None else new.line.facts.retail.minor,
        ]
        for new, entry in zip(plan.new, entries, strict=True)
    ]
    return {
        "mapping": file.mapping.name,
        "file_sha256": file.sha256,
        "new": len(plan.new),
        "changed": len(plan.changed),
        "unchanged": plan.unchanged,
        "skipped": plan.skipped,
        "rejected": len(plan.rejected),
        "proposed": len(plan.proposed),
        "places_new": new_places,
        "first_ref": stock.reference(entries[0].number) if entries else None,
        "rows_sha256": sha256(canonical.encode(rows)).hexdigest(),
    }


def _write_the_rest(unit: UnitOfWork, plan: Plan, entries: Sequence[stock.Entry], *, import_id: str) -> None:
    keys = [(new.key, entry.piece_id) for new, entry in zip(plan.new, entries, strict=True)]
    imports.record_keys(unit.conn, unit.shop_id, keys, import_id=import_id)
    currency = shops.shop_facts(unit.conn, unit.shop_id).currency
    for changed in plan.changed:
        stock.describe(
            unit.conn,
            unit.shop_id,
            changed.piece.id,
            n=changed.piece.facts_n + 1,
            facts=changed.facts.to_text(),
            state=_searchable(changed.facts, currency=currency),
            import_id=import_id,
            now=unit.now,
        )
    proposals = [
        imports.ProposalRow(
            id=unit.new_id(),
            piece_id=one.piece.id,
            kind=one.kind,
            body=canonical.encode({"row": one.row, "place": one.place}).decode(),
        )
        for one in plan.proposed
    ]
    imports.record_proposals(unit.conn, unit.shop_id, proposals, import_id=import_id, now=unit.now)
