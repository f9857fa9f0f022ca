"""Sign a tour: each person signs one list over everything they counted or verified with one partner.

Given a tour and a person; fixes the results that are ready, shows the list, and on the PIN writes one signature with its
statement `baguier-sign/1` and its lines. Two people on two devices make a result whole; the database refuses one person twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from server.clock import from_ms
from server.core import count_acts as acts
from server.core.actors import SERVER, Actor, Role
from server.core.count_result import recount_lines
from server.core.count_sheet import Count, Mode
from server.core.count_states import CountState
from server.core.ids import CountId, PersonId, PieceRef, TourId
from server.core.log.events import ActorKind, format_time
from server.core.plain_json import to_plain
from server.core.signing_words import require_meaning, require_shown_at
from server.core.tours import (
    ListChanged,
    ListSignature,
    NothingToSign,
    SigningStatement,
    TourList,
    awaits_signature,
    is_unfinished,
    prepare_list,
    reclassified,
    sign_list,
    signature_leaf,
)
from server.store import counts, log, signatures, tours
from server.store.signatures import Signed, SignedLine
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.advance_count import keep_step, moment, take_step
from server.usecases.decide_case import reclassify
from server.usecases.verify_count import is_recounted

CheckPin = Callable[[PersonId, str], None]
"""Refuses a wrong PIN by raising; slow by design, so it is never called inside a unit of work."""
_UNFIXED: Final = (CountState.REVEALED, CountState.RECOUNTING, CountState.RESOLVING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningAsked:
    """What a person signs, as their screen showed it."""

    list_no: int
    lines_sha256: str
    meaning: str
    """The sentence on the screen, one of `MEANINGS`."""
    opened_at: int
    """When the list was shown, ms."""
    pin: str
    read_exceptions: frozenset[CountId] = frozenset()
    photos: tuple[tuple[CountId, str], ...] = ()


def show_list(work: UnitOfWork, tour_id: TourId, by: Actor) -> TourList:
    """The list this person can sign now; results that are ready are fixed first.

    Raises: TourAbsent. NothingToSign.
    """
    return _list(work, tour_id, _fixed(work, tour_id), person=by.person)


def sign_tour(store: Store, tour_id: TourId, by: Actor, *, asked: SigningAsked, check_pin: CheckPin) -> str:
    """Sign the list that was shown; give the id of the signature.

    Raises: whatever `check_pin` raises. ListChanged: a line is another than was shown. ExceptionsUnread. NothingToSign.
    MeaningUnknown, ListTimeWrong: the device shows another sentence, or has another time. SamePerson, SameDevice and whatever else the core refuses. SecondSignature: the database refuses.
    """
    check_pin(by.person, asked.pin)
    return store.run(lambda work: _sign(work, tour_id, by=by, asked=asked))


def _sign(work: UnitOfWork, tour_id: TourId, *, by: Actor, asked: SigningAsked) -> str:
    sheets = _fixed(work, tour_id)
    shown = _list(work, tour_id, sheets, person=by.person)
    if (shown.list_no, shown.lines_sha256()) != (asked.list_no, asked.lines_sha256):
        raise ListChanged("A line has changed since the list was shown. Show it again, read it, and sign.")
    on_list = [sheets[line.count] for line in shown.lines]
    require_meaning(asked.meaning)
    require_shown_at(asked.opened_at, at=moment(work), counts=on_list)
    statement = _statement(work, shown, by=by, asked=asked)
    signature = ListSignature(
        signature=work.new_id(),
        by=by,
        at=moment(work),
        statement=statement,
        read_exceptions=asked.read_exceptions,
        photos=asked.photos,
    )
    steps = sign_list(shown, on_list, signature)
    leaf_type, subject, body = signature_leaf(signature)
    leaf_seq = work.append_leaf(
        leaf_type, subject, body, actor=by.person, actor_kind=ActorKind.PERSON, device=by.device
    )
    signed = Signed(
        id=signature.signature,
        tour_id=tour_id,
        list_no=shown.list_no,
        by=by,
        statement=statement.signed_bytes(),
        sha256=statement.sha256(),
        signed_at=work.now,
        leaf_seq=leaf_seq,
    )
    lines = [SignedLine(line.count, line.result_no, Role(line.my_role.lower())) for line in shown.lines]
    signatures.add(work.conn, work.shop_id, signed, lines=lines)
    for step in steps:
        keep_step(work, step)
    _keep_lines(work, tour_id, shown, signature=signature.signature)
    return signature.signature


def _fixed(work: UnitOfWork, tour_id: TourId) -> dict[CountId, Count]:
    """The counts of a tour by id, with every result fixed that people have settled."""
    rows = tours.count_rows(work.conn, work.shop_id, tours.by_id(work.conn, work.shop_id, tour_id).id)
    sheets = {row.id: counts.load(work.conn, work.shop_id, row.id) for row in rows}
    for count_id, count in sheets.items():
        if count.state in _UNFIXED and is_recounted(count) and _is_settled(count):
            sheets[count_id] = _fix(work, count, [other for other in sheets.values() if other is not count])
    return sheets


def _is_settled(count: Count) -> bool:
    """Whether what is left has its cases: RECOUNTING leads to cases before a result."""
    return count.state is CountState.RESOLVING or (count.state is CountState.REVEALED and not recount_lines(count))


def _fix(work: UnitOfWork, count: Count, others: Iterable[Count]) -> Count:
    elsewhere = list(others)
    for case in count.cases:
        heard_by = reclassified(elsewhere, PieceRef(case.subject))
        if heard_by is not None:
            count = reclassify(work, count, PieceRef(case.subject), heard_by=heard_by)
    return take_step(work, count, acts.FixResult(SERVER, moment(work))).count


def _list(work: UnitOfWork, tour_id: TourId, sheets: dict[CountId, Count], *, person: PersonId) -> TourList:
    """The person's next list: one that a partner has signed before a new one, always with one partner.

    Lists of two people must be the same lines, so a list never mixes partners, and the second to sign gets exactly the lines
    of the first.
    """
    begun = [
        count for count in sheets.values() if awaits_signature(count, person) and count.state is CountState.SIGNED_ONE
    ]
    numbers = sorted({count.signatures[0].list_no for count in begun})
    if numbers:
        chosen = [count for count in begun if count.signatures[0].list_no == numbers[0]]
        list_no = numbers[0]
    else:
        chosen = [count for count in sheets.values() if awaits_signature(count, person)]
        list_no = signatures.last_list_no(work.conn, work.shop_id, tour_id) + 1
    if not chosen:
        raise NothingToSign("No count of this tour waits for this signature. Fix the results first.", person=person)
    partner = _partner(min(chosen, key=lambda count: count.plan.count), person)
    with_partner = [count for count in chosen if _partner(count, person) == partner]
    listed = prepare_list(tour_id, with_partner, person=person, list_no=list_no)
    on_list = {line.count for line in listed.lines}
    left_out = sorted(
        count.plan.count for count in sheets.values() if is_unfinished(count) and count.plan.count not in on_list
    )
    return replace(listed, left_out=tuple(left_out))


def _partner(count: Count, person: PersonId) -> PersonId | None:
    """Who signs the other side; None: nobody, the count was made alone."""
    assert count.a is not None
    if count.mode is Mode.SOLO or count.b is None:
        return None
    return count.b.person if count.a.person == person else count.a.person


def _statement(work: UnitOfWork, shown: TourList, *, by: Actor, asked: SigningAsked) -> SigningStatement:
    head = log.head(work.conn, work.shop_id)
    return SigningStatement(
        meaning=asked.meaning,
        log=log.origin_of(work.shop_id),
        shop=work.shop_id,
        tour=shown.tour,
        list_no=shown.list_no,
        lines_sha256=shown.lines_sha256(),
        n_lines=len(shown.lines),
        n_exceptions=shown.n_exceptions(),
        person=by.person,
        device=by.device,
        opened_at=format_time(from_ms(asked.opened_at)),
        at=format_time(work.now),
        nonce=work.new_id(),
        prev_size=head.size,
        prev_root=head.root().hex(),
    )


def _keep_lines(work: UnitOfWork, tour_id: TourId, shown: TourList, *, signature: str) -> None:
    """Keep the exact lines beside the tour: the statement holds their digest, a pack shows them."""
    tour = tours.by_id(work.conn, work.shop_id, tour_id)
    kept = tour.body.get("lists")
    lists = [*(kept if isinstance(kept, list) else []), {"signature": signature, "lines": to_plain(shown.lines)}]
    tours.set_body(work.conn, work.shop_id, tour_id, body=tour.body | {"lists": lists})
