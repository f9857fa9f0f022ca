"""Make records: one sealed PDF of each tour, made when its last count has ended and a signed checkpoint covers that.

Given the store and the signer; composes, renders and seals outside the writer, then stores the bytes with a leaf that names
their hash. A record is made once; it says what was signed and the names of that day.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.clock import from_ms, in_utc
from server.core.count_sheet import Count, Mode
from server.core.count_states import CountState
from server.core.errors import Malformed
from server.core.ids import PersonId, PlaceId, ShopId, TourId
from server.core.log.events import ActorKind, EventType, Leaf, Subject
from server.exports import record_words as words
from server.exports.record_pdf import RecordCase, RecordLine, RecordSigner, Seal, TourRecord, make_record
from server.signer.client import SignerClient
from server.store import counts, expected, log, places, records, tours
from server.store.records import TourSignature
from server.store.shops import ShopFacts, shop_facts
from server.store.tours import CountRow
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.open_shop import SYSTEM_ACTOR


def make_records(store: Store, signer: SignerClient) -> tuple[str, ...]:
    """Make the records that are due; give their names. To be called after each checkpoint, never in an event loop.

    Raises: SignerDown: asked again later, the same record is made. Malformed: a record could not be made; the others are.
    """
    made: list[str] = []
    refused: Malformed | None = None
    for tour_id in store.read(lambda conn: records.due(conn, store.shop_id)):
        seal = Seal(signer.pdf_certificate(), signer.pdf_sign)
        drafted = store.read(lambda conn, tour_id=tour_id: _draft(conn, store.shop_id, tour_id))  # type: ignore[misc]
        if drafted is None:
            continue
        try:
            pdf = make_record(drafted, seal)
        except Malformed as error:
            refused = error
            continue
        name = store.run(lambda work, tour_id=tour_id, pdf=pdf: _keep(work, tour_id, pdf))  # type: ignore[misc]
        if name is not None:
            made.append(name)
    if refused is not None:
        raise refused
    return tuple(made)


def _keep(work: UnitOfWork, tour_id: TourId, pdf: bytes) -> str | None:
    """Store a record with its leaf; None: somebody else has stored one meanwhile."""
    if records.has(work.conn, work.shop_id, tour_id):
        return None
    tour = tours.by_id(work.conn, work.shop_id, tour_id)
    name = plain = f"{tour.shop_day.isoformat()}-{tour.occasion.value}"
    number = 1
    while records.is_named(work.conn, work.shop_id, name):
        number += 1
        name = f"{plain}-{number}"
    leaf_seq = work.append_leaf(
        EventType.RECORD_MADE,
        Subject("tour", tour_id),
        {"name": name, "sha256": sha256(pdf).hexdigest(), "shop_day": tour.shop_day.isoformat()},
        actor=SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM,
    )
    records.add(work.conn, work.shop_id, tour_id, name=name, pdf=pdf, made_at=work.now, leaf_seq=leaf_seq)
    work.announce("tour", "record.made", {"tour": tour_id, "name": name})
    return name


def _draft(connection: Connection, shop_id: ShopId, tour_id: TourId) -> TourRecord | None:
    """What the record says; None: no signed checkpoint covers the closing yet."""
    closing = records.closing(connection, shop_id, tour_id)
    note = records.first_note_over(connection, shop_id, closing.leaf_seq)
    if note is None:
        return None
    facts, tour = shop_facts(connection, shop_id), tours.by_id(connection, shop_id, tour_id)
    signed = records.signatures(connection, shop_id, tour_id)
    language = signed[0].language if signed and signed[0].language in words.LANGUAGES else words.LANGUAGES[0]
    rows = tours.count_rows(connection, shop_id, tour_id)
    closed = [counts.load(connection, shop_id, row.id) for row in rows if row.state == CountState.CLOSED.value]
    paths = places.paths(connection, shop_id)
    closed.sort(key=lambda count: _path(paths, count.plan.place))
    first_leaf = log.leaves(connection, shop_id, start=0, limit=1)[0].raw
    opened_at = min(count.opened_at or 0 for count in closed)
    names = tours.names(connection, shop_id)
    return TourRecord(
        shop=facts.name,
        title=words.title(tour.occasion.value, language),
        when=words.span_words(
            tour.shop_day,
            _in_shop(from_ms(opened_at), facts),
            _in_shop(closing.at, facts),
            language=language,
        ),
        language=language,
        closed_at=in_utc(closing.at),
        log=log.origin_of(shop_id),
        checkpoint=note,
        lines=tuple(_line(count, _path(paths, count.plan.place), names, language=language) for count in closed),
        cases=tuple(case for count in closed for case in _cases(count, paths, language=language)),
        signers=tuple(_signer(one, facts, language=language) for one in signed),
        uncovered=_uncovered(connection, shop_id, rows, language=language),
        is_demo=Leaf.from_bytes(first_leaf).body.get("demo") is True,
    )


def _line(count: Count, path: str, names: Mapping[PersonId, str], *, language: str) -> RecordLine:
    assert count.result is not None
    assert count.mode is not None
    a, b = count.a, count.b if count.mode is not Mode.SOLO else None
    return RecordLine(
        count=count.plan.count,
        place=path,
        expected=len(count.expected),
        present=len(count.result.present),
        by_hand=len(count.result.by_hand),
        missing=len(count.result.missing) + len(count.result.known_missing),
        mode=words.mode_word(count.mode.value, language),
        person_a="" if a is None else names.get(a.person, a.person),
        person_b="" if b is None else names.get(b.person, b.person),
    )


def _cases(count: Count, paths: Mapping[PlaceId, str], *, language: str) -> tuple[RecordCase, ...]:
    place = _path(paths, count.plan.place)
    return tuple(
        RecordCase(
            piece=_subject(case.subject, count.plan.place),
            place=place,
            discrepancy=words.discrepancy_word(case.discrepancy, language),
            outcome=words.outcome_word(case.outcome, language),
        )
        for case in count.cases
    )


def _subject(subject: str, place: PlaceId) -> str:
    """A piece's reference; of a tag the end of its opaque name; nothing for the place itself, which stands beside it."""
    if subject == place:
        return "—"
    return f"…{subject[-6:]}" if subject.startswith("tag-") else subject


