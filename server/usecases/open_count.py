"""Open a count: freeze what the books expect, the rules and everybody's rights, and begin the first person's round.

Given a planned count and who counts; the expected set is stored with its hash before anything is heard, so that nobody can
make it fit what was found.
"""

import hashlib
from datetime import datetime
from typing import Final

from server.clock import in_utc, to_ms
from server.core import count_acts as acts
from server.core.actors import Actor, PersonRights
from server.core.count_acts import CountPolicy, ExpectedPiece, Occasion
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.draw import is_due_at_opening
from server.core.ids import CountId, PersonId, PieceRef, RoundId, ShopId
from server.core.log import canonical
from server.core.plain_json import JsonObject, JsonPlain, digest_of
from server.store import cases, counts, expected, people, places, tours
from server.store.stock import StockedPiece
from server.store.tours import TourRow
from server.store.unit_of_work import UnitOfWork
from server.usecases.advance_count import moment, take_step
from server.usecases.plan_tour import chances_of, high_value

_DAY_MS: Final = 86_400_000
"""A shop day ends at the deadline of its counts; an hour more or less when the clocks change moves nothing here."""
_TAG_DOMAIN: Final = "baguier-tag/1"
_TAG_NAME_CHARACTERS: Final = 24
"""Of the hex digest: 96 bits, so that two tags of a shop never share a name."""


def open_count(work: UnitOfWork, count_id: CountId, by: Actor) -> Count:
    """Freeze a planned count and begin A's round; the sheet names the round. Asked again by A, nothing changes.

    Raises: CountAbsent, NoRight, NotBlind, WrongState: another person has begun.
    """
    count = counts.load(work.conn, work.shop_id, count_id)
    if count.state is CountState.COUNTING and count.a == by:
        return count
    if count.state is CountState.PLANNED:
        count = take_step(work, count, _opening(work, count, by)).count
    return take_step(work, count, acts.BeginRound(by, moment(work), RoundId(work.new_id()))).count


def tag_name(shop_id: ShopId, identity: str) -> str:
    """An opaque name for a tag of this identity, the same in all counts of the shop; its code is in nothing that we show or export."""
    hashed = hashlib.sha256(f"{_TAG_DOMAIN}\n{shop_id}\n{identity}".encode()).hexdigest()
    return f"tag-{hashed[:_TAG_NAME_CHARACTERS]}"


def _opening(work: UnitOfWork, count: Count, by: Actor) -> acts.Open:
    plan = count.plan
    tour = tours.by_id(work.conn, work.shop_id, tours.of_count(work.conn, work.shop_id, plan.count))
    is_initial = plan.occasion is Occasion.INITIAL
    booked = () if is_initial else expected.in_place(work.conn, work.shop_id, (plan.place,))
    missing = cases.known_missing(work.conn, work.shop_id, [piece.ref for piece in booked])
    policy = _policy(work, count)
    body = canonical.encode(_frozen(work, count, booked, missing=missing))
    digest = hashlib.sha256(body).hexdigest()
    expected.freeze(work.conn, work.shop_id, plan.count, body=body, digest=digest, frozen_at=work.now)
    since = tours.last_closed_at(work.conn, work.shop_id, plan.place)
    refs = [piece.ref for piece in booked]
    # A piece that went through hands since this place was last closed is asked, whatever the draw says (T12).
    handled = (
        frozenset[PieceRef]() if since is None else expected.handled_since(work.conn, work.shop_id, refs, since=since)
    )
    return acts.Open(
        by=by,
        at=moment(work),
        expected_sha256=digest,
        scope_sha256=digest_of(_scope(work, count)),
        expected=_pieces(work, tour, booked, deadline=plan.deadline, handled=handled),
        known_missing=missing,
        people=rights_now(work),
        editors=cases.deciders(work.conn, work.shop_id, refs, since=since),
        policy=policy,
    )


