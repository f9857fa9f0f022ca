"""Advance a count: the one way in which a count changes, whoever asks and by whatever route.

Given a count and an act; the core decides; the step, its rows and its leaf are stored together; viewers hear the new state
and nothing else, since a figure or a list would end somebody's blindness.
"""

from dataclasses import dataclass

from server.clock import from_ms, to_ms
from server.core.actors import SERVER, Actor
from server.core.count import Transition, advance
from server.core.count_acts import Act
from server.core.count_sheet import Count
from server.core.ids import CountId
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind
from server.core.sightings import sightings_of
from server.store import counts, sightings
from server.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was stored."""

    count: Count
    leaf_seq: int | None
    """None: the step is no leaf."""


def advance_count(work: UnitOfWork, count_id: CountId, act: Act) -> Count:
    """Do `act` to a count; give the count after it.

    Raises: CountAbsent, and whatever `count.advance` refuses; nothing is changed then.
    """
    return take_step(work, counts.load(work.conn, work.shop_id, count_id), act).count


def take_step(work: UnitOfWork, count: Count, act: Act, *, dseq: int | None = None) -> Taken:
    """Do `act` to a count that was just loaded in this unit; `dseq` is its number on the device, if it is an event."""
    return keep_step(work, advance(count, act), dseq=dseq)


def keep_step(work: UnitOfWork, step: Transition, *, dseq: int | None = None) -> Taken:
    """Store a step that the core made in this unit, with its leaf, and announce the state."""
    leaf_seq = None
    if step.leaf_type is not None:
        by = step.act.by
        leaf_seq = work.append_leaf(
            step.leaf_type,
            step.leaf_subject,
            step.leaf_body,
            actor=by.person,
            actor_kind=actor_kind(by),
            device=None if by == SERVER else by.device,
            dseq=dseq,
            at=from_ms(step.act.at),
        )
    counts.keep(work.conn, work.shop_id, step, leaf_seq=leaf_seq)
    sightings.note(work.conn, work.shop_id, sightings_of(step.act, step.count))
    if step.after is not step.before:
        _announce(work, step.count)
    elif step.sealed is not None:
        # What the search found or the blind round heard changes the desk's rows; a state says nothing of it.
        work.announce("board", "count.changed", _body(step.count))
    return Taken(step.count, leaf_seq)


def actor_kind(by: Actor) -> ActorKind:
    """How the log names who acted."""
    return ActorKind.SYSTEM if by == SERVER else ActorKind.PERSON


def moment(work: UnitOfWork) -> int:
    """The time of this unit, ms since the epoch: the moment of its acts."""
    return to_ms(work.now)


def _announce(work: UnitOfWork, count: Count) -> None:
    """Tell that a count stands elsewhere. The same words to all: a state says nothing of what was found."""
    for topic in ("board", "tour"):
        work.announce(topic, "count.changed", _body(count))
    for round_id in (count.round_a, count.round_b):
        if round_id is not None:
            work.announce(f"round/{round_id}", "round.changed", {"state": count.state.name})


def _body(count: Count) -> dict[str, JsonValue]:
    return {"count": count.plan.count, "place": count.plan.place, "state": count.state.name}
