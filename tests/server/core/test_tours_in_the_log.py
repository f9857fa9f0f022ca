"""A tour's leaves, lists and sealed parts, read by the independent check of a pack: it agrees, and sees one person."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from server.core import count_acts as acts
from server.core.actors import Actor, Role
from server.core.count import Transition, advance, planned
from server.core.count_acts import Act
from server.core.count_sheet import Count
from server.core.count_states import CountState
from server.core.ids import CountId, PersonId, ShopId, TourId
from server.core.log import canonical, merkle, pack
from server.core.log.canonical import JsonValue
from server.core.log.events import ActorKind, EventType, Leaf, Subject
from server.core.log.findings import RecordBroken, State
from server.core.log.merkle import Frontier
from server.core.log.verify_counts import check_blind, check_members, check_two_people
from server.core.sealed_parts import sealed_a_sha256, sealed_b_sha256
from server.core.sealed_sets import RoundKind
from server.core.tours import ListSignature, SigningStatement, prepare_list, sign_list, signature_leaf
from tests.server.core.count_story import (
    CLAIRE,
    MARC,
    RINGS,
    T0,
    WHY,
    Story,
    clean_to,
    missing_fixed,
    plan,
    seal,
    solo_fixed,
)

LOG = "baguier/shop"
EXPECTED = b'{"pieces":[]}'
STARTED = datetime(2026, 9, 21, 8, tzinfo=UTC)


@dataclass
class Shop:
    """The log and the pack's members, as the server would write them."""

    leaves: list[Leaf] = field(default_factory=list)
    members: dict[str, bytes] = field(default_factory=dict)
    lists: list[JsonValue] = field(default_factory=list)
    counts: dict[CountId, Count] = field(default_factory=dict)

    def append(self, kind: EventType, subject: Subject, body: dict[str, JsonValue], by: Actor) -> None:
        seq = len(self.leaves)
        moment = STARTED + timedelta(seconds=seq)
        self.leaves.append(
            Leaf(
                log=LOG,
                seq=seq,
                id=f"leaf-{seq}",
                type=kind,
                at=moment,
                rx=moment,
                actor=by.person,
                actor_kind=ActorKind.PERSON,
                device=by.device,
                dseq=seq + 1,
                subject=subject,
                body=body,
            )
        )

    def store(self, step: Transition) -> None:
        self.counts[step.count.plan.count] = step.count
        if step.sealed is not None:
            assert hashlib.sha256(step.sealed.body).hexdigest() == step.sealed.sha256
            self.members[pack.path_of("sealed", step.sealed.body)] = step.sealed.body
        if step.leaf_type is not None:
            self.append(step.leaf_type, step.leaf_subject, dict(step.leaf_body), step.act.by)

    def play(self, told: Sequence[Act], number: int) -> None:
        """Replay a story as another count of this shop."""
        count = planned(replace(plan(), count=CountId(f"01997d2e-7c00-7000-8000-{number:012}")))
        for act in told:
            digest = hashlib.sha256(EXPECTED).hexdigest()
            renamed = replace(act, expected_sha256=digest) if isinstance(act, acts.Open) else act
            step = advance(count, renamed)
            self.store(step)
            count = step.count

    def sign(self, by: Actor, *, list_no: int = 1) -> None:
        counts = list(self.counts.values())
        tour_list = prepare_list(TourId("tour"), counts, person=by.person, list_no=list_no)
        made = ListSignature(
            signature=f"signature-{by.person}-{list_no}",
            by=by,
            at=T0,
            statement=SigningStatement(
                meaning="I counted these trays.",
                log=LOG,
                shop=ShopId("shop"),
                tour=tour_list.tour,
                list_no=list_no,
                lines_sha256=tour_list.lines_sha256(),
                n_lines=len(tour_list.lines),
                n_exceptions=tour_list.n_exceptions(),
                person=by.person,
                device=by.device,
                opened_at="2026-09-21T08:00:00.000Z",
                at="2026-09-21T08:01:00.000Z",
                nonce="n",
                prev_size=len(self.leaves),
                prev_root=self.roots()[len(self.leaves)].hex(),
            ),
            read_exceptions=frozenset(line.count for line in tour_list.lines),
        )
        for step in sign_list(tour_list, counts, made):
            self.store(step)
        kind, subject, body = signature_leaf(made)
        self.append(kind, subject, dict(body), by)
        self.lists.append({"signature": made.signature, "lines": list(tour_list.lines_plain())})

    def close(self) -> None:
        for count in list(self.counts.values()):
            self.store(advance(count, acts.Close(CLAIRE, T0, 1, 1)))

    def roots(self) -> dict[int, bytes]:
        frontier = Frontier()
        roots = {0: frontier.root()}
        for leaf in self.leaves:
            frontier = frontier.appended(merkle.leaf_hash(leaf.to_bytes()))
            roots[frontier.size] = frontier.root()
        return roots

    def packed(self) -> dict[str, bytes]:
        return {
            **self.members,
            pack.path_of("expected", EXPECTED): EXPECTED,
            pack.SIGNATURES: pack.lines_of(self.lists),
            f"{pack.COUNTS}2026-09.jsonl": pack.lines_of([{"count": count} for count in sorted(self.counts)]),
        }