def _frozen(
    work: UnitOfWork, count: Count, booked: tuple[StockedPiece, ...], *, missing: tuple[PieceRef, ...]
) -> JsonObject:
    """What is expected, as it is kept and exported: references, prices and opaque tag names."""
    tags: dict[PieceRef, list[JsonPlain]] = {}
    for identity, bearer in sorted(expected.bearers(work.conn, work.shop_id).items()):
        if bearer.ref is not None:
            tags.setdefault(bearer.ref, []).append(tag_name(work.shop_id, identity))
    return {
        "count": count.plan.count,
        "place": count.plan.place,
        "at": moment(work),
        "pieces": [
            {
                "ref": piece.ref,
                "retail": piece.retail_minor,
                "currency": piece.currency,
                "ownership": piece.ownership,
                "tags": tags.get(piece.ref, []),
                "is_known_missing": piece.ref in missing,
            }
            for piece in booked
        ],
    }


def _scope(work: UnitOfWork, count: Count) -> JsonObject:
    """The place as it is at the opening, and the rules by which reads are brought to it."""
    bodies = {place.id: place.body for place in expected.places_in_use(work.conn, work.shop_id)}
    return {
        "place": count.plan.place,
        "path": places.paths(work.conn, work.shop_id).get(count.plan.place, ""),
        "parameters": bodies.get(count.plan.place, "{}"),
        "occasion": count.plan.occasion.value,
        "shop_day": count.plan.shop_day,
    }


def _pieces(
    work: UnitOfWork, tour: TourRow, booked: tuple[StockedPiece, ...], *, deadline: int, handled: frozenset[PieceRef]
) -> tuple[ExpectedPiece, ...]:
    due, chances = _due(work, tour, booked, deadline=deadline) | handled, chances_of(tour)
    return tuple(ExpectedPiece(piece.ref, ppm=chances.get(piece.ref, 0), is_due=piece.ref in due) for piece in booked)


def _due(work: UnitOfWork, tour: TourRow, booked: tuple[StockedPiece, ...], *, deadline: int) -> frozenset[PieceRef]:
    """High-value and foreign pieces that must be held in this tour: half at the opening, the rest at the closing."""
    # The limit of the planning: a policy changed since takes effect in the next tour.
    frozen = tour.body.get("high_value")
    limit = frozen if isinstance(frozen, int) else high_value(work)
    dear = [piece.ref for piece in booked if (piece.retail_minor or 0) >= limit or piece.ownership != "own"]
    root = tour.body.get("due_root")
    if tour.occasion is Occasion.OPENING and isinstance(root, str):
        return frozenset(ref for ref in dear if is_due_at_opening(ref, root=bytes.fromhex(root)))
    if tour.occasion is Occasion.SPOT:
        return frozenset()
    if tour.occasion is Occasion.CLOSING:
        held = expected.last_in_hand(work.conn, work.shop_id)
        return frozenset(ref for ref in dear if not _is_held_since(held.get(ref), deadline - _DAY_MS))
    return frozenset(dear)


def _is_held_since(held: datetime | None, day_start: int) -> bool:
    """Whether a hand had the piece on this shop day."""
    return held is not None and to_ms(in_utc(held)) >= day_start


def _policy(work: UnitOfWork, count: Count) -> CountPolicy:
    bodies = {place.id: place.body for place in expected.places_in_use(work.conn, work.shop_id)}
    parameters = canonical.decode(bodies.get(count.plan.place, "{}").encode())
    shop_policy = tours.policy(work.conn, work.shop_id)
    return CountPolicy(
        always_blind=shop_policy.get("always_blind") is True,
        place_is_high_value=isinstance(parameters, dict) and parameters.get("is_high_value") is True,
    )


def rights_now(work: UnitOfWork) -> tuple[PersonRights, ...]:
    """Everybody who may act now. Two accounts of one human are not known here yet: each stands for itself."""
    enrolled = sorted(people.people(work.conn, work.shop_id), key=lambda person: person.id)
    return tuple(
        PersonRights(PersonId(person.id), person.id, "count" in person.rights, "manage" in person.rights)
        for person in enrolled
        if person.disabled_at is None
    )
