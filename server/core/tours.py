"""Tours: all counts of one occasion of a shop's day, and the one list that each person signs over them.

A tour of forty trays is signed once by each person. The lists of two people differ only in `my_role`; a later change
voids its own line in both lists and leaves the others standing. Counts that are not ready are named, never dropped.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from server.core import count_acts as acts
from server.core.actors import Actor, Role
from server.core.count import Transition, advance
from server.core.count_sheet import Count, Mode
from server.core.count_states import ENDED_STATES, SIGNED_OFF_STATES, CountState
from server.core.errors import Conflict
from server.core.ids import CountId, PersonId, PieceRef, ShopId, TourId
from server.core.log import canonical
from server.core.log.events import EventType, Subject
from server.core.plain_json import JsonObject, JsonPlain, digest_of, to_plain
from server.core.sealed_parts import sealed_a_sha256, sealed_b_sha256
from server.core.verification import keyed_quantity

LINES_MAX: Final = 60
"""Longest list: more lines than that nobody reads before signing, decisions.md T1."""
LATE_AFTER_MS: Final = 3_600_000
"""A list signed more than an hour after its first seal says "signed late"; it is never refused, decisions.md 6.9."""
VERIFIED_WITHIN: Final = 3
"""B's entry falls between A's seal of tray n and of n+3, else the line says "verified afterwards", decisions.md 1."""
STATEMENT_DOMAIN: Final = b"baguier-sign/1\n"
_SIGNABLE: Final = (CountState.RESULT_FIXED, CountState.SIGNED_ONE)


class NothingToSign(Conflict):
    """No count of the tour waits for this person's signature."""

    code: ClassVar[str] = "nothing_to_sign"


class ListChanged(Conflict):
    """The lines are no longer those that were read."""

    code: ClassVar[str] = "list_changed"


class ExceptionsUnread(Conflict):
    """The exceptions were not all read before signing."""

    code: ClassVar[str] = "exceptions_unread"


@dataclass(frozen=True, slots=True)
class ListLine:
    """One count on one person's list."""

    count: CountId
    my_role: str
    """A or B."""
    scope: str
    """Hex digest of the frozen scope."""
    sealed_a: str
    """Hex digest of the last thing A sealed, A1 or A2."""
    sealed_b: str | None
    """Hex digest of B2, which holds B's round and answers; None: one person alone."""
    result: str
    """Hex digest of the fixed result."""
    result_no: int
    present: int
    missing: int
    """Known missing pieces included."""
    by_hand: int
    quantity_b: int | None
    """What B keyed; None: one person alone."""
    mode: str
    exceptions: tuple[str, ...]
    """Read in full before signing; empty: nothing to read."""


@dataclass(frozen=True, slots=True)
class TourList:
    """What one person signs in one go."""

    tour: TourId
    list_no: int
    """1 for the first; late places and voided lines come in the next."""
    person: PersonId
    lines: tuple[ListLine, ...]
    """In the order of the counts' ids."""
    left_out: tuple[CountId, ...]
    """Counts of the tour not on this list although nobody ended them: not ready, or beyond the longest list."""
    first_seal_at: int

    def lines_plain(self) -> tuple[JsonPlain, ...]:
        """The lines as the pack keeps them."""
        return tuple(to_plain(line) for line in self.lines)

    def lines_sha256(self) -> str:
        """Hex digest of the lines, `my_role` included."""
        return digest_of(list(self.lines_plain()))

    def n_exceptions(self) -> int:
        """Lines that are not plain green."""
        return sum(1 for line in self.lines if line.exceptions)

    def is_late(self, *, at: int) -> bool:
        """Whether a signature at `at` says "signed late"."""
        return at - self.first_seal_at > LATE_AFTER_MS


@dataclass(frozen=True, slots=True)
class SigningStatement:
    """`baguier-sign/1`: the exact words a signature covers."""

    meaning: str
    """The sentence on the screen, in the person's language."""
    log: str
    shop: ShopId
    tour: TourId
    list_no: int
    lines_sha256: str
    n_lines: int
    n_exceptions: int
    person: PersonId
    device: str
    opened_at: str
    """When the list was shown, RFC 3339 UTC."""
    at: str
    nonce: str
    prev_size: int
    prev_root: str
    """Hex root of the log the signer knew; with `prev_size` it bounds how fresh the signature can be."""

    def signed_bytes(self) -> bytes:
        """Domain and canonical JSON: what is hashed and signed."""
        return STATEMENT_DOMAIN + canonical.encode(_object(to_plain(self)))

    def sha256(self) -> str:
        """Hex digest of the signed bytes."""
        return hashlib.sha256(self.signed_bytes()).hexdigest()


def countable_places(places: Iterable[tuple[str, bool, bool]]) -> tuple[str, ...]:
    """Places a tour plans, sorted: those that hold pieces themselves. "À placer" has no place and is not among them.

    Each place comes as (id, has a count of its own, is set aside today).
    """
    return tuple(sorted(place for place, is_countable, is_set_aside in places if is_countable and not is_set_aside))


def role_of(count: Count, person: PersonId) -> Role | None:
    """The signing role of a person in a count; None: none."""
    if count.a is not None and count.a.person == person:
        return Role.A
    if count.b is not None and count.b.person == person:
        return Role.B
    return None


def awaits_signature(count: Count, person: PersonId) -> bool:
    """Whether this person has a role in the count and their signature on its fixed result is still to come."""
    role = role_of(count, person)
    return (
        count.state in _SIGNABLE
        and role is not None
        and all(signature.role is not role for signature in count.signatures)
    )


def is_unfinished(count: Count) -> bool:
    """Whether somebody still has something to do here: it has not ended, and not everybody has signed."""
    return count.state not in ENDED_STATES and count.state not in SIGNED_OFF_STATES