def with_search() -> Story:
    """A search finds ring 4 by hand, so a challenge is enough."""
    story = Story().open().begin().seal_a(*RINGS[:3]).tell(acts.OpenSearch(CLAIRE, T0))
    story.tell(acts.EndSearch(CLAIRE, T0, seal(RoundKind.A2, CLAIRE, by_hand=("ring-4",))))
    return story.claim().key(4).verified().reveal().fix()


def signed_shop() -> Shop:
    shop = Shop()
    for number, story in enumerate((clean_to(CountState.RESULT_FIXED), missing_fixed(), with_search())):
        shop.play(story.told, number)
    shop.sign(CLAIRE)
    shop.sign(MARC)
    return shop


def test_a_tour_of_challenge_blind_and_search_verifies_as_two_people_and_blind() -> None:
    shop = signed_shop()
    shop.close()

    assert check_members(shop.leaves, shop.packed()) == 3 + 8 + 2
    assert check_two_people(shop.leaves, shop.packed(), shop.roots())[0] is State.OK
    assert check_blind(shop.leaves)[0] is State.OK


def test_a_reopened_line_signed_in_a_second_list_verifies() -> None:
    shop = signed_shop()
    first = min(shop.counts)
    shop.store(advance(shop.counts[first], acts.ReopenResult(CLAIRE, T0, WHY)))
    shop.store(advance(shop.counts[first], acts.FixResult(MARC, T0)))
    shop.sign(MARC, list_no=2)
    shop.sign(CLAIRE, list_no=2)
    shop.close()

    assert check_two_people(shop.leaves, shop.packed(), shop.roots())[0] is State.OK


def test_a_count_by_one_person_is_never_told_as_two() -> None:
    shop = Shop()
    shop.play(solo_fixed().told, 1)
    shop.sign(CLAIRE)
    shop.close()

    state, sentence = check_two_people(shop.leaves, shop.packed(), shop.roots())

    assert (state, "one person" in sentence) == (State.CANNOT_TELL, True)


def test_a_quantity_keyed_by_somebody_who_saw_is_told_as_not_blind() -> None:
    story = clean_to(CountState.SEALED_A).tell(acts.Saw(MARC, T0)).claim().key(4).verified().reveal().fix()
    shop = Shop()
    shop.play(story.told, 1)
    shop.sign(CLAIRE)
    shop.sign(MARC)
    shop.close()

    assert check_blind(shop.leaves)[0] is State.CANNOT_TELL


@pytest.mark.parametrize("member", ["sealed_sha256", "role", "result"])
def test_a_leaf_changed_behind_our_back_breaks_the_check(member: str) -> None:
    shop = signed_shop()
    shop.close()
    index = max(leaf.seq for leaf in shop.leaves if member in leaf.body)
    leaf = shop.leaves[index]
    shop.leaves[index] = replace(leaf, body={**leaf.body, member: "00" * 32})

    with pytest.raises(RecordBroken):
        check_two_people(shop.leaves, shop.packed(), shop.roots())


def test_the_line_names_the_last_thing_each_side_sealed() -> None:
    shop = Shop()
    shop.play(with_search().told, 1)
    (count,) = shop.counts.values()
    digests = [leaf.body["sealed_sha256"] for leaf in shop.leaves if "sealed_sha256" in leaf.body]

    assert digests[1:] == [sealed_a_sha256(count), sealed_b_sha256(count)]
    (line,) = prepare_list(TourId("tour"), [count], person=PersonId("marc"), list_no=1).lines
    assert (line.sealed_a, line.sealed_b, line.my_role) == (digests[1], digests[2], Role.B.letter())
    assert canonical.decode(shop.members[f"sealed/{line.sealed_a}.json"])
