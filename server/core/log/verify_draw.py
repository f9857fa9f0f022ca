"""What B was asked to hold in each closed count, computed again from the pack: the draw, the pieces due, the silent ones.

The draw follows from a root signed after A's seal, so nobody could choose it; the chances were frozen before, when the tour
was planned, and are those of the formula. What is read here besides `verify_counts` and `verify_tours`:

    piece.moved        subject piece      kind back or moved: the piece went through hands
    expected set       a count's pieces   `{ref, retail, ownership, is_known_missing}`
    sealed sets        A1, A2, B2         core/sealed_parts.py

Source: decisions.md 6.7, T5, T6, T12.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from server.core import draw
from server.core.draw import Threshold
from server.core.errors import Malformed
from server.core.ids import CountId, PieceRef
from server.core.log import pack
from server.core.log.canonical import JsonValue
from server.core.log.checkpoint import Checkpoint
from server.core.log.events import EventType, Leaf
from server.core.log.findings import RecordBroken, State
from server.core.log.verify_story import Seal, Story, index_of, leaf_name, story_of, text_of
from server.core.log.verify_tours import PlannedTour, planned_tour, value_in

_HANDLED: Final = ("back", "moved")
_ARRIVALS: Final = (EventType.IMPORT_APPLIED, EventType.PIECE_ENTERED, EventType.CASE_DECIDED)
"""Leaves that may bring pieces into a place without a move of their own."""
_NIGHT: Final = timedelta(hours=6)
"""A count that runs past the end of its shop day may have had a piece in hand this long before the next day's first tour."""
_NAMED_MAX: Final = 3
"""Pieces named in a sentence."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """One closed count, as two people made it."""

    count: str
    opened: Leaf
    answered: Leaf
    """B's last seal."""
    tour: PlannedTour
    place: str
    expected: Mapping[PieceRef, Mapping[str, JsonValue]]
    known_missing: frozenset[PieceRef]
    found: frozenset[PieceRef]
    """By A, or by B's own round."""
    done: frozenset[PieceRef]
    """B scanned their labels without being asked."""
    silent: frozenset[PieceRef]
    """By hand in A's round or search, never heard."""
    asked: frozenset[PieceRef]
    root: str


@dataclass(frozen=True, slots=True)
class _Held:
    """Which pieces were in somebody's hand on a shop day, before a given leaf."""

    proved: frozenset[PieceRef]
    possible: frozenset[PieceRef]
    """In a count whose answers are in no sealed set: made alone, set aside, or of the night before."""


@dataclass(frozen=True, slots=True)
class _Books:
    """The pack's leaves and sets, as this check reads them."""

    story: Story
    documents: Mapping[str, bytes]
    rows: Mapping[str, Mapping[str, JsonValue]]
    """Row of the index of each count."""
    tours: Mapping[str, PlannedTour]
    leaves: Sequence[Leaf]
    moves: Sequence[Leaf]
    """Of pieces that came back or changed their place, in order."""
    closings: Mapping[str, Sequence[Leaf]]
    """Place → when it was closed, in order."""
    days: Mapping[str, Sequence[str]]
    """Shop day → its counts."""
    is_extract: bool
    in_hand: dict[str, tuple[tuple[PieceRef, int], ...]] = field(default_factory=dict)
    """What B had in the hand in each count, as far as it was asked for: each is asked for by every later count of its day."""

    def set_of(self, digest: str) -> Mapping[str, JsonValue]:
        """The set with this digest; empty when the pack does not hold it."""
        return _object(value_in(self.documents, digest))