def prepare_list(tour: TourId, counts: Iterable[Count], *, person: PersonId, list_no: int) -> TourList:
    """The list that this person can sign now, the first `LINES_MAX` counts of it.

    Raises: NothingToSign.
    """
    ordered = sorted(counts, key=lambda count: count.plan.count)
    ready = [count for count in ordered if awaits_signature(count, person)][:LINES_MAX]
    if not ready:
        raise NothingToSign("No count of this tour waits for this signature. Fix the results first.", person=person)
    on_list = {count.plan.count for count in ready}
    return TourList(
        tour=tour,
        list_no=list_no,
        person=person,
        lines=tuple(_line(count, person) for count in ready),
        left_out=tuple(
            count.plan.count for count in ordered if count.plan.count not in on_list and is_unfinished(count)
        ),
        first_seal_at=min(count.a1.at for count in ready if count.a1 is not None),
    )


@dataclass(frozen=True, slots=True)
class ListSignature:
    """One person's act of signing a list, and what goes with it."""

    signature: str
    """Id of the signature, the subject of its leaf."""
    by: Actor
    at: int
    statement: SigningStatement
    read_exceptions: frozenset[CountId]
    """Lines whose exceptions the person opened."""
    photos: tuple[tuple[CountId, str], ...] = ()
    """Photo digests by count, for closing alone."""


def signature_leaf(signature: ListSignature) -> tuple[EventType, Subject, JsonObject]:
    """The one leaf of a signed list: type, subject and body. The steps of its lines make none of their own."""
    body: JsonObject = {"statement": to_plain(signature.statement)}
    return EventType.SIGNATURE_MADE, Subject("signature", signature.signature), body


def sign_list(tour_list: TourList, counts: Sequence[Count], signature: ListSignature) -> tuple[Transition, ...]:
    """One `Sign` step for each line, all or none; `signature_leaf` is the leaf of them all.

    `counts` are the counts as they are now.
    Raises: ListChanged: a line or the statement differs from the list. ExceptionsUnread. Whatever `advance` refuses.
    """
    now = {count.plan.count: count for count in counts}
    statement = signature.statement
    _require_statement(tour_list, signature)
    for line in tour_list.lines:
        count = now.get(line.count)
        if count is None or not awaits_signature(count, tour_list.person) or _line(count, tour_list.person) != line:
            raise ListChanged("A line has changed since the list was shown. Show it again, read it, and sign.")
        if line.exceptions and line.count not in signature.read_exceptions:
            raise ExceptionsUnread("Open and read every exception before signing.", count=line.count)
    photos = dict(signature.photos)
    return tuple(
        advance(
            now[line.count],
            acts.Sign(
                by=signature.by,
                at=signature.at,
                signature=signature.signature,
                role=Role(line.my_role.lower()),
                result_no=line.result_no,
                result_sha256=line.result,
                list_no=tour_list.list_no,
                statement_sha256=statement.sha256(),
                photo_sha256=photos.get(line.count),
            ),
        )
        for line in tour_list.lines
    )


def verified_afterwards(seals: Sequence[tuple[CountId, int]], entries: Iterable[tuple[CountId, int]]) -> set[CountId]:
    """Counts whose verification began after A had sealed three more trays.

    `seals` are A's seals in order of time; `entries` the moments B first acted on a count.
    """
    position = {count: index for index, (count, _) in enumerate(seals)}
    late = set()
    for count, entered_at in entries:
        limit = position[count] + VERIFIED_WITHIN
        if limit < len(seals) and entered_at > seals[limit][1]:
            late.add(count)
    return late


def reclassified(counts: Iterable[Count], ref: PieceRef) -> CountId | None:
    """The count of the tour that found a piece which another one misses, the first by id; None: nobody found it."""
    holders = (count.plan.count for count in counts if ref in count.present_by_a() or _heard_by_b(count, ref))
    return min(holders, default=None)


def _heard_by_b(count: Count, ref: PieceRef) -> bool:
    return count.b1 is not None and ref in count.b1.present


def _line(count: Count, person: PersonId) -> ListLine:
    assert count.result is not None
    assert count.mode is not None
    role = role_of(count, person)
    assert role is not None
    quantity = keyed_quantity(count)
    is_solo = count.mode is Mode.SOLO
    return ListLine(
        count=count.plan.count,
        my_role=role.letter(),
        scope=count.scope_sha256 or "",
        sealed_a=sealed_a_sha256(count),
        sealed_b=None if is_solo else sealed_b_sha256(count),
        result=count.result.sha256,
        result_no=count.result.number,
        present=len(count.result.present),
        missing=len(count.result.missing) + len(count.result.known_missing),
        by_hand=len(count.result.by_hand),
        quantity_b=None if is_solo or quantity is None else quantity.n_pieces,
        mode=count.mode.value,
        exceptions=count.result.exceptions,
    )


def _require_statement(tour_list: TourList, signature: ListSignature) -> None:
    statement = signature.statement
    said = (statement.tour, statement.list_no, statement.lines_sha256, statement.n_lines, statement.n_exceptions)
    held = (
        tour_list.tour,
        tour_list.list_no,
        tour_list.lines_sha256(),
        len(tour_list.lines),
        tour_list.n_exceptions(),
    )
    if said != held:
        raise ListChanged("The statement is not about this list. Show the list again, read it, and sign.")
    if (statement.person, statement.device) != (signature.by.person, signature.by.device):
        raise ListChanged(
            "The statement names another person or device than the one that signs. Sign in and sign again."
        )
    if signature.by.person != tour_list.person:
        raise ListChanged("This list was prepared for somebody else. Prepare your own list.")


def _object(plain: JsonPlain) -> JsonObject:
    assert isinstance(plain, dict)
    return plain