def _signer(one: TourSignature, facts: ShopFacts, *, language: str) -> RecordSigner:
    return RecordSigner(
        name=one.name,
        at=words.clock_words(_in_shop(one.signed_at, facts), language),
        device=one.device,
        list_no=one.list_no,
        grade=one.grade,
    )


def _uncovered(
    connection: Connection, shop_id: ShopId, rows: tuple[CountRow, ...], *, language: str
) -> tuple[tuple[str, str], ...]:
    """Places that no closed count of the tour covers: planned ones with what became of them, and those that hold pieces."""
    paths = places.paths(connection, shop_id)
    covered = {row.place_id for row in rows if row.state == CountState.CLOSED.value}
    ended = {row.place_id: row.state for row in rows if row.place_id not in covered}
    in_use = [place.id for place in expected.places_in_use(connection, shop_id)]
    holding = {piece.place_id for piece in expected.in_place(connection, shop_id, in_use)}
    found = {place: words.uncounted_word(ended.get(place, ""), language) for place in holding - covered if place} | {
        place: words.uncounted_word(state, language) for place, state in ended.items()
    }
    return tuple(sorted((_path(paths, place), reason) for place, reason in found.items()))


def _path(paths: Mapping[PlaceId, str], place: PlaceId) -> str:
    """The path as it is now; a place that was retired since keeps its id."""
    return str(paths.get(place, place))


def _in_shop(moment: datetime, facts: ShopFacts) -> datetime:
    return in_utc(moment).astimezone(ZoneInfo(facts.zone))