def check_draw(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], signed: Sequence[Checkpoint], *, only: str | None = None
) -> tuple[State, str]:
    """In each count closed by two, B was asked exactly what the first root signed over A's seal and the rules call for.

    `signed`: the checkpoints of the pack. `only`: the one count of an extract. After a search, the first root over its end
    is as good as one over the round.
    Raises: RecordBroken: the first count of which this is not so.
    """
    heads = sorted(signed, key=lambda head: head.size)
    books = _books_of(leaves, members, heads, only=only)
    story = books.story
    closed = {count: leaf for count, leaf in story.closed.items() if only in (None, count)}
    untold = 0
    for count, leaf in closed.items():
        seal = _last_answer(story, count)
        if leaf.body.get("signature_b") is None or seal is None:
            untold += 1
            continue
        root = _checked_root(story.seals[count], seal, heads)
        untold += not _is_asked_right(books, _verified_count(books, count, seal, root=root))
    if not closed:
        return State.CANNOT_TELL, "No count was closed."
    if untold:
        why = (
            "the day's other counts are not in an extract" if books.is_extract else "what was held is in no sealed set"
        )
        return State.CANNOT_TELL, f"For {untold} of {len(closed)} closed counts it cannot be told what was due: {why}."
    return State.OK, f"In all {len(closed)} closed counts B was asked what the first root signed over A's seal drew."


def _last_answer(story: Story, count: str) -> Seal | None:
    answers = [
        seal
        for seal in story.seals.get(count, ())
        if seal.role == "B" and seal.leaf.type is EventType.VERIFICATION_ANSWERED
    ]
    return answers[-1] if answers else None


def _checked_root(seals: Sequence[Seal], answer: Seal, heads: Sequence[Checkpoint]) -> str:
    over = [
        next((head.root.hex() for head in heads if head.size > seal.leaf.seq), None)
        for seal in seals
        if seal.role == "A"
    ]
    root = answer.leaf.body.get("draw_root")
    if not isinstance(root, str) or root not in over:
        raise RecordBroken(
            leaf_name(answer.leaf),
            f"In count {answer.count} the draw was not made with the first root signed over A's seal.",
        )
    return root


def _is_asked_right(books: _Books, one: _Verified) -> bool:
    """Whether it can be told that B was asked what had to be asked. Raises: RecordBroken: something else was asked."""
    chances = [Threshold(ref, one.tour.chances.get(ref, 0)) for ref in one.expected]
    try:
        drawn = frozenset(draw.drawn(chances, root=bytes.fromhex(one.root), count=CountId(one.count)))
    except Malformed as error:
        raise RecordBroken(leaf_name(one.opened), f"The draw of count {one.count} cannot be made: {error}") from error
    due, maybe_due = _due(books, one)
    handled, maybe_handled = _handled(books, one)
    _refuse_unplanned(books, one)
    askable = one.found - one.done - one.known_missing
    left_out = ((drawn | due | handled | one.silent) & askable) - one.asked
    if left_out:
        raise RecordBroken(
            leaf_name(one.answered),
            f"In count {one.count} B was not asked for {_named(left_out)}, which had to be held.",
        )
    chosen = one.asked - drawn - due - maybe_due - handled - maybe_handled - one.silent
    if chosen:
        raise RecordBroken(
            leaf_name(one.answered),
            f"In count {one.count} B was asked for {_named(chosen)}, which nothing called for: somebody chose.",
        )
    return not ((maybe_due & askable) - one.asked)


def _due(books: _Books, one: _Verified) -> tuple[frozenset[PieceRef], frozenset[PieceRef]]:
    """Dear or foreign pieces that had to be held in this tour, and those of which it cannot be told."""
    dear = frozenset(ref for ref, row in one.expected.items() if _is_dear(row, one.tour.high_value))
    match one.tour.occasion:
        case "opening" if one.tour.due_root is not None:
            root = bytes.fromhex(one.tour.due_root)
            return frozenset(ref for ref in dear if draw.is_due_at_opening(ref, root=root)), frozenset()
        case "spot":
            return frozenset(), frozenset()
        case "closing":
            held = _held(books, one, dear)
            return dear - held.proved - held.possible, dear & held.possible - held.proved
        case _:
            return dear, frozenset()


def _is_dear(row: Mapping[str, JsonValue], high_value: int) -> bool:
    retail = row.get("retail")
    return (isinstance(retail, int) and retail >= high_value) or row.get("ownership") != "own"


def _held(books: _Books, one: _Verified, dear: frozenset[PieceRef]) -> _Held:
    if books.is_extract:
        # The other counts of the day are not in an extract.
        return _Held(frozenset(), dear)
    before = one.opened.seq
    earlier = [count for count in books.days[one.tour.shop_day] if books.story.opened[count].seq < before]
    sealed = {count: _in_hand(books, count, before=before) for count in earlier}
    proved = {ref for held in sealed.values() for ref, _ in held or ()}
    proved |= {
        PieceRef(str(leaf.body.get("ref"))) for count in earlier for leaf in books.story.recounted.get(count, ())
    }
    if dear <= proved | one.asked:
        return _Held(frozenset(proved), frozenset())
    unsealed = [count for count, held in sealed.items() if held is None]
    possible = {ref for count in unsealed for ref in _expected_in(books, count)}
    day_before = max((day for day in books.days if day < one.tour.shop_day), default="")
    night = min(tour.leaf.rx for tour in books.tours.values() if tour.shop_day == one.tour.shop_day) - _NIGHT
    for count in books.days.get(day_before, ()):
        possible |= {ref for ref, at in _in_hand(books, count, before=before) or () if at >= _ms(night)}
    return _Held(frozenset(proved), frozenset(possible))


def _in_hand(books: _Books, count: str, *, before: int) -> tuple[tuple[PieceRef, int], ...] | None:
    """Pieces that B had in the hand, with the moment in ms. None: what was answered is in no set sealed before the leaf."""
    seal = _last_answer(books.story, count)
    if seal is None or seal.leaf.seq > before:
        return None
    if count not in books.in_hand:
        answers = _answers(books.set_of(seal.sealed_sha256))
        books.in_hand[count] = tuple((ref, at) for ref, at, is_present in answers if is_present)
    return books.in_hand[count]


def _handled(books: _Books, one: _Verified) -> tuple[frozenset[PieceRef], frozenset[PieceRef]]:
    """Pieces that went through hands since this place was last closed; those of which only the order is unclear."""
    closings = [leaf for leaf in books.closings.get(one.place, ()) if leaf.seq < one.opened.seq]
    if not closings:
        return frozenset(), frozenset()
    last = closings[-1]
    first, end = (bisect_left(books.moves, seq, key=lambda leaf: leaf.seq) for seq in (last.seq, one.opened.seq))
    moved = books.moves[first:end]
    sure = frozenset(PieceRef(leaf.subject.id) for leaf in moved if leaf.rx > last.rx)
    # Moves of the same millisecond as the closing may or may not have been seen as later.
    return sure & one.expected.keys(), frozenset(PieceRef(leaf.subject.id) for leaf in moved)


def _refuse_unplanned(books: _Books, one: _Verified) -> None:
    """Every expected piece has a chance, but for those that came after the tour was planned."""
    without = one.expected.keys() - one.tour.chances.keys()
    if not without:
        return
    between = books.leaves[one.tour.leaf.seq : one.opened.seq]
    without -= {PieceRef(leaf.subject.id) for leaf in between if leaf.type is EventType.PIECE_MOVED}
    if without and not any(leaf.type in _ARRIVALS for leaf in between):
        raise RecordBroken(
            leaf_name(one.tour.leaf), f"The draw of count {one.count} had no chance for {_named(without)}."
        )


def _verified_count(books: _Books, count: str, seal: Seal, *, root: str) -> _Verified:
    opened = books.story.opened[count]
    tour = books.tours.get(str(books.rows.get(count, {}).get("tour")))
    if tour is None:
        raise RecordBroken(leaf_name(opened), f"Count {count} belongs to no tour that the log planned.")
    expected = _expected_in(books, count)
    last_of_a = [one for one in books.story.seals[count] if one.role == "A" and one.leaf.seq < seal.leaf.seq][-1]
    sealed_a, sealed_b = (books.set_of(one.sealed_sha256) for one in (last_of_a, seal))
    if sealed_b.get("draw_root") != root:
        raise RecordBroken(leaf_name(seal.leaf), f"In count {count} B's set names another root than the log.")
    rounds_a = [_object(sealed_a[part]) for part in ("a1", "a2") if part in sealed_a] or [sealed_a]
    b1 = _object(sealed_b.get("b1"))
    heard = frozenset().union(*(_refs(one, "heard") for one in rounds_a))
    by_hand = frozenset().union(*(_refs(one, "by_hand") for one in rounds_a))
    return _Verified(
        count=count,
        opened=opened,
        answered=seal.leaf,
        tour=tour,
        place=str(books.rows[count].get("place")),
        expected=expected,
        known_missing=frozenset(ref for ref, row in expected.items() if row.get("is_known_missing") is True),
        found=heard | by_hand | _refs(b1, "heard") | _refs(b1, "by_hand"),
        done=_refs(b1, "by_hand") | _refs(sealed_b, "scanned"),
        silent=by_hand - heard,
        asked=frozenset(ref for ref, _, _ in _answers(sealed_b)),
        root=root,
    )


def _expected_in(books: _Books, count: str) -> Mapping[PieceRef, Mapping[str, JsonValue]]:
    found = books.set_of(text_of(books.story.opened[count], "expected_sha256"))
    return {PieceRef(str(row.get("ref"))): row for row in _rows(found, "pieces")}


def _books_of(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], heads: Sequence[Checkpoint], *, only: str | None
) -> _Books:
    story, documents = story_of(leaves), pack.documents(members)
    rows = {count: row for count, row in index_of(members).items() if count in story.opened}
    wanted = {row.get("tour") for count, row in rows.items() if only in (None, count)}
    tours = {
        leaf.subject.id: planned_tour(leaf, documents, heads)
        for leaf in leaves
        if leaf.type is EventType.TOUR_PLANNED and (only is None or leaf.subject.id in wanted)
    }
    closings, days = dict[str, list[Leaf]](), dict[str, list[str]]()
    for count, leaf in story.closed.items():
        closings.setdefault(str(rows.get(count, {}).get("place")), []).append(leaf)
    for count, row in rows.items():
        tour = tours.get(str(row.get("tour")))
        if tour is not None:
            days.setdefault(tour.shop_day, []).append(count)
    moves = [leaf for leaf in leaves if leaf.type is EventType.PIECE_MOVED and leaf.body.get("kind") in _HANDLED]
    return _Books(story, documents, rows, tours, leaves, moves, closings, days, is_extract=only is not None)


def _answers(sealed_b: Mapping[str, JsonValue]) -> list[tuple[PieceRef, int, bool]]:
    """Piece, moment in ms and whether it was there, of each answer of B."""
    return [
        (
            PieceRef(str(row.get("ref"))),
            at if isinstance(at := row.get("at"), int) else 0,
            row.get("is_present") is True,
        )
        for row in _rows(sealed_b, "answers")
    ]


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _rows(holder: Mapping[str, JsonValue], name: str) -> list[Mapping[str, JsonValue]]:
    rows = holder.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _refs(holder: Mapping[str, JsonValue], name: str) -> frozenset[PieceRef]:
    refs = holder.get(name)
    return frozenset(PieceRef(str(ref)) for ref in refs) if isinstance(refs, list) else frozenset()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _named(refs: Iterable[PieceRef]) -> str:
    ordered = sorted(refs)
    more = f" and {len(ordered) - _NAMED_MAX} more" if len(ordered) > _NAMED_MAX else ""
    return ", ".join(ordered[:_NAMED_MAX]) + more
